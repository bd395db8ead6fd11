"""Messages of the Distributed Aggregation Protocol, byte for byte (draft-ietf-ppm-dap-18).

Section numbers are of that draft; ping-pong messages are of draft-irtf-cfrg-vdaf-20, section 5.7.1. `decode` accepts
exactly what `encode` makes: no trailing bytes, no unknown code, extensions in strictly increasing order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import reduce
from typing import NamedTuple

from netflix_trend.operators.wire import Malformed, Reader, opaque

VERSION = b"dap-18"
TASK_ID_SIZE = 32
REPORT_ID_SIZE = 16
CHECKSUM_SIZE = 32
BATCH_ID_SIZE = 32
# Codepoint 1 of aggregation job extensions: the batch that the leader chose (section 5.2.2).
BATCH_ID_EXTENSION = 1
LEADER_SELECTED = 2


class Role(IntEnum):
    """Who sends or receives (section 4.1)."""

    COLLECTOR = 0
    CLIENT = 1
    LEADER = 2
    HELPER = 3


class ReportError(IntEnum):
    """Why one report was not aggregated (section 4.1)."""

    BATCH_COLLECTED = 1
    REPORT_REPLAYED = 2
    REPORT_DROPPED = 3
    HPKE_UNKNOWN_CONFIG_ID = 4
    HPKE_DECRYPT_ERROR = 5
    VDAF_VERIFY_ERROR = 6
    TASK_EXPIRED = 7
    INVALID_MESSAGE = 8
    REPORT_TOO_EARLY = 9
    TASK_NOT_STARTED = 10
    OUTDATED_CONFIG = 11


class Extension(NamedTuple):
    """A typed value; the same form serves tasks, reports and aggregation jobs."""

    kind: int
    data: bytes

    def encode(self) -> bytes:
        """Return the extension as bytes."""
        return self.kind.to_bytes(2, "big") + opaque(2, self.data)


def encode_extensions(extensions: Iterable[Extension]) -> bytes:
    """Return a list of extensions with its length."""
    return opaque(2, b"".join(extension.encode() for extension in extensions))


def read_extensions(reader: Reader) -> tuple[Extension, ...]:
    """Read a list of extensions. Raises Malformed when their types do not increase strictly."""
    inner = Reader(reader.opaque(2, "extensions"))
    found: list[Extension] = []
    while not inner.is_at_end:
        extension = Extension(inner.integer(2, "extension_type"), inner.opaque(2, "extension_data"))
        if found and extension.kind <= found[-1].kind:
            raise Malformed("extensions: out of order")
        found.append(extension)
    return tuple(found)


@dataclass(frozen=True)
class TaskConfiguration:
    """What everybody in a task must agree on (section 4.2), with the batch mode `leader_selected`."""

    task_info: bytes
    leader_endpoint: bytes
    helper_endpoint: bytes
    time_precision: int
    min_batch_size: int
    vdaf_type: int
    vdaf_configuration: bytes

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        return b"".join((
            opaque(1, self.task_info),
            opaque(2, self.leader_endpoint),
            opaque(2, self.helper_endpoint),
            self.time_precision.to_bytes(8, "big"),
            self.min_batch_size.to_bytes(8, "big"),
            bytes([LEADER_SELECTED]),
            opaque(2, b""),
            self.vdaf_type.to_bytes(4, "big"),
            opaque(2, self.vdaf_configuration),
            encode_extensions(()),
        ))  # fmt: skip


class HpkeCiphertext(NamedTuple):
    """Something sealed (section 4.1)."""

    config_id: int
    enc: bytes
    payload: bytes

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        return bytes([self.config_id]) + opaque(2, self.enc) + opaque(4, self.payload)

    @classmethod
    def read(cls, reader: Reader) -> HpkeCiphertext:
        """Read the structure."""
        config_id = reader.integer(1, "config_id")
        return cls(config_id, reader.opaque(2, "enc", min_size=1), reader.opaque(4, "payload", min_size=1))


class ReportMetadata(NamedTuple):
    """What is public about a report (section 4.4.2). time: in the task's precision."""

    report_id: bytes
    time: int
    public_extensions: tuple[Extension, ...]

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        return self.report_id + self.time.to_bytes(8, "big") + encode_extensions(self.public_extensions)

    @classmethod
    def read(cls, reader: Reader) -> ReportMetadata:
        """Read the structure."""
        report_id = reader.take(REPORT_ID_SIZE, "report_id")
        return cls(report_id, reader.integer(8, "time"), read_extensions(reader))


class Report(NamedTuple):
    """One participant's report in one task (section 4.4.2)."""

    metadata: ReportMetadata
    public_share: bytes
    leader_share: HpkeCiphertext
    helper_share: HpkeCiphertext

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        shares = self.leader_share.encode() + self.helper_share.encode()
        return self.metadata.encode() + opaque(4, self.public_share) + shares

    @classmethod
    def decode(cls, data: bytes) -> Report:
        """Return a report. Raises Malformed unless `data` is exactly one."""
        reader = Reader(data)
        metadata = ReportMetadata.read(reader)
        public_share = reader.opaque(4, "public_share")
        report = cls(metadata, public_share, HpkeCiphertext.read(reader), HpkeCiphertext.read(reader))
        reader.end("Report")
        return report

    def for_helper(self) -> ReportShare:
        """Return what the leader hands to the helper."""
        return ReportShare(self.metadata, self.public_share, self.helper_share)


