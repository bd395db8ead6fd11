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
    PRIOR_SHARE,
    PRIOR_SPREAD,
    Floats,
    Levels,
    chart_shares,
    observe_shows,
    observed_levels,
    with_chart,
)


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

    The prior of a show is its place in the order (Zipf), wrong by a factor of 2 or so; its level over the rounds is
    filtered as in the trends; both are weighed by their errors (`trends.with_chart`).
    """
    observed = observe_shows(asked)
    titles = tuple(dict.fromkeys([*order, *(observed.titles if observed else ())]))
    mean, variance = np.full(len(titles), PRIOR_SHARE), np.full(len(titles), PRIOR_SPREAD**2)
    rounds = np.zeros(len(titles), np.int64)
    if observed is not None:
        place = {title: number for number, title in enumerate(titles)}
        known = [place[title] for title in observed.titles]
        levels = observed_levels(observed)
        mean[known], variance[known] = levels.mean, levels.variance
        rounds[known] = observed.asked.sum(axis=0)
    share, error, _, _, part = with_chart(Levels(mean, variance, 0.0), chart_shares(titles, order))
    return Popularity(titles, share, error, np.where(rounds > 0, part, 1.0), rounds)
