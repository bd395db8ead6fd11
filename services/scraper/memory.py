"""The scraper's state between runs, in small files on its volume: no title, name, address or secret."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from netflix_trend.storage.files import write_atomically
from services.scraper.hooks import HOOKS_VERSION
from services.scraper.stops import CAUSES, Opens


class _Note(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Fingerprint(_Note):
    """What a person can change; of the password's file only its modification time and size."""

    secret: str = ""
    session: str = ""
    settings: str = ""
    hooks: str = HOOKS_VERSION


class Latch(_Note):
    """A failure that is not retried until a person has done something about it."""

    code: str
    at: datetime
    seen: Fingerprint

    def holds(self, now: Fingerprint) -> bool:
        """Return whether nothing that would release it has changed."""
        cause = CAUSES.get(self.code)
        opens = cause.opens if cause else frozenset(Opens)
        return all(getattr(self.seen, one.value) == getattr(now, one.value) for one in opens)


class Plan(_Note):
    """When to run next. failures: failures with `code` in a row. rested: no run before `next_run`, not even by hand."""

    next_run: datetime
    code: str = "OK"
    failures: int = 0
    rested: bool = False


class Result(_Note):
    """How the last run ended. No address, no profile, no titles."""

    at: datetime
    mode: str
    state_trace: tuple[str, ...] = ()
    code: str
    detail: str = ""
    hooks_version: str = HOOKS_VERSION
    sandbox: bool | None = None
    rows: int | None = None
    sha256: str | None = None
    duration_s: float = 0.0


class Rows(_Note):
    """How many titles the last good download had, and with which settings; says nothing about other profiles."""

    rows: int
    settings: str = ""


class PasswordUsed(_Note):
    """The password of this file was typed, without a sign-in so far."""

    secret: str


_N = TypeVar("_N", bound=_Note)


class Memory:
    """The state files of a folder, one per model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def jar_path(self) -> Path:
        """Where the cookies are kept."""
        return self.folder / "cookies.json"

    def read(self, kind: type[_N]) -> _N | None:
        """Return a state file's content; None if it is missing or unreadable."""
        try:
            return kind.model_validate_json(self._path(kind).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def write(self, note: _Note) -> None:
        """Store a model in place of the previous one."""
        write_atomically(self._path(type(note)), note.model_dump_json().encode() + b"\n", mode=0o600)

    def forget(self, *kinds: type[_Note]) -> None:
        """Remove state files."""
        for kind in kinds:
            self._path(kind).unlink(missing_ok=True)

    def reset(self) -> None:
        """Release every latch, forget pauses and the last length; cookies and the last result stay."""
        self.forget(Latch, Plan, PasswordUsed, Rows)

    def fingerprint(self, secret: Path | None, *settings: str) -> Fingerprint:
        """Return the present state of what a person can change."""
        return Fingerprint(
            secret=_stamp(secret),
            session=_stamp(self.jar_path),
            settings=hashlib.sha256("\0".join(settings).encode()).hexdigest()[:16],
        )

    @contextmanager
    def only_one(self) -> Iterator[bool]:
        """Hold the lock of the runs, also between containers. Yields False when another run holds it."""
        with (self.folder / "run.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _path(self, kind: type[_Note]) -> Path:
        return self.folder / f"{kind.__name__.lower()}.json"


def _stamp(path: Path | None) -> str:
    try:
        return stamp_of(path.stat()) if path else ""
    except OSError:  # missing or not readable
        return ""


def stamp_of(status: os.stat_result) -> str:
    """Return a file's modification time and size: all that is stored about a secret."""
    return f"{status.st_mtime_ns}-{status.st_size}"
