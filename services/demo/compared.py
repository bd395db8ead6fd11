"""The same invented weeks in both modes, side by side: what each tells, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from netflix_trend.plain_text import counted
from netflix_trend.privacy.accounting import total_epsilon
from netflix_trend.privacy.zcdp import epsilon_of_gaussian
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.trends import Trends
from netflix_trend.simulation.population import Population
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.sum_survey import PRESETS, Preset
from netflix_trend.terminal import print_heading, print_table
from netflix_trend.text_table import Column, TextTable

_TOP = 5


@dataclass(frozen=True)
class Told:
    """What a mode tells. week: shows that are clear in the last week; window: in the newest four weeks together; found:
    how many of the five that were watched most in these weeks are among its first five; heard: answers about shows in
    the last week; volume: mean error of the distribution of viewing in points.
    """

    heard: int
    week: int
    window: int
    found: int
    volume: float


@dataclass(frozen=True)
class Truth:
    """What only a demo knows. watched: int64[shows], person-weeks of the newest four weeks. titles: int64[people], how
    many titles each person started in the last week.
    """

    watched: NDArray[np.int64]
    titles: NDArray[np.int64]

    @classmethod
    def of(cls, population: Population, weeks: int, shows: int) -> Truth:
        """Play the invented people's weeks once more, and count."""
        played = list(population.weeks(weeks))
        reach = np.sum([week.reach(shows) for week in played[-4:]], axis=0)
        return cls(np.asarray(reach, dtype=np.int64), played[-1].titles)


def told(statistics: RoundStatistics, trends: Trends, truth: Truth) -> Told:
    """Return what a mode tells of people whose truth is known."""
    shows, volume = statistics.top_shows, statistics.volume
    window = trends.windows[0].shows.shows if trends.windows else trends.all_time.shows
    watched, fifth = truth.watched, int(np.partition(truth.watched, -_TOP)[-_TOP])
    index = {show.title: show.show for show in shows.shows}
    first = [watched[index[show.title]] for show in window[:_TOP] if show.title in index]
    below = np.array([(truth.titles < low).mean() for low in volume.buckets])
    return Told(
        heard=shows.reports,
        week=sum(show.is_signal for show in shows.shows),
        window=sum(show.is_signal for show in window),
        found=sum(int(reach) >= fifth for reach in first),
        volume=100 * float(np.abs(np.array(volume.cumulative) - below).mean()),
    )


def print_comparison(sealed: Told, local: Told, preset: Preset, operators: int, weeks: int, console: Console) -> None:
    """Print both modes beside each other."""
    name = "two operators" if operators == 2 else "one operator"
    print_heading(f"The same {counted(weeks, 'week')} of the same people, in both modes", console)
    rows: Sequence[tuple[str, object, object]] = (
        ("Answers about shows in the last week", sealed.heard, local.heard),
        ("Shows that are clear in the last week", sealed.week, local.week),
        (f"Shows that are clear in {counted(min(4, weeks), 'week')}", sealed.window, local.window),
        ("Of the five truly watched most, found", sealed.found, local.found),
        ("Error of the distribution of viewing", f"{sealed.volume:.1f} points", f"{local.volume:.1f} points"),
        ("Privacy loss of a year (epsilon)", f"{_year_of(preset):.1f}", f"{_year_of_local():.1f}"),
        ("Who has to be honest", "one of both" if operators == 2 else "the operator", "nobody"),
    )
    columns = [Column(""), Column(name, is_number=True), Column("local mode", is_number=True)]
    print_table(TextTable(columns, [tuple(map(str, row)) for row in rows]), console)
    console.print(
        "Local mode adds noise on each machine and hears some people a week, so it needs thousands. Operators hear "
        "everybody and add noise once, to the sum. Only a demo knows what was truly watched.",
        markup=False,
        soft_wrap=True,
    )


def _year_of(preset: Preset) -> float:
    return epsilon_of_gaussian(52 * PRESETS[preset][0])


def _year_of_local() -> float:
    limits = Limits()
    odds = [limits.odds] * limits.reports_per_year
    return min(total_epsilon(odds), sum(total_epsilon([one]) for one in odds))
