"""What a valid measurement is, for each type that can be summed (the draft's section 7.4, and L1BoundSum).

Every type is a vector of bits, some of them with weights, and at most one linear equation among them. So one shape of
circuit is enough: each element of the encoded vector is 0 or 1 (one parallel sum of products, of degree 2), and the
equation holds. Both are evaluated on shares in `flp.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import index, mul
from typing import ClassVar, Generic, TypeVar

from netflix_trend.vdaf.field128 import MODULUS

M = TypeVar("M")

# More elements than this are a mistake or an attack on our memory, not a survey: 100,000 are 1.6 MB a report. With
# the bounds on values no sum of 2**32 reports can wrap around the modulus: 2**32 * 2**64 * 100,000 < 2**113.
MAX_ELEMENTS = 100_000
MAX_VALUE = 2**64 - 1
# The prover's time grows with the square of the number of chunks; the best number for MAX_ELEMENTS is 511.
MAX_CALLS = 1023
MAX_MEASUREMENTS = 2**32 - 1


def _check(name: str, value: int, max_value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= max_value:
        raise ValueError(f"{name} is {value}; it must be an integer from 1 to {max_value}")


def weights(max_value: int) -> tuple[int, ...]:
    """Return the weights of the bits that can express exactly 0..max_value: powers of two, and what is left."""
    bits = max_value.bit_length()
    return (*(2**place for place in range(bits - 1)), max_value - 2 ** (bits - 1) + 1)


def to_bits(value: int, max_value: int) -> list[int]:
    """Return a value as bits with the weights of `max_value`. Raises ValueError outside of 0..max_value."""
    value = index(value)  # of any integer type, as a Python integer that cannot overflow
    if not 0 <= value <= max_value:
        raise ValueError(f"the value {value} is not in 0..{max_value}")
    *powers, last = weights(max_value)
    highest = int(value >= 2 ** len(powers))
    rest = value - highest * last
    return [*((rest >> place) & 1 for place in range(len(powers))), highest]


def from_bits(bits: Sequence[int], bit_weights: Sequence[int]) -> int:
    """Return the value of (a share of) bits, as an integer that is not reduced yet."""
    return sum(map(mul, bit_weights, bits))


def chunk_length(elements: int) -> int:
    """Return the chunk length that makes the messages of an encoded vector of so many elements shortest.

    Counted are the proof in the report and twice the verifier share, which the operators send to each other.
    """
    _check("the number of elements", elements, MAX_ELEMENTS)

    def size(chunk: int) -> int:
        points = 1 << (-(-elements // chunk)).bit_length()
        return 2 * chunk + 2 * points - 1 + 2 * (2 * chunk + 2)

    # Only the shortest chunk for each number of points can be best.
    return min({-(-elements // ((1 << power) - 1)) for power in range(1, elements.bit_length() + 1)}, key=size)


@dataclass(frozen=True)
class Circuit(ABC, Generic[M]):
    """A type of measurement `M`; the aggregate is always a vector of integers.

    `algorithm`: the registered identifier. `has_equation`: whether `equation` must be 0, too.
    """

    algorithm: ClassVar[int]
    has_equation: ClassVar[bool] = True

    length: int
    chunk_length: int

    def __post_init__(self) -> None:
        _check("length", self.length, MAX_ELEMENTS)
        _check("encoded_length", self.encoded_length, MAX_ELEMENTS)
        _check("chunk_length", self.chunk_length, self.encoded_length)
        _check("the number of chunks", self.calls, MAX_CALLS)

    @property
    @abstractmethod
    def encoded_length(self) -> int:
        """Number of elements of an encoded measurement."""

    @property
    def calls(self) -> int:
        """How many chunks the encoded measurement has."""
        return -(-self.encoded_length // self.chunk_length)

    @property
    def most(self) -> int:
        """The largest value that one valid measurement adds to one element of the aggregate."""
        return 1

    @abstractmethod
    def encode(self, measurement: M) -> list[int]:
        """Return a measurement as bits. Raises ValueError when it is not one of this type."""

    @abstractmethod
    def equation(self, encoded: Sequence[int], one: int) -> int:
        """Return (a share of) what must be 0, not reduced; `one` is (a share of) 1."""

    def truncate(self, encoded: Sequence[int]) -> list[int]:
        """Return (a share of) what is summed, of (a share of) an encoded measurement."""
        return list(encoded[: self.length])


@dataclass(frozen=True)
class Histogram(Circuit[int]):
    """One of `length` buckets; a measurement is its number."""

    algorithm = 4

    @property
    def encoded_length(self) -> int:
        """A bit for every bucket."""
        return self.length

    def encode(self, measurement: int) -> list[int]:
        """Return a 1 in the bucket and 0 elsewhere. Raises ValueError when there is no such bucket."""
        if isinstance(measurement, bool) or index(measurement) not in range(self.length):
            raise ValueError(f"there is no bucket {measurement}; there are 0..{self.length - 1}")
        return [int(bucket == measurement) for bucket in range(self.length)]

    def equation(self, encoded: Sequence[int], one: int) -> int:
        """One bucket exactly."""
        return sum(encoded) - one


@dataclass(frozen=True)
class MultihotCountVec(Circuit[Sequence[bool]]):
    """Votes for at most `max_weight` of `length` entries; a measurement is a bool for every entry."""

    algorithm = 5
    max_weight: int

    def __post_init__(self) -> None:
        _check("length", self.length, MAX_ELEMENTS)
        _check("max_weight", self.max_weight, self.length)
        super().__post_init__()

    @cached_property
    def _weights(self) -> tuple[int, ...]:
        return weights(self.max_weight)

    @property
    def encoded_length(self) -> int:
        """A bit for every entry, and the bits of their number."""
        return self.length + self.max_weight.bit_length()

    def encode(self, measurement: Sequence[bool]) -> list[int]:
        """Return the votes and the bits of their number. Raises ValueError for a wrong length or too many votes."""
        if len(measurement) != self.length or any(vote not in (0, 1) for vote in measurement):
            raise ValueError(f"a measurement has {self.length} bools")
        votes = [int(vote) for vote in measurement]
        return [*votes, *to_bits(sum(votes), self.max_weight)]

    def equation(self, encoded: Sequence[int], one: int) -> int:
        """As many votes as the claimed number, which bits can only express up to max_weight."""
        return sum(encoded[: self.length]) - from_bits(encoded[self.length :], self._weights)


@dataclass(frozen=True)
class SumVec(Circuit[Sequence[int]]):
    """`length` integers of 0..max_measurement each."""

    algorithm = 3
    has_equation = False
    max_measurement: int

    def __post_init__(self) -> None:
        _check("max_measurement", self.max_measurement, MAX_VALUE)
        super().__post_init__()

    @cached_property
    def _weights(self) -> tuple[int, ...]:
        return weights(self.max_measurement)

    @property
    def encoded_length(self) -> int:
        """The bits of every value."""
        return self.length * self.max_measurement.bit_length()

    @property
    def most(self) -> int:
        """The largest value."""
        return self.max_measurement

    def encode(self, measurement: Sequence[int]) -> list[int]:
        """Return the bits of all values. Raises ValueError for a wrong length or a value out of range."""
        if len(measurement) != self.length:
            raise ValueError(f"a measurement has {self.length} values, not {len(measurement)}")
        return [bit for value in measurement for bit in to_bits(value, self.max_measurement)]

    def equation(self, encoded: Sequence[int], one: int) -> int:
        """Bits cannot express too large a value, so there is nothing else to hold."""
        return 0

    def truncate(self, encoded: Sequence[int]) -> list[int]:
        """Return (a share of) the values."""
        return _values(encoded, self._weights, self.length)


@dataclass(frozen=True)
class L1BoundSum(Circuit[Sequence[int]]):
    """`length` integers whose sum is at most `max_value`."""

    algorithm = 7
    max_value: int

    def __post_init__(self) -> None:
        _check("max_value", self.max_value, MAX_VALUE)
        super().__post_init__()

    @cached_property
    def _weights(self) -> tuple[int, ...]:
        return weights(self.max_value)

    @property
    def encoded_length(self) -> int:
        """The bits of every value and of their sum."""
        return (self.length + 1) * self.max_value.bit_length()

    @property
    def most(self) -> int:
        """The largest value."""
        return self.max_value

    def encode(self, measurement: Sequence[int]) -> list[int]:
        """Return the bits of all values and of their sum. Raises ValueError for a wrong length, value or sum."""
        if len(measurement) != self.length:
            raise ValueError(f"a measurement has {self.length} values, not {len(measurement)}")
        values = [index(value) for value in measurement]
        return [bit for value in (*values, sum(values)) for bit in to_bits(value, self.max_value)]

    def equation(self, encoded: Sequence[int], one: int) -> int:
        """The values add up to the claimed sum, which bits can only express up to max_value."""
        *values, claimed = _values(encoded, self._weights, self.length + 1)
        return sum(values) - claimed

    def truncate(self, encoded: Sequence[int]) -> list[int]:
        """Return (a share of) the values without their sum."""
        return _values(encoded, self._weights, self.length)


def _values(encoded: Sequence[int], bit_weights: Sequence[int], count: int) -> list[int]:
    bits = len(bit_weights)
    return [from_bits(encoded[at * bits : (at + 1) * bits], bit_weights) % MODULUS for at in range(count)]
