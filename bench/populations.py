"""Populations that rounds are simulated with: invented ones, and Netflix's own weeks replayed from an operator's file.

Of a replayed week only the charted series are known: ten of each list. A membership counts as a person, views of a
show's seasons are added, and people choose independently of each other. What lies below the tenth place is watched by
nobody, so a replay is kinder to a show that has left the chart than reality is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import gcd
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from netflix_trend.catalogue.chart_files import read_charts
from netflix_trend.catalogue.charts import Charts, WeeklyChart
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.examples import MEMBERSHIPS
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.simulation.population import FLAT, Population, SimulatedWeek
from netflix_trend.syftbox.shared_files import CANDIDATES
from services.aggregator.charts.listing import charted_places, joining, week_list
from services.aggregator.charts.waiting import chart_of

# How far a cohort's taste lies from the chart: standard deviation of the logarithm of a show's popularity.
TASTE = 0.8
# A cohort unlike the chart watches other shows in place of this part of the chart's.
SWAPPED = 1 / 3
# Which public chart a list is made from: the week's own, the one of the week before, or none.
Listing = Literal["in time", "last week's", "none"]
LISTINGS: tuple[Listing, ...] = ("in time", "last week's", "none")

_FIRST_INVENTED = Week.parse("2026-W41")
_INVENTED_SHOWS = 5000


class Replayable(Protocol):
    """A population. name: in tables. charts: the public charts of its weeks. vocabulary: everything that can be asked
    about.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def charts(self) -> Charts: ...  # noqa: D102
    @property
    def vocabulary(self) -> Vocabulary: ...  # noqa: D102

    def first_week(self, cohort: int, weeks: int) -> Week:
        """Return the first of the `weeks` weeks that cohort number `cohort` plays."""

    def play(self, people: int, cohort: int, weeks: int) -> Iterator[SimulatedWeek]:
        """Yield the weeks of so many people; the same arguments give the same weeks."""

    def known(self, chart: WeeklyChart | None) -> Vocabulary:
        """Return what the operator can ask about whose newest chart is this one: the first shows of the vocabulary."""

    def chart(self, week: Week, listing: Listing) -> WeeklyChart | None:
        """Return the public chart that the operator has when the list is made."""


def public_order(population: Replayable, week: Week, listing: Listing) -> list[int]:
    """Return the shows of the public chart that the operator has, in its order; without one the catalogue's order."""
    chart = population.chart(week, listing)
    vocabulary = population.known(chart)
    return list(charted_places(population.charts, chart, vocabulary)) if chart else list(range(len(vocabulary)))


def candidates(
    population: Replayable,
    week: Week,
    listing: Listing,
    rounds: Sequence[tuple[str, TopShows]],
    length: int = CANDIDATES,
) -> tuple[list[int], AskedChart | None]:
    """Return the list of a round as the product makes it, and the chart that it begins with.

    rounds: name and statistic of each round with answers, oldest first.
    """
    chart = population.chart(week, listing)
    return week_list(population.charts, chart, population.known(chart), rounds, week, length)


@dataclass(frozen=True)
class Invented:
    """People whose taste differs from a static public order; how steep popularity falls is the exponent of Zipf's law.

    There is no weekly chart: the public order is the catalogue's.
    """

    name: str
    exponent: float

    @property
    def charts(self) -> Charts:
        """No charts."""
        return Charts()

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

    def known(self, chart: WeeklyChart | None) -> Vocabulary:
        """Return all: nothing is new in an invented catalogue."""
        return self.vocabulary

    def chart(self, week: Week, listing: Listing) -> WeeklyChart | None:
        """Return none."""
        return None


@lru_cache(maxsize=1)
def _invented_vocabulary() -> Vocabulary:
    return Vocabulary.build(CatalogueTitle(title=f"Show {n}", kind="series") for n in range(_INVENTED_SHOWS))


@lru_cache(maxsize=1)
def read_views(path: Path) -> Charts:
    """Return the weekly charts of Netflix's global lists that state views (before June 2023: hours). path: a TSV."""
    with path.open("rb") as file:
        found = read_charts(file)
    return Charts(weekly=tuple(chart for chart in found.of_country("").values() if chart.views is not None))


@dataclass(frozen=True)
class Replayed:
    """Netflix's own weeks. differs: the cohort's taste is not the world's: the views of each show times e**(.8 Z), and
    one show in three is one of the catalogue in place of the chart's, in every week.
    """

    name: str
    path: Path
    differs: bool

    @cached_property
    def charts(self) -> Charts:
        """The charts of the file, those that state views."""
        return read_views(self.path)

    @cached_property
    def weekly(self) -> Mapping[Week, WeeklyChart]:
        """The charts by week."""
        return self.charts.of_country("")

    @cached_property
    def _known(self) -> Mapping[str, Vocabulary]:
        """The starter catalogue and what the charts have brought up to each week."""
        found, vocabulary = {}, starter_vocabulary()
        for chart in self.weekly.values():
            vocabulary = vocabulary.extended(joining(self.charts, chart, vocabulary))
            found[chart.week] = vocabulary
        return found

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The starter catalogue, then every charted title in the order in which the charts bring them."""
        return self._known[str(max(self.weekly))]

    def first_week(self, cohort: int, weeks: int) -> Week:
        """Return the beginning of one of the stretches of so many weeks, from the first week with views on.

        A week of lead is left for last week's chart. A few cohorts are spread over all years; no stretch is played
        twice before each was played once.
        """
        first, last = min(self.weekly), max(self.weekly)
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
            places = charted_places(self.charts, self.weekly[first + number], self.vocabulary)
            charted, views = np.array(list(places)), np.array([number or 0 for number in places.values()])
            np.add.at(popularity, stand_in[charted], views / MEMBERSHIPS * factor[charted])
            listed = np.flatnonzero(popularity)
            active = invented.titles > 0
            chance = np.minimum(1.0, popularity[listed] / (active.mean() or 1.0))
            watched = (generator.random((people, len(listed))) < chance) & active[:, None]
            sets = [frozenset(listed[row].tolist()) for row in watched]
            yield SimulatedWeek(sets, invented.titles, popularity)

    def known(self, chart: WeeklyChart | None) -> Vocabulary:
        """Return the starter catalogue and what the charts up to this one have brought."""
        return self._known[chart.week] if chart else starter_vocabulary()

    def chart(self, week: Week, listing: Listing) -> WeeklyChart | None:
        """Return the newest chart that is there and is not too old to be used."""
        return None if listing == "none" else chart_of(self.weekly, week if listing == "in time" else week - 1)


def invented() -> list[Replayable]:
    """Return the populations that need no file: as steep as Zipf's law, and as flat as Netflix's weekly lists."""
    return [Invented("zipf1", 1.0), Invented("flat", FLAT)]


def replayed(path: Path) -> list[Replayable]:
    """Return the populations of an operator's file: the world's weeks, and a cohort unlike the chart."""
    return [Replayed("weeks", path, differs=False), Replayed("weeks, unlike", path, differs=True)]
