"""Who may use the operator's view: one browser on this machine, let in once by a token.

A web page elsewhere can make a browser send requests here, also under another name that it points at 127.0.0.1 (DNS
rebinding). So the name in `Host` must be this machine's, a change must come from a page of the same origin, and it must
bring the session's own secret.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from netflix_trend.settings import Settings, SettingsError

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
SESSION_SECONDS = 12 * 3600
SHORTEST_TOKEN = 20
_USED = "operator_used_token"


@dataclass(frozen=True)
class Session:
    """A browser that was let in: what its cookie says, what its forms must say, and until when."""

    cookie: str
    form_secret: str
    ends: float

    def made_form(self, secret: str) -> bool:
        """Return whether a form that says `secret` was made for this session."""
        return hmac.compare_digest(secret.encode(), self.form_secret.encode())


class Access:
    """Lets one browser in for a token, once; a used token stays used after a restart. own: the aggregator's volume."""

    def __init__(self, token: str, own: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used = own / _USED
        self._expected: str | None = _digest(token)
        self._session: Session | None = None
        self._lock = threading.Lock()
        if self._used.is_file() and hmac.compare_digest(self._used.read_text("ascii").strip(), _digest(token)):
            self._expected = None

    @property
    def awaits_token(self) -> bool:
        """Whether the token was not used yet."""
        return self._expected is not None

    def enter(self, token: str) -> Session | None:
        """Return a new session for the token, which is used up by that; None for any other one."""
        with self._lock:
            if self._expected is None or not hmac.compare_digest(_digest(token), self._expected):
                return None
            self._used.parent.mkdir(parents=True, exist_ok=True)
            self._used.write_text(self._expected, "ascii")
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


def operator_token(settings: Settings) -> str | None:
    """Return the token that lets the operator in, None when there is no operator's view.

    With OPERATOR=true and no token of its own one is made and printed, not logged. Raises SettingsError for a token
    that could be guessed.
    """
    if settings.operator_token:
        if len(settings.operator_token) < SHORTEST_TOKEN:
            raise SettingsError(f"OPERATOR_TOKEN_FILE: the token has fewer than {SHORTEST_TOKEN} characters")
        return settings.operator_token
    if not settings.operator:
        return None
    token = random_secret()
    print(f"Operator's view: open /operator/ on this machine; token (works once): {token}", flush=True)  # noqa: T201
    return token


def is_local(host: str) -> bool:
    """Return whether the `Host` of a request is a name that only this machine has."""
    try:
        return urlsplit(f"//{host}").hostname in LOCAL_NAMES
    except ValueError:
        return False


def is_same_origin(origin: str | None, host: str, site: str | None) -> bool:
    """Return whether a change comes from a page of this server: by `Origin`, and by `Sec-Fetch-Site` if it is there."""
    return origin == f"http://{host}" and site in (None, "same-origin")


def _digest(token: str) -> str:
    return hashlib.sha256(token.strip().encode()).hexdigest()
