"""Removes what processes of this app were writing when they were killed: files of our own temporary names, after a day.

Nothing else is ever removed, and no link is followed: a name that somebody else could have given is left alone.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger("janitor")
DAY = 86_400.0
# When it looked last.
_STAMP = ".tidied"
# On our volumes and in our folders of a datasite: of `write_atomically`, `RawStore`, and restores.
_OWN = re.compile(
    r"\.(?:.+\.[0-9a-f]{8}\.tmp|incoming\.[0-9]+\.tmp|restore\.[0-9a-f]{8}\.tmp|.+\.restoring(?:-wal|-shm)?)"
)
# In the drop folder, where people put files too: copies by `import`, and uploads to the page.
_DROPPED = re.compile(r"\.(?:.+\.(?:csv|zip)\.part|upload-[a-z0-9_]{8}(?:\.part)?)", re.IGNORECASE)


def tidy_daily(own: Path, now: float, *, folders: Iterable[Path] = (), drop: Path | None = None) -> int:
    """Remove what was left unfinished, if that was not done within a day. Returns how many files and folders.

    own: the volume of this process, which remembers when it was done. folders: others that are searched like it. drop:
    the drop folder. now: seconds since 1970. What cannot be removed is left for the next day.
    """
    stamp = own / _STAMP
    with suppress(OSError):
        if 0 <= now - stamp.stat().st_mtime < DAY:
            return 0
    found = [path for top in (own, *folders) for path in _unfinished(top, _OWN, now, is_deep=True)]
    if drop is not None:
        found += _unfinished(drop, _DROPPED, now, is_deep=False)
    removed = sum(map(_remove, found))
    if removed:
        _log.info("left by processes that were killed: %d removed", removed)
    with suppress(OSError):
        stamp.touch()
        os.utime(stamp, (now, now))
    return removed


def _unfinished(top: Path, names: re.Pattern[str], now: float, *, is_deep: bool) -> Iterator[Path]:
    try:
        with os.scandir(top) as listed:
            entries = list(listed)
    except OSError:
        return
    for entry in entries:
        with suppress(OSError):  # gone by now
            status = entry.stat(follow_symlinks=False)
            is_folder = stat.S_ISDIR(status.st_mode)
            if names.fullmatch(entry.name):
                # A copy has the time of the file that was copied.
                is_old = now - max(status.st_mtime, status.st_ctime) > DAY
                if is_old and (is_folder or stat.S_ISREG(status.st_mode)):
                    yield Path(entry.path)
            elif is_folder and is_deep:
                yield from _unfinished(Path(entry.path), names, now, is_deep=True)


def _remove(path: Path) -> int:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:
        return 0
    return 1
