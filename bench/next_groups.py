"""Groups of invented people for `python -m bench next`: what they have watched is known, and what they watch later.

Everybody has a latent taste: for genres, and in directions that no catalogue names. `Still` is a quarter in which
nothing is new and the public order is always the same; `Replay` puts such people into Netflix's own weeks, whose charts
move: most of what is popular is gone after a month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.populations import Replayed, candidates, public_order
from netflix_trend.catalogue.charts import Charts
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.examples import MEMBERSHIPS
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.recommend.taste import features_of
from netflix_trend.syftbox.shared_files import CANDIDATES
from services.aggregator.charts.listing import charted_places, week_list

Floats = NDArray[np.float64]
Shows = NDArray[np.int64]
Asked = Sequence[tuple[str, TopShows]]

# A quarter of weekly rounds, of which one asks about pairs, and the weeks after it that are looked at.
WEEKS, LATER = 13, 4
# How strongly people differ in genres and in directions that no catalogue names, and how wrong the chart is for them:
# standard deviations of the logarithm of how likely a show is watched.
_GENRES, _LATENT, _DIRECTIONS, _CHART = 2.5, 1.5, 8, 0.7
# How much people watch: shape of a gamma distribution with mean 1.
_APPETITE = 3.0


@dataclass(frozen=True)
class Played:
    """A week. watched: by each person. ever: what each has watched up to then."""

    week: Week
    watched: Sequence[frozenset[int]]
    ever: Sequence[frozenset[int]]


class Group(Protocol):
    """Invented people.

    vocabulary: everything that surveys are about. known: what the operator knows after the last week, its first shows.
    order: known shows in the public order after the last week. before, after: what each has seen, and watches later of
    what is known.
    """

    vocabulary: Vocabulary
    known: Vocabulary
    order: Sequence[int]
    before: Sequence[Shows]
    after: Sequence[Shows]

    def weeks(self) -> Sequence[Played]:
        """Return the weeks of a quarter."""

    def listing(self, week: Week, rounds: Asked) -> tuple[list[int], AskedChart | None]:
        """Return the list of a week's round and the chart that it begins with. rounds: of before, oldest first."""


