"""How exact answers about viewing volume will be, before anybody is asked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netflix_trend.language import _
from netflix_trend.privacy.interval_channel import IntervalChannel
from netflix_trend.questions.question import Forecast, Needed
from netflix_trend.questions.volume.prior import PRIOR_PEOPLE, prior_shares
from netflix_trend.questions.volume.statistics import LARGEST_CUMULATIVE_ERROR, Volume, group_starts
from netflix_trend.questions.words import MAX_ANSWERS, needed_people

if TYPE_CHECKING:
    from netflix_trend.questions.volume.question import VolumeQuestion

# A round's stated largest error is 9 % above the expected one, give or take 7: measured in 24 to 100 rounds each at
# odds 3, 8 and 55 (epsilon 1.10, 2.08, 4.01) and 30 to 700 answers.
_SCATTER = 1.19


def forecast_volume(question: VolumeQuestion, answers: int, part: Fraction) -> Forecast:
    """Return the error of a person's place among the others, and whether it is small enough to be shown.

    part: of the participants who are asked.
    """
    error = percentile_error(question.channel, question.buckets, answers)
    needed = needed_for_volume(question.channel, question.buckets)
    enough = (
        "That is clear." if needed and answers >= needed else f"That is noise: it needs {needed_people(needed, part)}."
    )
    sentence = (
        f"The place of a person among the others will have a standard error of up to {100 * error:.1f} points "
        f"(95 %: give or take {196 * error:.0f})."
    )
    return Forecast((f"{sentence} {enough}",), error=error, needed=needed)


def cumulative_errors(channel: NDArray[np.float64], buckets: tuple[int, ...], answers: int) -> NDArray[np.float64]:
    """Return float64[B-1], standard errors of the shares of people below each bucket but the first, if weeks are as
    assumed beforehand.

    channel: float64[B, outputs]. The posterior in its normal approximation: the precision of the Dirichlet prior plus
    `answers` times the Fisher information of one report, on the shares of all buckets but the last. Exact without
    answers. Unlike drawing from the posterior it also holds for odds near 1, where the chain hardly moves.
    """
    prior = prior_shares(buckets)
    free = len(prior) - 1
    covariance = (np.diag(prior) - np.outer(prior, prior))[:free, :free] / (PRIOR_PEOPLE + 1)
    steps = channel[:free] - channel[free]
    information = steps / (prior @ channel) @ steps.T
    posterior = np.linalg.inv(np.linalg.inv(covariance) + answers * information)
    below = np.tril(np.ones((free, free)))
    return np.asarray(np.sqrt(np.diag(below @ posterior @ below.T)), dtype=np.float64)


def percentile_error(channel: IntervalChannel, buckets: tuple[int, ...], answers: int) -> float:
    """Return the largest standard error of a share of people below a group, if weeks are as assumed beforehand."""
    errors = cumulative_errors(channel.channel(), buckets, answers)
    return float(max(errors[place - 1] for place in group_starts(buckets) if place))


@lru_cache(maxsize=32)
def needed_for_volume(channel: IntervalChannel, buckets: tuple[int, ...]) -> int | None:
    """Return how many answers make the distribution reliable in nine rounds of ten, None if a million do not."""
    enough, limit = range(MAX_ANSWERS + 1), LARGEST_CUMULATIVE_ERROR / _SCATTER
    first = bisect_left(enough, True, key=lambda answers: percentile_error(channel, buckets, answers) <= limit)
    return first if first < len(enough) else None


def needed_for_distribution(statistic: Volume) -> Sequence[Needed]:
    """Return how many answers the distribution needs to be reliable, and how many there are."""
    if statistic.intervals is None:  # the error of a sum falls as one over the number of people
        needed: int | None = ceil(statistic.reports * max(statistic.cumulative_error) / LARGEST_CUMULATIVE_ERROR)
    else:
        channel = IntervalChannel(len(statistic.buckets), statistic.intervals, Fraction(*statistic.odds))
        needed = needed_for_volume(channel, statistic.buckets)
    what = _("a clear distribution of viewing")
    return [Needed("volume", what, needed, statistic.reports, statistic.participants, statistic.part)]
