"""Which files of a folder are complete. Imports nothing heavy: an idle app asks every few seconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from netflix_trend.storage.files import FileState, file_state

WANTED = (".csv", ".zip")
# A file is complete when it has not changed for this long. A copy may pause for a second or two.
SETTLED_SECONDS = 3.0


def waits_in_drop_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry of a drop folder is an export by its name, also a link to one."""
    is_export = not entry.name.startswith(".") and entry.name.lower().endswith(WANTED)
    return is_export and not entry.is_dir()


def waiting_files(folder: Path, is_wanted: Callable[[os.DirEntry[str]], bool] = waits_in_drop_folder) -> list[Path]:
    """Return the files that wait in a folder, by default in a drop folder, sorted. Raises OSError."""
    with os.scandir(folder) as entries:
        return [folder / name for name in sorted(entry.name for entry in entries if is_wanted(entry))]


def as_word(path: Path, state: FileState) -> str:
    """Return a file of a drop folder, and the state in which it was complete, as a word for another process."""
    return ":".join([*map(str, state), path.name])


def from_word(folder: Path, word: str) -> tuple[Path, FileState]:
    """Return what `as_word` was given. Raises ValueError for anything else."""
    inode, size, modified, name = word.split(":", 3)
    if not name or name.startswith(".") or "/" in name:
        raise ValueError(f"{name!r} is not a file's name")
    return folder / name, (int(inode), int(size), int(modified))


@dataclass
class Settling:
    """The files of a folder, and since when each has not changed.

    clock: seconds of a monotonic clock. is_wanted: chooses entries of the folder, by default those of a drop folder.
    """

    folder: Path
    clock: Callable[[], float] = time.monotonic
    is_wanted: Callable[[os.DirEntry[str]], bool] = waits_in_drop_folder
    _seen: dict[str, tuple[FileState, float]] = field(default_factory=dict)

    def complete(self) -> list[tuple[Path, FileState]]:
        """Return the files that have not changed for SETTLED_SECONDS, sorted. Raises OSError."""
        found, now = [], self.clock()
        before, self._seen = self._seen, {}
        for path in waiting_files(self.folder, self.is_wanted):
            try:
                state = file_state(path.lstat())
            except FileNotFoundError:
                continue
            known, since = before.get(path.name, (None, now))
            self._seen[path.name] = (state, now if known != state else since)
            if known == state and now - since >= SETTLED_SECONDS:
                found.append((path, state))
        return found

    def forget(self, path: Path) -> None:
        """Let a file settle again."""
        self._seen.pop(path.name, None)
