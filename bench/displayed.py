"""`python -m bench displayed`: how often the 95 % intervals hold that pages display, of the first show, of the first
five, and of the shows called clear; and how many shows are clear that nobody named.

Lists are the product's, about invented people and, with `--chart FILE`, Netflix's own weeks. In local mode the survey's
rule says which part of the participants answers about shows in a week; where operators sum, everybody does. Noisy
counts are drawn from p and q, noisy sums from the noise of two operators. The truth is what the answering people named;
of the filtered lists and of movement it is the share of all participants who would name the show.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import sqrt
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.claims import local_survey, part_asked
from bench.populations import Replayable, candidates, public_order
from bench.reality import populations
from bench.rounds import MODES, Mode
from bench.tables import MODE_NAMES, error_of, in_hundredths, mean_of, table, yes_or_no
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.sums import Answering, Summed
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.estimation import estimate_top_shows
from netflix_trend.questions.top_shows.movement import find_movement
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.sums import TopShowsSums
from netflix_trend.questions.top_shows.trends import all_time, filtered_shows, observe_shows, windows
from netflix_trend.survey.sum_survey import SumSurvey, default_sum_survey
from netflix_trend.survey.survey import default_survey
from services.demo.sealed import preset_for

TOP = 5
LISTS = ("week", "four weeks", "filtered", "with chart", "all rounds", "movement")
PARTS = ("first", "first five", "clear")
SIZES = (50, 100, 300, 1_000, 3_000)
# An interval as displayed must hold so often, and so many shows of a round may be called clear that nobody named.
HELD, FALSE = 0.93, 0.05
# A target is missed by a figure that lies more than so many standard errors, over cohorts, beyond it.
ERRORS = 3
_WINDOW = 4
_NAMES = frozenset({"top_shows", "volume"})


@dataclass(frozen=True)
class Shown:
    """What the lists of a page hold after a week. held: by list and part, whether each interval holds the truth; of
    movement only what is called up or down. false: clear shows of the week that nobody who answered had named.
    """

    held: Mapping[tuple[str, str], Sequence[bool]]
    false: int


@dataclass(frozen=True)
class Cell:
    """All looks at one population, by cohort. answers: about shows in a week."""

    population: str
    mode: Mode
    answers: int
    looks: Sequence[Sequence[Shown]]

    def held(self, name: str, part: str) -> tuple[float, float, int]:
        """Return which part of the intervals of a list hold, the standard error of that, and how many there are."""
        cohorts = [[float(held) for look in looks for held in look.held.get((name, part), ())] for looks in self.looks]
        return mean_of(cohorts), error_of(cohorts), sum(map(len, cohorts))

    def false(self) -> tuple[float, float]:
        """Return how many shows of a round are clear that nobody named, and the standard error of that."""
        cohorts = [[float(look.false) for look in looks] for looks in self.looks]
        return mean_of(cohorts), error_of(cohorts)


def participants(mode: Mode, answers: int) -> int:
    """Return how many participants give so many answers about shows in a week."""
    return answers if mode == "two" else round(answers / part_asked(local_survey(), "top_shows"))


def named_of(
    shows: Sequence[frozenset[int]], asked: Sequence[int], most: int, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Return bool[people, asked]: what each person names, a uniform choice of at most `most` of what they watched."""
    owner = np.repeat(np.arange(len(shows)), [len(one) for one in shows])
    watched = np.fromiter(chain.from_iterable(shows), np.int64, len(owner))
    column = np.full(max(*asked, int(watched.max(initial=0))) + 1, -1)
    column[list(asked)] = np.arange(len(asked))
    is_asked = column[watched] >= 0
    owner, places = owner[is_asked], column[watched][is_asked]
    order = np.lexsort((generator.random(len(owner)), owner))
    owner, places = owner[order], places[order]
    is_named = np.arange(len(owner)) - np.searchsorted(owner, owner) < most
    named = np.zeros((len(shows), len(asked)), dtype=np.bool_)
    named[owner[is_named], places[is_named]] = True
    return named


