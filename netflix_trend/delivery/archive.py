"""The account archive that Netflix sends as a zip. Only ViewingActivity.csv is read.

The archive also contains payments, addresses and messages; no other member is ever opened.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import PurePosixPath
from typing import BinaryIO, cast

MEMBER = "ViewingActivity.csv"
LARGEST_MEMBER = 200_000_000
# The archive contains much else that is never read.
LARGEST_ARCHIVE = 2_000_000_000
# Such text compresses about tenfold; zip bombs claim thousands.
LARGEST_RATIO = 200
MAX_MEMBERS = 10_000
_ZIP_MAGIC = b"PK\x03\x04"


class ArchiveError(Exception):
    """A zip cannot be used; `reason` is one word for counters, the message says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def open_csv(stream: BinaryIO, name: str) -> Iterator[tuple[BinaryIO, date | None]]:
    """Open the CSV in a file: the file itself, or ViewingActivity.csv inside when it is a zip.

    Yields a seekable stream and the day the CSV was packed, None if unknown. Raises
    ArchiveError: not_a_zip, no_viewing_activity, several, encrypted, too_large (a size or ratio that no export has).
    A false directory gains nothing: no more of a member is read than the directory says.
    """
    stream.seek(0)
    is_zip = stream.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
    stream.seek(0)
    if not is_zip:
        yield stream, None
        return
    with _opened(stream, name) as (content, written):
        try:
            yield content, written
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:  # damage shows while reading
            raise _damaged(name, error) from None


@contextmanager
def _opened(stream: BinaryIO, name: str) -> Iterator[tuple[BinaryIO, date | None]]:
    try:
        archive = zipfile.ZipFile(stream)
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
    ) as error:
        raise _damaged(name, error) from None
    with archive, content:
        yield cast("BinaryIO", content), _day(member)


def holds_viewing_activity(stream: BinaryIO, name: str) -> bool:
    """Return whether a file is Netflix's archive, also one that cannot be used. Nothing of another zip is read but its
    directory.
    """
    try:
        with open_csv(stream, name) as (content, _):
            return content is not stream
    except ArchiveError as error:
        return error.reason not in ("not_a_zip", "no_viewing_activity")


def _damaged(name: str, error: Exception) -> ArchiveError:
    return ArchiveError("not_a_zip", f"{name}: this zip is damaged ({error}). Download the archive again.")


def downloaded_on(file: BinaryIO, written: date | None) -> date:
    """Return the day an open file was downloaded, as far as known: its modification time, which a copy may have lost,
    but never in the future; for an archive, the day it was packed.
    """
    try:
        modified = date.fromtimestamp(os.fstat(file.fileno()).st_mtime)
    except (OverflowError, ValueError, OSError):  # beyond the range of dates
        modified = date.max
    return min(modified, date.today(), written or date.max)


def _find(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = archive.infolist()
    found = [
        member
        for member in members
        if PurePosixPath(member.filename).name.lower() == MEMBER.lower()
        and "__MACOSX" not in member.filename
        and not member.is_dir()
    ]
    if not found or len(members) > MAX_MEMBERS:
        raise ArchiveError(
            "no_viewing_activity",
            f"{name}: there is no {MEMBER} in this zip. Give the archive from Account > Download your personal "
            "information, or NetflixViewingHistory.csv.",
        )
    if len(found) > 1:
        raise ArchiveError(
            "several", f"{name}: {len(found)} files called {MEMBER}; unpack the one you want and give it."
        )
    (member,) = found
    if member.flag_bits & 1:
        raise ArchiveError("encrypted", f"{name}: the zip is protected by a password; unpack {MEMBER} and give it.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other methods in whole blocks, whatever size the directory claims.
        raise NotImplementedError("it is packed in a way Netflix does not use")
    if member.file_size > LARGEST_MEMBER or member.file_size > LARGEST_RATIO * max(member.compress_size, 1_000):
        raise ArchiveError("too_large", f"{name}: {MEMBER} would unpack to {member.file_size} bytes; no export does.")
    return member


def _day(member: zipfile.ZipInfo) -> date | None:
    year, month, day = member.date_time[:3]
    try:
        return date(year, month, day) if year >= 2007 else None  # 1980 if the packing program did not know
    except ValueError:
        return None
