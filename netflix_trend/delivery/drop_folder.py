"""The drop folder: complete files are handed over, and moved to `done/` or `refused/`. With Docker and without.

A copy that we made of a person's file, by `import` or an upload, is removed instead: of a refused one the reason stays.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from netflix_trend.causes import cause
from netflix_trend.delivery.archive import LARGEST_ARCHIVE, ArchiveError, downloaded_on, open_csv
from netflix_trend.delivery.copies import COPY, DONE, options_beside
from netflix_trend.delivery.file_kinds import why_not_opened
from netflix_trend.delivery.inbox import LARGEST_EXPORT, RefusedMessage, delivery_with, pack
from netflix_trend.delivery.settled import Settling
from netflix_trend.storage.files import (
    FileState,
    UnsafeFile,
    file_state,
    open_untrusted,
    read_untrusted,
    write_atomically,
)

REFUSED = "refused"
_MAX_FILE = {".csv": LARGEST_EXPORT, ".zip": LARGEST_ARCHIVE}


class _Changed(Exception):
    """A file has changed again, so it is not complete yet."""


@dataclass
class DropFolder:
    """Scans a folder. push: hands over a message; if it raises, the file stays."""

    folder: Path
    profile: str
    push: Callable[[bytes], None]
    clock: Callable[[], float] = time.monotonic
    _taken: dict[str, FileState] = field(default_factory=dict)
    _settling: Settling = field(init=False)

    def __post_init__(self) -> None:
        self._settling = Settling(self.folder, self.clock)

    def scan(self) -> list[str]:
        """Hand over every complete file. Returns a log line for each, with counts and reasons but no names."""
        lines = []
        for path, state in self._settling.complete():
            lines += self.take(path, state)
            self._settling.forget(path)
        return lines

    def take(self, path: Path, state: FileState) -> list[str]:
        """Hand over a file that was complete in this state. Returns a log line, none if it has changed since."""
        with suppress(_Changed):
            return [self._take(path, state)]
        return []

    def _take(self, path: Path, state: FileState) -> str:
        refusal = None
        if self._taken.get(path.name) != state:  # otherwise only moving it failed
            try:
                message = self._message(path, state)
            except (UnsafeFile, RefusedMessage, ArchiveError) as error:
                refusal = error
            else:
                self.push(message)
                self._taken[path.name] = state
        is_copy = self._is_copy(path)
        try:
            place = self._move(path, state, REFUSED if refusal else DONE)
            if is_copy:
                place.unlink()
            if refusal is None:
                return f"file taken bytes={state[1]}"
            reason = f"{refusal}\nThe file was not imported. Put a corrected one into the drop folder.\n"
            # The reason may contain a file name that is not UTF-8.
            write_atomically(place.with_name(f"{place.name}.reason.txt"), reason.encode("utf-8", "replace"))
            return f"file refused reason={refusal.reason}"
        except OSError as error:
            return f"a file cannot be moved: {cause(error)}; check the owner and rights of the drop folder"

    def _message(self, path: Path, state: FileState) -> bytes:
        """Return a complete file as a message. Raises if it is refused or has changed."""
        try:
            with open_untrusted(self.folder, path.name, _MAX_FILE[path.suffix.lower()]) as file:
                message = self._packed(path, file)
                if not state == file_state(os.fstat(file.fileno())) == file_state(path.lstat()):
                    raise _Changed
                return message
        except (UnsafeFile, RefusedMessage, ArchiveError, _Changed):
            raise
        except FileNotFoundError:
            raise _Changed from None
        except OSError as error:
            raise RefusedMessage("unreadable", why_not_opened(Path(path.name), error)) from None
        except Exception:  # a bad file must not stop others
            raise RefusedMessage(
                "unreadable", f"{path.name}: it is damaged. Download it again, and put that into the drop folder."
            ) from None

    def _packed(self, path: Path, file: BinaryIO) -> bytes:
        with open_csv(file, path.name) as (csv, written):
            fields = {
                "profile": self.profile,
                "source": "drop_folder",
                # The name may not be UTF-8; it is for display only.
                "name": path.name[:255].encode("utf-8", "replace").decode(),
                "received": downloaded_on(file, written),
            }
            asked = {name: value for name, value in self._options(path).items() if name != COPY}
            return pack(delivery_with(**{**fields, **asked}), csv)

    def _is_copy(self, path: Path) -> bool:
        """Return whether a file is a copy that we made. Options that cannot be read have refused the file already."""
        try:
            return COPY in self._options(path)
        except (UnsafeFile, OSError):
            return False

    def _options(self, path: Path) -> dict[str, Any]:
        """Return the options of `./run.sh import` for a file: lines `name=value` in a hidden file beside it."""
        try:
            text = read_untrusted(self.folder, options_beside(path).name, 10_000).decode("utf-8", "replace")
        except FileNotFoundError:
            return {}
        options: dict[str, Any] = {}
        for line in text.splitlines():
            name, _, value = line.partition("=")
            if name == "only":
                options["only"] = (*options.get("only", ()), value)
            else:
                options[name] = value
        return options

    def _move(self, path: Path, state: FileState, kind: str) -> Path:
        """Move a file, unless it was replaced by another one. Returns its new path."""
        try:
            now = file_state(path.lstat())
        except FileNotFoundError:
            raise _Changed from None
        if now != state:
            raise _Changed
        target = self.folder / kind
        target.mkdir(exist_ok=True)
        # Room for a number and `.reason.txt` within the 255 bytes of a file name.
        stem = os.fsdecode(os.fsencode(path.stem)[:200])
        place, number = target / f"{stem}{path.suffix}", 1
        while os.path.lexists(place):
            number += 1
            place = target / f"{stem}-{number}{path.suffix}"
        path.replace(place)
        self._taken.pop(path.name, None)
        options_beside(path).unlink(missing_ok=True)
        return place
