"""What a round asks, with which keys and how much noise: agreed on before the first report exists, and never changed.

A round has one task (DAP's term) for each block. The task's configuration holds the manifest's hash, so every seal and
every proof depends on it: reports made for any other manifest fail.
"""

from __future__ import annotations

import calendar
import hashlib
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, model_validator

from netflix_trend.causes import misfit
from netflix_trend.layout import ROUNDS
from netflix_trend.names import APP_NAME, DATASITE_NAME
from netflix_trend.operators.blocks import Block, Ratio
from netflix_trend.operators.codec import BATCH_ID_SIZE, VERSION, TaskConfiguration
from netflix_trend.operators.identity import Fingerprint
from netflix_trend.operators.round_folders import ROUND_PATTERN
from netflix_trend.operators.sealing import PUBLIC_SIZE
from netflix_trend.operators.wire import Malformed
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.model import Strict
from netflix_trend.vdaf.prio3 import Prio3

PROTOCOL: Literal["netflix-trend operators 1"] = "netflix-trend operators 1"
TIME_PRECISION = 7 * 86_400
SEED_SIZE = 32
Batch = Literal["early", "late"]
BATCHES: tuple[Batch, ...] = ("early", "late")

RoundName = Annotated[str, Field(pattern=ROUND_PATTERN)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Key = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * PUBLIC_SIZE}}}$")]
_Seconds = Annotated[int, Field(ge=0, le=2**40)]
_S = TypeVar("_S", bound=Strict)


class LeaderPrekey(Strict):
    """The leader's key of a round."""

    protocol: Literal["netflix-trend operators 1"] = PROTOCOL
    round: RoundName
    key: _Key


class HelperPrekey(Strict):
    """The helper's key of a round, its commitment to the verify key's seed, and the seed sealed to the leader."""

    protocol: Literal["netflix-trend operators 1"] = PROTOCOL
    round: RoundName
    key: _Key
    answers: Digest
    commitment: Digest
    sealed_seed: Annotated[str, Field(pattern=r"^[0-9a-f]{2336}$")]


class Accept(Strict):
    """The helper's agreement to one manifest. day, rho: what it entered in its own budget, for a lost database."""

    protocol: Literal["netflix-trend operators 1"] = PROTOCOL
    round: RoundName
    manifest: Digest
    day: Annotated[int, Field(ge=1, le=4_000_000)]
    rho: Ratio


class Plan(Strict):
    """What the leader wants to ask: a manifest without the parties and keys.

    first_day, last_day: days that are asked about. early, late: when the two batches close, and ends: when the round is
    given up, in seconds since 1970. slack: how long after a deadline files may still be on their way, in seconds.
    """

    round: RoundName
    first_day: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    last_day: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    survey: Digest
    vocabulary: Digest
    early: _Seconds
    late: _Seconds
    ends: _Seconds
    slack: _Seconds
    smallest_batch: Annotated[int, Field(ge=1, le=1_000_000)]
    blocks: Annotated[tuple[Block, ...], Field(min_length=1, max_length=16, strict=False)]

    @model_validator(mode="after")
    def _in_order(self) -> Plan:
        if not self.early < self.late < self.ends - self.slack:
            raise ValueError("early, late and ends are not in order")
        if date.fromisoformat(self.first_day) > date.fromisoformat(self.last_day):
            raise ValueError("last_day is before first_day")
        if len({block.name for block in self.blocks}) < len(self.blocks):
            raise ValueError("two blocks have one name")
        return self

    @property
    def days(self) -> tuple[int, int]:
        """First and last day as numbers that can be compared."""
        return date.fromisoformat(self.first_day).toordinal(), date.fromisoformat(self.last_day).toordinal()

    @property
    def rho(self) -> Fraction:
        """What the round costs a person: reports are in one batch only, so it is counted once."""
        return sum((block.rho.value for block in self.blocks), Fraction(0))


class Party(Strict):
    """An operator in a manifest."""

    datasite: Annotated[str, Field(pattern=rf"^{DATASITE_NAME.pattern}$")]
    identity: Digest
    key: _Key


