"""How exact a survey's answers will be, before anybody is asked: from the exact variances of the mechanisms."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from netflix_trend.privacy.counts import gate_count, reports_needed
from netflix_trend.published.effect_statistics import EVENT_SHARE, LARGEST_EFFECT_ERROR
from netflix_trend.published.statistics import LARGEST_CUMULATIVE_ERROR, RoundStatistics
from netflix_trend.published.wording import MOST_ANSWERS
from netflix_trend.survey.survey import EffectQuestion, TopShowsQuestion, VolumeQuestion
from services.aggregator.volume import PRIOR_PEOPLE, prior_shares

# Shares of people who name a show: a hit, a strong show, an ordinary one (docs/method/statistics.md#invented-people).
SHARES = (0.21, 0.10, 0.04)
# How many more titles a week people start during a life event, which EVENT_SHARE of them have
# (docs/method/statistics.md#life-events).
EVENT_CHANGE = 3.0
# What a round states as its largest error is about 8 % above what is expected, give or take 5: measured in 24 rounds
# each at odds of 3, 8 and 55 and 30 to 500 answers.
_SCATTER = 1.15


@dataclass(frozen=True)
class ShowPrediction:
    """A show that `share` of the people name. standard_error: of its estimated share. chance: that it is told from
    noise. answers_needed: for a chance of .9, None when a million do not do.
    """

    share: float
    standard_error: float
    chance: float
    answers_needed: int | None


@dataclass(frozen=True)
class Needed:
    """How many answers something takes, in words: None when a million do not do. answers: how many there are.

    question: which it is about; share: of the people who name the show, of top shows.
    """

    question: str
    what: str
    needed: int | None
    answers: int
    share: float | None = None

    @property
    def is_enough(self) -> bool:
        """Whether there are as many answers as it takes."""
        return self.needed is not None and self.answers >= self.needed


def what_it_takes(statistics: RoundStatistics) -> list[Needed]:
    """Return how many answers a round's questions need, and how many they got.

    Life events are left out: they are estimated once a quarter, which says by itself what it needs.
    """
    found = []
    top_shows, volume = statistics.top_shows, statistics.volume
    if top_shows is not None and len(top_shows.shows) > 1:
        listed, odds = range(len(top_shows.shows)), Fraction(*top_shows.odds)
        question = TopShowsQuestion.ask(listed, k=top_shows.k, odds=odds, weight=1)
        found += [
            Needed(
                "top_shows",
                f"a show that {100 * share:.0f} % of people name to be clear",
                needed_for_show(question, share),
                top_shows.reports,
                share,
            )
            for share in SHARES
        ]
    if volume is not None:
        asked = VolumeQuestion.ask(odds=Fraction(*volume.odds), weight=1, buckets=volume.buckets)
        found.append(Needed("volume", "a clear distribution of viewing", needed_for_volume(asked), volume.reports))
    return found


def predict_shows(question: TopShowsQuestion, answers: int) -> list[ShowPrediction]:
    """Return what `answers` answers will say about a show of each of SHARES."""
    channel = question.channel
    true_rate, false_rate = float(channel.true_rate), float(channel.false_rate)
    items, gain = len(question.candidates), float(channel.true_rate - channel.false_rate)
    gate = gate_count(answers, items, false_rate) if answers else 1
    found = []
    for share in SHARES:
        rate = share * true_rate + (1 - share) * false_rate
        # People drawn at random: the variance of the noise and of the sampling together.
        deviation = math.sqrt(answers * rate * (1 - rate))
        found.append(
            ShowPrediction(
                share=share,
                standard_error=min(1.0, deviation / (answers * gain)) if answers else 1.0,
                chance=1 - NormalDist().cdf((gate - 0.5 - answers * rate) / deviation) if answers else 0.0,
                answers_needed=needed_for_show(question, share),
            )
        )
    return found


def needed_for_show(question: TopShowsQuestion, share: float) -> int | None:
    """Return how many answers tell a show that `share` of people name from noise in nine of ten rounds, None when a
    million do not.
    """
    channel = question.channel
    needed = reports_needed(share, len(question.candidates), float(channel.true_rate), float(channel.false_rate))
    return needed if needed <= MOST_ANSWERS else None


def percentile_error(question: VolumeQuestion, answers: int) -> float:
    """Return the largest standard error of a share of people below a bucket, if weeks are as assumed beforehand.

    The posterior in its normal approximation: the precision of the Dirichlet prior plus `answers` times the Fisher
    information of one report, on the shares of all buckets but the last. Exact without answers. Unlike drawing from the
    posterior it also holds for odds near 1, where the chain hardly moves.
    """
    channel, prior = question.channel.channel(), prior_shares(question.buckets)
    free = len(prior) - 1
    covariance = (np.diag(prior) - np.outer(prior, prior))[:free, :free] / (PRIOR_PEOPLE + 1)
    steps = channel[:free] - channel[free]
    information = steps / (prior @ channel) @ steps.T
    posterior = np.linalg.inv(np.linalg.inv(covariance) + answers * information)
    below = np.tril(np.ones((free, free)))
    return float(np.sqrt(np.diag(below @ posterior @ below.T)).max())


@lru_cache(maxsize=32)
def needed_for_volume(question: VolumeQuestion) -> int | None:
    """Return how many answers make the distribution reliable in nine of ten rounds, None when a million do not."""
    enough, limit = range(MOST_ANSWERS + 1), LARGEST_CUMULATIVE_ERROR / _SCATTER
    first = bisect_left(enough, True, key=lambda answers: percentile_error(question, answers) <= limit)
    return first if first < len(enough) else None


def effect_error(question: EffectQuestion, answers: int) -> float:
    """Return the standard error of the mean change of those with an event, titles a week; at most the clip.

    As if EVENT_SHARE of people had one and changed by EVENT_CHANGE: what is estimated is the mean over everybody.
    """
    if not answers:
        return float(question.clip)
    return min(float(question.clip), math.sqrt(_effect_variance(question) / answers) / EVENT_SHARE)


def needed_for_effect(question: EffectQuestion) -> int | None:
    """Return how many answers of a quarter make that change reliable, None when a million do not."""
    needed = math.ceil(_effect_variance(question) / (LARGEST_EFFECT_ERROR * EVENT_SHARE) ** 2)
    return needed if needed <= MOST_ANSWERS else None


def _effect_variance(question: EffectQuestion) -> float:
    """Return the variance of one answer's estimated change: clip**2 * Var(report is UP - report is DOWN) / gain**2."""
    channel = question.channel
    gain = float(channel.true_rate - channel.false_rate)
    up = EVENT_SHARE * min(1.0, EVENT_CHANGE / question.clip)
    moved = 2 * float(channel.false_rate) + gain * up
    return (question.clip / gain) ** 2 * (moved - (gain * up) ** 2)
