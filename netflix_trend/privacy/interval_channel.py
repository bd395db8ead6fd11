"""The interval channel: a report names an interval of ordered buckets that is likely to hold the true one.

A public table lists the reports that there are: intervals of buckets, each with a multiplicity. A report is drawn with
weight multiplicity * w1 if its interval holds the true bucket, multiplicity * w0 if not. Every bucket is covered by the
same total multiplicity, so the weights add up to the same for every bucket, and two buckets differ in the probability
of a report by exactly w1/w0 or not at all, whatever the table is. Patterns of two values are where the optimal
mechanisms lie (P. Kairouz, S. Oh, P. Viswanath, "Extremal Mechanisms for Local Differential Privacy", JMLR 2016).
docs/method/volume.md has the proof, and how a table is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.randomness import RandBelow, secure

# A report is one byte.
MAX_OUTPUTS = 255
MAX_MULTIPLICITY = 10_000

# First bucket, last bucket (both inside) and multiplicity.
Interval = tuple[int, int, int]


def check_intervals(intervals: Sequence[Interval], buckets: int) -> None:
    """Raise ValueError, which names the fault, unless the intervals cover all buckets with the same multiplicity."""
    if not 1 <= len(intervals) <= MAX_OUTPUTS:
        raise ValueError(f"{len(intervals)} intervals, not 1 to {MAX_OUTPUTS}")
    covered = [0] * buckets
    for number, (low, high, multiplicity) in enumerate(intervals):
        if low > high:
            raise ValueError(f"interval {number} is empty: it begins at bucket {low} and ends at {high}")
        if low < 0 or high >= buckets:
            raise ValueError(f"interval {number}, buckets {low} to {high}, lies outside 0..{buckets - 1}")
        if not 1 <= multiplicity <= MAX_MULTIPLICITY:
            raise ValueError(f"interval {number} has multiplicity {multiplicity}, not 1 to {MAX_MULTIPLICITY}")
        for bucket in range(low, high + 1):
            covered[bucket] += multiplicity
    for bucket, total in enumerate(covered):
        if total != covered[0]:
            raise ValueError(
                f"intervals are unbalanced: bucket 0 is covered {covered[0]} times, {bucket} {total} times"
            )


@dataclass(frozen=True)
class IntervalChannel:
    """Public parameters: true values 0..`buckets`-1, the report `o` names `intervals[o]`, `odds` = w1/w0 >= 1.

    Raises ValueError for intervals that `check_intervals` refuses.
    """

    buckets: int
    intervals: tuple[Interval, ...]
    odds: Fraction

    def __post_init__(self) -> None:
        if self.buckets < 2 or self.odds < 1:
            raise ValueError(f"interval channel with {self.buckets} buckets, odds {self.odds}")
        check_intervals(self.intervals, self.buckets)

    @property
    def outputs(self) -> int:
        """Number of different reports."""
        return len(self.intervals)

    def weight(self, output: int, bucket: int) -> int:
        """Return the weight of a report given a bucket; its probability is this over `total_weight`."""
        low, high, multiplicity = self.intervals[output]
        return multiplicity * (self.odds.numerator if low <= bucket <= high else self.odds.denominator)

    @cached_property
    def total_weight(self) -> int:
        """Sum of the weights of all reports, the same for every bucket."""
        return sum(self.weight(output, 0) for output in range(self.outputs))

    def randomize(self, bucket: int, randbelow: RandBelow = secure) -> int:
        """Return one report about `bucket`. Draws one integer. Raises ValueError for a bucket that does not exist."""
        if not 0 <= bucket < self.buckets:
            raise ValueError(f"bucket {bucket} lies outside 0..{self.buckets - 1}")
        rank = randbelow(self.total_weight)
        for output in range(self.outputs):
            rank -= self.weight(output, bucket)
            if rank < 0:
                return output
        raise AssertionError("weights do not add up")

    def channel(self) -> NDArray[np.float64]:
        """Return float64[B, outputs]: probability of each report given each bucket; rows sum to 1."""
        weights = [[self.weight(output, bucket) for output in range(self.outputs)] for bucket in range(self.buckets)]
        return np.array(weights, dtype=np.float64) / self.total_weight

    def can_estimate(self, values: Sequence[float]) -> bool:
        """Return whether the mean of `values`, one number for each bucket, has an unbiased estimate, decided exactly.

        It has one if the rows of reports can be weighted to give `values`: if these are a sum of functions that are
        constant on an interval and 0 elsewhere. Such a function jumps up at its interval's first bucket and down by as
        much after its last one. So the jumps of `values` must cancel in each group of places that intervals connect.
        """
        if len(values) != self.buckets:
            raise ValueError(f"{len(values)} values for {self.buckets} buckets")
        exact = [Fraction(0), *(Fraction(value) for value in values), Fraction(0)]
        if self.odds == 1:
            return len(set(exact[1:-1])) == 1
        group = list(range(self.buckets + 1))
        for low, high, _ in self.intervals:
            joined, left = group[low], group[high + 1]
            group = [joined if one == left else one for one in group]
        sums = dict.fromkeys(group, Fraction(0))
        for place, (before, after) in enumerate(pairwise(exact)):
            sums[group[place]] += after - before
        return not any(sums.values())
