"""Copies of exports in the drop folder's `done/`. Imports nothing heavy: a machine with Docker has no packages."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from netflix_trend.delivery.archive import ArchiveError, open_csv

# `netflix_trend.delivery.drop_folder` moves files here.
DONE = "done"
_BLOCK = 1 << 20


def content_of(path: Path) -> str | None:
    """Return the SHA-256 of an export, or of the ViewingActivity.csv in an archive; None if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file, open_csv(file, path.name) as (csv, _):
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
