"""Which shows the next round asks about: the week's public chart, those most likely to be on top, some to explore."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netflix_trend.catalogue.vocabulary import CatalogueTitle
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.trends import (
    CHART_SPREAD,
    CHART_TOP,
    chart_shares,
    observe_shows,
    observed_levels,
    with_chart,
)

# One place in ten on the list is for exploration.
_EXPLORED_PERCENT = 10


def next_candidates(
    rounds: Sequence[tuple[str, TopShows]],
    shows: Sequence[CatalogueTitle],
    week: Week,
    length: int,
    *,
    first: Sequence[int] = (),
    popular: Sequence[int] = (),
) -> list[int]:
    """Return which vocabulary indices to ask about in a week; the strongest first, the ones to explore last.

    rounds: name and statistic of each round that got answers, oldest first. shows: the catalogue, used as a prior
    order: it decides only what is asked, never a published number. length: of the list. first: indices that the list
    begins with, in this order: the week's public chart. popular: indices that the prior order begins with. Before the
    first answers, the first shows in the prior order follow.

    A show's expected share is the larger of two: the estimate from answers and prior order together, and one standard
    deviation below the estimate from answers alone. So a strong show that one noisy round called weak stays, and one
    that the chart does not know comes onto the list when its answers are good. The places for exploration go to shows
    that no round has asked about, this year's first; then to those asked about longest ago.
    """
    total = min(length, len(shows))
    listed = list(dict.fromkeys(first))[:total]
    order = list(dict.fromkeys([*popular, *range(len(shows))]))
    observed = observe_shows(rounds)
    if observed is None:
        return list(dict.fromkeys([*listed, *order]))[:total]
    rank = np.empty(len(shows))
    rank[order] = np.arange(1, len(shows) + 1)
    expected = CHART_TOP / rank * np.exp(CHART_SPREAD**2 / 2)
    last_asked = np.full(len(shows), -1)
    number = {show.title: place for place, show in enumerate(shows)}
    known = [column for column, title in enumerate(observed.titles) if title in number]
    places = [number[observed.titles[column]] for column in known]
    levels = observed_levels(observed)
    charted, *_ = with_chart(levels, chart_shares(observed.titles, [shows[place].title for place in order]))
    expected[places] = np.maximum(charted, levels.mean - np.sqrt(levels.variance))[known]
    rounds_before = len(observed.weeks)
    last_asked[places] = (rounds_before - 1 - np.argmax(observed.asked[::-1], axis=0))[known]
    explored = min(total - len(listed), total * _EXPLORED_PERCENT // 100)
    expected[listed] = -np.inf
    best = [*listed, *np.argsort(-expected, kind="stable")[: total - explored - len(listed)].tolist()]
    year = week.monday.year

    def turn(place: int) -> tuple[int, bool, int]:
        return int(last_asked[place]), (shows[place].year or 0) < year, place

    others = sorted(set(range(len(shows))) - set(best), key=turn)
    return [*best, *others[: total - len(best)]]
