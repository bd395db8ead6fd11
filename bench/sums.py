"""`python -m bench sums`: the accuracy of sums of two operators with N participants, beside local mode and the public
chart.

Everything counts participants: local mode hears one sixth of them a week about shows and one twelfth about volume, two
operators hear all of them. Noise is drawn as the protocol adds it, twice sigma2; everything after that is the
product's. With `--weeks-file` Netflix's own weekly lists are replayed (a TSV that Netflix offers for download).
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.recall import VOCABULARY, answered, recall
from netflix_trend.operators.blocks import Block
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.questions.event_effect.summed import estimate_summed_effect
from netflix_trend.questions.registry import sum_questions
from netflix_trend.questions.sums import Summed
from netflix_trend.questions.top_shows.trends import filtered_shows, observe_shows, windows
from netflix_trend.simulation.population import FLAT, Population, SimulatedWeek, life_changes, seeded_randomness
from netflix_trend.survey.sum_survey import Preset, SumSurvey, default_sum_survey

_FIRST = Week.parse("2026-W41")
_SHOWS = 5000
_LISTED = 50
_TITLES = [show.title for show in VOCABULARY.shows]
# Weeks after which a cohort is evaluated.
_CHECKPOINTS = (13, 17, 21, 25)
_MEMBERSHIPS = 300e6
POPULATIONS = {"zipf1": 1.0, "flat": FLAT}


def noisy(asked: SumSurvey, exact: Sequence[NDArray[np.int64]], generator: np.random.Generator) -> list[Summed]:
    """Return the sums of a round's blocks with the noise of two operators."""
    return [_noisy(block, sums, generator) for block, sums in zip(asked.blocks, exact, strict=True)]


def _noisy(block: Block, exact: NDArray[np.int64], generator: np.random.Generator) -> Summed:
    variance = 2 * block.sigma2.value
    noise = np.rint(generator.normal(0, float(variance) ** 0.5, block.length)).astype(np.int64)
    return Summed(exact + noise, variance)


def exact_sums(asked: SumSurvey, people: Sequence[dict[str, Any] | None], seed: int) -> list[NDArray[np.int64]]:
    """Return the exact sums of everybody's measurements."""
    randbelow = seeded_randomness(seed)
    totals = [np.zeros(block.length, np.int64) for block in asked.blocks]
    for truths in people:
        for place, one in enumerate(asked.measurements(truths, (), randbelow)):
            if isinstance(one, int):
                totals[place][one] += 1
            else:
                totals[place] += np.array(one, np.int64)
    return totals


def summed_round(week: Week, simulated: SimulatedWeek, preset: Preset, seed: int) -> RoundStatistics:
    """Return the statistics of a week of simulated people, all of whom answer."""
    count = len(simulated.shows)
    names = frozenset(sum_questions()) - {"event_effect"}
    asked = default_sum_survey(week, VOCABULARY.version, range(_LISTED), count, preset, names)
    people: list[dict[str, Any] | None] = [
        {"top_shows": shows, "volume": int(titles)}
        for shows, titles in zip(simulated.shows, simulated.titles, strict=True)
    ]
    sums = noisy(asked, exact_sums(asked, people, seed), np.random.default_rng(seed))
    return asked.estimate(sums, count, _TITLES, participants=count)


@dataclass(frozen=True)
class Found:
    """One evaluation of one cohort: recall of the true first five by each method, clear shows of four weeks, and how
    many of them are truly among the first ten of these weeks; the mean error of the distribution in points, of one
    week.
    """

    chart: float
    local: float
    week: float
    four: float
    filtered: float
    with_chart: float
    clear: float
    truly: float
    volume: float


