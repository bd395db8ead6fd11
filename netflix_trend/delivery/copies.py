"""Copies of exports in the drop folder: those that we put there, and those in `done/`.

Imports nothing heavy: a machine with Docker has no packages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import BinaryIO

from netflix_trend.delivery.archive import ArchiveError, open_csv

# `netflix_trend.delivery.drop_folder` moves files here.
DONE = "done"
# Among the options of a file: it is a copy that we made of a person's file, to be removed once it was taken.
COPY = "copy"
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


def remove_copies(drop: Path, contents: Collection[str]) -> int:
    """Remove files of `done/` whose content has one of these SHA-256. Returns how many; links are never followed.

    Raises OSError if one cannot be removed.
    """
    removed = 0
    for path in sorted((drop / DONE).glob("*")):
        if path.is_file() and not path.is_symlink() and content_of(path) in contents:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def removed_in_words(count: int) -> str:
    """Return how many copies were removed, as a sentence."""
    return f"Removed from the drop folder's done/, too: {count} {'copy' if count == 1 else 'copies'}."
