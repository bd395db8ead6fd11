"""Exports as received, from which every table can be rebuilt."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field, ValidationError

from netflix_trend.delivery.archive import downloaded_on, open_csv, opened_file
from netflix_trend.delivery.inbox import Delivery, delivery_with
from netflix_trend.layout import PrivateVolume
from netflix_trend.storage.damaged import Damaged, digest_of_file, make_way, read_file, set_aside
from netflix_trend.storage.files import locked, sync_folder, write_atomically
from netflix_trend.storage.model import Strict


class Refusal(Strict):
    """Why a file was refused for good. reason: one word for counters. message: the sentence that people read."""

    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    message: str


class RawExport(Delivery):
    """The description of a file in `raw/`, stored beside it as `<sha256>.json`.

    received: the latest known day of its download. first_received: the earliest. refused: why the file was not kept;
    then the description is all there is.
    """

    schema_version: Literal[1] = 1
    first_received: date | None = None
    refused: Refusal | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@lru_cache(maxsize=2_000)
def _described(content: bytes) -> RawExport:
    """Return the export that a file describes; a process asks many times. Raises ValidationError."""
    return RawExport.model_validate_json(content)


@dataclass(frozen=True)
class RawStore:
    """The folder `raw/` of the private volume."""

    private: Path

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        return PrivateVolume(self.private).raw

    def save(self, delivery: Delivery, blocks: Iterable[bytes]) -> RawExport:
        """Store an export once all of its blocks were read.

        The same bytes are stored once, with the description of the last import: importing a file again can move it to
        another profile or set its date order. A date order is kept until another one is given.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        # Whoever created the folder may have been killed before it was on disk: syncing a file in it is no promise.
        sync_folder(self.folder.parent)
        temporary = self.folder / f".incoming.{os.getpid()}.tmp"
        sha256 = hashlib.sha256()
        try:
            with temporary.open("wb") as file:
                for block in blocks:
                    sha256.update(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            export = RawExport(sha256=sha256.hexdigest(), first_received=delivery.received, **dict(delivery))
            with self.locked():
                known = self.describe(export.sha256)
                if known is not None:
                    kept = {
                        "received": max(export.received, known.received),
                        "first_received": min(export.received, known.first_received or known.received),
                        "date_order": export.date_order or known.date_order,
                    }
                    export = export.model_copy(update=kept)
                if known is None or not self.is_whole(export.sha256):
                    make_way(self._file(export.sha256), self.private)
                    temporary.replace(self._file(export.sha256))
                    # Before its description: after a power cut nothing is described that is not there.
                    sync_folder(self.folder)
                if export != known:
                    self.write_description(export)
        finally:
            temporary.unlink(missing_ok=True)
        return export

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock of `raw/`, so that nobody stores, refuses or forgets an export meanwhile."""
        return locked(PrivateVolume(self.private).raw_lock)

    def write_description(self, export: RawExport) -> None:
        """Write the description of an export; it is on disk when this returns."""
        content = export.to_bytes()
        make_way(PrivateVolume(self.private).description(export.sha256), self.private)
        write_atomically(PrivateVolume(self.private).description(export.sha256), content)

    def refuse(self, export: RawExport, refusal: Refusal) -> bool:
        """Remove the bytes of an export that was refused for good, and keep why.

        Returns whether it was still described as `export`; otherwise it has come again, and is to be read again.
        """
        with self.locked():
            if self.describe(export.sha256) != export:
                return False
            self.write_description(export.model_copy(update={"refused": refusal}))
            self._file(export.sha256).unlink(missing_ok=True)
        return True

    def describe(self, sha256: str) -> RawExport | None:
        """Return what is known about a file; None if it was never received, or if its description is damaged."""
        try:
            export = _described(read_file(PrivateVolume(self.private).description(sha256)))
        except (FileNotFoundError, ValidationError, Damaged):
            return None
        return export if export.sha256 == sha256 else None

    def open(self, export: RawExport) -> BinaryIO:
        """Open the bytes of an export."""
        return self._file(export.sha256).open("rb")

    def size(self, export: RawExport) -> int:
        """Return the number of bytes of an export; 0 if only its description is kept."""
        try:
            return self._file(export.sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def is_gone(self, export: RawExport) -> bool:
        """Return whether an export was forgotten or refused since it was described."""
        return not self._file(export.sha256).exists() and self.describe(export.sha256) != export

    def is_whole(self, sha256: str) -> bool:
        """Return whether the bytes of an export are there as they were received."""
        return digest_of_file(self._file(sha256)) == sha256

    def without_bytes(self) -> list[RawExport]:
        """Return the exports whose bytes are gone or were changed. They can be imported again."""
        return [export for export in self.exports() if not export.refused and not self.is_whole(export.sha256)]

    def set_damaged_aside(self) -> None:
        """Set aside the bytes of exports that were changed, so that nothing is read from them. Raises OSError."""
        with self.locked():
            for export in self.without_bytes():
                if os.path.lexists(self._file(export.sha256)):
                    set_aside(self._file(export.sha256), self.private)

    def changed(self, sha256: str) -> float:
        """Return when an export was last received, in seconds since 1970; 0 if never."""
        try:
            return PrivateVolume(self.private).description(sha256).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def exports(self) -> Iterator[RawExport]:
        """Yield all exports in the order of their hashes."""
        for sha256 in self.digests():
            export = self.describe(sha256)
            if export is not None:
                yield export

    def digests(self) -> list[str]:
        """Return the hashes of all exports, also of those whose description cannot be read."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def damaged(self) -> list[str]:
        """Return the hashes whose description cannot be read. Their exports are kept, and left out of all tables
        until the same bytes are imported again, which writes the description anew.
        """
        return [sha256 for sha256 in self.digests() if self.describe(sha256) is None]

    def profiles(self) -> list[str]:
        """Return the profiles that exports were imported under."""
        return sorted({export.profile for export in self.exports()})

    def _file(self, sha256: str) -> Path:
        return PrivateVolume(self.private).export(sha256)


@contextmanager
def opened(
    path: Path,
    received: date | None,
    about: Mapping[str, Any],
    watched: Callable[[BinaryIO], AbstractContextManager[BinaryIO]] = nullcontext,
) -> Iterator[tuple[Delivery, BinaryIO]]:
    """Open an export, or the export in a zip; yields its delivery and its bytes, a seekable stream.

    received: by default the time of the file. about: the other fields of the delivery. watched: may show the progress
    of reading. Raises ArchiveError, OSError, and OptionError for a profile name that cannot be that of a folder.
    """
    with opened_file(path) as file, watched(file) as seen, open_csv(seen, path.name) as (csv, written):
        name = path.name.encode("utf-8", "replace").decode()[:255]
        yield delivery_with(name=name, received=received or downloaded_on(file, written), **about), csv
