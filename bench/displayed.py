"""`python -m bench displayed`: how often the 95 % intervals hold that pages display, of the first show, of the first
five, and of the shows called clear.

Invented people (`simulation.population`) watch 5,000 shows, of which the first 50 are listed. In local mode a sixth of
them answers about shows each week; where operators sum, everybody does. Noisy counts are drawn from p and q, noisy sums
from the noise of two operators. The truth is what the answering people named; of the filtered list it is the share of
all participants who would have named the show.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netflix_trend.periods.weeks import Week
from netflix_trend.questions.sums import Answering, Summed, SumWish
from netflix_trend.questions.top_shows.estimation import estimate_top_shows
from netflix_trend.questions.top_shows.movement import find_movement
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.sums import TopShowsSums
from netflix_trend.questions.top_shows.trends import all_time, filtered_shows, observe_shows, windows
from netflix_trend.simulation.population import FLAT, Population
from netflix_trend.survey.sum_survey import PRESETS

SHOWS, LISTED, TOP = 5_000, 50, 5
TITLES = [f"Show {number:02d}" for number in range(LISTED)]
_PLACE = {title: place for place, title in enumerate(TITLES)}
POPULATIONS = {"zipf1": 1.0, "flat": FLAT}
SIZES = (50, 100, 300, 1_000, 3_000)
# Of the participants of local mode this part answers about shows in a week.
HEARD = 6
LOWEST = 0.93
_FIRST = Week.parse("2026-W01")
_QUESTION = TopShowsQuestion.ask(range(LISTED), k=1, odds=Fraction(8), weight=1)


@dataclass
class Held:
    """Whether intervals held the truth, one entry a show. width: of clear shows, relative to the plain interval."""

    first: list[bool] = field(default_factory=list)
    top: list[bool] = field(default_factory=list)
    clear: list[bool] = field(default_factory=list)
    width: list[float] = field(default_factory=list)

    def add(self, shows: Sequence[Any], truth: NDArray[Any]) -> None:
        """Add a displayed list, in its order. truth: of each title of TITLES."""
        for place, show in enumerate(shows[: max(TOP, sum(one.is_signal for one in shows))]):
            held = bool(show.lower - 1e-9 <= truth[_PLACE[show.title]] <= show.upper + 1e-9)
            if place == 0:
                self.first.append(held)
            if place < TOP:
                self.top.append(held)
            if show.is_signal:
                self.clear.append(held)
                self.width.append((show.upper - show.lower) / (3.92 * show.standard_error))


def named_of(shows: Sequence[frozenset[int]], most: int, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Return bool[people, LISTED]: whom each person names, at most `most` of the listed shows that they watched."""
    named = np.zeros((len(shows), LISTED), dtype=np.bool_)
    for number, one in enumerate(shows):
        inside = [show for show in one if show < LISTED]
        named[number, generator.permutation(inside)[:most].astype(int) if inside else []] = True
    return named


def local_round(named: NDArray[np.bool_], generator: np.random.Generator) -> TopShows:
    """Return the statistic of the answers of people who name shows, bool[answers, LISTED]."""
    exact, reports = named.sum(axis=0), len(named)
    channel = _QUESTION.channel
    counts = generator.binomial(exact, float(channel.p)) + generator.binomial(reports - exact, float(channel.q))
    return estimate_top_shows(_QUESTION, counts, reports, TITLES)


def summed_round(named: NDArray[np.bool_], generator: np.random.Generator) -> TopShows:
    """Return the statistic of the same people's summed answers."""
    people = len(named)
    asked = TopShowsSums.suggest(SumWish(week=_FIRST, candidates=range(LISTED), participants=people))
    rho, odds = PRESETS["x8"]
    (block,) = asked.blocks(rho)
    variance = 2 * block.sigma2.value
    noise = np.rint(generator.normal(0, float(variance) ** 0.5, LISTED)).astype(np.int64)
    votes = named.sum(axis=0).astype(np.int64) + noise
    return asked.estimate([Summed(votes, variance)], people, Answering(float(people), 0.0), odds, TITLES)


