"""The file of a backup: a line that says what it is, then a compressed tar, encrypted where a passphrase was given.

The first member is `manifest.json`: format, role, time, and size and SHA-256 of every other member in their order.
Reading trusts nothing: a member that is not exactly the next one of the manifest ends it, and no more bytes are
unpacked than the manifest names. docs/operations.md says how to open the file without this program.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, Protocol, get_args

from pydantic import AwareDatetime, Field, ValidationError

from netflix_trend import __version__
from netflix_trend.backup.sealed_stream import Opened, Sealing, WrongSeal
from netflix_trend.language import _
from netflix_trend.storage.files import sync_folder
from netflix_trend.storage.model import Strict

Role = Literal["participant", "aggregator", "helper"]
FORMAT: Literal[1] = 1
MANIFEST = "manifest.json"
_MAGIC = b"netflix-trend-backup"
_LONGEST_LINE = 100
# Of the manifest, in bytes; a file takes about 200 in it.
_LARGEST_MANIFEST = 20_000_000
_BLOCK = tarfile.BLOCKSIZE
_PIECE = 1 << 16
_NAME = r"^[a-z]+(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){1,3}$"


class BackupError(Exception):
    """A backup cannot be made or read. The message says what is wrong and what to do."""


class FileEntry(Strict):
    """A file: its volume and path in it, size in bytes, and time of its last change in seconds since 1970."""

    name: Annotated[str, Field(pattern=_NAME)]
    size: Annotated[int, Field(ge=0, le=1 << 40)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    modified: int


class Manifest(Strict):
    """What is in a backup.

    turn: in which of the rounds in rotation a participant is asked, so that a restored ledger skips and counts what
    may have been answered since.
    """

    schema_version: Literal[1] = FORMAT
    role: Role
    made_at: Annotated[AwareDatetime, Field(strict=False)]
    version: Annotated[str, Field(max_length=50)] = __version__
    turn: Annotated[int, Field(ge=0, le=51)] | None = None
    files: Annotated[tuple[FileEntry, ...], Field(strict=False, max_length=100_000)]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(one.size for one in self.files)


@dataclass(frozen=True)
class Source:
    """A file that goes into a backup. modified: seconds since 1970."""

    name: str
    modified: int
    opened: Callable[[], AbstractContextManager[BinaryIO]]

    @classmethod
    def of_bytes(cls, name: str, data: bytes, modified: float) -> Source:
        """Return a source of bytes that were read already."""
        return cls(name, int(modified), lambda: io.BytesIO(data))

    def entry(self) -> FileEntry:
        """Read it once, and return what the manifest says about it."""
        digest, size = hashlib.sha256(), 0
        with self.opened() as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        return FileEntry(name=self.name, size=size, sha256=digest.hexdigest(), modified=self.modified)


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


def described(
    role: Role, sources: Sequence[Source], *, turn: int | None = None, made_at: datetime | None = None
) -> Manifest:
    """Return the manifest of some sources, each of which is read once."""
    moment = (made_at or datetime.now(UTC)).replace(microsecond=0)
    return Manifest(role=role, made_at=moment, turn=turn, files=tuple(one.entry() for one in sources))


def write_archive(out: _Sink, manifest: Manifest, sources: Sequence[Source], passphrase: str = "") -> None:
    """Write a backup. sources: those of the manifest, in the same order.

    Raises BackupError when a file has changed since it was described: repeat it.
    """
    line = b"%s %d %s %s\n" % (_MAGIC, FORMAT, manifest.role.encode(), b"sealed" if passphrase else b"plain")
    out.write(line)
    sealing = Sealing(out, passphrase, line) if passphrase else None
    with (
        gzip.GzipFile("", "wb", 6, sealing or out, mtime=0) as packed,  # type: ignore[call-overload]
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        data = manifest.to_bytes()
        tar.addfile(_header(MANIFEST, len(data), int(manifest.made_at.timestamp())), io.BytesIO(data))
        for entry, source in zip(manifest.files, sources, strict=True):
            try:
                with source.opened() as file:
                    checked = _Checked(file, entry)
                    tar.addfile(_header(entry.name, entry.size, entry.modified), checked)  # type: ignore[arg-type]
                    checked.finish()
            except OSError as problem:
                raise _changed(entry.name) from problem
    if sealing:
        sealing.finish()


def _header(name: str, size: int, modified: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, max(modified, 0), 0o600
    return info


def _changed(name: str) -> BackupError:
    return BackupError(_("%(name)s has changed while the backup was made. Repeat it", name=name))


class _Checked:
    """A file that is copied into a backup, compared with what the manifest says about it."""

    def __init__(self, file: BinaryIO, entry: FileEntry) -> None:
        self._file, self._entry, self._digest = file, entry, hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def finish(self) -> None:
        if self._file.read(1) or self._digest.hexdigest() != self._entry.sha256:
            raise _changed(self._entry.name)


class Reader:
    """A backup that is read from a stream, from its beginning to its end and once.

    Raises BackupError for a stream that is no backup, or one of a later version. `role` and `is_sealed` are known then.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._line = stream, stream.readline(_LONGEST_LINE)
        words = self._line.split()
        if len(words) != 4 or words[0] != _MAGIC or not self._line.endswith(b"\n"):
            raise BackupError(_("this file is no backup of Netflix Trend, or its beginning is missing"))
        if words[1] != b"%d" % FORMAT:
            raise BackupError(_("this backup was made by a later version. Update Netflix Trend, then restore it"))
        if words[2].decode("ascii", "replace") not in get_args(Role) or words[3] not in (b"plain", b"sealed"):
            raise BackupError(_("the first line of this backup is damaged"))
        self.role: Role = words[2].decode("ascii")  # type: ignore[assignment]
        self.is_sealed = words[3] == b"sealed"

    def unpack(self, folder: Path, allowed: Callable[[str], bool], passphrase: str = "") -> Manifest:
        """Write all files into a new folder, and return the manifest.

        allowed: whether a file of this name may be in it. When this returns, every sum was compared and all files are
        on disk; when it raises BackupError, the folder holds something that must not be used.
        """
        if self.is_sealed and not passphrase:
            raise BackupError(_("this backup is encrypted: enter its passphrase"))
        try:
            source = Opened(self._stream, passphrase, self._line) if self.is_sealed else self._stream
            tar = _Members(_Inflated(source))
            manifest = self._manifest(tar, allowed)
            free = shutil.disk_usage(folder.parent).free
            if manifest.size > free:
                raise BackupError(
                    _(
                        "the backup needs %(size)s MB, but only %(free)s MB are free here. Make room, then repeat it",
                        size=manifest.size // 1_000_000 + 1,
                        free=free // 1_000_000,
                    )
                )
            folder.mkdir(mode=0o700)
            for entry in manifest.files:
                _write(folder / entry.name, tar.next(entry.name, entry.size), entry)
            tar.finish()
        except WrongSeal as problem:
            raise BackupError(str(problem)) from None
        except (zlib.error, EOFError, tarfile.TarError, UnicodeDecodeError):
            raise BackupError(_("this backup is damaged or incomplete. Use another copy of it")) from None
        for inner in {folder / entry.name for entry in manifest.files}:
            sync_folder(inner.parent)
        return manifest

    def _manifest(self, tar: _Members, allowed: Callable[[str], bool]) -> Manifest:
        try:
            manifest = Manifest.model_validate_json(b"".join(tar.next(MANIFEST, None)))
        except ValidationError:
            raise BackupError(_("the manifest of this backup is damaged, or of a later version")) from None
        names = [entry.name for entry in manifest.files]
        if manifest.role != self.role or len(set(names)) != len(names):
            raise BackupError(_("the manifest of this backup is damaged, or of a later version"))
        if strange := next((name for name in names if not allowed(name)), None):
            raise BackupError(
                _("%(name)s does not belong in a backup of this kind. Nothing was restored", name=strange)
            )
        return manifest


