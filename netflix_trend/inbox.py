"""The message that carries an export from the scraper to the processor through the Redis list `inbox`."""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.canonical import canonical_json
from netflix_trend.settings import PROFILE_PATTERN
from netflix_trend.survey import Strict

LARGEST_MESSAGE = 20_000_000
LARGEST_EXPORT = 200_000_000


class RefusedMessage(Exception):
    """A message is not one of ours; `reason` is one word for counters."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Delivery:
    """An export on its way. `received` is the day it was downloaded as far as known."""

    profile: str
    source: str
    name: str
    received: date
    data: bytes


class _Message(Strict):
    schema_version: Literal[1] = 1
    profile: Annotated[str, Field(pattern=PROFILE_PATTERN)]
    source: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    name: Annotated[str, Field(max_length=255)]
    received: date
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    gzip_base64: str


def pack(delivery: Delivery) -> bytes:
    """Return the message of a delivery. Raises RefusedMessage: too_large beyond 20 MB packed, or schema."""
    try:
        message = _Message(
            profile=delivery.profile,
            source=delivery.source,
            # A name of other bytes than UTF-8 is for display only.
            name=delivery.name.encode("utf-8", "replace").decode(),
            received=delivery.received,
            sha256=hashlib.sha256(delivery.data).hexdigest(),
            gzip_base64=base64.b64encode(gzip.compress(delivery.data, mtime=0)).decode(),
        )
    except ValidationError:
        raise RefusedMessage("schema") from None
    packed = canonical_json(message.model_dump(mode="json"))
    if len(packed) > LARGEST_MESSAGE or len(delivery.data) > LARGEST_EXPORT:
        raise RefusedMessage("too_large")
    return packed


def unpack(packed: bytes) -> Delivery:
    """Read a message. Raises RefusedMessage: too_large, schema, gzip or checksum."""
    if len(packed) > LARGEST_MESSAGE:
        raise RefusedMessage("too_large")
    try:
        message = _Message.model_validate_json(packed)
    except ValidationError:
        raise RefusedMessage("schema") from None
    unzip = zlib.decompressobj(wbits=31)
    try:
        data = unzip.decompress(base64.b64decode(message.gzip_base64, validate=True), LARGEST_EXPORT)
    except (ValueError, zlib.error):
        raise RefusedMessage("gzip") from None
    if unzip.unconsumed_tail:
        raise RefusedMessage("too_large")
    if hashlib.sha256(data).hexdigest() != message.sha256:
        raise RefusedMessage("checksum")
    return Delivery(message.profile, message.source, message.name, message.received, data)
