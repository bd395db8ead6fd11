"""Notices that something is wrong, or right again, to an address that the person names. Off unless they do.

What is sent says nothing about anybody: an address is asked for, or a fixed sentence is posted. A service that pings
are sent to raises the alarm when they stay away, so it also notices a machine that is off.
"""

from __future__ import annotations

import http.client
import json
import logging
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.small_json import flat_json

_log = logging.getLogger("notices")
WRONG = "Netflix Trend: something is wrong on your machine. Next: ./run.sh status"
RIGHT = "Netflix Trend: everything works again on your machine."
# A ping of the same kind follows the last one after so long.
EVERY_SECONDS = 300.0
_TIMEOUT_SECONDS = 10.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Asks for the address that the person named, and no other."""

    def redirect_request(self, *_arguments: Any) -> None:
        """Follow nothing: the answer itself is an error."""


@dataclass(frozen=True)
class Notifier:
    """Sends notices. url: gets pings; topic: gets sentences; empty ones get nothing.

    memory: a file for what was sent last, for a process that ends after each look. clock: seconds since 1970.
    """

    url: str
    topic: str
    memory: Path
    clock: Callable[[], float] = time.time

    @property
    def is_on(self) -> bool:
        """Whether anything is ever sent."""
        return bool(self.url or self.topic)

    def tell(self, *, is_well: bool) -> bool:
        """Tell whether everything works, if there is anything new to tell. Returns whether all was sent.

        What cannot be sent is tried again at the next call; nothing is raised, and no address is logged.
        """
        if not self.is_on:
            return True
        before, now = flat_json(self.memory), self.clock()
        was_well, last = before.get("is_well"), before.get("at")
        is_due = not isinstance(last, int | float) or not 0 <= now - last < EVERY_SECONDS
        is_changed = was_well is not is_well
        sent = True
        if self.url and (is_due or is_changed):
            sent = _sent(self.url if is_well else f"{self.url.rstrip('/')}/fail", None)
        # Of somebody's first look only what is wrong is news.
        if self.topic and is_changed and not (is_well and was_well is None):
            sent = _sent(self.topic, RIGHT if is_well else WRONG) and sent
        if sent and (is_due or is_changed):
            self._remember(is_well, now)
        return sent

    def _remember(self, is_well: bool, now: float) -> None:
        try:
            write_atomically(self.memory, json.dumps({"is_well": is_well, "at": now}).encode(), durable=False)
        except OSError as error:
            _log.warning("what was sent cannot be remembered: %s", error.strerror)


def _sent(url: str, sentence: str | None) -> bool:
    """Ask for an address, or post a sentence to it. Returns whether it was accepted."""
    data = sentence.encode() if sentence else None
    try:
        # The settings allow http and https only.
        request = urllib.request.Request(url, data, {"User-Agent": "netflix-trend"})  # noqa: S310
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS):
            return True
    except (OSError, http.client.HTTPException, ValueError) as error:  # HTTPError and URLError are OSErrors
        _log.warning("a notice cannot be sent (%s); it is tried again", type(error).__name__)
        return False
