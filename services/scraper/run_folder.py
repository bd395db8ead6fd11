"""The folder of one run: the browser's profile, with its cookies. Afterwards it and all processes of the run are gone.

The process of a run holds a lock on its folder, which ends with it, however that happens. So what a killed run left can
be told from a run of another home folder on the same machine, which is nobody else's business.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.scraper.poll import wait_until

PREFIX = "netflix-trend-browser-"
# Every process of a browser inherits this variable, so that a later start finds what a killed run left behind.
# Chromium's own processes overwrite it with their titles, which name the folder.
MARK = "NETFLIX_TREND_BROWSER"
_SECONDS = 10
# Each is lost only to another run that sweeps in the same instant.
_TRIES = 5


@contextmanager
def run_folder() -> Iterator[Path]:
    """Make a folder in the temporary folder that only this user can open; at the end nothing of the run is left."""
    folder, lock = _make()
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def end_processes(folder: Path) -> None:
    """Kill the processes of a run, and wait until they have ended."""
    wait_until(lambda: _end(folder), _SECONDS)


def sweep() -> int:
    """End the browsers and remove the folders, with their cookies, that killed runs of this user left. Returns how
    many.
    """
    count = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        lock = _lock(folder)
        if lock is None:
            continue
        if os.fstat(lock).st_uid == os.geteuid():
            _remove(folder)
            count += 1
        os.close(lock)
    return count


def _make() -> tuple[Path, int]:
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = _lock(folder)
        # Another run may have swept it before it was locked.
        if lock is not None and folder.exists():
            return folder, lock
        if lock is not None:
            os.close(lock)
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), tempfile.gettempdir())


def _lock(folder: Path) -> int | None:
    """Return an open file that holds the lock of a folder; None if a run holds it, or it cannot be opened."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _end(folder: Path) -> bool:
    """Kill the processes of a run. Returns whether all of them have ended."""
    pids = _processes(folder)
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return not pids


def _remove(folder: Path) -> None:
    end_processes(folder)
    wait_until(lambda: _removed(folder), _SECONDS)


def _removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)  # dying processes may still write
    return not folder.exists()


def _processes(folder: Path, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes whose command line or environment names a folder. proc: only Linux has it."""
    if not proc.exists():
        return _listed(folder)
    return [int(one.name) for one in proc.iterdir() if one.name.isdigit() and _names(one, folder)]


def _names(process: Path, folder: Path) -> bool:
    for name in ("cmdline", "environ"):
        # Another user's process, one that has just ended, or one that Chromium's sandbox hides.
        with suppress(OSError):
            if str(folder).encode() in (process / name).read_bytes():
                return True
    return False


def _listed(folder: Path) -> list[int]:
    """Return what `_processes` does, from the list of macOS with environments."""
    command = ["ps", "-A", "-E", "-ww", "-o", "pid=,command="]
    listed = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if str(folder) in line]
