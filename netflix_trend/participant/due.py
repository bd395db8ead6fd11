"""When a run of the publisher is due: a cheap comparison of file times, sizes and inodes with those of the last run.

Files are not read, and nothing heavy is imported: an app looks every minute, and mostly there is
nothing to do. Safe to be wrong in one direction only: a run that was not due changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from netflix_trend import __version__
from netflix_trend.layout import (
    SURVEYS,
    VOCABULARY,
    PrivateVolume,
    PublisherVolume,
    round_path,
    shared_path,
)
from netflix_trend.names import APP_NAME
from netflix_trend.operators.round_folders import ABORT, ACCEPT, MANIFEST, SURVEY, rounds_in
from netflix_trend.storage.files import FileState, read_own, state_of, write_atomically
from netflix_trend.storage.small_json import flat_json

# Deadlines of operators' rounds pass without any file changing, so that a run is never older.
LONGEST_SECONDS = 3600.0
# These say where a shell is, and no setting.
_NO_SETTINGS = frozenset({"_", "PWD", "OLDPWD", "SHLVL"})
_LARGEST_RECORD = 200_000


class Settings(Protocol):
    """The settings that say where files lie; `netflix_trend.settings.Settings` has them."""

    @property
    def private_dir(self) -> Path:
        """The private volume."""

    @property
    def records_dir(self) -> Path:
        """The folder with the ledger; see `netflix_trend.layout.records_of`."""

    @property
    def datasites_dir(self) -> Path:
        """SyftBox's folder of datasites."""

    @property
    def syftbox_email(self) -> str:
        """The participant's address."""

    @property
    def aggregator_datasite(self) -> str:
        """The aggregator's address."""

    @property
    def helper_datasite(self) -> str:
        """The helper's address; empty without one."""


@dataclass(frozen=True)
class Places:
    """Settings of a process that does not load all of them."""

    private_dir: Path
    records_dir: Path
    datasites_dir: Path
    syftbox_email: str
    aggregator_datasite: str
    helper_datasite: str


def decided_elsewhere(settings: Settings) -> tuple[object, ...]:
    """Return a value that changes with what the aggregator and the operators ask, and with the person's choices."""
    site = settings.datasites_dir / settings.aggregator_datasite
    paths = [site / shared_path(SURVEYS), site / shared_path(VOCABULARY), PrivateVolume(settings.private_dir).choices]
    for operator, files in (
        (settings.aggregator_datasite, (MANIFEST, SURVEY, ABORT)),
        (settings.helper_datasite, (ACCEPT, ABORT)),
    ):
        if operator:
            rounds = rounds_in(settings.datasites_dir, operator)
            folders = [settings.datasites_dir / operator / round_path(name, "") for name in rounds]
            paths += [folder / file for folder in folders for file in files]
    return tuple(map(state_of, paths))


def inputs(settings: Settings, env_file: Path) -> str:
    """Return a digest of everything that a run reads and does not write: `decided_elsewhere`, exports, life events,
    what is excluded, whose viewing counts, settings in `.env`, and this version.
    """
    private = PrivateVolume(settings.private_dir)
    own = (env_file, private.life_events, private.exclusions, private.household, *_files_in(private.raw))
    return _digest([__version__, decided_elsewhere(settings), _named_states(own)])


def results(settings: Settings) -> str:
    """Return a digest of what a run writes or restores: the own datasite, tables, and the publisher's volume, but for
    its status, which every run writes.
    """
    site = settings.datasites_dir / settings.syftbox_email
    app = site / "app_data" / APP_NAME
    folders = [Path(path) for path, _, _ in os.walk(app)]
    publisher = PublisherVolume(settings.records_dir)
    paths = [
        *(site / name for name in ("syftperm.yaml", "syft.pub.yaml")),
        *(file for folder in folders for file in _files_in(folder)),
        *(file for folder in _profiles(settings) for file in _files_in(folder) if not file.name.startswith(".")),
        *(publisher.ledger, publisher.sealed),
    ]
    return _digest([_named_states(paths)])


