"""A participant's file of a round: one report for each block, each share sealed to its operator.

Every length follows from the manifest, so a file of another size is refused before it is read. The head holds the
secret of either operator's shares; then, for each task, `task_id || u32 length || Report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from netflix_trend.operators.codec import (
    REPORT_ID_SIZE,
    TASK_ID_SIZE,
    Extension,
    HpkeCiphertext,
    PlaintextInputShare,
    Report,
    ReportError,
    ReportMetadata,
    Role,
    input_share_aad,
)
from netflix_trend.operators.manifest import Round, Task, datasite_hash
from netflix_trend.operators.sealing import (
    ENC_SIZE,
    SECRET_SIZE,
    TAG_SIZE,
    CannotOpen,
    Opener,
    Sealer,
    open_secret,
    open_share,
    seal_secret,
    seal_share,
    share_info,
)
from netflix_trend.operators.wire import Malformed, Reader
from netflix_trend.privacy.randomness import RandBytes, secure_bytes

# Public extension with SHA-256 of the datasite's address; codepoints from 0xFE00 on are free for our own use here.
DATASITE_EXTENSION = 0xFE01
_HEAD_SIZE = 1 + 2 + ENC_SIZE + 4 + SECRET_SIZE + TAG_SIZE
_METADATA_SIZE = REPORT_ID_SIZE + 8 + 2 + 2 + 2 + 32
# config_id, enc of one byte, length of the payload, no private extensions, length of the share, tag.
_SHARE_OVERHEAD = 1 + 2 + 1 + 4 + 2 + 4 + TAG_SIZE


class Invalid(Exception):
    """One report cannot be counted. `error` is DAP's code of the reason, and all that is disclosed."""

    def __init__(self, error: ReportError) -> None:
        super().__init__(error.name.lower())
        self.error = error


def owner_of(metadata: ReportMetadata) -> bytes | None:
    """Return the SHA-256 of the address that a report names as its owner's, None when it names none."""
    if [extension.kind for extension in metadata.public_extensions] != [DATASITE_EXTENSION]:
        return None
    return metadata.public_extensions[0].data


def report_size(task: Task) -> int:
    """Return the exact number of bytes of a report in a task."""
    scheme = task.prio3
    shares = scheme.leader_share_size + scheme.helper_share_size + 2 * _SHARE_OVERHEAD
    return _METADATA_SIZE + 4 + scheme.public_share_size + shares


def file_size(asked: Round) -> int:
    """Return the exact number of bytes of a participant's file."""
    return 2 * _HEAD_SIZE + sum(TASK_ID_SIZE + 4 + report_size(task) for task in asked.tasks)


def build(asked: Round, email: str, measurements: Sequence[Any], randbytes: RandBytes = secure_bytes) -> bytes:
    """Return the file of one participant. measurements: one for each block, in order.

    Raises ValueError for a measurement that is not of its block's type, and CannotOpen for a key that is none.
    """
    owner, manifest = datasite_hash(email), asked.manifest
    keys = {Role.LEADER: manifest.leader.key, Role.HELPER: (manifest.helper or manifest.leader).key}
    share_keys, parts = {}, []
    for role, key in keys.items():
        share_keys[role], head = seal_secret(_sealer(key), share_info(role, asked.digest, owner), randbytes)
        parts.append(head.encode())
    for task, measurement in zip(asked.tasks, measurements, strict=True):
        made = task.prio3.shard(measurement, randbytes)
        metadata = ReportMetadata(made.nonce, asked.time, (Extension(DATASITE_EXTENSION, owner),))
        aad = input_share_aad(task.task_id, task.configuration, metadata, made.public_share)
        sealed = [
            seal_share(share_keys[role], role, aad, PlaintextInputShare(share).encode())
            for role, share in zip(keys, made.input_shares, strict=True)
        ]
        report = Report(metadata, made.public_share, *sealed).encode()
        parts.append(task.task_id + len(report).to_bytes(4, "big") + report)
    return b"".join(parts)


@lru_cache(maxsize=2)
def _sealer(key: str) -> Sealer:
    """Return what seals to an operator; checking a key takes as long as sealing, and a demo seals for many people."""
    return Sealer(bytes.fromhex(key))


@dataclass(frozen=True)
class ReportFile:
    """A parsed file. reports: one for each task, None where the bytes are not a report of the owner's."""

    owner: bytes
    heads: dict[Role, HpkeCiphertext]
    reports: tuple[Report | None, ...]


def parse(asked: Round, email: str, data: bytes) -> ReportFile:
    """Return a file whose size was checked.

    Raises Malformed when it is not one, or not of this round, or holds a report that says it is somebody else's.
    """
    if len(data) != file_size(asked):
        raise Malformed("size: not that of the round")
    reader, owner = Reader(data), datasite_hash(email)
    heads = {role: HpkeCiphertext.read(reader) for role in (Role.LEADER, Role.HELPER)}
    reports = []
    for task in asked.tasks:
        if reader.take(TASK_ID_SIZE, "task_id") != task.task_id:
            raise Malformed("task_id: not of this round")
        reports.append(_read_report(asked, owner, reader.opaque(4, "report")))
    reader.end("report.bin")
    return ReportFile(owner, heads, tuple(reports))


def _read_report(asked: Round, owner: bytes, data: bytes) -> Report | None:
    try:
        report = Report.decode(data)
    except Malformed:
        return None
    if report.metadata.public_extensions != (Extension(DATASITE_EXTENSION, owner),):
        raise NotOwn("report: made for another datasite")
    return report if report.metadata.time == asked.time else None


class NotOwn(Malformed):
    """A report is in the datasite of somebody who did not make it."""


@dataclass
class ShareOpener:
    """Opens one operator's input shares of one file; the encapsulation is opened once."""

    asked: Round
    role: Role
    opener: Opener
    file: ReportFile
    _key: bytes | None = None

    def open(self, number: int) -> bytes:
        """Return the input share in task `number`. Raises Invalid."""
        task, report = self.asked.tasks[number], self.file.reports[number]
        if report is None:
            raise Invalid(ReportError.INVALID_MESSAGE)
        aad = input_share_aad(task.task_id, task.configuration, report.metadata, report.public_share)
        sealed = report.leader_share if self.role == Role.LEADER else report.helper_share
        try:
            if self._key is None:
                info = share_info(self.role, self.asked.digest, self.file.owner)
                self._key = open_secret(self.opener, info, self.file.heads[self.role])
            return PlaintextInputShare.decode(open_share(self._key, self.role, aad, sealed)).payload
        except CannotOpen:
            raise Invalid(ReportError.HPKE_DECRYPT_ERROR) from None
        except Malformed:
            raise Invalid(ReportError.INVALID_MESSAGE) from None
