"""People who watch shows week by week: Zipf popularity, drift, empty weeks, and life events.

Assumed (docs/method/assumptions.md#invented-people): about 22 % of weeks are empty, 2.6 distinct shows
and 7.8 titles a person and week, the most watched show reaches about a fifth of the people.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.turns import is_turn
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow

_EMPTY = 0.22
_SHOWS = 2.6  # further shows of a week that is not empty, before repeats are merged
_EPISODES = 2.3  # mean number of episodes of one show in one week
_FILMS = 0.5
# How views are spread over the days, Monday first: more at the weekend.
_WEEKDAYS = (12, 11, 12, 12, 15, 20, 18)
# Popularity as flat as in Netflix's weekly lists of 2023 to 2025: the first series of a week had a median of 4.6 views
# in 100 memberships, the fifth 1.6, which an exponent of .65 gives.
FLAT = 0.65
# Of a quarter: how many people have a life event, and how it changes their views a week
# (docs/method/assumptions.md#life-events).
EVENT_SHARE, EVENT_CHANGE, EVENT_SPREAD = 0.15, 3.0, 5.0


@dataclass(frozen=True)
class SimulatedWeek:
    """One week of all people: shows[i] and titles[i] belong to person i. `titles` is int64[people].

    popularity: float64[shows], how popular each show is among everybody of whom these people are a sample, in any unit.
    """

    shows: list[frozenset[int]]
    titles: NDArray[np.int64]
    popularity: NDArray[np.float64]

    def reach(self, shows: int) -> NDArray[np.int64]:
        """Return int64[shows]: how many people watched each show."""
        watched = [show for week in self.shows for show in week]
        return np.bincount(np.array(watched, dtype=np.int64), minlength=shows)


@dataclass(frozen=True)
class Population:
    """`people` persons who choose among `shows` shows; shows of a lower index tend to be more popular.

    taste: standard deviation of the logarithm by which this population differs from the catalogue's order.
    drift: the same for a show's change in popularity from one week to the next. exponent: how steep popularity
    falls, 1 as Zipf had it for words; with FLAT the first show reaches about 5 % of the people and the fifth 2 %.
    """

    people: int
    shows: int
    seed: int
    taste: float = 0.7
    drift: float = 0.15
    exponent: float = 1.0

    def weeks(self, count: int) -> Iterator[SimulatedWeek]:
        """Yield `count` weeks in order."""
        generator = np.random.default_rng(self.seed)
        popularity = -self.exponent * np.log(np.arange(1, self.shows + 1)) + generator.normal(0, self.taste, self.shows)
        moved = np.zeros(self.shows)
        appetite = generator.gamma(3.0, 1 / 3.0, self.people)
        for _ in range(count):
            yield self._week(generator, popularity + moved, appetite)
            moved = 0.9 * moved + generator.normal(0, self.drift, self.shows)

    def _week(
        self, generator: np.random.Generator, log_popularity: NDArray[np.float64], appetite: NDArray[np.float64]
    ) -> SimulatedWeek:
        weights = np.exp(log_popularity - log_popularity.max())
        edges = np.cumsum(weights / weights.sum())
        active = generator.random(self.people) >= _EMPTY
        draws = np.where(active, 1 + generator.poisson(_SHOWS * appetite), 0)
        picks = np.searchsorted(edges, generator.random(int(draws.sum())) * edges[-1])
        episodes = generator.geometric(1 / _EPISODES, len(picks))
        owner = np.repeat(np.arange(self.people), draws)
        titles = np.bincount(owner, weights=episodes, minlength=self.people).astype(np.int64)
        titles += np.where(active, generator.poisson(_FILMS, self.people), 0)
        ends = np.cumsum(draws)
        shows = [
            frozenset(picks[end - number : end].tolist())
            for number, end in zip(draws.tolist(), ends.tolist(), strict=True)
        ]
        return SimulatedWeek(shows, titles, weights)


def watched(shows: frozenset[int], titles: int, change: Fraction | None = None) -> dict[str, Any]:
    """Return the true answers of an invented person about a week, by name of the question.

    shows: vocabulary indices. change: in views a week with the life event of the quarter before, None without one.
    """
    # What else a person did follows from the rest, so that the same week is always the same.
    source = random.Random(f"{sorted(shows)} {titles}")
    days = [source.choices(range(7), _WEEKDAYS)[0] for _ in range(titles)]
    binge = bool(shows) and titles >= 3 * len(shows)
    habits = (titles > 0, binge, titles > 0 and source.random() < 0.35, bool(shows) and source.random() < 0.4)
    return {
        "top_shows": shows,
        "volume": titles,
        "weekday": tuple(days.count(day) for day in range(7)),
        "habits": habits,
        "event_effect": change,
    }


def life_changes(people: int, seed: int, quarter: Quarter) -> list[Fraction | None]:
    """Return each person's change in views a week during their longest event of the quarter, None without an event.

    Normal with mean EVENT_CHANGE and standard deviation EVENT_SPREAD, in whole views.
    """
    generator = np.random.default_rng([seed, quarter.index])
    has_event = generator.random(people) < EVENT_SHARE
    changes = np.rint(generator.normal(EVENT_CHANGE, EVENT_SPREAD, people)).astype(int)
    return [Fraction(int(change)) if has else None for change, has in zip(changes, has_event, strict=True)]


def person(number: int) -> str:
    """Return the invented e-mail address of person `number`."""
    return f"person{number:06d}@example.org"


def people_at_turn(week: Week) -> Iterator[str]:
    """Yield the addresses of invented people whose turn a round is: no survey gets an answer of the others."""
    return (email for email in map(person, count()) if is_turn(week, email))


def seeded_randomness(seed: int) -> RandBelow:
    """Return a repeatable source of randomness for invented people. Never use it for real ones: it is predictable."""
    return random.Random(seed).randrange
