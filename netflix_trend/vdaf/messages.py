"""What the parties of Prio3 hold and hand over. None of it shows its content when it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netflix_trend.vdaf import field128
from netflix_trend.vdaf.refusal import InvalidMessage
from netflix_trend.vdaf.xof import SEED_SIZE


@dataclass(frozen=True)
class Report:
    """What a participant makes of a measurement: the input shares are secrets, each of one aggregator."""

    nonce: bytes = field(repr=False)
    public_share: bytes = field(repr=False)
    input_shares: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class OutputShare:
    """An aggregator's share of a measurement that was found valid."""

    elements: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True)
class VerifyState:
    """What an aggregator keeps between its own verifier share and the verifier message. A secret."""

    elements: tuple[int, ...] = field(repr=False)
    joint_rand_seed: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return the state as bytes for the aggregator's own database."""
        return field128.encode(self.elements) + self.joint_rand_seed

    @classmethod
    def decode(cls, data: bytes, length: int) -> VerifyState:
        """Return a state of `length` elements. Raises InvalidMessage when it is none."""
        at = length * field128.ELEMENT_SIZE
        if len(data) != at + SEED_SIZE:
            raise InvalidMessage from None
        return cls(tuple(field128.decode(data[:at], length)), data[at:])


@dataclass(frozen=True)
class AggregateShare:
    """An aggregator's share of the sum of many measurements."""

    elements: tuple[int, ...] = field(repr=False)

    def encode(self) -> bytes:
        """Return the share as bytes."""
        return field128.encode(self.elements)

    @classmethod
    def decode(cls, data: bytes, length: int) -> AggregateShare:
        """Return a share of `length` elements. Raises InvalidMessage when it is none."""
        return cls(tuple(field128.decode(data, length)))

    def plus(self, noise: Sequence[int]) -> AggregateShare:
        """Return the share with integers added, negative ones too. Raises ValueError for another length."""
        return AggregateShare(tuple(field128.add(self.elements, noise)))
