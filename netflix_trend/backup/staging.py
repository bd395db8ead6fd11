"""Restoring in two steps: unpack beside the data and compare every sum, then put files in place one by one.

What was unpacked and is whole lies in the folder `restore` of a volume; from then on it counts, and whoever finds it
finishes what a killed process has begun. What was there before is copied to `before_restore/` and never deleted.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.backup.archive import MANIFEST, BackupError, Manifest, Reader
from netflix_trend.backup.contents import Volumes
from netflix_trend.causes import cause
from netflix_trend.language import _
from netflix_trend.storage.damaged import make_way
from netflix_trend.storage.files import sync_folder, write_atomically
from netflix_trend.storage.model import Strict

FOLDER = "restore"
BEFORE = "before_restore"
# Beginning and end of the name of a folder in which a backup is unpacked.
UNPACKING = (".restore.", ".tmp")
_REPLACED = "replaced.json"


class _Replaced(Strict):
    """What was there when the restore began, and the name of the folder for it."""

    schema_version: Literal[1] = 1
    folder: Annotated[str, Field(pattern=r"^[0-9TZ]{1,20}$")]
    names: Annotated[tuple[str, ...], Field(strict=False)]


@dataclass(frozen=True)
class Staged:
    """A backup that was unpacked and checked. replaced: files that were there before, and have to give way."""

    folder: Path
    manifest: Manifest
    replaced: tuple[str, ...]
    before: str

    @property
    def mark(self) -> str:
        """What tells this restore from every other one."""
        return self.before

    def file(self, name: str) -> Path:
        """Return where an unpacked file lies; once it is in place, it is not there any more."""
        return self.folder / name

    def put(self, volumes: Volumes, volume: str) -> None:
        """Put the files of a volume on the same disk in place. Safe to repeat after a crash."""
        names = [entry.name for entry in self.manifest.files if entry.name.startswith(f"{volume}/")]
        replaced = [name for name in self.replaced if name.startswith(f"{volume}/")]
        for name in replaced:
            self.keep_before(volumes, name)
        for name in names:
            if self.file(name).exists():
                make_way(volumes.path(name), volumes.folders[volume])
                volumes.path(name).parent.mkdir(parents=True, exist_ok=True)
                self.file(name).replace(volumes.path(name))
        for name in set(replaced) - set(names):
            volumes.path(name).unlink(missing_ok=True)
        for folder in {volumes.path(name).parent for name in (*names, *replaced)}:
            if folder.is_dir():
                sync_folder(folder)

    def keep_before(self, volumes: Volumes, name: str, data: bytes | None = None) -> None:
        """Copy a file as it was before the restore, once. data: its bytes, where a plain copy would not do."""
        volume, _slash, inner = name.partition("/")
        kept, path = volumes.folders[volume] / BEFORE / self.before / inner, volumes.path(name)
        if kept.exists() or not path.exists():
            return
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if data is not None:
            write_atomically(kept, data, mode=0o600)
            return
        part = kept.with_name(f".{kept.name}.{os.urandom(4).hex()}.tmp")
        shutil.copy2(path, part)
        part.replace(kept)
        sync_folder(kept.parent)

    def remove(self) -> None:
        """Forget the unpacked files, once all of them are in place."""
        discard(self.folder)


def discard(folder: Path) -> None:
    """Remove an unpacked backup; if that is cut short, what is left has the name of something unfinished."""
    gone = folder.with_name(f"{UNPACKING[0]}{os.urandom(4).hex()}{UNPACKING[1]}")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def found(home: Path) -> Staged | None:
    """Return what was unpacked on a volume and is not in place yet. home: the volume."""
    folder = home / FOLDER
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        replaced = _Replaced.model_validate_json((folder / _REPLACED).read_bytes())
    except (OSError, ValidationError):
        return None
    return Staged(folder, manifest, replaced.names, replaced.folder)


def unpack(reader: Reader, volumes: Volumes, home: Path, passphrase: str, now: datetime | None = None) -> Path:
    """Unpack a backup into a new hidden folder of the volume `home`, and return it; `commit` lets it count.

    Raises BackupError if it is damaged, or of another role; then nothing is left of it.
    """
    if reader.role != volumes.role:
        raise BackupError(
            _(
                "this backup is of the role %(found)s, and here is the role %(role)s",
                found=reader.role,
                role=volumes.role,
            )
        )
    home.mkdir(parents=True, exist_ok=True)
    folder = home / f"{UNPACKING[0]}{os.urandom(4).hex()}{UNPACKING[1]}"
    try:
        manifest = reader.unpack(folder, volumes.allows, passphrase)
        moment = datetime.now(UTC) if now is None else now
        replaced = _Replaced(folder=f"{moment:%Y%m%dT%H%M%SZ}", names=tuple(volumes.names()))
        write_atomically(folder / _REPLACED, replaced.to_bytes())
        write_atomically(folder / MANIFEST, manifest.to_bytes())
    except BaseException as problem:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(problem, OSError):
            raise BackupError(
                _("the backup cannot be unpacked: %(cause)s. Nothing was changed", cause=cause(problem))
            ) from None
        raise
    return folder


def commit(folder: Path) -> Staged:
    """Let an unpacked backup count. Raises BackupError if another one is not in place yet."""
    place = folder.with_name(FOLDER)
    if place.exists():
        raise BackupError(_("an earlier restore is not finished yet; it goes on within a minute while the app runs"))
    folder.rename(place)
    sync_folder(place.parent)
    staged = found(place.parent)
    assert staged is not None
    return staged


def refuse_over(volumes: Volumes, *, replace: bool) -> None:
    """Raise BackupError if there is data that a restore would replace, and nobody has asked for that."""
    if replace or not (names := volumes.names()):
        return
    raise BackupError(
        _(
            "there is data here already: %(names)s. --replace restores over it, and keeps a copy of what is there",
            names=_some(names),
        )
    )


def _some(names: Collection[str]) -> str:
    shown = sorted(names)[:3]
    return ", ".join([*shown, *(["..."] if len(names) > len(shown) else [])])
