"""The k-sparse set response: reports up to k of V items so that no guess gains more than a fixed odds factor.

The mechanism is PrivSet (S. Wang et al., "PrivSet: Set-Valued Data Analyses with Locale Differential Privacy",
INFOCOM 2018) in the compressed form of `docs/set-response.md`: instead of a random subset of all items, a report is
a polynomial over a prime field. An item belongs to the reported subset when the polynomial's value at the item's
field point lies below a threshold. Everything here is integer arithmetic; the declared odds hold exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.randomness import RandBelow, secure

# Largest prime below 2**16: a coefficient takes two bytes, and a product plus a coefficient still fits 32 bits.
PRIME = 65521
# Multiplications of one matrix product when reports are counted: the values fit the processor's cache, and OpenBLAS
# starts no threads for a product of this size (starting them costs more than it gains).
_PRODUCT = 1 << 18


@dataclass(frozen=True)
class SetResponse:
    """Public parameters of the mechanism.

    items      V, number of items; item j (0..V-1) has field point j+1 k          most items that one report names;
    fewer are padded with dummy points V+1..V+k odds       w1/w0 >= 1: largest factor between the probabilities of one
    report under two different sets threshold  T: item v is in the reported subset when h(v) < T prime      size of the
    field; V + k must be smaller
    """

    items: int
    k: int
    odds: Fraction
    threshold: int
    prime: int = PRIME

    def __post_init__(self) -> None:
        if self.k < 1 or self.items < 1 or self.items + self.k >= self.prime:
            raise ValueError(f"{self.items} items with k={self.k} do not fit a field of {self.prime} elements")
        if not 0 < self.threshold < self.prime:
            raise ValueError(f"threshold {self.threshold} is not between 1 and {self.prime - 1}")
        if self.odds < 1:
            raise ValueError(f"odds {self.odds} are below 1")

    @property
    def outside(self) -> int:
        """N0: number of value tuples in F_prime^k that miss the threshold everywhere."""
        return int((self.prime - self.threshold) ** self.k)

    @property
    def inside(self) -> int:
        """N1: number of value tuples in F_prime^k with at least one value below the threshold."""
        return int(self.prime**self.k - self.outside)

    @property
    def total_weight(self) -> int:
        """w1*N1 + w0*N0: the normaliser, the same for every input set because h is k-wise independent."""
        return self.odds.numerator * self.inside + self.odds.denominator * self.outside

    @property
    def p(self) -> Fraction:
        """Probability that an item of the person's padded set is in the reported subset."""
        inside_given_item = self.threshold * self.prime ** (self.k - 1)
        return Fraction(self.odds.numerator * inside_given_item, self.total_weight)

    @property
    def q(self) -> Fraction:
        """Probability T / prime that any other item is in the reported subset."""
        return Fraction(self.threshold, self.prime)

    def randomize(self, chosen: Sequence[int], randbelow: RandBelow = secure) -> tuple[int, ...]:
        """Return one report about the items `chosen` (distinct, at most k): k+2 coefficients, lowest degree first.

        Draws three integers: one for the values at the padded set, two for the free coefficients.
        Raises ValueError for a set that the mechanism was not made for.
        """
        if len(set(chosen)) != len(chosen) or len(chosen) > self.k:
            raise ValueError(f"{len(chosen)} items given, at most {self.k} distinct ones expected")
        if any(not 0 <= item < self.items for item in chosen):
            raise ValueError(f"an item lies outside 0..{self.items - 1}")
        points = [item + 1 for item in chosen]
        points += range(self.items + 1, self.items + 1 + self.k - len(points))
        values = self._values(randbelow(self.total_weight))
        free = (randbelow(self.prime), randbelow(self.prime))
        return _interpolate(points, values, free, self.prime)

    def _values(self, rank: int) -> list[int]:
        """Decode `rank`, uniform below the total weight, into the values at the k points of the padded set.

        Tuples with a value below the threshold own w1 ranks each, the others w0: that is the whole mechanism.
        """
        low, high = self.threshold, self.prime - self.threshold
        weighted_inside = self.odds.numerator * self.inside
        if rank >= weighted_inside:
            rank = (rank - weighted_inside) // self.odds.denominator
            values = []
            for _ in range(self.k):
                rank, digit = divmod(rank, high)
                values.append(low + digit)
            return values
        rank //= self.odds.numerator
        # The first value below the threshold stands at `first`; the ones before it are high, the ones after are free.
        for first in range(self.k):
            block = high**first * low * self.prime ** (self.k - 1 - first)
            if rank < block:
                break
            rank -= block
        values = []
        for position in range(self.k):
            base = high if position < first else low if position == first else self.prime
            rank, digit = divmod(rank, base)
            values.append(low + digit if position < first else digit)
        return values

    def members(self, reports: NDArray[np.uint32], items: Sequence[int]) -> NDArray[np.bool_]:
        """Return bool[N, items]: which of some items are in each reported subset; V to V+k-1 stand for the dummies.

        Evaluated in whole numbers, step by step: for a few reports, and as a reference for `count`.
        """
        points = np.asarray(items, dtype=np.int64) + 1
        value = np.zeros((len(reports), len(points)), dtype=np.int64)
        for column in reports.T[::-1].astype(np.int64):
            value = (value * points + column[:, None]) % self.prime
        return value < self.threshold

    def count(self, reports: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return int64[V]: in how many reported subsets each item is.

        `reports` is uint32[N, k+2], coefficients below the prime.
        """
        return self.count_with_sizes(reports)[0]

    def count_with_sizes(self, reports: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return int64[V], in how many reported subsets each item is, and int64[N], how many items each one has.

        One product of coefficients and powers of the points gives x = h(v) plus multiples of P, the prime. Whole
        numbers below (k+2) P**2 < 2**48 are exact in 64-bit floats. Then h(v) < T means that the fractional part of (x
        + 1/2)/P, which is (h(v) + 1/2)/P, lies below T/P. It is never nearer to T/P, 0 or 1 than 1/(2P) > 2**-17, and
        rounding moves it by less than 2**-19: floats decide exactly as whole numbers would, for every k below P.

        Reports are taken in blocks that fit the processor's cache; memory beyond the input and the result is constant.
        """
        counts, sizes = np.zeros(self.items, dtype=np.int64), np.zeros(len(reports), dtype=np.int64)
        points = np.arange(1, self.items + 1, dtype=np.int64)
        powers = np.ones((self.k + 2, self.items), dtype=np.int64)
        for degree in range(1, self.k + 2):
            powers[degree] = powers[degree - 1] * points % self.prime
        table, rate = powers.astype(np.float64), self.threshold / self.prime
        rows = max(1, min(255, len(reports), _PRODUCT // (self.items * (self.k + 2))))  # 255: counts fit one byte
        values, whole = np.empty((rows, self.items)), np.empty((rows, self.items))
        inside = np.empty((rows, self.items), dtype=np.bool_)
        for start in range(0, len(reports), rows):
            part = reports[start : start + rows].astype(np.float64)
            value, floor, members = values[: len(part)], whole[: len(part)], inside[: len(part)]
            np.matmul(part, table, out=value)
            value += 0.5
            value *= 1 / self.prime
            np.floor(value, out=floor)
            value -= floor
            np.less(value, rate, out=members)
            counts += np.add.reduce(members.view(np.uint8), axis=0, dtype=np.uint8)
            sizes[start : start + rows] = [np.count_nonzero(row) for row in members]
        return counts, sizes


def _interpolate(points: list[int], values: list[int], free: tuple[int, int], prime: int) -> tuple[int, ...]:
    """Return the coefficients of L(x) + (a + b*x) * Z(x) mod `prime`, L through the points, Z zero at all of them.

    For fixed points this maps (values, a, b) one to one onto all polynomials of degree at most k+1.
    """
    k = len(points)
    coefficients = [0] * (k + 2)
    zero = [1]  # product of (x - point)
    for point, value in zip(points, values, strict=True):
        # Newton form: add c * zero(x) so that the polynomial also passes through (point, value).
        missing = (value - _evaluate(coefficients, point, prime)) * pow(_evaluate(zero, point, prime), -1, prime)
        for degree, factor in enumerate(zero):
            coefficients[degree] = (coefficients[degree] + missing * factor) % prime
        zero = _times_linear(zero, -point, prime)
    for degree, factor in enumerate(zero):
        coefficients[degree] = (coefficients[degree] + free[0] * factor) % prime
        coefficients[degree + 1] = (coefficients[degree + 1] + free[1] * factor) % prime
    return tuple(coefficients)


def _evaluate(coefficients: Sequence[int], point: int, prime: int) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * point + coefficient) % prime
    return value


def _times_linear(polynomial: list[int], constant: int, prime: int) -> list[int]:
    """Return polynomial * (x + constant) mod prime."""
    shifted = [0, *polynomial]
    for degree, factor in enumerate(polynomial):
        shifted[degree] = (shifted[degree] + constant * factor) % prime
    return shifted


def best_threshold(k: int, odds: Fraction, prime: int = PRIME) -> int:
    """Return the threshold T with the smallest noise variance per person who did not choose an item.

    That variance is q(1-q)/(p-q)**2 with q = T / prime. It has one minimum in T, found by ternary search; floats are
    good enough here because T is a public parameter and the odds hold for every T.
    """
    ratio = float(odds)

    def variance(threshold: int) -> float:
        q = threshold / prime
        miss = (1 - q) ** k
        p = q * ratio / (ratio * (1 - miss) + miss)
        return q * (1 - q) / (p - q) ** 2

    low, high = 1, prime - 1
    while high - low > 2:
        third = (high - low) // 3
        left, right = low + third, high - third
        if variance(left) <= variance(right):
            high = right
        else:
            low = left
    return min(range(low, high + 1), key=variance)
