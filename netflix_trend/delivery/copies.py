"""Copies of exports in the drop folder's `done/`. Imports nothing heavy: a machine with Docker has no packages."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from netflix_trend.delivery.archive import ArchiveError, open_csv

# `netflix_trend.delivery.drop_folder` moves files here.
DONE = "done"
# Files that the page is receiving, and folders of them, begin so.
UPLOAD = ".upload-"
# What is older was left by a process that was killed.
_UPLOADED_WITHIN = 3_600.0
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
