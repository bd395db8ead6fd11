"""The drop folder: a file put there is queued once it is whole, and moved to `done/` or `refused/`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from netflix_trend.files import UnsafeFile, read_stranger, write_atomically
from netflix_trend.inbox import LARGEST_EXPORT, Delivery, RefusedMessage, pack

DONE, REFUSED = "done", "refused"
# A file that somebody is still writing changes; one that is whole has had the same size and time for this long.
SETTLED_SECONDS = 1.0
_WANTED = (".csv",)


@dataclass
class DropFolder:
    """Looks at a folder. `push` hands a message over and raises when it could not; then the file stays."""

    folder: Path
    profile: str
    push: Callable[[bytes], None]
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)

    def look(self) -> list[str]:
        """Queue every whole file. Returns a line for the log for each: counts and reasons, no names."""
        lines = []
        settled = [path for path in sorted(self.folder.iterdir()) if self._is_settled(path)]
        for path in settled:
            lines.append(self._take(path))
            self._seen.pop(path.name, None)
        return lines

    def _is_settled(self, path: Path) -> bool:
        if path.name.startswith(".") or path.suffix.lower() not in _WANTED or path.is_dir():
            return False
        try:
            status = path.lstat()
        except FileNotFoundError:
            return False
        state, now = (status.st_size, status.st_mtime_ns), self.clock()
        known, since = self._seen.get(path.name, (None, now))
        if known != state:
            self._seen[path.name] = (state, now)
            return False
        return now - since >= SETTLED_SECONDS

    def _take(self, path: Path) -> str:
        try:
            data = read_stranger(self.folder, path.name, LARGEST_EXPORT)
            # The file's own time is when it was downloaded, unless a copy lost it; it cannot be in the future.
            received = min(date.fromtimestamp(path.stat().st_mtime), date.today())
            self.push(pack(Delivery(self.profile, "drop_folder", path.name[:255], received, data)))
        except (UnsafeFile, RefusedMessage) as refusal:
            place = self._move(path, REFUSED)
            reason = f"{refusal}\nThe file was not imported. Put a corrected one into the drop folder.\n"
            write_atomically(place.with_name(f"{place.name}.reason.txt"), reason.encode())
            return f"file refused reason={refusal.reason}"
        self._move(path, DONE)
        return f"file queued bytes={len(data)}"

    def _move(self, path: Path, kind: str) -> Path:
        target = self.folder / kind
        target.mkdir(exist_ok=True)
        # Room for a number and `.reason.txt` within the 255 bytes of a file name.
        stem = os.fsdecode(os.fsencode(path.stem)[:200])
        place, number = target / f"{stem}{path.suffix}", 1
        while os.path.lexists(place):
            number += 1
            place = target / f"{stem}-{number}{path.suffix}"
        path.replace(place)
        return place
