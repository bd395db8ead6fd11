"""The distribution of weekly viewing, from the answers about it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.distribution import linear_mean, linear_weights, map_shares, posterior_draws
from netflix_trend.privacy.interval_channel import IntervalChannel
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.volume.mean import mean_titles
from netflix_trend.questions.volume.prior import PRIOR_PEOPLE, prior_shares
from netflix_trend.questions.volume.statistics import LARGEST_CUMULATIVE_ERROR, Volume, VolumeGroup, group_starts

if TYPE_CHECKING:
    from netflix_trend.questions.volume.question import VolumeQuestion

CONFIDENCE = 0.95
_ENDS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
# Successive draws are correlated: about 50 at 300 reports and 500 at 30,000 are worth one independent draw.
_DRAWS = 4000


def estimate_volume(question: VolumeQuestion, counts: NDArray[np.int64], seed: str) -> Volume:
    """Return the distribution of weekly counts behind the reports of a round, with its mean.

    counts: int64[outputs], how often each report came. seed: any text; the same one gives the same numbers. Buckets,
    cumulative shares and groups have intervals from the posterior (decision 0005). The lower end of a share is that of
    the unbiased estimate where this is lower, so that the prior alone never makes a share clear.
    """
    channel, reports = question.channel.channel(), int(counts.sum())
    prior = prior_shares(question.buckets)
    shares = map_shares(counts, channel, prior, PRIOR_PEOPLE)
    draws = _posterior(question.channel, question.buckets, tuple(counts.tolist()), seed)
    lower, upper = np.quantile(draws, _ENDS, axis=0)
    lower = np.minimum(lower, _lower_without_prior(question.channel, counts, range(len(shares))))
    # Around what is published, which is not quite the middle of the posterior.
    errors = np.sqrt(np.mean((_below(draws) - _below(shares)) ** 2, axis=0))
    moved = volume_influence(counts, channel, shares, prior, PRIOR_PEOPLE, breakdown_point(reports))
    # Behind the last group a table may leave buckets alike: there the prior decides, however many answer.
    starts = group_starts(question.buckets)
    largest = float(errors[starts].max())
    influence = min(1.0, float(np.abs(_below(moved)[:, starts]).max()))
    return Volume(
        reports=reports,
        odds=(question.odds.numerator, question.odds.denominator),
        intervals=question.intervals,
        confidence=CONFIDENCE,
        buckets=question.buckets,
        shares=tuple(shares.tolist()),
        lower=tuple(np.minimum(lower, shares).tolist()),
        upper=tuple(np.maximum(upper, shares).tolist()),
        cumulative=tuple(np.clip(_below(shares), 0, 1).tolist()),
        cumulative_error=tuple(errors.tolist()),
        groups=_groups(question, counts, shares, draws),
        is_reliable=bool(reports and largest <= LARGEST_CUMULATIVE_ERROR),
        is_robust=bool(reports and largest + influence <= LARGEST_CUMULATIVE_ERROR),
        influence=influence,
        counts=tuple(counts.tolist()),
        mean=mean_titles(question.channel, question.buckets, counts),
    )


@lru_cache(maxsize=4)  # a round is estimated again when more people take part, or when it is closed
def _posterior(
    channel: IntervalChannel, buckets: tuple[int, ...], counts: tuple[int, ...], seed: str
) -> NDArray[np.float64]:
    # Seeded by the survey: these draws describe uncertainty, they protect nobody, and must be repeatable.
    generator = np.random.default_rng(int(hashlib.sha256(seed.encode()).hexdigest()[:16], 16))
    prior, answers = prior_shares(buckets), np.array(counts, dtype=np.int64)
    draws = posterior_draws(answers, channel.channel(), prior, PRIOR_PEOPLE, _DRAWS, generator)
    draws.flags.writeable = False
    return draws


def _groups(
    question: VolumeQuestion, counts: NDArray[np.int64], shares: NDArray[np.float64], draws: NDArray[np.float64]
) -> tuple[VolumeGroup, ...]:
    """Return the shares of the groups of buckets that people are shown. draws: float64[draws, B], the posterior."""
    starts = group_starts(question.buckets)
    share = np.add.reduceat(shares, starts)
    lower, upper = np.quantile(np.add.reduceat(draws, starts, axis=1), _ENDS, axis=0)
    lower = np.minimum(lower, _lower_without_prior(question.channel, counts, starts))
    return tuple(
        VolumeGroup(
            low=question.buckets[start],
            share=min(1.0, float(share[place])),
            lower=min(float(lower[place]), float(share[place])),
            upper=min(1.0, max(float(upper[place]), float(share[place]))),
        )
        for place, start in enumerate(starts)
    )


def _lower_without_prior(
    channel: IntervalChannel, counts: NDArray[np.int64], starts: Sequence[int]
) -> NDArray[np.float64]:
    """Return float64[groups], lower ends of the shares of neighbouring buckets that hold whatever people watch.

    A share is the mean of a number that is 1 in the group's buckets and 0 elsewhere, so `linear_weights` serves. 0
    where no estimate of it is unbiased: the table may leave buckets alike that the mean counts the same.
    """
    matrix, buckets = channel.channel(), np.arange(channel.buckets)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    lower = []
    for first, end in zip(starts, (*starts[1:], channel.buckets), strict=True):
        inside = ((buckets >= first) & (buckets < end)).astype(float)
        if counts.any() and channel.can_estimate(inside.tolist()):
            share, error = linear_mean(counts, linear_weights(matrix, inside))
            lower.append(max(0.0, share - z * error))
        else:
            lower.append(0.0)
    return np.array(lower)


def _below(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share below each bucket, along the last axis."""
    return np.asarray(np.cumsum(shares, axis=-1) - shares, dtype=np.float64)


def volume_influence(
    counts: NDArray[np.int64],
    channel: NDArray[np.float64],
    shares: NDArray[np.float64],
    prior: NDArray[np.float64],
    prior_people: float,
    left_out: int,
) -> NDArray[np.float64]:
    """Return float64[outputs, B]: how the estimated shares change when `left_out` reports of one output are left out.

    counts: int64[outputs]; channel: float64[B, outputs]; shares: the maximum that `map_shares` found. Where fewer
    reports have this output, all of them are left out. Each row is estimated again.
    """
    moved = np.zeros((len(counts), len(shares)))
    for output in np.flatnonzero(np.minimum(counts, left_out)):
        fewer = counts.copy()
        fewer[output] -= min(left_out, int(counts[output]))
        moved[output] = map_shares(fewer, channel, prior, prior_people, shares) - shares
    return moved