def local_round(
    question: TopShowsQuestion,
    exact: NDArray[np.int64],
    reports: int,
    generator: np.random.Generator,
    titles: Sequence[str],
) -> TopShows:
    """Return the statistic of so many answers. exact: int64[candidates], how many people named each show."""
    channel = question.channel
    counts = generator.binomial(exact, float(channel.p)) + generator.binomial(reports - exact, float(channel.q))
    return estimate_top_shows(question, counts, reports, titles)


def summed_round(
    survey: SumSurvey,
    exact: NDArray[np.int64],
    reports: int,
    generator: np.random.Generator,
    titles: Sequence[str],
) -> TopShows:
    """Return the statistic of so many people's summed answers. exact: int64[candidates], votes for each show."""
    asked = survey.questions[0]
    assert isinstance(asked, TopShowsSums)
    variance = 2 * survey.blocks[0].sigma2.value
    noise = np.rint(generator.normal(0, sqrt(variance), len(exact))).astype(np.int64)
    summed = Summed(exact.astype(np.int64) + noise, variance)
    return asked.estimate([summed], reports, Answering(float(reports), 0.0), survey.odds, titles)


def _round_of(
    mode: Mode, population: Replayable, people: int, asked: Sequence[int], chart: AskedChart | None, week: Week
) -> tuple[int, Callable[..., TopShows]]:
    """Return how many shows a person may name, and what gives the statistic of what they named."""
    version = population.vocabulary.version
    if mode == "local":
        question = default_survey(week, version, asked, chart=chart).question("top_shows")
        assert isinstance(question, TopShowsQuestion)
        return question.k, partial(local_round, question)
    survey = default_sum_survey(week, version, asked, people, preset_for(people), _NAMES, chart=chart)
    assert isinstance(survey.questions[0], TopShowsSums)
    return survey.questions[0].votes, partial(summed_round, survey)


def shown(population: Replayable, mode: Mode, answers: int, cohort: int, weeks: int) -> list[Shown]:
    """Play a cohort. Returns what the lists hold after each week from the fourth on; with fewer weeks after the last.

    answers: about shows in a week.
    """
    people, first = participants(mode, answers), population.first_week(cohort, weeks)
    generator = np.random.default_rng([cohort, answers, MODES.index(mode)])
    titles = [show.title for show in population.vocabulary.shows]
    rounds: list[tuple[str, TopShows]] = []
    exact: list[dict[str, int]] = []
    shares: list[dict[str, float]] = []
    found = []
    for number, played in enumerate(population.play(people, cohort, weeks)):
        week = first + number
        asked, chart = candidates(population, week, "in time", rounds)
        most, statistic = _round_of(mode, population, people, asked, chart, week)
        named = named_of(played.shows, asked, most, generator)
        answering = named[generator.permutation(people)[:answers]].sum(axis=0)
        listed = [titles[show] for show in asked]
        rounds.append((str(week), statistic(answering, answers, generator, titles)))
        exact.append(dict(zip(listed, answering.tolist(), strict=True)))
        shares.append(dict(zip(listed, named.mean(axis=0).tolist(), strict=True)))
        if number + 1 >= min(_WINDOW, weeks):
            order = [titles[show] for show in public_order(population, week, "in time")]
            found.append(_shown(rounds, exact, shares, order))
    return found


