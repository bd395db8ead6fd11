"""Exports that a person has forgotten: out of `raw/`, kept in `removed/` for as long as they can be brought back.

`removed/removals.json` lists what was forgotten together, with the descriptions; beside it lie the bytes. The list is
written before a file leaves `raw/`, and after one has come back, so that a process that is killed loses nothing. The
description leaves first: without it nothing uses the bytes in `raw/`, and an undo finds them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, ValidationError

from netflix_trend.history import attempts
from netflix_trend.history.raw import RawExport, RawStore
from netflix_trend.language import _
from netflix_trend.layout import PrivateVolume
from netflix_trend.storage.damaged import Damaged, read_file
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.migrations import forget_copies
from netflix_trend.storage.model import Strict

# What was forgotten is deleted for good after so long, if no later round was answered before.
KEPT = timedelta(days=7)


class RemovalError(ValueError):
    """Nothing can be forgotten or brought back; the message says why, and what to do."""


class Removal(Strict):
    """What was forgotten together. at: when. answered: the newest round that was answered by then, None without any."""

    at: Annotated[AwareDatetime, Field(strict=False)]
    answered: str | None
    exports: Annotated[tuple[RawExport, ...], Field(strict=False, min_length=1)]

    @property
    def until(self) -> datetime:
        """When it is deleted for good at the latest."""
        return self.at + KEPT

    def is_over(self, now: datetime, answered: str | None) -> bool:
        """Whether it cannot be brought back any more. answered: the newest round that was answered, None without."""
        has_answered = answered is not None and (self.answered is None or answered > self.answered)
        return has_answered or now >= self.until


class _File(Strict):
    schema_version: Literal[1] = 1
    removals: Annotated[tuple[Removal, ...], Field(strict=False)] = ()


def read_removals(private: Path) -> tuple[Removal, ...]:
    """Return what can be brought back, oldest first. Raises RemovalError if the list is damaged."""
    try:
        return _File.model_validate_json(read_file(PrivateVolume(private).removals)).removals
    except FileNotFoundError:
        return ()
    except (ValidationError, Damaged):
        raise RemovalError(
            _(
                "removed/removals.json on the private volume is damaged; remove the folder removed/ to "
                "delete what was forgotten for good"
            )
        ) from None


def forget(private: Path, exports: Sequence[RawExport], at: datetime, answered: str | None) -> Removal:
    """Take exports out of `raw/`; the next rebuild is without them. Returns what can be brought back.

    at: now, with a time zone. answered: the newest round that was answered. Raises RemovalError if the list is damaged.
    """
    store, volume = RawStore(private), PrivateVolume(private)
    with store.locked():
        removal = Removal(at=at, answered=answered, exports=tuple(exports))
        gone = {export.sha256 for export in exports}
        _write(private, [*_without(read_removals(private), gone), removal])
        for export in exports:
            volume.description(export.sha256).unlink(missing_ok=True)
            forget_copies(volume.description(export.sha256))
            if volume.export(export.sha256).exists():  # of a refused file there is only the description
                volume.export(export.sha256).replace(volume.removed_export(export.sha256))
            # Nothing else names it: brought back, it is tried once more.
            attempts.release(volume.profile_folders(), export.sha256)
    return removal


def bring_back(private: Path, now: datetime, answered: str | None) -> Removal:
    """Put what was forgotten last back into `raw/`, as it was, and return it.

    A file that was imported again meanwhile stays as it is. Raises RemovalError if there is nothing to bring back.
    """
    store, volume = RawStore(private), PrivateVolume(private)
    with store.locked():
        removals = read_removals(private)
        if not removals or removals[-1].is_over(now, answered):
            raise RemovalError(_("there is nothing that can be brought back"))
        for export in removals[-1].exports:
            kept = volume.removed_export(export.sha256)
            if store.describe(export.sha256) is None:
                if kept.exists():
                    volume.raw.mkdir(parents=True, exist_ok=True)
                    kept.replace(volume.export(export.sha256))
                if export.refused or volume.export(export.sha256).exists():
                    store.write_description(export)
        _write(private, removals[:-1])
        _sweep(private, removals[:-1])
    return removals[-1]


def drop_from_list(private: Path, sha256: str) -> None:
    """Let an export that was imported again be forgotten no longer. A list that is damaged stays as it is."""
    if not PrivateVolume(private).removals.exists():
        return
    with RawStore(private).locked(), suppress(RemovalError):
        removals = read_removals(private)
        left = _without(removals, {sha256})
        if left != list(removals) and RawStore(private).describe(sha256) is not None:
            _write(private, left)
            _sweep(private, left)


def clear(private: Path, now: datetime, answered: str | None) -> int:
    """Delete for good what cannot be brought back any more. Returns the number of files. Safe to repeat.

    Raises RemovalError if the list is damaged; then nothing is deleted.
    """
    if not _is_kept(private):
        return 0
    with RawStore(private).locked():
        removals = read_removals(private)
        left = [removal for removal in removals if not removal.is_over(now, answered)]
        _sweep(private, left, [removal for removal in removals if removal not in left])
        if len(left) < len(removals):
            _write(private, left)
    return sum(len(removal.exports) for removal in removals) - sum(len(removal.exports) for removal in left)


def _is_kept(private: Path) -> bool:
    """Return whether anything that was forgotten is kept, or left over from a process that was killed."""
    volume = PrivateVolume(private)
    return volume.removals.exists() or any(volume.removed.glob("*.csv"))


def _without(removals: Sequence[Removal], gone: set[str]) -> list[Removal]:
    """Return removals without exports that are forgotten once more."""
    found = []
    for removal in removals:
        exports = tuple(export for export in removal.exports if export.sha256 not in gone)
        if exports:
            found.append(removal.model_copy(update={"exports": exports}))
    return found


def _sweep(private: Path, removals: Sequence[Removal], over: Sequence[Removal] = ()) -> None:
    """Delete the bytes that no removal names. over: removals that have ended; their bytes may be in `raw/` still, where
    a process was killed.
    """
    volume = PrivateVolume(private)
    for sha256 in (export.sha256 for removal in over for export in removal.exports):
        if not volume.description(sha256).exists():
            volume.export(sha256).unlink(missing_ok=True)
    named = {volume.removed_export(export.sha256) for removal in removals for export in removal.exports}
    for path in volume.removed.glob("*.csv"):
        if path not in named:
            path.unlink(missing_ok=True)


def _write(private: Path, removals: Sequence[Removal]) -> None:
    volume = PrivateVolume(private)
    forget_copies(volume.removals)
    if not removals:
        volume.removals.unlink(missing_ok=True)
        return
    volume.removed.mkdir(parents=True, exist_ok=True)
    write_atomically(volume.removals, _File(removals=tuple(removals)).to_bytes())
