"""The scraper's state between runs, in small files on its volume, without titles, names, addresses or secrets.

The names of the classes are the names of the files, and those of the fields are stored: neither may change.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from netflix_trend.storage.damaged import Damaged, make_way, read_file
from netflix_trend.storage.files import write_atomically
from services.scraper.failures import CAUSES, NO_FAILURES_NOW, Opens
from services.scraper.page_selectors import SELECTORS_VERSION


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _StateFile(_Tolerant):
    schema_version: Literal[1] = 1


class Fingerprint(_Tolerant):
    """What a person can change to release a latch. secret and session: time and size of the files. hooks: the version
    of the selectors.
    """

    secret: str = ""
    session: str = ""
    settings: str = ""
    hooks: str = SELECTORS_VERSION


class Latch(_StateFile):
    """A failure that is not retried until a person has changed something."""

    code: str
    at: datetime
    seen: Fingerprint

    def holds(self, now: Fingerprint) -> bool:
        """Return whether nothing that would release it has changed."""
        if self.code in NO_FAILURES_NOW:
            return False
        cause = CAUSES.get(self.code)
        opens = cause.opens if cause else frozenset(Opens)
        return all(getattr(self.seen, one.value) == getattr(now, one.value) for one in opens)


class Plan(_StateFile):
    """When to run next. failures: how often `code` happened in a row. rested: no run before `next_run`, not
    even by hand.
    """

    next_run: datetime
    code: str = "OK"
    failures: int = 0
    rested: bool = False


class Result(_StateFile):
    """The outcome of the last run, without addresses, profiles and titles.

    mode: how it was signed in, `login` for the assisted one. hooks: of a page that was not known, reduced to words that
    tell nothing about the person (page_hooks.py).
    """

    at: datetime
    mode: str
    state_trace: tuple[str, ...] = ()
    code: str
    detail: str = ""
    hooks: tuple[str, ...] = ()
    hooks_version: str = SELECTORS_VERSION
    sandbox: bool | None = None
    rows: int | None = None
    sha256: str | None = None
    duration_s: float = 0.0


class Rows(_StateFile):
    """How many titles the last good download had. settings: a digest of whose history it was, whatever the way in."""

    rows: int
    settings: str = ""


class PasswordUsed(_StateFile):
    """A password that was typed, and has not signed in so far. secret: time and size of its file."""

    secret: str


_S = TypeVar("_S", bound=_StateFile)


class RunState:
    """The state files in a folder, one for each class."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        """Make the folder if it is missing; only this user may open it. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def jar_path(self) -> Path:
        """Where the cookies are kept."""
        return self.folder / "cookies.json"

    def read(self, kind: type[_S]) -> _S | None:
        """Return a state file's content; None if it is missing or unreadable."""
        try:
            return kind.model_validate_json(read_file(self._path(kind)))
        except (FileNotFoundError, ValidationError, Damaged):
            return None

    def write(self, note: _StateFile) -> None:
        """Replace a state file."""
        make_way(self._path(type(note)), self.folder)
        write_atomically(self._path(type(note)), note.model_dump_json().encode() + b"\n", mode=0o600)

    def forget(self, *kinds: type[_StateFile]) -> None:
        """Remove state files."""
        for kind in kinds:
            make_way(self._path(kind), self.folder)
            self._path(kind).unlink(missing_ok=True)

    def reset(self) -> None:
        """Release every latch, forget pauses and the last number of titles; cookies and the last result stay."""
        self.forget(Latch, Plan, PasswordUsed, Rows)

    def fingerprint(self, secret: Path | None, *settings: str) -> Fingerprint:
        """Return the current values of what a person can change."""
        return Fingerprint(
            secret=_stamp(secret),
            session=_stamp(self.jar_path),
            settings=hashlib.sha256("\0".join(settings).encode()).hexdigest()[:16],
        )

    @contextmanager
    def only_one(self) -> Iterator[bool]:
        """Hold the lock of runs, across containers too. Yields False when another run holds it."""
        with (self.folder / "run.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _path(self, kind: type[_StateFile]) -> Path:
        return self.folder / f"{kind.__name__.lower()}.json"


def _stamp(path: Path | None) -> str:
    try:
        return stamp_of(path.stat()) if path else ""
    except OSError:  # missing or not readable
        return ""


def stamp_of(status: os.stat_result) -> str:
    """Return a file's modification time and size, which is all that is stored about a secret."""
    return f"{status.st_mtime_ns}-{status.st_size}"