def cohorts(
    answers: int, exponent: float, number: int, weeks: int, *, is_sum: bool
) -> Iterator[tuple[list[tuple[str, TopShows]], list[NDArray[np.int64]], list[NDArray[np.float64]]]]:
    """Yield for each cohort: rounds with their statistics, what the answering people named in each, int64[LISTED], and
    the share of all participants who would have named each show in each, float64[LISTED].
    """
    people, most = (answers, 2) if is_sum else (HEARD * answers, 1)
    for seed in range(number):
        generator = np.random.default_rng([seed, answers])
        rounds, truths, shares = [], [], []
        population = Population(people, SHOWS, seed, exponent=exponent)
        for place, week in enumerate(population.weeks(weeks)):
            named = named_of(week.shows, most, generator)
            answering = named[generator.permutation(people)[:answers]]
            statistic = (summed_round if is_sum else local_round)(answering, generator)
            rounds.append((str(_FIRST + place), statistic))
            truths.append(answering.sum(axis=0))
            shares.append(named.mean(axis=0))
        yield rounds, truths, shares


def displayed(answers: int, exponent: float, number: int, weeks: int = 1, *, is_sum: bool = False) -> dict[str, Held]:
    """Return what the lists of a page hold in `number` cohorts: of the newest round and, over several weeks, the
    filtered list, that of all rounds, and that of the newest four weeks.
    """
    found: defaultdict[str, Held] = defaultdict(Held)
    for rounds, truths, shares in cohorts(answers, exponent, number, weeks, is_sum=is_sum):
        found["week"].add(rounds[-1][1].shows, truths[-1])
        if weeks == 1:
            continue
        observed = observe_shows(rounds)
        assert observed is not None
        found["filtered"].add(filtered_shows(observed).shows, shares[-1])
        found["all rounds"].add(all_time(observed).shows, np.sum(truths, axis=0))
        for window in windows(observed)[:1]:
            found["four weeks"].add(window.shows.shows, np.sum(truths[-4:], axis=0))
        changes = shares[-1] - shares[-2]
        for show in find_movement(rounds[-1][0], rounds).shows:
            if show.direction != "unsure":
                found["movement"].clear.append(show.lower <= changes[_PLACE[show.title]] <= show.upper)
    return dict(found)


def _rate(held: Sequence[bool]) -> str:
    return f"{np.mean(held):>8.3f} ({len(held):>5})" if held else f"{'none':>8} {'':>7}"


def main(arguments: list[str] | None = None) -> int:
    """Print coverage by mode, population, size and list."""
    parser = argparse.ArgumentParser(prog="python -m bench displayed", description=__doc__)
    parser.add_argument("--cohorts", type=int, default=300, help="simulated cohorts of each kind (%(default)s)")
    parser.add_argument("--weeks", type=int, default=6, help="weeks of each cohort (%(default)s)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="answers a week (%(default)s)")
    options = parser.parse_args(arguments)
    print(
        f"{'mode':<7}{'people':<7}{'answers':>8}  {'list':<12}{'first':>16}{'first five':>16}{'clear':>16}{'width':>7}"
    )
    lowest = 1.0
    for is_sum in (False, True):
        for name, exponent in POPULATIONS.items():
            for answers in options.sizes:
                found = displayed(answers, exponent, options.cohorts, options.weeks, is_sum=is_sum)
                for listed, held in found.items():
                    width = f"{median(held.width):>7.2f}" if held.width else f"{'':>7}"
                    print(
                        f"{'sums' if is_sum else 'local':<7}{name:<7}{answers:>8}  {listed:<12}"
                        f"{_rate(held.first)}{_rate(held.top)}{_rate(held.clear)}{width}",
                        flush=True,
                    )
                    lowest = min([lowest, *(float(np.mean(one)) for one in (held.first, held.top, held.clear) if one)])
    print(f"lowest coverage {lowest:.3f}, wanted {LOWEST}")
    return 0