def waits_for_sync(settings: Settings) -> bool:
    """Return whether the last run left something to do for after SyftBox's next sync, whose end changes no file."""
    status = flat_json(PublisherVolume(settings.records_dir).status)
    return status.get("waits_for_sync") is True


def environment(environ: Mapping[str, str]) -> str:
    """Return a digest of a process's environment, where settings may be."""
    return _digest(sorted((name, value) for name, value in environ.items() if name not in _NO_SETTINGS))


@dataclass(frozen=True)
class LastRun:
    """The last run that ended well. at: when it began, in seconds since 1970. day: the day it was about. status: of the
    file that every run writes, once it has ended.
    """

    inputs: str
    results: str
    at: float
    day: str
    status: str = ""

    def is_recent(self, settings: Settings, env_file: Path, today: date, now: float | None = None) -> bool:
        """Return whether another run would do nothing."""
        age = (time.time() if now is None else now) - self.at
        return (
            self.day == str(today)
            and 0 <= age < LONGEST_SECONDS
            and self.inputs == inputs(settings, env_file)
            and self.results == results(settings)
            and self.status == _status(settings)
            and not waits_for_sync(settings)
        )


def begun(settings: Settings, env_file: Path, today: date) -> LastRun:
    """Return a run that begins now."""
    return LastRun(inputs(settings, env_file), results(settings), time.time(), str(today))


def ended(settings: Settings, run: LastRun) -> LastRun | None:
    """Return a run that has ended well, or None if anything has changed while it ran: that may be somebody else's
    change, so another run has to look at it.
    """
    return replace(run, status=_status(settings)) if results(settings) == run.results else None


@dataclass(frozen=True)
class Record:
    """The record of the last run on the publisher's volume, for a run that has nothing to do.

    environ: digest of the environment, by `environment`.
    """

    settings: Settings
    env_file: Path
    environ: str

    def begin(self, today: date) -> LastRun:
        """Return a run that begins, and forget the last one."""
        forget(self.settings.records_dir)
        return begun(self.settings, self.env_file, today)

    def end(self, run: LastRun, said: Sequence[str]) -> None:
        """Write down a run that ended well, if it changed nothing. said: the lines that it printed."""
        last = ended(self.settings, run)
        if last is None:
            return
        known = {**vars(last), "environment": self.environ, "said": said}
        path = PublisherVolume(self.settings.records_dir).last_run
        write_atomically(path, json.dumps(known).encode(), durable=False, mode=0o600)

    def said(self, today: date, now: float | None = None) -> list[str] | None:
        """Return what the last run printed if another one would do nothing, otherwise None."""
        data = read_own(PublisherVolume(self.settings.records_dir).last_run, _LARGEST_RECORD)
        try:
            known: dict[str, Any] = json.loads(data or b"{}")
            run = LastRun(**{name: known.pop(name) for name in LastRun.__dataclass_fields__})
            if known["environment"] != self.environ:
                return None
            is_recent = run.is_recent(self.settings, self.env_file, today, now)
            return [str(line) for line in known["said"]] if is_recent else None
        except (ValueError, KeyError, TypeError, AttributeError):  # none yet, or damaged
            return None


def forget(publisher: Path) -> None:
    """Forget the last run, before another one that may fail."""
    PublisherVolume(publisher).last_run.unlink(missing_ok=True)


def _status(settings: Settings) -> str:
    return _digest(state_of(PublisherVolume(settings.records_dir).status))


def _profiles(settings: Settings) -> list[Path]:
    try:
        return PrivateVolume(settings.private_dir).profile_folders()
    except OSError:
        return []


def _files_in(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError:
        return
    yield from (folder / name for name in names)


def _named_states(paths: Iterable[Path]) -> list[tuple[str, FileState | None]]:
    return [(os.fsencode(path).hex(), state_of(path)) for path in paths]


def _digest(known: object) -> str:
    return hashlib.sha256(repr(known).encode("utf-8", "surrogateescape")).hexdigest()
