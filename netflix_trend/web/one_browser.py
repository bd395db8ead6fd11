"""A login for one browser: a token that works once, then a cookie."""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from netflix_trend.storage.kept import read_kept, write_kept

SESSION_SECONDS = 12 * 3600
# Nobody mistypes and corrects a token faster; a token of 20 characters is not guessed at one a second.
PAUSE_SECONDS = 1.0
_LARGEST = 1000


class TooSoon(Exception):
    """A token came too soon after a wrong one, and was not looked at."""


@dataclass(frozen=True)
class Session:
    """A browser that was let in: what its cookie says, the token that its changes carry, and until when."""

    cookie: str
    form_token: str
    ends: float


class Access:
    """Lets one browser in for a token, once. used: a file that remembers a used token after a restart.

    After a wrong token none is looked at for PAUSE_SECONDS, so that guesses are as slow whoever sends them.
    """

    def __init__(self, token: str, used: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used = used
        self._expected: str | None = _digest(token)
        self._session: Session | None = None
        self._lock = threading.Lock()
        self._pauses_until = -math.inf
        remembered = read_kept(used.parent, used.name, _LARGEST, bytes.decode) if used else None
        if remembered and hmac.compare_digest(remembered.strip().encode(), _digest(token).encode()):
            self._expected = None

    @property
    def awaits_token(self) -> bool:
        """Whether the token was not used yet."""
        return self._expected is not None

    def enter(self, token: str) -> Session | None:
        """Return a new session for the token, which is used up by that; None for any other one.

        Raises TooSoon, without a look at the token, shortly after a wrong one.
        """
        with self._lock:
            if self._expected is None or not token.strip():
                return None
            if self._clock() < self._pauses_until:
                raise TooSoon
            if not hmac.compare_digest(_digest(token), self._expected):
                self._pauses_until = self._clock() + PAUSE_SECONDS
                return None
            if self._used:
                write_kept(self._used.parent, self._used.name, self._expected.encode())
            self._expected = None
            self._session = Session(random_secret(), random_secret(), self._clock() + SESSION_SECONDS)
            return self._session

    def session(self, cookie: str) -> Session | None:
        """Return the session of a cookie, None when it has ended or there never was one."""
        session = self._session
        if session is None or self._clock() >= session.ends:
            return None
        return session if hmac.compare_digest(cookie.encode(), session.cookie.encode()) else None

    def leave(self) -> None:
        """End the session. The next one needs a new token."""
        self._session = None


def random_secret() -> str:
    """Return 256 random bits from the operating system, as text."""
    return os.urandom(32).hex()


def _digest(token: str) -> str:
    return hashlib.sha256(token.strip().encode()).hexdigest()
