"""How many titles did you start this week? The group and the number, both summed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from netflix_trend.operators.blocks import Block, Ratio
from netflix_trend.privacy.noisy_sums import GroupEstimates, estimate_groups
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.sums import Answering, Summed, SumQuestion, SumWish, block
from netflix_trend.questions.volume.mean import MAX_TITLES, MeanTitles
from netflix_trend.questions.volume.statistics import LARGEST_CUMULATIVE_ERROR, Buckets, Volume, VolumeGroup

SHARE = Fraction(25, 100)
# The part of it that goes to the groups; the rest goes to the mean.
_GROUPS_PART = Fraction(18, 25)
CONFIDENCE = 0.95
# Where the groups begin: for a round of hundreds of people, and from FINE_FROM on.
COARSE = (0, 1, 4, 8, 13, 22)
FINE = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 35, 43, 51)
FINE_FROM = 5_000
# The even prior of the groups weighs as much as this many exactly known people; how much of an estimate it is with few
# answers: docs/method/sums.md#viewing.
PRIOR_PEOPLE = 4.0


class VolumeSums(SumQuestion):
    """How many titles did you start this week? buckets: where groups begin. max_titles: more count as this many."""

    tells_answering = True

    name: Literal["volume"] = "volume"
    buckets: Buckets
    max_titles: Annotated[int, Field(ge=1, le=1_000)]

    @classmethod
    def suggest(cls, wish: SumWish) -> VolumeSums:
        """Ask in every round, with finer groups where there are many people."""
        buckets = FINE if wish.participants >= FINE_FROM else COARSE
        return cls(share=Ratio.of(SHARE), buckets=buckets, max_titles=MAX_TITLES)

    def blocks(self, rho: Fraction) -> tuple[Block, Block]:
        """Return a histogram of the groups with "no answer" at its end, and the number of titles."""
        whole = rho * self.share.value
        return (
            block("titles_groups", "histogram", len(self.buckets) + 1, 1, whole * _GROUPS_PART),
            block("titles_sum", "sumvec", 1, self.max_titles, whole * (1 - _GROUPS_PART)),
        )

    def measurements(self, truth: int, randbelow: RandBelow) -> tuple[int, list[int]]:
        """Return the group of a weekly count, and the count itself up to `max_titles`."""
        return int(np.searchsorted(self.buckets, truth, side="right")) - 1, [min(truth, self.max_titles)]

    def answering(self, summed: Sequence[Summed], reports: int) -> Answering:
        """Return how many people are in any group but "no answer"."""
        groups = self._groups(summed, reports)
        missing = float(groups.counts[-1])
        return Answering(max(0.0, reports - missing), float(groups.covariance[-1, -1]) ** 0.5)

    def _groups(self, summed: Sequence[Summed], reports: int) -> GroupEstimates:
        groups = summed[0]
        even = [1 / len(groups.sums)] * len(groups.sums)
        return estimate_groups(groups.sums.astype(np.float64), reports, groups.error, even, PRIOR_PEOPLE)

    def estimate(
        self, summed: Sequence[Summed], reports: int, answering: Answering, odds: Fraction, titles: Sequence[str]
    ) -> Volume:
        """Return the distribution of weekly counts among those who could answer, and their mean."""
        groups = self._groups(summed, reports)
        places = range(len(self.buckets))
        share, error = groups.shares(places)
        below, below_error = groups.below(places)
        z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
        lower, upper = np.clip([share - z * error, share + z * error], 0, 1)
        # A forged report is a valid one: it moves one person from one group to another.
        influence = min(1.0, breakdown_point(reports) / max(1.0, answering.estimate)) if reports else 0.0
        largest = float(below_error.max())
        return Volume(
            reports=reports,
            mechanism="sum",
            odds=(odds.numerator, odds.denominator),
            intervals=None,
            confidence=CONFIDENCE,
            buckets=self.buckets,
            shares=tuple(share.tolist()),
            lower=tuple(lower.tolist()),
            upper=tuple(upper.tolist()),
            cumulative=tuple(below.tolist()),
            cumulative_error=tuple(below_error.tolist()),
            groups=tuple(
                VolumeGroup(low=low, share=float(s), lower=float(a), upper=float(b))
                for low, s, a, b in zip(self.buckets, share, lower, upper, strict=True)
            ),
            is_reliable=bool(reports) and largest <= LARGEST_CUMULATIVE_ERROR,
            is_robust=bool(reports) and largest + influence <= LARGEST_CUMULATIVE_ERROR,
            influence=influence,
            counts=None,
            mean=self._mean(summed[1], reports, answering) if reports else None,
        )

    def _mean(self, summed: Summed, reports: int, answering: Answering) -> MeanTitles:
        """Return the mean number of titles of those who could answer: a ratio of two noisy numbers (delta method)."""
        people = max(1.0, answering.estimate)
        mean = float(summed.sums[0]) / people
        error = float(np.hypot(summed.error, mean * answering.standard_error)) / people
        return MeanTitles(
            estimate=mean,
            standard_error=error,
            influence=breakdown_point(reports) * self.max_titles / people,
            expected_error=summed.error / max(1, reports),
            max_titles=self.max_titles,
        )