class Still:
    """People in a quarter without novelties. They watch their shows in random order: three quarters of these are known,
    and the rest is what they watch later.
    """

    _FIRST = Week.parse("2026-W40")
    _STEEP, _SHOWS, _FEWEST = 0.9, 35.0, 8

    def __init__(self, people: int, seed: int) -> None:
        """Make a group; the same arguments give the same people."""
        generator = np.random.default_rng([seed, people])
        shows = starter_vocabulary().shows
        genres = features_of(shows).matrix
        popularity = -self._STEEP * np.log(np.arange(1, len(shows) + 1)) + generator.normal(0, _CHART, len(shows))
        directions = generator.normal(0, 1, (len(shows), _DIRECTIONS)) / 1.5
        before, after = list[Shows](), list[Shows]()
        for _ in range(people):
            likes = genres @ generator.normal(0, _GENRES, genres.shape[1])
            hidden = directions @ generator.normal(0, _LATENT, _DIRECTIONS)
            number = self._FEWEST + generator.poisson(self._SHOWS * generator.gamma(_APPETITE, 1 / _APPETITE))
            # The largest of these are a draw without replacement by the weights (Gumbel).
            chosen = np.argsort(-(popularity + likes + hidden + generator.gumbel(0, 1, len(shows))))[:number]
            generator.shuffle(chosen)
            before.append(chosen[: 3 * number // 4])
            after.append(chosen[3 * number // 4 :])
        self.vocabulary = self.known = Vocabulary(shows, ())
        self.order: Sequence[int] = range(len(shows))
        self.before: Sequence[Shows] = before
        self.after: Sequence[Shows] = after
        self._seed = seed

    def weeks(self) -> Sequence[Played]:
        """Return what everybody watched in each week: what they have seen, spread evenly."""
        generator = np.random.default_rng(self._seed)
        watched: list[list[frozenset[int]]] = [[] for _ in range(WEEKS)]
        for seen in self.before:
            at = generator.integers(0, WEEKS, len(seen))
            for week, people in enumerate(watched):
                people.append(frozenset(seen[at == week].tolist()))
        ever = [frozenset(seen.tolist()) for seen in self.before]
        return [Played(self._FIRST + number, people, ever) for number, people in enumerate(watched)]

    def listing(self, week: Week, rounds: Asked) -> tuple[list[int], AskedChart | None]:
        """Return a list without a chart."""
        return week_list(Charts(), None, self.vocabulary, rounds, week, CANDIDATES)


class Replay:
    """People in Netflix's own weeks. A show is watched by as many as its views say, times how different the group is,
    times each person's taste. One that has left the chart loses as much every week as charted ones do, down to what a
    show of its place in the catalogue has.
    """

    # From one week to the next a charted show keeps this part of its views (median of 130 weeks), and so many people
    # watch some of a show for each of its views, which are hours over its length.
    _KEPT, _REACH = 0.6, 2.5
    # Of memberships, the share that watch the first show of the catalogue that is in no chart, and how that falls.
    _FIRST_OTHER, _STEEP = 0.004, 0.65
    _LIKELIEST = 0.9

    def __init__(self, chart: Path, people: int, seed: int) -> None:
        """Make a group. chart: Netflix's weekly global lists, a TSV. The same arguments give the same people."""
        self._world = _world(chart)
        self.vocabulary = self._world.vocabulary
        self._first = self._world.first_week(seed, WEEKS + LATER)
        last = self._first + (WEEKS - 1)
        self.known = self._world.known(self._world.weekly[last])
        charted = public_order(self._world, last, "in time")
        self.order: Sequence[int] = list(dict.fromkeys([*charted, *range(len(self.known))]))
        self._watched = self._play(people, seed)
        self._ever = np.logical_or.accumulate(self._watched, axis=0)
        before, shows = self._ever[WEEKS - 1], len(self.known)
        later = self._watched[WEEKS:].any(axis=0) & ~before
        self.before: Sequence[Shows] = [np.flatnonzero(seen[:shows]) for seen in before]
        self.after: Sequence[Shows] = [np.flatnonzero(seen[:shows]) for seen in later]

    def _play(self, people: int, seed: int) -> NDArray[np.bool_]:
        """Return bool[weeks, people, shows]."""
        generator, shows = np.random.default_rng([seed, people]), len(self.vocabulary)
        genres = features_of(self.vocabulary.shows).matrix.copy()
        # Shows have genres also where the catalogue does not know them.
        unknown = np.flatnonzero(~genres.any(axis=1))
        genres[unknown] = genres[generator.integers(0, len(starter_vocabulary()), len(unknown))]
        likes = generator.normal(0, _GENRES, (people, genres.shape[1])) @ genres.T
        directions = generator.normal(0, 1, (shows, _DIRECTIONS)) / 1.5
        taste = np.exp(likes + generator.normal(0, _LATENT, (people, _DIRECTIONS)) @ directions.T)
        taste *= generator.gamma(_APPETITE, 1 / _APPETITE, people)[:, None] / taste.mean(axis=0)
        taste *= np.exp(generator.normal(0, _CHART, shows) - _CHART**2 / 2) * self._REACH
        popularity = self.popularity()
        watched = np.empty((len(popularity), people, shows), np.bool_)
        for week, share in enumerate(popularity):
            watched[week] = generator.random((people, shows)) < np.minimum(self._LIKELIEST, taste * share)
        return watched

    def popularity(self) -> list[Floats]:
        """Return the share of memberships that watch each show, float64[shows], of each week."""
        found, left, lead = list[Floats](), np.zeros(len(self.vocabulary)), min(self._world.weekly)
        for number in range(lead.index - self._first.index, WEEKS + LATER):
            chart = self._world.weekly[self._first + number]
            views = charted_places(self._world.charts, chart, self.vocabulary)
            left *= self._KEPT
            left[list(views)] = np.array([one or 0 for one in views.values()]) / MEMBERSHIPS
            if number >= 0:
                found.append(np.maximum(left, self._least(list(views))))
        return found

    def _least(self, charted: Sequence[int]) -> Floats:
        """Return what shows of the catalogue have at least, float64[shows]; 0 for what came with a chart."""
        least = np.zeros(len(self.vocabulary))
        others = np.setdiff1d(np.arange(len(starter_vocabulary())), charted)
        least[others] = self._FIRST_OTHER * np.arange(1.0, len(others) + 1) ** -self._STEEP
        return least

    def weeks(self) -> Sequence[Played]:
        """Return the weeks before the last one of which the operator knows the answers."""
        return [
            Played(self._first + number, _sets(self._watched[number]), _sets(self._ever[number]))
            for number in range(WEEKS)
        ]

    def listing(self, week: Week, rounds: Asked) -> tuple[list[int], AskedChart | None]:
        """Return the list that begins with the week's own chart."""
        return candidates(self._world, week, "in time", rounds)


@cache
def _world(chart: Path) -> Replayed:
    """Return the weeks of a file, read once."""
    return Replayed("weeks", chart, differs=False)


def _sets(watched: NDArray[np.bool_]) -> list[frozenset[int]]:
    """Return the shows of each person. watched: bool[people, shows]."""
    return [frozenset(np.flatnonzero(row).tolist()) for row in watched]