class Manifest(Plan):
    """A round. helper: None when people trust the leader alone. commitment: SHA-256 of the verify key's seed."""

    protocol: Literal["netflix-trend operators 1"] = PROTOCOL
    leader: Party
    helper: Party | None
    commitment: Digest

    @model_validator(mode="after")
    def _two_operators(self) -> Manifest:
        helper = self.helper
        if helper and (helper.datasite == self.leader.datasite or helper.identity == self.leader.identity):
            raise ValueError("one operator stands for two")
        return self


def to_bytes(value: Strict) -> bytes:
    """Return a model as canonical JSON, which is what is signed and hashed."""
    return canonical_json(value.model_dump(mode="json"))


def from_bytes(model: type[_S], data: bytes) -> _S:
    """Return a model from canonical JSON. Raises Malformed for anything else, including other encodings of the same
    content.
    """
    try:
        value = model.model_validate_json(data)
    except ValidationError as error:
        raise Malformed(misfit(error)) from None
    if to_bytes(value) != data:
        raise Malformed("the JSON is not canonical")
    return value


def datasite_hash(email: str) -> bytes:
    """Return how a datasite is named in reports: 32 bytes."""
    return hashlib.sha256(email.encode()).digest()


@dataclass(frozen=True)
class Task:
    """One block of one round, as DAP and Prio3 see it."""

    block: Block
    configuration: bytes

    @cached_property
    def task_id(self) -> bytes:
        """32 bytes, a hash of the configuration."""
        return hashlib.sha256(b"netflix-trend task\0" + self.configuration).digest()

    @cached_property
    def prio3(self) -> Prio3[Any]:
        """The scheme in this task's context."""
        return Prio3(self.block.circuit(), VERSION + self.task_id)

    def batch_id(self, batch: Batch) -> bytes:
        """Return DAP's name of a batch."""
        return hashlib.sha256(b"netflix-trend batch\0" + self.task_id + batch.encode()).digest()[:BATCH_ID_SIZE]


@dataclass(frozen=True)
class Round:
    """A manifest and what follows from it."""

    manifest: Manifest

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the manifest."""
        return hashlib.sha256(to_bytes(self.manifest)).digest()

    @property
    def name(self) -> str:
        """The round's name, which is also its folder's."""
        return self.manifest.round

    @cached_property
    def time(self) -> int:
        """The time of every report, in weeks since 1970: that of the first day asked about, so it reveals nothing."""
        return calendar.timegm(date.fromisoformat(self.manifest.first_day).timetuple()) // TIME_PRECISION

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """One for each block, in order."""
        return tuple(Task(block, self._configuration(number)) for number, block in enumerate(self.manifest.blocks))

    def _configuration(self, number: int) -> bytes:
        manifest, block = self.manifest, self.manifest.blocks[number]
        leader = _endpoint(manifest.leader.datasite, self.name)
        return TaskConfiguration(
            task_info=bytes([number]) + self.digest,
            leader_endpoint=leader,
            helper_endpoint=_endpoint(manifest.helper.datasite, self.name) if manifest.helper else leader,
            time_precision=TIME_PRECISION,
            min_batch_size=manifest.smallest_batch,
            vdaf_type=block.circuit().algorithm,
            vdaf_configuration=block.vdaf_configuration(),
        ).encode()


def _endpoint(datasite: str, name: str) -> bytes:
    return f"syft://{datasite}/app_data/{APP_NAME}/{ROUNDS}/{name}/".encode()


def parties_match(manifest: Manifest, leader: tuple[str, Fingerprint], helper: tuple[str, Fingerprint] | None) -> bool:
    """Return whether a manifest names exactly the operators that settings name; helper: None for one operator."""
    named = [(party.datasite, party.identity) if party else None for party in (manifest.leader, manifest.helper)]
    return named == [(pinned[0], pinned[1].hex) if pinned else None for pinned in (leader, helper)]
