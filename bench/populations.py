"""Populations that rounds are simulated with: invented ones, and Netflix's own weeks replayed from an operator's file.

Of a replayed week only the charted series are known: ten of each list. A membership counts as a person, views of a
show's seasons are added, and people choose independently of each other. What lies below the tenth place is watched by
nobody, so a replay is kinder to a show that has left the chart than reality is not.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from math import gcd
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.simulation.population import FLAT, Population, SimulatedWeek

# How many memberships there are in the weeks that are replayed, about: turns views into shares of people.
MEMBERSHIPS = 300e6
# How far a cohort's taste lies from the chart: standard deviation of the logarithm of a show's popularity.
TASTE = 0.8
# A cohort unlike the chart watches other shows in place of this part of the chart's.
SWAPPED = 1 / 3
# Which public chart a list is made from: the week's own, the one of the week before, or none.
Listing = Literal["in time", "last week's", "none"]
LISTINGS: tuple[Listing, ...] = ("in time", "last week's", "none")

_FIRST_INVENTED = Week.parse("2026-W41")
_INVENTED_SHOWS = 5000
# Before this week the file states hours, not views.
_FIRST_WITH_VIEWS = Week.parse("2023-W27")


class Replayable(Protocol):
    """A population. name: in tables. has_chart: whether a chart of each week is public. vocabulary: everything that can
    be asked about.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def has_chart(self) -> bool: ...  # noqa: D102
    @property
    def vocabulary(self) -> Vocabulary: ...  # noqa: D102

    def first_week(self, cohort: int, weeks: int) -> Week:
        """Return the first of the `weeks` weeks that cohort number `cohort` plays."""

    def play(self, people: int, cohort: int, weeks: int) -> Iterator[SimulatedWeek]:
        """Yield the weeks of so many people; the same arguments give the same weeks."""

    def known(self, week: Week, listing: Listing) -> int:
        """Return how many of the vocabulary's shows, from the first, the operator knows when the list is made."""

    def chart(self, week: Week, listing: Listing) -> Sequence[int]:
        """Return the shows of the public chart that the operator has when the list is made, in its order."""


@dataclass(frozen=True)
class Invented:
    """People whose taste differs from a static public order; how steep popularity falls is the exponent of Zipf's law.

    There is no weekly chart: the public order is the catalogue's.
    """

    name: str
    exponent: float
    has_chart: bool = False

    @property
    def vocabulary(self) -> Vocabulary:
        """Invented shows, the most popular of the public order first."""
        return _invented_vocabulary()

    def first_week(self, cohort: int, weeks: int) -> Week:
        """Return the same week for every cohort."""
        return _FIRST_INVENTED

    def play(self, people: int, cohort: int, weeks: int) -> Iterator[SimulatedWeek]:
        """Yield the weeks of a cohort with a taste of its own."""
        return Population(people, _INVENTED_SHOWS, cohort, taste=TASTE, exponent=self.exponent).weeks(weeks)

    def known(self, week: Week, listing: Listing) -> int:
        """Return all: nothing is new in an invented catalogue."""
        return _INVENTED_SHOWS

    def chart(self, week: Week, listing: Listing) -> Sequence[int]:
        """Return the catalogue's order."""
        return range(_INVENTED_SHOWS)


@lru_cache(maxsize=1)
def _invented_vocabulary() -> Vocabulary:
    return Vocabulary.build(CatalogueTitle(title=f"Show {n}", kind="series") for n in range(_INVENTED_SHOWS))


