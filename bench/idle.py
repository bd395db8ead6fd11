"""`python -m bench idle`: the cost of a run of the aggregator when nothing has changed."""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np

from bench.tasks import catalogue
from netflix_trend.participant.contributions import answer
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.top_shows.chart import LONGEST_LIST
from netflix_trend.simulation.population import person, seeded_randomness, watched
from netflix_trend.survey.release import build_release
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import LocalPlan

LAST = Week.parse("2026-W46")
TODAY = LAST.sunday + timedelta(days=1)
TARGET = 0.1


def main(arguments: list[str]) -> int:
    """Measure the first run and idle ones. Returns 1 when an idle run takes more than TARGET seconds."""
    parser = argparse.ArgumentParser(prog="python -m bench idle", description=__doc__)
    parser.add_argument("--people", type=int, default=30, help="participants (%(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="idle runs, of which the median counts (%(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="netflix-trend-idle-") as folder:
        here = prepared(Path(folder), options.people)
        first = processor_seconds(here)
        idle = float(np.median([processor_seconds(here) for _ in range(options.runs)]))
    print(f"{MAX_ROUNDS} rounds of {len(here.vocabulary):,} shows, {options.people} participants:")
    print(f"  processor time of the first run   {first:8.3f} s")
    print(f"  processor time of an idle run     {idle:8.3f} s (target: at most {TARGET} s)")
    return int(idle > TARGET)


def processor_seconds(here: Aggregator) -> float:
    """Return how much processor time a run of the aggregator takes."""
    before = time.process_time()
    here.run(TODAY)
    return time.process_time() - before


def prepared(root: Path, people: int) -> Aggregator:
    """Return an aggregator with the statistics of a year about the longest list, whose people have answered."""
    vocabulary, generator = catalogue(), np.random.default_rng(1)
    datasites = root / "datasites"
    datasites.mkdir()
    here = Aggregator(
        Datasite(datasites, "aggregator@example.org"), root / "own", vocabulary, list_length=LONGEST_LIST, durable=False
    )
    plan = LocalPlan.of_settings(here.odds, LONGEST_LIST)
    folder = here.own / "statistics"
    folder.mkdir(parents=True)
    # First, because a week that has statistics and no survey is over.
    surveys = here.surveys(TODAY)
    for age in range(len(surveys), MAX_ROUNDS):
        survey = plan.survey(LAST - age, vocabulary.version, range(LONGEST_LIST))
        counts = generator.binomial(1000, 0.15, len(vocabulary))
        found = RoundReports(survey, participants=4000, counts={"top_shows": counts})
        found.reports["top_shows"] = 1000
        statistics: RoundStatistics = estimate_round(found, vocabulary)
        (folder / f"{survey.round}.json").write_bytes(statistics.to_bytes())
    randbelow = seeded_randomness(1)
    for survey in surveys:
        for number in range(people):
            question = survey.question_for(person(number))
            if question is not None:
                payload = answer(watched(frozenset({number}), number % 30), survey, question, randbelow)
                release = {f"releases/{survey.round}.json": build_release(survey, question, payload)}
                Datasite(datasites, person(number)).publish(release, here.site.email, durable=False)
    return here
