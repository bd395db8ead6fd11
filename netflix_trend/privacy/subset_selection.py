"""Subset selection: report a subset of fixed size, more likely one that meets what the person chose.

The mechanism is PrivSet (S. Wang, L. Huang, Y. Nie, P. Wang, H. Xu, W. Yang, "PrivSet: Set-Valued Data Analyses with
Locale Differential Privacy", INFOCOM 2018); with one item each it is the optimal scheme of M. Ye, A. Barg, "Optimal
Schemes for Discrete Distribution Estimation under Locally Differential Privacy", IEEE Trans. Inf. Theory 2018. See
docs/method/subset-selection.md. Reports are drawn in integers, so the declared odds hold exactly.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.randomness import RandBelow, secure

MOST_NAMED = 16
# Reports that are decoded at a time: the arrays fit the processor's cache.
_BLOCK = 1 << 13


@dataclass(frozen=True)
class SubsetSelection:
    """Public parameters of the mechanism.

    items: V, number of items, 0..V-1. k: most items that one report names; fewer are padded with dummies V..V+k-1.
    odds: w1/w0 > 1, largest factor between the probabilities of one report under two different sets. size: c, how many
    of the V+k items a report holds. A report is the rank of that subset, a number below `reports`.
    """

    items: int
    k: int
    odds: Fraction
    size: int

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MOST_NAMED:
            raise ValueError(f"{self.k} items cannot be named, expected 1 to {MOST_NAMED}")
        if not 1 <= self.size <= self.items:
            raise ValueError(f"a subset of {self.size} does not fit {self.items} items")
        if self.odds <= 1:
            raise ValueError(f"odds {self.odds} are not above 1")

    @property
    def reports(self) -> int:
        """C(V+k, c): number of different reports."""
        return math.comb(self.items + self.k, self.size)

    @property
    def missing(self) -> int:
        """C(V, c): number of reports that hold none of a padded set's k items."""
        return math.comb(self.items, self.size)

    @property
    def total_weight(self) -> int:
        """w1 * (C(V+k, c) - C(V, c)) + w0 * C(V, c): the normaliser, the same for every padded set."""
        return self.odds.numerator * (self.reports - self.missing) + self.odds.denominator * self.missing

    @property
    def p(self) -> Fraction:
        """Probability that a report holds an item of the person's padded set."""
        return self._holds(1, is_met=True)

    @property
    def q(self) -> Fraction:
        """Probability that a report holds any other item."""
        return self._holds(1, is_met=False)

    def _holds(self, number: int, *, is_met: bool) -> Fraction:
        """Return the probability that a report holds `number` given items. is_met: one of them is in the padded set."""
        all_of_them = _choose(self.items + self.k - number, self.size - number)
        missing = 0 if is_met else _choose(self.items - number, self.size - number)
        weight = self.odds.numerator * (all_of_them - missing) + self.odds.denominator * missing
        return Fraction(weight, self.total_weight)

    def randomize(self, chosen: Sequence[int], randbelow: RandBelow = secure) -> int:
        """Return one report about the items `chosen` (distinct, at most k), a number below `reports`.

        Draws one integer below the total weight: the first C(V, c) * w0 belong to subsets that miss the padded set, w0
        each, the others to those that meet it, w1 each. Raises ValueError for a set the mechanism was not made for.
        """
        if len(set(chosen)) != len(chosen) or len(chosen) > self.k:
            raise ValueError(f"{len(chosen)} items given, at most {self.k} distinct ones expected")
        if any(not 0 <= item < self.items for item in chosen):
            raise ValueError(f"an item lies outside 0..{self.items - 1}")
        padded = [*chosen, *range(self.items, self.items + self.k - len(chosen))]
        # With the padded set in the last places, the subsets that miss it are those of the lowest ranks.
        places = [item for item in range(self.items + self.k) if item not in padded] + padded
        draw = randbelow(self.total_weight)
        low, high = self.odds.denominator, self.odds.numerator
        above = draw - self.missing * low
        number = draw // low if above < 0 else self.missing + above // high
        return rank(places[place] for place in unrank(number, self.size))

    # Reports as bytes

    @property
    def report_bytes(self) -> int:
        """Bytes of a report, big-endian."""
        return ((self.reports - 1).bit_length() + 7) // 8

    def members(self, reports: bytes) -> NDArray[np.int16]:
        """Return int16[N, c]: the items of each reported subset, rising; V to V+k-1 are the dummies.

        reports: one after another, each valid. All are decoded together, from the largest item down: it is the largest
        v with C(v, i) <= rank, and the rank goes on without C(v, i). Ranks of more than 64 bits are several words.
        """
        raw = np.frombuffer(reports, dtype=np.uint8).reshape(-1, self.report_bytes)
        found = np.empty((len(raw), self.size), dtype=np.int16)
        words = -(-self.report_bytes // 8)
        padded = np.zeros((len(raw), 8 * words), dtype=np.uint8)
        padded[:, 8 * words - self.report_bytes :] = raw
        ranks = [column.astype(np.uint64) for column in padded.view(">u8").T]
        for count, table, text in _tables(self.items + self.k, self.size):
            ranks = ranks[-table.shape[1] :]  # what is left is so small that the first words are 0
            largest = _largest(ranks, table, text)
            found[:, count - 1] = largest
            _subtract(ranks, table[largest])
        return found

    def count(self, reports: bytes) -> NDArray[np.int64]:
        """Return int64[V]: in how many reported subsets each item is. reports: one after another, each valid."""
        counts, step = np.zeros(self.items + self.k, dtype=np.int64), _BLOCK * self.report_bytes
        for start in range(0, len(reports), step):
            members = self.members(reports[start : start + step])
            counts += np.bincount(members.ravel(), minlength=len(counts))
        return counts[: self.items]

    # Estimates of sums

    def mean_chosen(self, counts: NDArray[np.int64], reports: int) -> tuple[float, float] | None:
        """Return the estimated mean number of items that a person chose, and its standard error; None without reports.

        counts: int64[V]. It is the sum of all estimates divided by the reports. A report holds c items, so the sum of
        its counts is c minus the dummies in it, and its variance is the dummies' (`_variance_of_dummies`). That is
        concave in the number of chosen items, so it is largest, for a given mean, if everybody chose the whole number
        below or above the mean.
        """
        if not reports:
            return None
        p, q = float(self.p), float(self.q)
        mean = (int(counts.sum()) / reports - self.items * q) / (p - q)
        likely = min(max(mean, 0.0), float(self.k))
        below = min(int(likely), self.k - 1)
        low, high = (float(self._variance_of_dummies(number)) for number in (below, below + 1))
        variance = low + (likely - below) * (high - low)
        return mean, math.sqrt(max(0.0, variance) / reports) / (p - q)

    def _variance_of_dummies(self, chosen: int) -> Fraction:
        """Return the variance of how many of the k dummies a report holds, when its sender chose so many items."""
        inside, outside = self.k - chosen, chosen  # dummies in the padded set, and the others
        met, missed = self._holds(2, is_met=True), self._holds(2, is_met=False)
        p, q = self.p, self.q
        pairs = inside * (inside - 1) * (met - p * p) + outside * (outside - 1) * (missed - q * q)
        return inside * p * (1 - p) + outside * q * (1 - q) + pairs + 2 * inside * outside * (met - p * q)


def rank(items: Iterable[int]) -> int:
    """Return the number of a subset among all of its size, from 0 on: the sum of C(item, place), places from 1 on.

    The combinatorial number system (D. E. Knuth, The Art of Computer Programming 4A, 7.2.1.3).
    """
    return sum(math.comb(item, place) for place, item in enumerate(sorted(items), start=1))


def unrank(number: int, size: int) -> list[int]:
    """Return the subset of `size` items with this rank, its items falling."""
    items = []
    for count in range(size, 0, -1):
        above = count
        while math.comb(above, count) <= number:
            above *= 2
        item = bisect_right(range(above), number, key=lambda one, count=count: math.comb(one, count)) - 1  # type: ignore[misc]
        number -= math.comb(item, count)
        items.append(item)
    return items


def _choose(items: int, size: int) -> int:
    return math.comb(items, size) if 0 <= size <= items else 0


@lru_cache(maxsize=4)
def _tables(items: int, size: int) -> list[tuple[int, NDArray[np.uint64], NDArray[np.bytes_]]]:
    """Return for i = size..1 the values C(v, i) of every possible item v, as words and as bytes, highest first."""
    tables = []
    for count in range(size, 0, -1):
        values = [math.comb(item, count) for item in range(items - (size - count))]
        words = (math.comb(items - (size - count), count).bit_length() + 63) // 64
        text = np.frombuffer(b"".join(value.to_bytes(8 * words, "big") for value in values), dtype=f"S{8 * words}")
        tables.append((count, text.view(">u8").reshape(len(values), words).astype(np.uint64), text))
    return tables


def _largest(ranks: list[NDArray[np.uint64]], table: NDArray[np.uint64], text: NDArray[np.bytes_]) -> NDArray[np.intp]:
    """Return intp[N]: the last row of a rising table that is not above each rank."""
    if len(ranks) == 1:
        return np.searchsorted(table[:, 0], ranks[0], side="right") - 1
    # Big-endian numbers are in order as their bytes are.
    together = np.stack(ranks, axis=1).astype(">u8").view(text.dtype)[:, 0]
    return np.searchsorted(text, together, side="right") - 1


def _subtract(ranks: list[NDArray[np.uint64]], values: NDArray[np.uint64]) -> None:
    """Subtract uint64[N, words] from ranks of as many words, in place."""
    borrow: NDArray[np.bool_] = np.zeros(len(values), dtype=np.bool_)
    for word in reversed(range(len(ranks))):
        column = values[:, word]
        left = ranks[word] - column - borrow  # modulo 2**64
        borrow = (ranks[word] < column) | ((ranks[word] == column) & borrow)
        ranks[word] = left


@lru_cache(maxsize=64)
def best_size(items: int, k: int, odds: Fraction) -> int:
    """Return the size with the smallest noise variance per person who did not choose an item, q(1-q)/(p-q)**2."""

    def variance(size: int) -> Fraction:
        channel = SubsetSelection(items, k, odds, size)
        p, q = channel.p, channel.q
        return q * (1 - q) / (p - q) ** 2

    return min(range(1, items + 1), key=variance)
