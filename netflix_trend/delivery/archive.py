"""The CSV in a file: the file itself, or one member of a zip. Of the account archive only ViewingActivity.csv is read.

The archive also contains payments, addresses and messages; no other member is ever opened.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from netflix_trend.delivery.file_kinds import HEAD, office_document, what_it_is, why_not_opened
from netflix_trend.formats import number
from netflix_trend.language import _

MEMBER = "ViewingActivity.csv"
# People pack it themselves; a browser adds a number: `NetflixViewingHistory (1).csv`.
SHORT_MEMBER = "NetflixViewingHistory.csv"
LARGEST_MEMBER = 200_000_000
# The archive contains much else that is never read.
LARGEST_ARCHIVE = 2_000_000_000
# Such text compresses about tenfold; zip bombs claim thousands.
LARGEST_RATIO = 200
MAX_MEMBERS = 10_000
# Of the directory at the end of a zip: that of MAX_MEMBERS has a tenth of it. Python reads it at once.
LARGEST_DIRECTORY = 10_000_000
_ZIP_MAGIC = b"PK\x03\x04"


class ArchiveError(Exception):
    """A file cannot be opened as an export; `reason` is one word for counters, the message says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def opened_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file of this machine. Raises ArchiveError("unreadable") if it is missing, a folder or not allowed."""
    try:
        if not path.is_file():
            raise FileNotFoundError(path)
        file = path.open("rb")
    except OSError as error:
        raise ArchiveError("unreadable", why_not_opened(path, error)) from None
    with file:
        yield file


@contextmanager
def open_csv(stream: BinaryIO, name: str) -> Iterator[tuple[BinaryIO, date | None]]:
    """Open the CSV in a file: the file itself, or in a zip ViewingActivity.csv, else NetflixViewingHistory.csv.

    Yields a seekable stream and the day the CSV was packed, None if unknown. Raises ArchiveError: not_an_export (a
    picture, a web page), not_a_zip, no_viewing_activity, too_many, several, encrypted, too_large (a size or ratio that
    no export has). A false directory gains nothing: no more of a member is read than the directory says.
    """
    stream.seek(0)
    head = stream.read(len(_ZIP_MAGIC))
    is_zip = head == _ZIP_MAGIC
    if not is_zip:
        head += stream.read(HEAD)
    stream.seek(0)
    if not is_zip:
        other = what_it_is(head)
        if other is not None:
            raise ArchiveError("not_an_export", f"{name}: {other}")
        yield stream, None
        return
    with _opened(stream, name) as (content, written):
        try:
            yield content, written
        except (zipfile.BadZipFile, zlib.error, EOFError):  # damage shows while reading
            raise _damaged(name) from None


class _Directory:
    """A zip of which only the directory is read yet, within LARGEST_DIRECTORY bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.seek, self.tell = stream, stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        """Read as the zip does. Raises BadZipFile for more than any directory has."""
        data = self._stream.read(min(size, LARGEST_DIRECTORY) if size >= 0 else LARGEST_DIRECTORY)
        if len(data) == LARGEST_DIRECTORY:
            raise zipfile.BadZipFile
        return data


@contextmanager
def _opened(stream: BinaryIO, name: str) -> Iterator[tuple[BinaryIO, date | None]]:
    try:
        archive = zipfile.ZipFile(cast("BinaryIO", _Directory(stream)))
        archive.fp = stream
        member = _find(archive, name)
        content = archive.open(member)
    # OSError: a damaged directory can point outside of the file.
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        ValueError,
        OverflowError,
        EOFError,
        OSError,
        struct.error,
    ):
        raise _damaged(name) from None
    with archive, content:
        yield cast("BinaryIO", content), _day(member)


def holds_export(stream: BinaryIO, name: str) -> bool:
    """Return whether a file is a zip with an export, also one that cannot be used. Nothing of another zip is read but
    its directory.
    """
    try:
        with open_csv(stream, name) as (content, _):
            return content is not stream
    except ArchiveError as error:
        return error.reason in ("several", "encrypted", "too_large")


def _damaged(name: str) -> ArchiveError:
    return ArchiveError("not_a_zip", _("%(name)s: this zip is damaged or incomplete. Download it again.", name=name))


