"""Messages between the two operators about the reports of a batch: files 4 to 7 of a round.

`agg-init` and `agg-resp` hold a DAP message for each task; `collect` and `agg-share` a fixed number of bytes for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netflix_trend.operators.codec import CHECKSUM_SIZE, TASK_ID_SIZE
from netflix_trend.operators.manifest import Round
from netflix_trend.operators.transport import MAX_PARTS
from netflix_trend.operators.wire import Malformed, Reader, opaque

DIGEST_SIZE = 32


def encode_job(asked: Round, part: int, parts: int, messages: Sequence[bytes]) -> bytes:
    """Return one part of a job. messages: one for each task, in order. part: from 1 on."""
    tasks = zip(asked.tasks, messages, strict=True)
    body = b"".join(task.task_id + opaque(4, message) for task, message in tasks)
    return part.to_bytes(2, "big") + parts.to_bytes(2, "big") + body


def with_parts(job: bytes, parts: int) -> bytes:
    """Return an encoded part of a job that has another number of parts."""
    return job[:2] + parts.to_bytes(2, "big") + job[4:]


def decode_job(asked: Round, part: int, data: bytes) -> tuple[int, list[bytes]]:
    """Return the number of parts and the message for each task.

    Raises Malformed for another part, another number or order of tasks, and for trailing bytes.
    """
    reader = Reader(data)
    at, parts = reader.integer(2, "part"), reader.integer(2, "parts")
    if at != part or not part <= parts <= MAX_PARTS:
        raise Malformed("part: not the one of the file's name")
    messages = []
    for task in asked.tasks:
        if reader.take(TASK_ID_SIZE, "task_id") != task.task_id:
            raise Malformed("task_id: unknown, or in another order")
        messages.append(reader.opaque(4, "message"))
    reader.end("job")
    return parts, messages


@dataclass(frozen=True)
class Collected:
    """What both operators must agree on before the helper gives its share of one task, and that share.

    commitment: SHA-256 of the leader's noisy share. share: the helper's noisy share, empty in the leader's request.
    """

    count: int
    checksum: bytes
    commitment: bytes
    share: bytes = b""

    def without_share(self) -> Collected:
        """Return the same without the share."""
        return Collected(self.count, self.checksum, self.commitment)


def encode_collected(asked: Round, collected: Sequence[Collected]) -> bytes:
    """Return the manifest's hash and, for each task in order, what is collected."""
    parts = [asked.digest]
    for task, one in zip(asked.tasks, collected, strict=True):
        parts += [task.task_id, one.count.to_bytes(8, "big"), one.checksum, one.commitment, one.share]
    return b"".join(parts)


def decode_collected(asked: Round, data: bytes, *, with_shares: bool) -> list[Collected]:
    """Return what is collected for each task. Raises Malformed for another manifest, order or size."""
    reader, found = Reader(data), []
    if reader.take(DIGEST_SIZE, "manifest") != asked.digest:
        raise Malformed("manifest: another one")
    for task in asked.tasks:
        if reader.take(TASK_ID_SIZE, "task_id") != task.task_id:
            raise Malformed("task_id: unknown, or in another order")
        count, checksum = reader.integer(8, "count"), reader.take(CHECKSUM_SIZE, "checksum")
        commitment = reader.take(DIGEST_SIZE, "commitment")
        share = reader.take(task.prio3.aggregate_share_size, "share") if with_shares else b""
        found.append(Collected(count, checksum, commitment, share))
    reader.end("collected")
    return found