@dataclass(frozen=True)
class PlaintextInputShare:
    """What is sealed to one aggregator (section 4.4.2), here always without private extensions."""

    payload: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        return encode_extensions(()) + opaque(4, self.payload)

    @classmethod
    def decode(cls, data: bytes) -> PlaintextInputShare:
        """Return the share. Raises Malformed when `data` is not exactly one, or has a private extension."""
        reader = Reader(data)
        if read_extensions(reader):
            raise Malformed("private_extensions: there are none")
        share = cls(reader.opaque(4, "payload", min_size=1))
        reader.end("PlaintextInputShare")
        return share


def input_share_aad(task_id: bytes, task: bytes, metadata: ReportMetadata, public_share: bytes) -> bytes:
    """Return an encoded InputShareAad (section 4.4.2): what an input share is bound to. task: its configuration."""
    return task_id + task + metadata.encode() + opaque(4, public_share)


class ReportShare(NamedTuple):
    """The helper's part of a report (section 4.5.3.1)."""

    metadata: ReportMetadata
    public_share: bytes
    encrypted_input_share: HpkeCiphertext

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        return self.metadata.encode() + opaque(4, self.public_share) + self.encrypted_input_share.encode()

    @classmethod
    def read(cls, reader: Reader) -> ReportShare:
        """Read the structure."""
        metadata = ReportMetadata.read(reader)
        return cls(metadata, reader.opaque(4, "public_share"), HpkeCiphertext.read(reader))


class VerifyInit(NamedTuple):
    """The leader's first message about a report. payload: a ping-pong message."""

    report_share: ReportShare
    payload: bytes

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        return self.report_share.encode() + opaque(4, self.payload)


@dataclass(frozen=True)
class AggregationJobInitReq:
    """The leader's message about many reports of one task (section 4.5.3.1), for a VDAF without parameter."""

    batch_id: bytes
    verify_inits: tuple[VerifyInit, ...]

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        extensions = encode_extensions([Extension(BATCH_ID_EXTENSION, self.batch_id)])
        return bytes(1) + opaque(4, b"") + extensions + b"".join(init.encode() for init in self.verify_inits)

    @classmethod
    def decode(cls, data: bytes) -> AggregationJobInitReq:
        """Return the message. Raises Malformed if it is invalid, or names another key, a parameter or no batch."""
        reader = Reader(data)
        if reader.integer(1, "verification_key_id") or reader.opaque(4, "agg_param"):
            raise Malformed("verification_key_id, agg_param: unknown")
        extensions = read_extensions(reader)
        if [extension.kind for extension in extensions] != [BATCH_ID_EXTENSION]:
            raise Malformed("extensions: exactly one batch must be named")
        if len(extensions[0].data) != BATCH_ID_SIZE:
            raise Malformed("extensions: not a batch")
        inits = []
        while not reader.is_at_end:
            share = ReportShare.read(reader)
            inits.append(VerifyInit(share, reader.opaque(4, "payload", min_size=1)))
        return cls(extensions[0].data, tuple(inits))


class VerifyResp(NamedTuple):
    """The helper's answer about one report: a ping-pong message to continue with, or the reason of a refusal."""

    report_id: bytes
    payload: bytes = b""
    error: ReportError | None = None

    def encode(self) -> bytes:
        """Return the structure as bytes."""
        if self.error is not None:
            return self.report_id + bytes([_REJECT, self.error])
        return self.report_id + bytes([_CONTINUE]) + opaque(4, self.payload)

    @classmethod
    def read(cls, reader: Reader) -> VerifyResp:
        """Read the structure. `finish` never comes in one round of ping-pong, and is refused."""
        report_id = reader.take(REPORT_ID_SIZE, "report_id")
        kind = reader.integer(1, "verify_resp_type")
        if kind == _CONTINUE:
            return cls(report_id, reader.opaque(4, "payload", min_size=1))
        if kind != _REJECT:
            raise Malformed("verify_resp_type: not continue or reject")
        code = reader.integer(1, "report_error")
        if code not in _ERRORS:
            raise Malformed("report_error: unknown")
        return cls(report_id, error=ReportError(code))


_CONTINUE, _REJECT = 0, 2
_ERRORS = frozenset(ReportError)


def encode_responses(responses: Iterable[VerifyResp]) -> bytes:
    """Return an AggregationJobResp (section 4.5.3.2)."""
    return b"".join(response.encode() for response in responses)


def decode_responses(data: bytes) -> tuple[VerifyResp, ...]:
    """Return the answers of an AggregationJobResp. Raises Malformed."""
    reader, found = Reader(data), []
    while not reader.is_at_end:
        found.append(VerifyResp.read(reader))
    return tuple(found)


class MessageType(IntEnum):
    """Ping-pong messages that two aggregators of Prio3 exchange."""

    INITIALIZE = 0
    FINISH = 2


def ping_pong(kind: MessageType, content: bytes) -> bytes:
    """Return a ping-pong message: `initialize` with a verifier share, `finish` with a verifier message."""
    return bytes([kind]) + opaque(4, content)


def read_ping_pong(kind: MessageType, data: bytes) -> bytes:
    """Return what a ping-pong message of a given kind holds. Raises Malformed for any other message."""
    reader = Reader(data)
    if reader.integer(1, "type") != kind:
        raise Malformed("type: not the message of this step")
    content = reader.opaque(4, "content")
    reader.end("Message")
    return content


def checksum(report_ids: Iterable[bytes]) -> bytes:
    """Return the XOR of the SHA-256 of all report ids; 32 zero bytes without reports (section 4.5.4.3)."""
    digests = (int.from_bytes(hashlib.sha256(report_id).digest(), "big") for report_id in report_ids)
    return reduce(lambda left, right: left ^ right, digests, 0).to_bytes(CHECKSUM_SIZE, "big")
