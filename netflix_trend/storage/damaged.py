"""Files of our own that are damaged: how they are noticed, and how they are kept out of the way without being lost.

What is set aside is moved to the folder `damaged/` of the same volume, under its path and the time. Nothing is ever
deleted there: a person looks at it, brings it back or removes it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from netflix_trend.storage.files import FileState, state_of, sync_folder

FOLDER = "damaged"
# In a name there, for a folder's slash.
SLASH = "+"
_ENTRY = re.compile(r"(.+)\.\d{8}T\d{6}Z(-\d+)?")
_PIECE = 1 << 20


class Damaged(Exception):
    """Something is in the place of a file of our own, and cannot be read as one."""


def read_file(path: Path) -> bytes:
    """Return the bytes of a file of our own.

    Raises FileNotFoundError if nothing is there, Damaged if there is a folder, a FIFO or what the disk cannot read.
    """
    try:
        if path.exists() and not path.is_file():
            raise Damaged(path.name)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except OSError as error:
        raise Damaged(path.name) from error


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, empty if there is none that can be read. Read once for each state of the file."""
    state = state_of(path)
    return _digest(path, state) if state and path.is_file() else ""


@lru_cache(maxsize=1_000)
def _digest(path: Path, _state: FileState) -> str:
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                found.update(piece)
    except OSError:
        return ""
    return found.hexdigest()


def set_aside(path: Path, volume: Path) -> Path:
    """Move what is at `path`, file or folder, to the folder of damaged files. Returns its new place. Raises OSError."""
    place = new_place(path, volume)
    path.rename(place)
    sync_folder(place.parent)
    return place


def keep_copy(path: Path, volume: Path) -> None:
    """Keep what is at `path`, file or folder, among the damaged files, before `path` is written again.

    A file stays where it is as well, so that at no moment it is missing; writing replaces it. A folder has to move.
    Raises OSError.
    """
    if path.is_file():
        shutil.copyfile(path, new_place(path, volume))
    elif os.path.lexists(path):
        set_aside(path, volume)


def make_way(path: Path, volume: Path) -> None:
    """Set aside what would keep a file from being written at `path`: a folder there, or a file in the place of a folder
    that it lies in. Raises OSError.
    """
    for inner in reversed(path.relative_to(volume).parents[:-1]):
        if os.path.lexists(volume / inner) and not (volume / inner).is_dir():
            set_aside(volume / inner, volume)
    if os.path.lexists(path) and not path.is_file():
        set_aside(path, volume)


def were_set_aside(volume: Path) -> list[str]:
    """Return what was set aside and is still there, relative to the volume, in the order of the names."""
    try:
        return sorted(f"{FOLDER}/{entry.name}" for entry in (volume / FOLDER).iterdir())
    except OSError:
        return []


def paths_set_aside(volume: Path) -> tuple[str, ...]:
    """Return where the files were that were set aside and are still there: relative to the volume, sorted, each once.

    Who has seen to them removes them from the folder.
    """
    found = (_ENTRY.fullmatch(name.removeprefix(f"{FOLDER}/")) for name in were_set_aside(volume))
    return tuple(sorted({entry.group(1).replace(SLASH, "/") for entry in found if entry}))


def was_set_aside(path: Path, volume: Path) -> bool:
    """Return whether an earlier file of this path was set aside and is still there."""
    return path.relative_to(volume).as_posix() in paths_set_aside(volume)


def _flat(path: Path, volume: Path) -> str:
    return SLASH.join(path.relative_to(volume).parts)


def new_place(path: Path, volume: Path) -> Path:
    """Return a free place among the damaged files of a volume, and make their folder."""
    folder = volume / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    first = f"{_flat(path, volume)}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    name, number = first, 1
    while os.path.lexists(folder / name):
        number += 1
        name = f"{first}-{number}"
    return folder / name
