"""`python -m bench.recall`: how many of a week's five most watched shows are found, with and without filter and chart.

Cohorts unlike the public chart (taste e**(.8 Z)), 26 weeks with drift, N people answer every week, odds 8 (epsilon
2.08), k=1. Noisy counts are drawn from the exact p and q instead of report by report; everything after that is the
product's.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.questions.top_shows.candidates import next_candidates
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.simulation.population import Population
from netflix_trend.survey.limits import DEFAULT_ODDS
from netflix_trend.survey.survey import Survey
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round
from services.aggregator.trends import find_trends

_FIRST = Week.parse("2026-W01")
_SHOWS = 5000
_TOP = 5
# Weeks after which recall is taken: several of a cohort, far enough apart to differ.
_LOOKS = frozenset({13, 17, 21, 25})
VOCABULARY = Vocabulary.build(CatalogueTitle(title=f"Show {n}", kind="series") for n in range(_SHOWS))
CHART = [show.title for show in VOCABULARY.shows]
NUMBER = {title: number for number, title in enumerate(CHART)}
WAYS = ("chart alone", "raw", "filtered", "filtered + prior", "rotating", "rotating + prior", "all time")


def answered(
    people: list[frozenset[int]],
    week: Week,
    candidates: list[int],
    seed: int,
    k: int = 1,
    odds: Fraction = DEFAULT_ODDS,
) -> RoundStatistics:
    """Return the statistics of a round in which everybody names up to k of the candidates they watched."""
    source, generator = random.Random(seed), np.random.default_rng(seed)
    question = TopShowsQuestion.ask(candidates, k=k, odds=odds, weight=1)
    survey = Survey(round=str(week), vocabulary=VOCABULARY.version, rotation=1, questions=(question,))
    place = {show: number for number, show in enumerate(candidates)}
    named = np.zeros(len(candidates), np.int64)
    for shows in people:
        listed = sorted(place[show] for show in shows if show in place)
        for chosen in source.sample(listed, min(k, len(listed))):
            named[chosen] += 1
    counts = generator.binomial(named, float(question.channel.p))
    counts += generator.binomial(len(people) - named, float(question.channel.q))
    found = RoundReports(survey, participants=len(people), counts={"top_shows": counts})
    found.reports["top_shows"] = len(people)
    return estimate_round(found, VOCABULARY)


def recall(reach: NDArray[np.int64], chosen: Iterable[str]) -> float:
    """Return how many of the chosen shows are watched at least as much as the true fifth, as a share of five."""
    fifth = int(np.partition(reach, -_TOP)[-_TOP])
    return sum(int(reach[NUMBER[title]]) >= fifth for title in list(chosen)[:_TOP]) / _TOP


def cohort(answering: int, weeks: int, seed: int) -> NDArray[np.float64]:
    """Return float64[looks, WAYS], recall of one cohort.

    The first 50 shows of the chart are asked about every week; the rotating ways and the sum over all rounds ask as the
    product does. The sum is compared with what was watched in all weeks so far.
    """
    found = []
    fixed: list[RoundStatistics] = []
    rotating: list[RoundStatistics] = []
    candidates = list(range(50))
    so_far = np.zeros(_SHOWS, np.int64)
    for number, simulated in enumerate(Population(answering, _SHOWS, seed, taste=0.8).weeks(weeks)):
        week, draw = _FIRST + number, 1000 * seed + number
        fixed.append(answered(simulated.shows, week, list(range(50)), draw))
        rotating.append(answered(simulated.shows, week, candidates, draw))
        candidates = next_candidates(answers_to(rotating, "top_shows"), VOCABULARY.shows, week + 1, 50)
        so_far += simulated.reach(_SHOWS)
        if number in _LOOKS or number == weeks - 1:
            raw = fixed[-1].top_shows
            assert raw is not None
            asked = (fixed, rotating)
            lists = ([show.title for show in raw.shows], *(ranking(one, way) for one in asked for way in (False, True)))
            reach = simulated.reach(_SHOWS)
            all_time = find_trends(rotating).all_time
            assert all_time is not None
            summed = recall(so_far, [show.title for show in all_time.shows])
            found.append([*(recall(reach, way) for way in (CHART, *lists)), summed])
    return np.array(found)


def single_weeks(answering: int, odds: Fraction, *, cohorts: int) -> NDArray[np.float64]:
    """Return float64[cohorts], recall of a week, the 14th, by its answers alone about the chart's first 50."""
    found = []
    for seed in range(cohorts):
        *_, week = Population(answering, _SHOWS, seed, taste=0.8).weeks(14)
        top_shows = answered(week.shows, _FIRST, list(range(50)), seed, odds=odds).top_shows
        assert top_shows is not None
        found.append(recall(week.reach(_SHOWS), [show.title for show in top_shows.shows]))
    return np.array(found)


def ranking(rounds: list[RoundStatistics], uses_chart: bool) -> list[str]:
    """Return titles, largest filtered share first."""
    shows = find_trends(rounds, CHART if uses_chart else None).shows
    assert shows is not None
    return [show.title for show in shows.shows]


def main(arguments: list[str] | None = None) -> None:
    """Print mean recall and its standard error over cohorts."""
    parser = argparse.ArgumentParser(prog="python -m bench.recall", description=__doc__)
    parser.add_argument(
        "--answering", type=int, nargs="+", default=[100, 300, 1000], help="people a week (%(default)s)"
    )
    parser.add_argument("--cohorts", type=int, default=12, help="different populations (%(default)s)")
    parser.add_argument("--weeks", type=int, default=26, help="weeks of each (%(default)s)")
    options = parser.parse_args(arguments)
    print(f"top-{_TOP} recall, {options.cohorts} cohorts, {options.weeks} weeks; +- is one standard error over cohorts")
    print(f"{'answering':>9}" + "".join(f"{way:>20}" for way in WAYS))
    for answering in options.answering:
        each = np.array([cohort(answering, options.weeks, seed).mean(axis=0) for seed in range(options.cohorts)])
        errors = each.std(axis=0, ddof=min(1, len(each) - 1)) / np.sqrt(len(each))
        cells = "".join(f"{mean:>13.2f} +-{e:.2f} " for mean, e in zip(each.mean(axis=0), errors, strict=True))
        print(f"{answering:>9}{cells}", flush=True)


if __name__ == "__main__":
    main()
