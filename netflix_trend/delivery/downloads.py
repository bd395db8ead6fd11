"""New exports in the folder where a person's own browser saves files.

Only exports are looked at: other files, links, files of other people and downloads that are under way are never opened
or named.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from netflix_trend.delivery.archive import LARGEST_ARCHIVE, LARGEST_MEMBER, holds_export
from netflix_trend.delivery.settled import SETTLED_SECONDS, Settling, waiting_files
from netflix_trend.language import marked
from netflix_trend.storage.files import FileState, UnsafeFile, file_state, open_untrusted

# Netflix's page with the list, and what a person does there.
NETFLIX_PAGE = "https://www.netflix.com/settings/viewed/"
STEPS = (
    marked("Sign in if Netflix asks, and choose your profile."),
    marked("At the bottom of the page, click “Download all”."),
)
# For so long a file is waited for.
WAITING_MINUTES = 10
# A file that was there before is offered if it is not older.
RECENT_SECONDS = 15 * 60.0
_XDG_NAME = "XDG_DOWNLOAD_DIR="
# Folders in C:\Users that belong to nobody who could sign in.
_NOBODY = frozenset({"public", "default", "default user", "all users"})


def downloads_folder(
    environ: Mapping[str, str], home: Path, *, platform: str = sys.platform, windows: Path = Path("/mnt/c/Users")
) -> Path:
    """Return the folder where browsers save files unless they are told otherwise; it may not exist.

    home: the person's home folder. windows: the home folders of Windows, as WSL shows them.
    https://www.freedesktop.org/wiki/Software/xdg-user-dirs/
    """
    usual = home / "Downloads"
    if platform in ("darwin", "win32"):
        return usual
    if environ.get("WSL_DISTRO_NAME") and (found := _of_windows(windows)):
        return found
    configured = environ.get("XDG_CONFIG_HOME", "")
    config = Path(configured) if Path(configured).is_absolute() else home / ".config"
    return _of_xdg(config / "user-dirs.dirs", home) or usual


def _of_xdg(file: Path, home: Path) -> Path | None:
    """Return the folder in a user-dirs.dirs; None without one, and for the home folder, which means none."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        if line.strip().startswith(_XDG_NAME):
            text = line.strip().removeprefix(_XDG_NAME).strip().strip('"').replace("\\", "")
            found = home / text.removeprefix("$HOME").lstrip("/") if text.startswith("$HOME") else Path(text)
            return found if found.is_absolute() and found != home else None
    return None


def _of_windows(users: Path) -> Path | None:
    """Return the folder of the only person who uses this Windows; None if there are several."""
    try:
        found = [path / "Downloads" for path in users.iterdir() if path.name.lower() not in _NOBODY]
        usable = [path for path in found if path.is_dir() and os.access(path, os.W_OK)]
    except OSError:
        return None
    return usable[0] if len(usable) == 1 else None


@dataclass(frozen=True)
class Download:
    """An export in the folder, and the state in which it was complete. modified: seconds since 1970."""

    path: Path
    state: FileState
    modified: float

    def is_unchanged(self) -> bool:
        """Return whether the file is still there as it was found."""
        try:
            return file_state(self.path.lstat()) == self.state
        except OSError:
            return False

    def open(self) -> BinaryIO:
        """Open the file for reading. Raises OSError, and UnsafeFile for what has become a link or another file."""
        # Windows cannot open relative to a folder.
        if os.name == "nt":
            return self.path.open("rb")
        file = open_untrusted(self.path.parent, self.path.name, LARGEST_ARCHIVE)
        if file_state(os.fstat(file.fileno())) != self.state:
            file.close()
            raise UnsafeFile("changed", "the file has changed since it was found")
        return file

    def delete(self) -> bool:
        """Delete the file, unless it has changed since it was found. Returns whether it was deleted."""
        if not self.is_unchanged():
            return False
        with suppress(OSError):
            self.path.unlink()
            return True
        return False


def is_wanted(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry of the downloads folder may be an export by its name, kind, owner and size.

    Browsers number files of one name, and file managers put words of all languages before or behind it. A download that
    is under way has another ending (.crdownload, .part, .download), or is an empty file that keeps the name free.
    """
    name = entry.name.lower()
    is_csv = name.endswith(".csv") and "netflixviewinghistory" in name
    if name.startswith(".") or not (is_csv or name.endswith(".zip")):
        return False
    try:
        if not entry.is_file(follow_symlinks=False):
            return False
        status = entry.stat(follow_symlinks=False)
    except OSError:  # it is gone
        return False
    # Windows has no such owners, and os.scandir counts no links there.
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_nlink != 1):
        return False
    return 0 < status.st_size <= (LARGEST_MEMBER if is_csv else LARGEST_ARCHIVE)


@dataclass
class Watch:
    """What is new in the downloads folder since this was made. Raises OSError if the folder cannot be read.

    clock: seconds of a monotonic clock. now: seconds since 1970. What changed a moment before counts as new.
    """

    folder: Path
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    _before: dict[str, Download] = field(init=False)
    _settling: Settling = field(init=False)
    _is_archive: dict[tuple[str, FileState], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._settling = Settling(self.folder, self.clock, is_wanted)
        found = [one for path in waiting_files(self.folder, is_wanted) if (one := _download(path))]
        self._before = {one.path.name: one for one in found if self.now() - one.modified >= SETTLED_SECONDS}

    def earlier(self) -> Download | None:
        """Return the newest export that was there before, if it is recent."""
        recent = [one for one in self._before.values() if self.now() - one.modified <= RECENT_SECONDS]
        newest_first = sorted(recent, key=lambda one: one.modified, reverse=True)
        return next((one for one in newest_first if one.is_unchanged() and self._is_export(one)), None)

    def new(self) -> list[Download]:
        """Return the complete exports that have appeared or changed since the beginning, oldest first.

        Call it at least every second or two: a file is complete when it has not changed for SETTLED_SECONDS. Raises
        OSError.
        """
        found = []
        for path, state in self._settling.complete():
            before = self._before.get(path.name)
            if (before is None or before.state != state) and (one := _download(path)) and one.state == state:
                found.append(one)
        return sorted(filter(self._is_export, found), key=lambda one: one.modified)

    def _is_export(self, one: Download) -> bool:
        """Return whether a file is an export: by its name, or as a zip by the member in it."""
        if one.path.suffix.lower() != ".zip":
            return True
        key = (one.path.name, one.state)
        if key not in self._is_archive:
            self._is_archive[key] = _has_export(one)
        return self._is_archive[key]


def _download(path: Path) -> Download | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return Download(path, file_state(status), status.st_mtime)


def _has_export(one: Download) -> bool:
    try:
        with one.open() as file:
            return holds_export(file, one.path.name)
    except (OSError, UnsafeFile):
        return False
