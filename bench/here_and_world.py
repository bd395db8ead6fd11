"""`python -m bench.here_and_world`: how often lists are called different from the public chart, and rightly so.

Invented people watch the chart's shows in its proportions, each independently and some more than others, and 30 further
shows of the list; they name some of those they watched. Reports are subsets of fixed size, sums have the noise of two
operators; everything after that is the product's (docs/method/here-and-world.md).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netflix_trend.periods.weeks import Week
from netflix_trend.questions.sums import SumWish
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.sums import VOTES, TopShowsSums
from netflix_trend.questions.top_shows.world import Namings, World, against_world
from netflix_trend.survey.limits import DEFAULT_ODDS
from netflix_trend.survey.sum_survey import PRESETS

Floats = NDArray[np.float64]

LISTED, CHARTED = 50, 20
# Popularity falls as in Netflix's weeks of 2023 to 2025: of the views of a week's 19 listed series the first has a
# median of 20 %, the fifth 6 %, the last 1.6 %.
VIEWS = tuple(int(12_000_000 / rank**0.85) for rank in range(1, CHARTED + 1))
CHART = AskedChart(week="2026-W43", source="an invented chart", length=CHARTED, views=VIEWS)
ORDER = AskedChart(week="2026-W43", source="an invented chart", length=CHARTED)
TITLES = [f"Show {number}" for number in range(LISTED)]
# A person watches the first show of the chart: 5 in 100 as in Netflix's weeks, a fifth as in the invented people's.
FIRST = 0.05
_OTHERS = 0.02
_CHANNEL = TopShowsQuestion.ask(range(LISTED), k=1, odds=DEFAULT_ODDS, weight=1).channel
_P, _Q = float(_CHANNEL.p), float(_CHANNEL.q)


def reach(first: float = FIRST, twice: int | None = None) -> Floats:
    """Return the chance that a person watches each show of the list, float64[LISTED], with one twice as popular."""
    charted = np.array(VIEWS) * first / VIEWS[0]
    if twice is not None:
        charted[twice] *= 2
    return np.concatenate([charted, np.full(LISTED - CHARTED, _OTHERS)])


def named(chances: Floats, people: int, most: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return which shows people name, int64[people, most], -1 for none: a uniform choice of those they watched."""
    appetite = generator.gamma(3.0, 1 / 3.0, (people, 1))
    order = np.where(generator.random((people, len(chances))) < appetite * chances, 0.0, 2.0)
    order += generator.random(order.shape)
    chosen = np.argpartition(order, most - 1, axis=1)[:, :most]
    return np.where(np.take_along_axis(order, chosen, axis=1) < 1, chosen, -1)


def reported(named_shows: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return in how many reports each show is, int64[LISTED], drawn as subset selection does."""
    people = len(named_shows)
    order = generator.random((people, LISTED + 1))
    # A show that was named comes first with chance p, else last; nobody's -1 is the dummy.
    order[np.arange(people), named_shows[:, 0]] = np.where(generator.random(people) < _P, -1.0, 2.0)
    inside = np.argpartition(order, _CHANNEL.size - 1, axis=1)[:, : _CHANNEL.size]
    return np.bincount(inside.ravel(), minlength=LISTED + 1)[:LISTED]


def of_reports(chances: Floats, people: int, generator: np.random.Generator) -> Namings:
    """Return what local mode learns from so many answers."""
    counts = reported(named(chances, people, 1, generator), generator)
    estimate = np.asarray((counts - people * _Q) / (_P - _Q), dtype=np.float64)
    return Namings.of_reports(estimate, people, 1, _P, _Q)


def of_sums(chances: Floats, people: int, generator: np.random.Generator, preset: str = "x8") -> Namings:
    """Return what two operators learn from so many people."""
    asked = TopShowsSums.suggest(SumWish(week=Week.parse("2026-W43"), candidates=range(LISTED), participants=people))
    (votes,) = asked.blocks(PRESETS[preset][0])
    error = float(2 * votes.sigma2.value) ** 0.5
    exact = np.bincount(named(chances, people, VOTES, generator).ravel() + 1, minlength=LISTED + 1)[1:]
    noise = generator.normal(0, error, LISTED)
    return Namings.of_sums(exact + noise, error, people, VOTES)


@dataclass(frozen=True)
class Found:
    """Of repeated weeks, how many were called different in any way, how many found the wanted show, and how many had
    intervals that all hold. width: median width of the first show's interval.
    """

    differs: float
    found: float
    held: float
    width: float


def repeated(
    learn: Callable[[Floats, int, np.random.Generator], Namings],
    chances: Floats,
    people: int,
    weeks: int,
    *,
    chart: AskedChart = CHART,
    wanted: int = 0,
    seed: int = 1,
) -> Found:
    """Play a week many times."""
    generator = np.random.default_rng([seed, people])
    truth = chances[:CHARTED] / chances[:CHARTED].sum()
    differs = found = held = 0
    widths = []
    for _ in range(weeks):
        world = against_world(chart, range(LISTED), TITLES, learn(chances, people, generator))
        assert isinstance(world, World)
        differs += world.differs
        found += world.shows[wanted].verdict == "more"
        held += all(show.lower <= share <= show.upper for show, share in zip(world.shows, truth, strict=True))
        widths.append(world.shows[0].upper - world.shows[0].lower)
    return Found(differs / weeks, found / weeks, held / weeks, float(np.median(widths)))


def main() -> None:
    """Print false alarms and coverage where people watch as the chart, and power where one show is twice as popular."""
    parser = argparse.ArgumentParser(prog="python -m bench.here_and_world", description=__doc__)
    parser.add_argument("--weeks", type=int, default=400, help="simulated weeks of each figure (%(default)s)")
    weeks = parser.parse_args().weeks
    modes = {"local": of_reports, "sums": of_sums}
    heads = ("answers", "false", "order", "held", "width", "1st x2", "3rd x2")
    print(f"{'mode':<7}{'first':>7}" + "".join(f"{head:>9}" for head in heads))
    for first in (FIRST, 0.2):
        for mode, learn in modes.items():
            for people in (50, 300, 1000, 3000, 10_000):
                few = max(20, min(weeks, weeks * 3000 // people))
                null = repeated(learn, reach(first), people, few)
                order = repeated(learn, reach(first), people, few, chart=ORDER)
                power = [repeated(learn, reach(first, place), people, few // 2, wanted=place) for place in (0, 2)]
                print(
                    f"{mode:<7}{first:>7.0%}{people:>9,}{null.differs:>9.1%}{order.differs:>9.1%}{null.held:>9.1%}"
                    f"{null.width:>9.2f}{power[0].found:>9.0%}{power[1].found:>9.0%}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