def _shown(
    rounds: Sequence[tuple[str, TopShows]],
    exact: Sequence[Mapping[str, int]],
    shares: Sequence[Mapping[str, float]],
    order: Sequence[str],
) -> Shown:
    """Compare the lists after some rounds with the truth. exact: how many of those who answered named each show, by
    round; shares: of all participants who would. order: titles of the public chart.
    """
    observed = observe_shows(rounds)
    assert observed is not None
    week = rounds[-1][1].shows
    found = {
        "week": held_by_part(week, exact[-1]),
        # Nobody knows who would name a show that was not asked about.
        "filtered": held_by_part(
            [one for one in filtered_shows(observed).shows if one.title in shares[-1]], shares[-1]
        ),
        "with chart": held_by_part(
            [one for one in filtered_shows(observed, order).shows if one.title in shares[-1]], shares[-1]
        ),
        "all rounds": held_by_part(all_time(observed).shows, _sum(exact)),
    }
    for window in windows(observed)[:1]:
        found["four weeks"] = held_by_part(window.shows.shows, _sum(exact[-_WINDOW:]))
    moved = [one for one in find_movement(rounds[-1][0], rounds).shows if one.direction != "unsure"]
    changes = {one.title: shares[-1][one.title] - shares[-2][one.title] for one in moved}
    found["movement"] = {"clear": held(moved, changes)}
    return Shown(
        {(name, part): several for name, parts in found.items() for part, several in parts.items()},
        sum(one.is_signal and not exact[-1][one.title] for one in week),
    )


