"""The sums of a batch, as anybody can check them: both operators' noisy shares, added."""

from __future__ import annotations

import base64
import hashlib
import operator
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from netflix_trend.operators.jobs import Collected
from netflix_trend.operators.manifest import PROTOCOL, Batch, Digest, Round, RoundName, Task
from netflix_trend.operators.wire import Malformed
from netflix_trend.storage.model import Strict
from netflix_trend.vdaf.messages import AggregateShare
from netflix_trend.vdaf.refusal import InvalidMessage

_Code = Annotated[int, Field(ge=0, le=255)]
_Count = Annotated[int, Field(ge=0, le=2**32)]
# Half the field's modulus either way.
_Sum = Annotated[int, Field(ge=-(2**127), le=2**127)]
# A file names so many people by their whole hashes; more are grouped, so that it stays below what SyftBox syncs.
MOST_NAMED = 30_000
# Up to so many people, groups have the first eight bytes of each hash, then five: two of 1.1 million people have the
# same five with a probability of one in a million each.
_MOST_WITH_EIGHT = 600_000


class BlockResult(Strict):
    """One block. share: the leader's noisy share. sums: with the noise of all operators, so negative ones occur."""

    name: str
    count: Annotated[int, Field(ge=1, le=2**32)]
    share: Annotated[str, Field(pattern=r"^([0-9a-f]{32})+$")]
    sums: Annotated[tuple[_Sum, ...], Field(strict=False)]


class Result(Strict):
    """What the leader publishes for a batch."""

    protocol: Literal["netflix-trend operators 1"] = PROTOCOL
    round: RoundName
    batch: Batch
    manifest: Digest
    blocks: Annotated[tuple[BlockResult, ...], Field(strict=False)]


class Status(Strict):
    """What became of one datasite's file. codes: 0 for each block that was counted, else DAP's report error."""

    status: Literal["counted", "late", "invalid"]
    batch: Batch | None = None
    codes: Annotated[tuple[_Code, ...], Field(strict=False)] = ()


class Group(Strict):
    """People of whose files the same became. people: the first bytes of the SHA-256 of each address, sorted, one after
    another in base64.
    """

    status: Status
    people: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$")]


class Told(Strict):
    """What became of everybody's file. statuses: by SHA-256 of the datasite's address. groups: instead of them in a
    round of many people; each person has `prefix` bytes in them.
    """

    statuses: dict[Digest, Status]
    groups: Annotated[tuple[Group, ...], Field(strict=False, exclude_if=operator.not_)] = ()
    prefix: Annotated[int, Field(ge=5, le=8, exclude_if=lambda value: value == 8)] = 8

    @model_validator(mode="after")
    def _has_whole_hashes(self) -> Self:
        if any(len(base64.b64decode(one.people, validate=True)) % self.prefix for one in self.groups):
            raise ValueError("people: not a number of whole hashes")
        return self

    def status(self, owner: bytes) -> Status | None:
        """Return what became of the file of somebody. owner: SHA-256 of the address."""
        named = self.statuses.get(owner.hex())
        return named or next((one.status for one in self.groups if self._is_in(one, owner[: self.prefix])), None)

    def _is_in(self, group: Group, start: bytes) -> bool:
        people, size = base64.b64decode(group.people), self.prefix
        place = bisect_left(range(len(people) // size), start, key=lambda at: people[at * size : (at + 1) * size])
        return people[place * size : (place + 1) * size] == start

    def counts(self) -> dict[Status, int]:
        """Return how many people each status has."""
        found = Counter(self.statuses.values())
        for one in self.groups:
            found[one.status] += len(base64.b64decode(one.people)) // self.prefix
        return dict(found)


def told(statuses: Mapping[bytes, Status]) -> dict[str, Any]:
    """Return the fields of `Told`. statuses: by SHA-256 of the datasite's address."""
    if len(statuses) <= MOST_NAMED:
        return {"statuses": {owner.hex(): status for owner, status in statuses.items()}}
    prefix = 8 if len(statuses) <= _MOST_WITH_EIGHT else 5
    people: dict[Status, list[bytes]] = {}
    for owner, status in statuses.items():
        people.setdefault(status, []).append(owner[:prefix])
    groups = [
        Group(status=status, people=base64.b64encode(b"".join(sorted(some))).decode())
        for status, some in people.items()
    ]
    return {"statuses": {}, "groups": tuple(sorted(groups, key=lambda one: repr(one.status))), "prefix": prefix}


class Closing(Told):
    """The end of a round. refused: number of files by reason."""

    protocol: Literal["netflix-trend operators 1"] = PROTOCOL
    round: RoundName
    refused: dict[str, _Count]


class Abort(Told):
    """A round that was given up, and what became of files in sums that were published before."""

    protocol: Literal["netflix-trend operators 1"] = PROTOCOL
    round: RoundName
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
    statuses: Annotated[dict[Digest, Status], Field(default_factory=dict)]


@dataclass(frozen=True)
class Sums:
    """The sums of one block over `count` people, with a variance of `noise` times sigma2 in each."""

    count: int
    sums: tuple[int, ...]
    noise: int


def combine(asked: Round, batch: Batch, ours: Sequence[Collected], helper: Sequence[Collected] | None) -> Result:
    """Return the result of a batch. ours: the leader's noisy share of each task. helper: None for one operator.

    Raises Malformed when the helper's share is not one.
    """
    blocks = []
    for number, (task, one) in enumerate(zip(asked.tasks, ours, strict=True)):
        sums = _add(task, one.share, helper[number].share if helper else None)
        blocks.append(BlockResult(name=task.block.name, count=one.count, share=one.share.hex(), sums=tuple(sums)))
    return Result(round=asked.name, batch=batch, manifest=asked.digest.hex(), blocks=tuple(blocks))


def check(asked: Round, batch: Batch, result: Result, helper: Sequence[Collected] | None) -> Mapping[str, Sums]:
    """Return the sums of each block, after adding the shares again. helper: None when the round has one operator.

    Raises Malformed when the result is of another round, has other counts, or a leader's share that is not the one the
    helper was promised before it gave its own.
    """
    if (result.round, result.batch, result.manifest) != (asked.name, batch, asked.digest.hex()):
        raise Malformed("result: of another round")
    if (helper is None) != (asked.manifest.helper is None) or len(result.blocks) != len(asked.tasks):
        raise Malformed("result: of other operators or blocks")
    found = {}
    for number, (task, block) in enumerate(zip(asked.tasks, result.blocks, strict=True)):
        share = bytes.fromhex(block.share)
        if helper is not None and (block.count, hashlib.sha256(share).digest()) != (
            helper[number].count,
            helper[number].commitment,
        ):
            raise Malformed(f"{task.block.name}: not what the helper was promised")
        sums = _add(task, share, helper[number].share if helper else None)
        if block.name != task.block.name or list(block.sums) != sums or block.count < asked.manifest.smallest_batch:
            raise Malformed(f"{task.block.name}: the shares do not add up to it")
        found[block.name] = Sums(block.count, block.sums, 2 if helper is not None else 1)
    return found


def _add(task: Task, leader: bytes, helper: bytes | None) -> list[int]:
    scheme = task.prio3
    try:
        other = (
            scheme.decode_aggregate_share(helper) if helper is not None else AggregateShare((0,) * task.block.length)
        )
        return scheme.unshard_noisy([scheme.decode_aggregate_share(leader), other])
    except InvalidMessage:
        raise Malformed(f"{task.block.name}: not a share") from None
