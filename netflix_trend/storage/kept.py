"""Own files that cannot be read: each is moved aside and named, none is deleted, and everything else goes on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from netflix_trend.storage import damaged
from netflix_trend.storage.damaged import FOLDER
from netflix_trend.storage.files import read_own, restore_file, write_atomically

_log = logging.getLogger("damaged")
_T = TypeVar("_T")


def set_aside(own: Path, name: str, why: str) -> None:
    """Move a file of a volume, or whatever lies in its place, among the damaged ones. why: the end of a sentence.

    name: relative to the volume. Where nothing can be moved, such as on a read-only disk, that is logged.
    """
    try:
        damaged.set_aside(own / name, own)
    except FileNotFoundError:
        return  # another process was faster
    except OSError as problem:
        _log.warning("%s %s, and cannot be moved to %s/: %s", name, why, FOLDER, problem.strerror)
        return
    _log.warning("%s %s: it lies in %s/ now, and everything else goes on", name, why, FOLDER)


def note(own: Path, name: str, why: str) -> None:
    """Name a file among the damaged ones that may not be kept, with the reason instead of its content."""
    write_atomically(damaged.new_place(own / name, own), f"{why}\n".encode())
    _log.warning("%s %s", name, why)


def read_kept(
    own: Path, name: str, most: int, parse: Callable[[bytes], _T], refusal: type[Exception] = ValueError
) -> _T | None:
    """Return what a file of a volume says, None when there is none; one that cannot be read is moved aside first.

    most: bytes. parse: raises ValueError or `refusal` for a damaged file. Folders, links, FIFOs, files that may not be
    read and files that are too large are moved aside, too.
    """
    why = "is no plain file that can be read"
    try:
        data = read_own(own / name, most)
        if data is not None:
            return parse(data)
        if not os.path.lexists(own / name):
            return None
    except (ValueError, RecursionError, refusal):
        why = "is damaged"
    except OSError:
        why = "cannot be read from the disk"
    set_aside(own, name, why)
    return None


def write_kept(own: Path, name: str, data: bytes, *, durable: bool = True) -> None:
    """Write a file of a volume as `restore_file` does; what is no plain file in its place is moved aside first."""
    path = own / name
    if os.path.lexists(path) and not (path.is_file() and not path.is_symlink()):
        set_aside(own, name, "is no plain file")
    restore_file(path, data, durable=durable)


def keep_folder(own: Path, name: str) -> None:
    """Move aside whatever lies in the place of a folder of the volume and is none."""
    path = own / name
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        set_aside(own, name, "is no folder")
