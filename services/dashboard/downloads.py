"""The file that a person downloads in the same browser: how to get it, and whether it is in the downloads folder.

Nothing is looked at before a person asks for it, and nothing when that is ten minutes ago. Each request looks.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from netflix_trend.causes import cause
from netflix_trend.delivery.downloads import NETFLIX_PAGE, STEPS, WAITING_MINUTES, Download, Watch
from netflix_trend.language import _, marked
from services.dashboard.backend import Refused
from services.dashboard.text import shown

DOWNLOAD_GONE = marked("That file is gone or has changed. Look for it again, or upload it.")


@dataclass(frozen=True)
class FoundFile:
    """A file in the downloads folder. saved: a time of day such as 11:04. mark: names it in a form.

    is_earlier: whether it was there before the person asked.
    """

    name: str
    saved: str
    mark: str
    is_earlier: bool


@dataclass(frozen=True)
class Watched:
    """What was found since a person asked. until: a time of day such as 11:14. is_over: nothing is looked for."""

    folder: str
    until: str
    files: tuple[FoundFile, ...]
    is_over: bool


@dataclass(frozen=True)
class FetchCard:
    """How to get the file. can_look: whether this page can look for it; watched: what it found, None if not asked."""

    address: str
    steps: tuple[str, ...]
    can_look: bool
    watched: Watched | None

    @property
    def is_waiting(self) -> bool:
        """Whether the page waits for a new file."""
        watched = self.watched
        return watched is not None and not watched.is_over and all(one.is_earlier for one in watched.files)


class Downloads:
    """A downloads folder. clock: seconds of a monotonic clock. now: seconds since 1970. For several threads."""

    def __init__(
        self, folder: Path, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        self._folder, self._clock, self._now, self._lock = folder, clock, now, Lock()
        self._watch: Watch | None = None
        self._deadline, self._until = 0.0, ""
        self._found: dict[str, Download] = {}
        self._earlier = ""

    def look(self) -> str:
        """Begin to look for a new file, and say so. Raises Refused if the folder cannot be used."""
        with self._lock:
            try:
                self._watch = Watch(self._folder, self._clock, self._now)
            except OSError as problem:
                folder = self._folder
                raise Refused(
                    _(
                        "%(folder)s cannot be looked at (%(cause)s). Upload the file, or put the folder where "
                        "your browser saves files into .env, such as DOWNLOADS_DIR=~/Downloads",
                        folder=folder,
                        cause=cause(problem),
                    )
                ) from None
            self._deadline = self._clock() + 60 * WAITING_MINUTES
            self._until = _time_of_day(self._now() + 60 * WAITING_MINUTES)
            earlier = self._watch.earlier()
            self._earlier = _mark(earlier) if earlier else ""
            self._found = {self._earlier: earlier} if earlier else {}
        return _("Download the file at Netflix now; it appears here a few seconds later.")

    def watched(self) -> Watched | None:
        """Look, and return what was found since `look`; None before that, and after `end`."""
        with self._lock:
            if self._watch is None:
                return None
            is_over = self._clock() > self._deadline
            if not is_over:
                try:
                    self._found |= {_mark(one): one for one in self._watch.new()}
                except OSError:  # the folder is gone
                    is_over = True
            self._found = {mark: one for mark, one in self._found.items() if one.is_unchanged()}
            files = [
                FoundFile(shown(one.path.name, 60), _time_of_day(one.modified), mark, mark == self._earlier)
                for mark, one in self._found.items()
            ]
            return Watched(shown(str(self._folder), 200), self._until, tuple(files), is_over)

    def found(self, mark: str) -> Download:
        """Return a file that was found. Raises Refused if it is gone."""
        with self._lock:
            one = self._found.get(mark)
        if one is None or not one.is_unchanged():
            raise Refused(_(DOWNLOAD_GONE))
        return one

    def end(self) -> None:
        """Look no more."""
        with self._lock:
            self._watch, self._found = None, {}


def fetch_card(downloads: Downloads | None) -> FetchCard:
    """Return how to get the file. downloads: None where the page cannot look for it."""
    return FetchCard(
        NETFLIX_PAGE,
        tuple(_(step) for step in STEPS),
        downloads is not None,
        downloads.watched() if downloads else None,
    )


def _mark(one: Download) -> str:
    return hashlib.sha256(repr((one.path.name, one.state)).encode("utf-8", "replace")).hexdigest()[:16]


def _time_of_day(seconds: float) -> str:
    return time.strftime("%H:%M", time.localtime(seconds))
