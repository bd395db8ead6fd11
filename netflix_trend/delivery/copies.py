"""Copies of exports in the drop folder: those that we put there, and those in `done/`.

Imports nothing heavy: every verb of the command line imports it.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from netflix_trend.delivery.archive import ArchiveError, open_csv
from netflix_trend.language import ngettext

# `netflix_trend.delivery.drop_folder` moves files here.
DONE = "done"
# Among the options of a file: it is a copy that we made of a person's file, to be removed once it was taken.
COPY = "copy"
# Files that the page is receiving, and folders of them, begin so.
UPLOAD = ".upload-"
# What is older was left by a process that was killed.
_UPLOADED_WITHIN = 3_600.0
_BLOCK = 1 << 20


def options_beside(file: Path) -> Path:
    """Return the hidden file with the options of a file in the drop folder: lines `name=value`."""
    return file.with_name(f".{file.name}.options")


def options_of_copy(options: Iterable[tuple[str, str | None]]) -> bytes:
    """Return the options file of a copy that we make. options: names and values; None or empty for one not given."""
    return "".join(f"{name}={value}\n" for name, value in (*options, (COPY, "yes")) if value).encode()


def content_of(path: Path) -> str | None:
    """Return the SHA-256 of an export, or of the one in a zip, as `raw/` names it; None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return content_in(file, path.name)
    except OSError:
        return None


def content_in(file: BinaryIO, name: str) -> str | None:
    """Return what `content_of` does, of an open file."""
    digest = hashlib.sha256()
    try:
        with open_csv(file, name) as (csv, _):
            while block := csv.read(_BLOCK):
                digest.update(block)
    except (OSError, ArchiveError):
        return None
    return digest.hexdigest()


def remove_copies(drop: Path, contents: Collection[str], now: float | None = None) -> int:
    """Remove files of `done/` whose content has one of these SHA-256. Returns how many; links are never followed.

    What is left of uploads that were killed is removed, too, and not counted. now: seconds since 1970, by default the
    clock's. Raises OSError if one cannot be removed.
    """
    latest = (time.time() if now is None else now) - _UPLOADED_WITHIN
    for path in drop.glob(f"{UPLOAD}*"):
        with suppress(FileNotFoundError):  # an upload has just ended
            if path.lstat().st_ctime >= latest:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    removed = 0
    for path in sorted((drop / DONE).glob("*")):
        if path.is_file() and not path.is_symlink() and content_of(path) in contents:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def removed_in_words(count: int) -> str:
    """Return how many copies were removed, as a sentence."""
    return ngettext(
        "Removed from the drop folder's done/, too: %(num)s copy.",
        "Removed from the drop folder's done/, too: %(num)s copies.",
        count,
    )
