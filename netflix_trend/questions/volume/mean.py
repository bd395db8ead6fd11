"""Mean number of titles started in a week: what it counts, and its estimate from randomized answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AllowInfNan, Field, model_validator

from netflix_trend.privacy.distribution import linear_mean, linear_weights
from netflix_trend.privacy.interval_channel import IntervalChannel
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.volume.prior import prior_shares
from netflix_trend.storage.model import Strict

# More titles than this count as this many in the mean: few people start so many, and their noise would drown the rest.
MAX_TITLES = 30

_Number = Annotated[float, AllowInfNan(False)]
_NotNegative = Annotated[_Number, Field(ge=0)]


class MeanTitles(Strict):
    """Mean number of titles that a participant started in the week, unbiased, so it may lie below 0.

    max_titles: more titles than this count as this many, so it is a mean of min(titles, max_titles). influence: how
    much it changes at most when 1 % of the reports, all with the same answer, are left out. expected_error: its
    standard error if people watch as assumed beforehand, so that it depends on no answer; old files have none.
    """

    estimate: _Number
    standard_error: _NotNegative
    influence: _NotNegative
    expected_error: _NotNegative | None = None
    max_titles: Annotated[int, Field(ge=1, le=1_000)] = MAX_TITLES

    @model_validator(mode="before")
    @classmethod
    def _without_needed(cls, value: Any) -> Any:
        """Read an old file, which said how many reports are needed, from the noisy mean itself."""
        return {key: one for key, one in value.items() if key != "reports_needed"} if isinstance(value, dict) else value


def bucket_titles(buckets: Sequence[int]) -> NDArray[np.float64]:
    """Return float64[B], how many titles a person of each bucket is counted with: the middle of the bucket, but at most
    MAX_TITLES. The last bucket is open; it is taken to be twice as wide as the one before.
    """
    middles = [(low + high - 1) / 2 for low, high in pairwise(buckets)]
    return np.minimum([*middles, float(2 * buckets[-1] - buckets[-2])], MAX_TITLES)


def mean_titles(channel: IntervalChannel, buckets: Sequence[int], counts: NDArray[np.int64]) -> MeanTitles | None:
    """Return the mean number of titles behind the reports of a round; None without reports or an unbiased estimate.

    counts: int64[outputs]. Unbiased whatever people watch: there is no prior, which would shrink every week and flatten
    a trend. The influence is that of the largest 1 % of reports, all of one output.
    """
    reports, titles, matrix = int(counts.sum()), bucket_titles(buckets), channel.channel()
    if not reports or not channel.can_estimate(titles.tolist()):
        return None
    weights = linear_weights(matrix, titles)
    mean, error = linear_mean(counts, weights)
    left_out = np.minimum(counts, breakdown_point(reports))
    moved = left_out * np.abs(weights - mean) / np.maximum(1, reports - left_out)
    assumed = prior_shares(buckets) @ matrix
    variance = float(assumed @ weights**2 - (assumed @ weights) ** 2)
    return MeanTitles(
        estimate=mean,
        standard_error=error,
        influence=float(moved.max()),
        expected_error=math.sqrt(variance / reports),
    )
