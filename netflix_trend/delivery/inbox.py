"""The message that carries an export from the scraper to the processor through the Redis list `inbox`."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field, ValidationError

from netflix_trend.formats import listed
from netflix_trend.language import _, marked
from netflix_trend.names import PROFILE_PATTERN
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.model import Strict

LARGEST_MESSAGE = 20_000_000
LARGEST_EXPORT = 200_000_000
_TOO_LARGE = marked("the file is larger than 200 MB, or 20 MB when packed; no export of Netflix is.")
_BLOCK = 1 << 20
_GZIP = 31  # zlib's number for a gzip header and the largest window


class RefusedMessage(Exception):
    """A message is not one of ours; `reason` is one word for counters."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason


DateOrderName = Literal["mdy", "dmy", "ymd"]
NetflixProfile = Annotated[str, Field(min_length=1, max_length=100)]
MOST_NETFLIX_PROFILES = 20


class Delivery(Strict):
    """Metadata of an export on its way.

    profile: name it is stored under. received: day it was downloaded, as far as known. date_order: the person's answer
    for a file whose dates do not tell. only: the person's answer which Netflix profiles are theirs, see
    `netflix_trend.history.household`; none means that nothing was said.
    """

    profile: Annotated[str, Field(pattern=PROFILE_PATTERN)]
    source: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    name: Annotated[str, Field(max_length=255)]
    received: date
    date_order: DateOrderName | None = None
    only: Annotated[tuple[NetflixProfile, ...], Field(strict=False, max_length=MOST_NETFLIX_PROFILES)] = ()


# What the fields that a person can set must be.
OPTION_WORDS = {
    "profile": marked("a name has up to 60 letters, digits and blanks, and begins with a letter or digit"),
    "date_order": marked("the order of a date is mdy (month first), dmy (day first) or ymd (year first)"),
    "only": marked("at most 20 Netflix profiles are named, each with 1 to 100 letters"),
}


class OptionError(RefusedMessage, ValueError):
    """An import option is not valid; the message names it and says what it must be."""


def delivery_with(**fields: Any) -> Delivery:
    """Return a delivery with these fields. Raises OptionError for one that a person has set wrongly."""
    try:
        return Delivery(**fields)
    except ValidationError as error:
        name = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
        words = OPTION_WORDS.get(name, _("there are %(names)s", names=listed(list(OPTION_WORDS))))
        raise OptionError(
            "options", _("the import option %(name)s is not valid: %(words)s.", name=name, words=words)
        ) from None


class _Message(Strict):
    schema_version: Literal[1] = 1
    delivery: Delivery
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    gzip_base64: str


def pack(delivery: Delivery, stream: BinaryIO) -> bytes:
    """Return the message with the content of `stream`, read a block at a time.

    Raises RefusedMessage("too_large") beyond 200 MB, or 20 MB packed.
    """
    packer, sha256, packed, size = zlib.compressobj(wbits=_GZIP), hashlib.sha256(), bytearray(), 0
    while block := stream.read(_BLOCK):
        sha256.update(block)
        packed += packer.compress(block)
        size += len(block)
        if size > LARGEST_EXPORT or len(packed) > LARGEST_MESSAGE:
            raise RefusedMessage("too_large", _TOO_LARGE)
    packed += packer.flush()
    message = _Message(
        delivery=delivery, sha256=sha256.hexdigest(), gzip_base64=base64.b64encode(packed).decode("ascii")
    )
    data = canonical_json(message.model_dump(mode="json"))
    if len(data) > LARGEST_MESSAGE:
        raise RefusedMessage("too_large", _TOO_LARGE)
    return data


def unpack(packed: bytes) -> tuple[Delivery, Iterator[bytes]]:
    """Read a message: the export's metadata, and its bytes, a block at a time.

    Raises RefusedMessage: too_large, schema or gzip; while the blocks are read too_large, gzip or checksum. Discard
    an export unless all of its blocks were read.
    """
    if len(packed) > LARGEST_MESSAGE:
        raise RefusedMessage("too_large")
    try:
        message = _Message.model_validate_json(packed)
    except ValidationError:
        raise RefusedMessage("schema") from None
    try:
        data = base64.b64decode(message.gzip_base64, validate=True)
    except ValueError:
        raise RefusedMessage("gzip") from None
    return message.delivery, _unzipped(data, message.sha256)


def _unzipped(data: bytes, expected: str) -> Iterator[bytes]:
    unzip, sha256, size = zlib.decompressobj(wbits=_GZIP), hashlib.sha256(), 0
    try:
        while not unzip.eof:
            block = unzip.decompress(data, _BLOCK)
            data = unzip.unconsumed_tail
            if not block and not data and not unzip.eof:
                raise RefusedMessage("gzip")  # cut off
            sha256.update(block)
            size += len(block)
            if size > LARGEST_EXPORT:
                raise RefusedMessage("too_large")
            yield block
    except zlib.error:
        raise RefusedMessage("gzip") from None
    if sha256.hexdigest() != expected:
        raise RefusedMessage("checksum")