def _sum(exact: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {title: sum(one.get(title, 0) for one in exact) for title in chain.from_iterable(exact)}


def held(shows: Sequence[Any], truth: Mapping[str, float]) -> list[bool]:
    """Return which intervals hold the truth, by title."""
    return [bool(one.lower - 1e-9 <= truth[one.title] <= one.upper + 1e-9) for one in shows]


def held_by_part(shows: Sequence[Any], truth: Mapping[str, float]) -> dict[str, list[bool]]:
    """Return which intervals of a displayed list hold, in its order, of each part that people look at."""
    return {
        "first": held(shows[:1], truth),
        "first five": held(shows[:TOP], truth),
        "clear": held([one for one in shows if one.is_signal], truth),
    }


# Tables


def worst(cells: Sequence[Cell], part: str) -> tuple[float, float, int, str]:
    """Return where the displayed intervals hold least often, of all cells and lists: coverage, its standard error, how
    many intervals, and where in words. NaN where none is displayed.
    """
    found = [(*cell.held(name, part), f"{name}, {_place(cell)}") for cell in cells for name in LISTS]
    return min((one for one in found if one[2]), default=(float("nan"), 0.0, 0, ""))


def tables(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield the tables: by size, by list, targets."""
    yield _by_size(cells)
    yield _by_list(cells)
    yield _targets(cells)


def _by_size(cells: Sequence[Cell]) -> str:
    columns = ["population", "answers", "participants of local mode"]
    columns += [f"{MODE_NAMES[mode]}: {part}" for mode in MODES for part in PARTS]
    columns += [f"{MODE_NAMES[mode]}: false clear shows a round" for mode in MODES]
    rows = []
    for population, answers in dict.fromkeys((cell.population, cell.answers) for cell in cells):
        here = {cell.mode: cell for cell in cells if (cell.population, cell.answers) == (population, answers)}
        figures = []
        for mode in MODES:
            for part in PARTS:
                figures.append(in_hundredths(worst([here[mode]], part)[0]))
        figures += [in_hundredths(here[mode].false()[0]) for mode in MODES]
        rows.append([population, f"{answers:,}", f"{participants('local', answers):,}", *figures])
    return table("Displayed 95 % intervals that hold, in the worst of all lists", columns, rows)


def _by_list(cells: Sequence[Cell]) -> str:
    columns = ["list", *(f"{MODE_NAMES[mode]}: {part}" for mode in MODES for part in PARTS)]
    rows = []
    for name in LISTS:
        figures = []
        for mode in MODES:
            for part in PARTS:
                cohorts = [
                    [float(one) for look in looks for one in look.held.get((name, part), ())]
                    for cell in cells
                    if cell.mode == mode
                    for looks in cell.looks
                ]
                number = sum(map(len, cohorts))
                figures.append(f"{mean_of(cohorts):.3f} (± {error_of(cohorts):.3f}, {number:,})" if number else "-")
        rows.append([name, *figures])
    return table("The same by list, over all populations and sizes", columns, rows)


def _targets(cells: Sequence[Cell]) -> str:
    rows = []
    for mode in MODES:
        of_mode = [cell for cell in cells if cell.mode == mode]
        for part in PARTS:
            value, error, number, where = worst(of_mode, part)
            known = [one for cell in of_mode for name in LISTS if (one := cell.held(name, part))[2]]
            is_met = not any(held + ERRORS * _margin(margin, HELD, several) < HELD for held, margin, several in known)
            figure = f"{value:.3f} (± {_margin(error, HELD, number):.3f}, of {number}; {where})" if number else "-"
            rows.append([f"{MODE_NAMES[mode]}: intervals, {part}", figure, f">= {HELD}", yes_or_no(is_met)])
        found = [(*cell.false(), _place(cell)) for cell in of_mode]
        looks = sum(map(len, of_mode[0].looks))
        is_met = not any(value - ERRORS * _margin(margin, FALSE, looks) > FALSE for value, margin, _ in found)
        most, error, where = max(found)
        figure = f"{most:.3f} (± {_margin(error, FALSE, looks):.3f}; {where})"
        rows.append([f"{MODE_NAMES[mode]}: false clear shows a round", figure, f"<= {FALSE}", yes_or_no(is_met)])
    return table(
        "Targets: the worst of all lists, populations and sizes", ["figure", "measured", "target", "met"], rows
    )


def _place(cell: Cell) -> str:
    return f"{cell.population}, {participants(cell.mode, cell.answers):,} participants"


def _margin(error: float, rate: float, number: int) -> float:
    """Return the standard error over cohorts, at least that of so many independent events with the rate of the target:
    a few that all happen, or none, have no scatter.
    """
    return max(error, sqrt(rate * (1 - rate) / max(1, number)))


@dataclass(frozen=True)
class Job:
    """Some cohorts of one cell."""

    chart: Path | None
    population: str
    mode: Mode
    answers: int
    cohorts: range
    weeks: int

    def run(self) -> list[list[Shown]]:
        """Play them. The same job always has the same result."""
        population = populations(self.chart)[self.population]
        return [shown(population, self.mode, self.answers, cohort, self.weeks) for cohort in self.cohorts]


def measure(
    sizes: Sequence[int], cohorts: int, weeks: int, chart: Path | None = None, processes: int = 1
) -> list[Cell]:
    """Play all cells. The result does not depend on the number of processes."""
    work = [
        Job(chart, name, mode, answers, range(cohorts), weeks)
        for name in populations(chart)
        for answers in sizes
        for mode in MODES
    ]
    if processes == 1:
        results = [job.run() for job in work]
    else:
        # The largest first, so that no process is left with it alone.
        work.sort(key=lambda job: -participants(job.mode, job.answers))
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            results = list(pool.map(Job.run, work))
    cells = [Cell(job.population, job.mode, job.answers, looks) for job, looks in zip(work, results, strict=True)]
    order = list(populations(chart))
    return sorted(cells, key=lambda cell: (order.index(cell.population), cell.answers, MODES.index(cell.mode)))


def main(arguments: Sequence[str] = ()) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench displayed", description=__doc__)
    parser.add_argument("--chart", type=Path, metavar="FILE", help="Netflix's weekly global lists, a TSV")
    parser.add_argument("--cohorts", type=int, default=100, help="simulated cohorts of each kind (%(default)s)")
    parser.add_argument("--weeks", type=int, default=6, help="weeks of each cohort (%(default)s)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="answers a week (%(default)s)")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="(%(default)s)")
    options = parser.parse_args(list(arguments))
    found = measure(options.sizes, options.cohorts, options.weeks, options.chart, options.processes)
    print("\n\n".join(tables(found)))
    return 0
