"""How popular each show is among participants: the public chart, corrected by what participants answered.

The chart's order says what to expect, and the answers correct it as far as their noise, which is known, allows. All of
it follows from published statistics, so it costs no privacy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.trends import (
    CHART_SPREAD,
    PRIOR_SHARE,
    PRIOR_SPREAD,
    Floats,
    Levels,
    ObservedShows,
    chart_shares,
    observe_shows,
    observed_shares,
    with_chart,
)

# Shows are named at most so many times as often, or rarely, as the order suggests.
SMALLEST_FACTOR, LARGEST_FACTOR = 0.05, 5.0


@dataclass(frozen=True)
class Popularity:
    """Shares of participants who name each show in a week, by title, the chart's order first.

    share, standard_error, prior_part: float64[V]. prior_part: 1 where the share is wholly the chart's, 0 where it rests
    on answers alone. rounds: int64[V], how many rounds asked about the show.
    """

    titles: tuple[str, ...]
    share: Floats
    standard_error: Floats
    prior_part: Floats
    rounds: np.ndarray[tuple[int], np.dtype[np.int64]]


def popularity(asked: Sequence[tuple[str, TopShows]], order: Sequence[str]) -> Popularity:
    """Return the popularity of all shows of a public order, and of those that rounds asked about.

    asked: name and statistic of each round with answers, oldest first. order: titles, the most popular first, each
    once.

    The prior of a show is its place in the order (Zipf), wrong by a factor of 2 or so, times how much more or less
    often this group names shows at all. What was answered in all rounds together is weighed with it by both errors
    (`trends.with_chart`); what will be watched next depends less on the newest week than a trend does.
    """
    observed = observe_shows(asked)
    titles = tuple(dict.fromkeys([*order, *(observed.titles if observed else ())]))
    mean, variance = np.full(len(titles), PRIOR_SHARE), np.full(len(titles), PRIOR_SPREAD**2)
    rounds = np.zeros(len(titles), np.int64)
    if observed is not None:
        place = {title: number for number, title in enumerate(titles)}
        known = [place[title] for title in observed.titles]
        mean[known], variance[known] = _levels(observed)
        rounds[known] = observed.asked.sum(axis=0)
    expected = chart_shares(titles, order)
    if observed is not None:
        expected = expected * _factor(observed, expected[known])
    share, error, _, _, part = with_chart(Levels(mean, variance, 0.0), expected)
    return Popularity(titles, share, error, np.where(rounds > 0, part, 1.0), rounds)


def _levels(observed: ObservedShows) -> tuple[Floats, Floats]:
    """Return mean and variance of each show's share in all rounds that asked about it, float64[V] each, with the broad
    prior of the trends in it.
    """
    share, error = observed_shares(observed)
    weight = np.where(observed.asked, observed.reports[:, None], 0.0)
    total = weight.sum(axis=0)
    found = np.nansum(weight * share, axis=0) / total
    precision = total**2 / np.nansum((weight * error) ** 2, axis=0)
    both = precision + 1 / PRIOR_SPREAD**2
    return (found * precision + PRIOR_SHARE / PRIOR_SPREAD**2) / both, 1 / both


def _factor(observed: ObservedShows, expected: Floats) -> float:
    """Return how many times as often as the order suggests people name shows of the lists, all shows together.

    expected: float64[V], shares that the order suggests. Without it, shows that were asked about would be compared on
    another scale with those that were not. The mean of all rounds, weighed by their errors, and shrunk towards 1 as if
    it were wrong by CHART_SPREAD beforehand.
    """
    share, error = observed_shares(observed)
    named = np.nansum(share, axis=1)
    suggested = observed.asked @ expected
    precision = suggested**2 / np.nansum(error**2, axis=1)
    found = float((precision * named / suggested).sum() / precision.sum())
    known = CHART_SPREAD**2 / (CHART_SPREAD**2 + 1 / float(precision.sum()))
    return float(np.clip(1 + known * (found - 1), SMALLEST_FACTOR, LARGEST_FACTOR))