def _write(path: Path, pieces: Iterator[bytes], entry: FileEntry) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    # Only their owner may read them, whoever may read the folder.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.utime(file.fileno(), (entry.modified, entry.modified))
        os.fsync(file.fileno())
    if digest.hexdigest() != entry.sha256:
        raise BackupError(_("%(name)s in this backup is damaged. Use another copy of it", name=entry.name))


class _Inflated:
    """Decompressed bytes of a stream, of which no more are made than are asked for."""

    def __init__(self, source: BinaryIO | Opened) -> None:
        self._source, self._inflate, self._left = source, zlib.decompressobj(31), b""

    def exactly(self, size: int) -> bytes:
        """Return the next bytes. Raises EOFError if there are fewer."""
        parts = []
        while size:
            if self._inflate.eof:
                raise EOFError
            data = self._left or self._source.read(_PIECE)
            part = self._inflate.decompress(data, size)
            self._left = self._inflate.unconsumed_tail
            if not (data or part):
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def finish(self) -> None:
        """Read the zeros that fill up the last record of a tar. Raises EOFError for anything else behind its end."""
        while not self._inflate.eof:
            data = self._left or self._source.read(_PIECE)
            part = self._inflate.decompress(data, _PIECE)
            self._left = self._inflate.unconsumed_tail
            if not (data or part) or part.strip(b"\0"):
                raise EOFError
        if self._inflate.unused_data or self._source.read(1):
            raise EOFError


class _Members:
    """Members of a tar, each of which has to be the one that is expected."""

    def __init__(self, source: _Inflated) -> None:
        self._source = source

    def next(self, name: str, size: int | None) -> Iterator[bytes]:
        """Yield the bytes of the next member. size: that it must have, None for a manifest."""
        info = tarfile.TarInfo.frombuf(self._source.exactly(_BLOCK), "utf-8", "strict")
        if info.type != tarfile.REGTYPE or info.name != name or info.linkname:
            raise BackupError(
                _("%(found)s stands in this backup where %(name)s should. Nothing was restored",
                  found=ascii(info.name), name=name)
            )  # fmt: skip
        if info.size != size if size is not None else info.size > _LARGEST_MANIFEST:
            raise BackupError(_("%(name)s in this backup is damaged. Use another copy of it", name=name))
        left = info.size
        while left:
            piece = self._source.exactly(min(left, _PIECE))
            left -= len(piece)
            yield piece
        self._source.exactly(-info.size % _BLOCK)

    def finish(self) -> None:
        """Read the end. Raises EOFError for anything but the end of a tar."""
        if self._source.exactly(2 * _BLOCK).strip(b"\0"):
            raise EOFError
        self._source.finish()