def cohort(people: int, exponent: float, preset: Preset, seed: int, weeks: int = 26) -> list[Found]:
    """Evaluate one cohort unlike the chart after several weeks."""
    rounds: list[RoundStatistics] = []
    local: list[RoundStatistics] = []
    reaches: list[NDArray[np.int64]] = []
    found = []
    source = random.Random(seed)
    population = Population(people, _SHOWS, seed, taste=0.8, exponent=exponent)
    for number, simulated in enumerate(population.weeks(weeks)):
        week, draw = _FIRST + number, 1_000 * seed + number
        rounds.append(summed_round(week, simulated, preset, draw))
        hearing = source.sample(simulated.shows, max(1, people // 6))
        local.append(answered(hearing, week, list(range(_LISTED)), draw))
        reaches.append(simulated.reach(_SHOWS))
        if number in _CHECKPOINTS:
            found.append(_evaluate(rounds, local, reaches, simulated))
    return found


def _evaluate(
    rounds: Sequence[RoundStatistics],
    local: Sequence[RoundStatistics],
    reaches: Sequence[NDArray[np.int64]],
    simulated: SimulatedWeek,
) -> Found:
    reach, four = reaches[-1], np.sum(reaches[-4:], axis=0)
    observed, heard = observe_shows(answers_to(rounds, "top_shows")), observe_shows(answers_to(local, "top_shows"))
    assert observed is not None
    assert heard is not None
    window = windows(observed)[0].shows
    clear = [show.title for show in window.shows if show.is_signal]
    tenth = np.sort(four)[-10]
    statistic = rounds[-1].volume
    truth = np.array([(simulated.titles < low).mean() for low in statistic.buckets])
    return Found(
        chart=recall(reach, _TITLES),
        local=recall(reach, [show.title for show in filtered_shows(heard).shows]),
        week=recall(reach, [show.title for show in rounds[-1].top_shows.shows]),
        four=recall(reach, [show.title for show in window.shows]),
        filtered=recall(reach, [show.title for show in filtered_shows(observed).shows]),
        with_chart=recall(reach, [show.title for show in filtered_shows(observed, _TITLES).shows]),
        clear=len(clear),
        truly=float(np.mean([four[_TITLES.index(title)] >= tenth for title in clear])) if clear else np.nan,
        volume=100 * float(np.abs(truth - statistic.cumulative).mean()),
    )


def event_error(people: int, preset: Preset, seed: int) -> float:
    """Return the error of the change per event after the four weeks of a quarter in which everybody is asked."""
    asked = default_sum_survey(_FIRST, VOCABULARY.version, range(_LISTED), people, preset, frozenset(sum_questions()))
    changes = life_changes(people, seed, Quarter.of(_FIRST.monday).previous)
    truths: list[dict[str, Any] | None] = [
        {"top_shows": frozenset(), "volume": 0, "event_effect": change} for change in changes
    ]
    truth = np.mean([max(-12, min(12, float(change))) for change in changes if change is not None] or [0.0])
    block, generator = asked.blocks[-1], np.random.default_rng(seed)
    sums, variance = np.zeros(block.length), Fraction(0)
    for number in range(4):
        one = _noisy(block, exact_sums(asked, truths, 100 * seed + number)[-1], generator)
        sums, variance = sums + one.sums, variance + one.variance
    found = estimate_summed_effect("2026-Q3", 12, asked.odds, sums, variance, 4 * people)
    assert found.per_event is not None
    return float(found.per_event.estimate - truth)


def row_votes(simulated: SimulatedWeek, preset: Preset, seed: int) -> NDArray[np.float64]:
    """Return float64[50], sums of the row type: a person with m listed shows gives each a vote of 1 / sqrt(m).

    The squared sensitivity is 2, as that of one vote, whatever m is. docs/decisions/0087 says why it is not built.
    """
    rho = next(question for question in _survey(preset).questions if question.name == "top_shows").share.value
    sigma2 = Fraction(2) / (2 * rho * _survey(preset).rho)
    votes = np.zeros(_LISTED)
    for shows in simulated.shows:
        listed = [show for show in shows if show < _LISTED]
        if listed:
            votes[listed] += len(listed) ** -0.5
    return votes + np.random.default_rng(seed).normal(0, float(2 * sigma2) ** 0.5, _LISTED)


def _survey(preset: Preset) -> SumSurvey:
    names = frozenset(sum_questions())
    return default_sum_survey(_FIRST, VOCABULARY.version, range(_LISTED), 100, preset, names)


def compare_votes(people: int, exponent: float, preset: Preset, cohorts: int) -> tuple[float, float]:
    """Return recall after four weeks, of votes for two shows and of the row type."""
    standard: list[float] = []
    row: list[float] = []
    for seed in range(cohorts):
        sums = np.zeros((2, _LISTED))
        reach: NDArray[np.int64] = np.zeros(_SHOWS, np.int64)
        population = Population(people, _SHOWS, seed, taste=0.8, exponent=exponent)
        for number, simulated in enumerate(population.weeks(4)):
            draw = 1_000 * seed + number
            shows = summed_round(_FIRST + number, simulated, preset, draw).top_shows.shows
            for show in shows:
                sums[0, show.show] += show.estimate
            sums[1] += row_votes(simulated, preset, draw)
            reach = simulated.reach(_SHOWS)
        for votes, found in zip(sums, (standard, row), strict=True):
            found.append(recall(reach, [_TITLES[place] for place in np.argsort(-votes)]))
    return float(np.mean(standard)), float(np.mean(row))


def liars_to_be_first(people: int, exponent: float, preset: Preset, cohorts: int) -> float:
    """Return how many valid but false reports put a show first that nobody watches, in the median of a week."""
    needed = []
    for seed in range(cohorts):
        (simulated,) = Population(people, _SHOWS, seed, taste=0.8, exponent=exponent).weeks(1)
        first = summed_round(_FIRST, simulated, preset, seed).top_shows.shows[0]
        needed.append(max(1, int(np.ceil(first.estimate))))
    return float(np.median(needed))


def real_weeks(path: Path, first: str = "2023-07-01", count: int = 55) -> list[tuple[str, NDArray[np.float64]]]:
    """Return the shares of memberships that viewed each series of a week's lists, float64[20 or so], in `count` weeks.

    path: the TSV that Netflix offers, with columns week, category, weekly_views.
    """
    weeks: defaultdict[str, list[float]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["category"].startswith("TV") and row["week"] >= first and row["weekly_views"]:
                weeks[row["week"]].append(float(row["weekly_views"]) / _MEMBERSHIPS)
    return [(week, np.sort(np.array(weeks[week]))[::-1]) for week in sorted(weeks)[:count]]


def real_recall(shares: NDArray[np.float64], people: int, preset: Preset, seed: int) -> tuple[float, float, float]:
    """Return recall of a real week's first five from all views, from sums, and from local mode, all of one week."""
    generator = np.random.default_rng(seed)
    watched = generator.random((people, len(shares))) < shares
    shows = [frozenset(np.flatnonzero(row).tolist()) for row in watched]
    simulated = SimulatedWeek(shows, watched.sum(axis=1).astype(np.int64))
    best = set(range(5))

    def share_of(titles: Sequence[str]) -> float:
        return len(best & {_TITLES.index(title) for title in titles[:5]}) / 5

    exact = [_TITLES[place] for place in np.argsort(-watched.sum(axis=0), kind="stable")]
    sums = [show.title for show in summed_round(_FIRST, simulated, preset, seed).top_shows.shows]
    local = [show.title for show in answered(shows[: people // 6], _FIRST, list(range(_LISTED)), seed).top_shows.shows]
    return share_of(exact), share_of(sums), share_of(local)


def preset_for(people: int) -> Preset:
    """Return what a network of this size asks for: more noise where there are more people."""
    return "x8" if people < 500 else "x3"


def main(arguments: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench sums", description=__doc__)
    parser.add_argument(
        "--people", type=int, nargs="+", default=[30, 100, 300, 1000], help="participants (%(default)s)"
    )
    parser.add_argument("--cohorts", type=int, default=10, help="different populations (%(default)s)")
    parser.add_argument("--weeks-file", type=Path, help="Netflix's weekly lists, a TSV")
    options = parser.parse_args(arguments)
    for name, exponent in POPULATIONS.items():
        print(f"{name}: top-5 recall at N participants, {options.cohorts} cohorts of 26 weeks")
        print("      N preset chart local  week 4 weeks filter +chart  clear truly volume event liars")
        for people in options.people:
            _print_row(people, exponent, options.cohorts)
    print("votes of four weeks: two shows each, or 1/sqrt(m) for each of m (the row type)")
    for people in options.people:
        standard, row = compare_votes(people, 1.0, preset_for(people), options.cohorts)
        print(f"{people:>7} {standard:.2f} {row:.2f}", flush=True)
    if options.weeks_file:
        _print_real(options.weeks_file, options.people)
    return 0


def _print_row(people: int, exponent: float, cohorts: int) -> None:
    preset = preset_for(people)
    found = [one for seed in range(cohorts) for one in cohort(people, exponent, preset, seed)]

    def mean(of: Callable[[Found], float]) -> float:
        return float(np.nanmean([of(one) for one in found]))

    liars = liars_to_be_first(people, exponent, preset, cohorts)
    event = np.sqrt(np.mean([event_error(people, preset, seed) ** 2 for seed in range(4 * cohorts)]))
    clear = [one.truly for one in found if not np.isnan(one.truly)]
    truly = f"{np.mean(clear):.2f}" if clear else "-"
    print(
        f"{people:>7} {preset:>6} {mean(lambda x: x.chart):>5.2f} {mean(lambda x: x.local):>5.2f} "
        f"{mean(lambda x: x.week):>5.2f} {mean(lambda x: x.four):>7.2f} {mean(lambda x: x.filtered):>6.2f} "
        f"{mean(lambda x: x.with_chart):>6.2f} {mean(lambda x: x.clear):>5.1f} {truly:>5} "
        f"{mean(lambda x: x.volume):>6.1f} {event:>5.2f} {liars:>5.0f}",
        flush=True,
    )


def _print_real(path: Path, sizes: Sequence[int]) -> None:
    weeks = real_weeks(path)
    print(f"{len(weeks)} real weeks, every title listed, one week without a filter: all views, sums, local")
    for people in sizes:
        found = np.array([
            real_recall(shares, people, preset_for(people), seed) for seed, (_, shares) in enumerate(weeks)
        ])  # fmt: skip
        print(f"{people:>7} " + " ".join(f"{value:.2f}" for value in found.mean(axis=0)), flush=True)


if __name__ == "__main__":
    main()
