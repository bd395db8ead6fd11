"""How popular each show is among participants: the public chart, corrected by what participants answered.

The chart's order says what to expect, and the answers correct it as far as their noise, which is known, allows. All of
it follows from published statistics, so it costs no privacy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from netflix_trend.catalogue.keys import title_key
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.trends import (
    CHART_SPREAD,
    CHART_STEP,
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
# A round without noise, as far as its numbers say, counts no more than one that is wrong by so much.
_LEAST_NOISE = 1e-9


@dataclass(frozen=True)
class Popularity:
    """Shares of participants who name each show in a week, by title, the newest chart's order first.

    share, standard_error, prior_part: float64[V]. prior_part: 1 where the share is wholly the chart's, 0 where it rests
    on answers alone. rounds: int64[V], how many rounds asked about the show.
    """

    titles: tuple[str, ...]
    share: Floats
    standard_error: Floats
    prior_part: Floats
    rounds: np.ndarray[tuple[int], np.dtype[np.int64]]


def popularity(asked: Sequence[tuple[str, TopShows]], catalogue: Sequence[str], most: int) -> Popularity:
    """Return the popularity of the first shows of the newest chart and a catalogue, and of those that rounds asked
    about. Titles that differ in spelling only are one show.

    asked: name and statistic of each round with answers, oldest first. catalogue: titles, the most popular first. most:
    shows of chart and catalogue.

    The prior of a show is its place in the order of its week, the week's chart before the catalogue (Zipf), wrong by a
    factor of 2 or so, times how much more or less often this group names shows at all. An answer counts relative to its
    week: a group that named a show twice as often as the chart of that week suggested is expected to do so again, and a
    hit that has left the chart since is not recommended for what it was (`python -m bench next`). Answers of all rounds
    together are weighed with the prior by both errors (`trends.with_chart`).
    """
    charts = _charts(asked)
    names: dict[str, str] = {}
    newest = _spelled(charts[-1], names)
    others = _spelled(catalogue, names)
    order = _order(newest, others, most)
    shows = [(week, _with_titles(one, _spelled((show.title for show in one.shows), names))) for week, one in asked]
    observed = observe_shows(shows)
    titles = tuple(dict.fromkeys([*order, *(observed.titles if observed else ())]))
    mean, variance = np.full(len(titles), PRIOR_SHARE), np.full(len(titles), PRIOR_SPREAD**2)
    rounds = np.zeros(len(titles), np.int64)
    expected = chart_shares(titles, order)
    if observed is not None:
        place = {title: number for number, title in enumerate(titles)}
        known = [place[title] for title in observed.titles]
        orders = [_order(_spelled(chart, names), others, most) for chart in charts]
        then = np.array([chart_shares(observed.titles, one) for one in orders])
        mean[known], variance[known] = _levels(observed, expected[known] / then)
        rounds[known] = observed.asked.sum(axis=0)
        expected = expected * _factor(observed, then)
    share, error, _, _, part = with_chart(Levels(mean, variance, 0.0), expected)
    # The posterior of very many answers is narrower than a step of its grid.
    error = np.maximum(error, share * CHART_STEP / sqrt(12))
    return Popularity(titles, share, error, np.where(rounds > 0, part, 1.0), rounds)


def _charts(asked: Sequence[tuple[str, TopShows]]) -> list[tuple[str, ...]]:
    """Return the titles of each round's public chart in its order; one of before where a round has none of its own."""
    charts: list[tuple[str, ...]] = []
    for _, shows in asked:
        if shows.world is not None:
            charts.append(tuple(show.title for show in shows.world.shows))
        else:
            charts.append(charts[-1] if charts else ())
    return charts or [()]


def _order(chart: Sequence[str], catalogue: Sequence[str], most: int) -> list[str]:
    """Return the first shows of a chart and a catalogue, each once."""
    return list(dict.fromkeys((*chart, *catalogue)))[:most]


def _spelled(titles: Iterable[str], names: dict[str, str]) -> list[str]:
    """Return titles as they are spelled in `names`, by key; new ones join it."""
    return [names.setdefault(title_key(title), title) for title in titles]


def _with_titles(shows: TopShows, titles: Sequence[str]) -> TopShows:
    """Return a statistic with other titles of its shows."""
    renamed = [show.model_copy(update={"title": title}) for show, title in zip(shows.shows, titles, strict=True)]
    return shows.model_copy(update={"shows": tuple(renamed)})


def _levels(observed: ObservedShows, moved: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance of each show's share in all rounds that asked about it, float64[V] each, with the broad
    prior of the trends in it.

    moved: float64[R, V], by how much more the newest order suggests of a show than that of each round. Rounds count by
    the noise that their answers have then, whatever they say.
    """
    share, error = observed_shares(observed)
    noise = (observed.noise / observed.reports)[:, None] * moved
    weight = np.where(observed.asked, 1 / np.maximum(noise, _LEAST_NOISE) ** 2, 0.0)
    total = weight.sum(axis=0)
    found = np.nansum(weight * share * moved, axis=0) / total
    precision = total**2 / np.nansum((weight * error * moved) ** 2, axis=0)
    both = precision + 1 / PRIOR_SPREAD**2
    return (found * precision + PRIOR_SHARE / PRIOR_SPREAD**2) / both, 1 / both


def _factor(observed: ObservedShows, expected: Floats) -> float:
    """Return how many times as often as the order suggests people name shows of the lists, all shows together.

    expected: float64[R, V], shares that the order of each round suggests. Without it, shows that were asked about would
    be compared on another scale with those that were not. The mean of all rounds, weighed by their errors, and shrunk
    towards 1 as if it were wrong by CHART_SPREAD beforehand.
    """
    share, error = observed_shares(observed)
    named = np.nansum(share, axis=1)
    # The mean of a share that is wrong by a factor is above what the order suggests.
    suggested = (observed.asked * expected).sum(axis=1) * exp(CHART_SPREAD**2 / 2)
    precision = suggested**2 / np.nansum(error**2, axis=1)
    found = float((precision * named / suggested).sum() / precision.sum())
    known = CHART_SPREAD**2 / (CHART_SPREAD**2 + 1 / float(precision.sum()))
    return float(np.clip(1 + known * (found - 1), SMALLEST_FACTOR, LARGEST_FACTOR))