def read_views(path: Path) -> dict[Week, list[tuple[str, int]]]:
    """Return the series of each week with their views, most viewed first, from Netflix's weekly global lists.

    path: a TSV with columns week, category, show_title, weekly_views.
    """
    views: defaultdict[Week, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["category"].startswith("TV") and row["weekly_views"]:
                views[Week.of(date.fromisoformat(row["week"]))][row["show_title"]] += int(row["weekly_views"])
    return {week: sorted(views[week].items(), key=lambda item: -item[1]) for week in sorted(views)}


@dataclass(frozen=True)
class Replayed:
    """Netflix's own weeks. differs: the cohort's taste is not the world's: the views of each show times e**(.8 Z), and
    one show in three is one of the catalogue in place of the chart's, in every week.
    """

    name: str
    path: Path
    differs: bool
    has_chart: bool = True

    @cached_property
    def _views(self) -> Mapping[Week, Sequence[tuple[str, int]]]:
        return {week: views for week, views in read_views(self.path).items() if week >= _FIRST_WITH_VIEWS}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The starter catalogue, then every charted title in the order in which the charts bring them."""
        new = (CatalogueTitle(title=title, kind="series") for views in self._views.values() for title, _ in views)
        starter = starter_vocabulary()
        return Vocabulary.build([*starter.shows, *starter.films, *new])

    @cached_property
    def _charts(self) -> Mapping[Week, NDArray[np.int64]]:
        """int64[charted], vocabulary indices in the chart's order."""
        find = self.vocabulary.show
        return {week: np.array([find(title) for title, _ in views], np.int64) for week, views in self._views.items()}

    def first_week(self, cohort: int, weeks: int) -> Week:
        """Return the beginning of one of the stretches of so many weeks, from the first week with views on.

        A week of lead is left for last week's chart. A few cohorts are spread over all years; no stretch is played
        twice before each was played once.
        """
        first, last = min(self._views), max(self._views)
        stretches = (last.index - first.index) // weeks
        step = next(step for step in (5, 7, 1) if gcd(step, stretches) == 1)
        return first + (1 + weeks * (cohort * step % stretches))

    def play(self, people: int, cohort: int, weeks: int) -> Iterator[SimulatedWeek]:
        """Yield weeks in which every active person watches each show with its share of memberships."""
        generator, shows = np.random.default_rng([cohort, people]), len(self.vocabulary)
        factor, stand_in = np.ones(shows), np.arange(shows)
        if self.differs:
            factor = np.exp(generator.normal(0, TASTE, shows))
            others = generator.permutation(len(starter_vocabulary()))
            swapped = np.flatnonzero(generator.random(shows) < SWAPPED)
            stand_in[swapped] = others[np.arange(len(swapped)) % len(others)]
        first = self.first_week(cohort, weeks)
        # How much and when people watch is not in the chart: that is invented.
        for number, invented in enumerate(Population(people, 200, cohort).weeks(weeks)):
            popularity = np.zeros(shows)
            charted = self._charts[first + number]
            views = np.array([views for _, views in self._views[first + number]])
            np.add.at(popularity, stand_in[charted], views / MEMBERSHIPS * factor[charted])
            listed = np.flatnonzero(popularity)
            active = invented.titles > 0
            chance = np.minimum(1.0, popularity[listed] / active.mean())
            watched = (generator.random((people, len(listed))) < chance) & active[:, None]
            sets = [frozenset(listed[row].tolist()) for row in watched]
            yield SimulatedWeek(sets, invented.titles, popularity)

    def known(self, week: Week, listing: Listing) -> int:
        """Return the starter catalogue and what the charts have brought so far."""
        charts = [self._charts[past] for past in self._charts if self._is_there(past, week, listing)]
        return max(len(starter_vocabulary()), *(int(chart.max()) + 1 for chart in charts), 0)

    def chart(self, week: Week, listing: Listing) -> Sequence[int]:
        """Return the newest chart that is there; without charts the catalogue's order."""
        there = [past for past in self._charts if self._is_there(past, week, listing)]
        return self._charts[max(there)].tolist() if there else range(len(starter_vocabulary()))

    def _is_there(self, past: Week, week: Week, listing: Listing) -> bool:
        return listing != "none" and past <= (week if listing == "in time" else week - 1)


def invented() -> list[Replayable]:
    """Return the populations that need no file: as steep as Zipf's law, and as flat as Netflix's weekly lists."""
    return [Invented("zipf1", 1.0), Invented("flat", FLAT)]


def replayed(path: Path) -> list[Replayable]:
    """Return the populations of an operator's file: the world's weeks, and a cohort unlike the chart."""
    return [Replayed("weeks", path, differs=False), Replayed("weeks, unlike", path, differs=True)]