def said_of_zip(path: Path) -> str | None:
    """Return what is read of a zip where a person may expect something else; None for any other file."""
    with suppress(ArchiveError, zipfile.BadZipFile, OSError), path.open("rb") as file:
        if file.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
            return None
        with zipfile.ZipFile(file) as archive:
            members = _exports(archive)
        if members[MEMBER] and members[SHORT_MEMBER]:
            return _("this zip holds both exports: %(MEMBER)s is read, which has every view", MEMBER=MEMBER)
        if members[SHORT_MEMBER]:
            return _("this zip holds the short CSV, %(SHORT_MEMBER)s: it is read", SHORT_MEMBER=SHORT_MEMBER)
    return None


def downloaded_on(file: BinaryIO, written: date | None) -> date:
    """Return the day an open file was downloaded, as far as known: its modification time, which a copy may have lost,
    but never in the future; for an archive, the day it was packed.
    """
    try:
        modified = date.fromtimestamp(os.fstat(file.fileno()).st_mtime)
    except (OverflowError, ValueError, OSError):  # beyond the range of dates
        modified = date.max
    return min(modified, date.today(), written or date.max)


def _exports(archive: zipfile.ZipFile) -> dict[str, list[zipfile.ZipInfo]]:
    """Return the members of a zip that are exports, by kind."""
    exports: dict[str, list[zipfile.ZipInfo]] = {MEMBER: [], SHORT_MEMBER: []}
    for member in archive.infolist():
        if member.filename.endswith("/") or "__MACOSX" in member.filename:
            continue
        name = PurePosixPath(member.filename).name.lower()
        if name == MEMBER.lower():
            exports[MEMBER].append(member)
        elif name.endswith(".csv") and name.startswith(SHORT_MEMBER.removesuffix(".csv").lower()):
            exports[SHORT_MEMBER].append(member)
    return exports


def _find(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ArchiveError(
            "too_many",
            _(
                "%(name)s: this zip holds %(members)s files, and Netflix's a few dozen. Unpack it and "
                "give %(MEMBER)s or %(SHORT_MEMBER)s.",
                name=name,
                members=number(len(members)),
                MEMBER=MEMBER,
                SHORT_MEMBER=SHORT_MEMBER,
            ),
        )
    exports = _exports(archive)
    wanted = MEMBER if exports[MEMBER] else SHORT_MEMBER
    found = exports[wanted]
    if not found:
        other = office_document(archive.namelist())
        raise ArchiveError(
            "not_an_export" if other else "no_viewing_activity",
            f"{name}: {other}"
            if other
            else _("%(name)s: this zip holds another zip. Unpack it once and give the zip in it.", name=name)
            if any(inner.lower().endswith(".zip") for inner in archive.namelist())
            else _(
                "%(name)s: there is neither %(MEMBER)s nor %(SHORT_MEMBER)s in this zip. Give the archive "
                "from Account > Download your personal information, or %(SHORT_MEMBER)s.",
                name=name,
                MEMBER=MEMBER,
                SHORT_MEMBER=SHORT_MEMBER,
            ),
        )
    if len(found) > 1:
        raise ArchiveError(
            "several",
            _(
                "%(name)s: %(found)s files called %(wanted)s; unpack the one you want and give it.",
                name=name,
                found=len(found),
                wanted=wanted,
            ),
        )
    (member,) = found
    if member.flag_bits & 1:
        raise ArchiveError(
            "encrypted",
            _("%(name)s: the zip is protected by a password; unpack %(wanted)s and give it.", name=name, wanted=wanted),
        )
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other methods in whole blocks, whatever size the directory claims.
        raise ArchiveError(
            "not_a_zip",
            _(
                "%(name)s: %(wanted)s is packed in a way that Netflix does not use; unpack it and give it.",
                name=name,
                wanted=wanted,
            ),
        )
    if member.file_size > LARGEST_MEMBER or member.file_size > LARGEST_RATIO * max(member.compress_size, 1_000):
        raise ArchiveError(
            "too_large",
            _(
                "%(name)s: %(wanted)s would unpack to %(file_size)s bytes; no export does.",
                name=name,
                wanted=wanted,
                file_size=member.file_size,
            ),
        )
    return member


def _day(member: zipfile.ZipInfo) -> date | None:
    year, month, day = member.date_time[:3]
    try:
        return date(year, month, day) if year >= 2007 else None  # 1980 if the packing program did not know
    except ValueError:
        return None
