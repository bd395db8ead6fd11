"""An aggregator with the statistics of a year, for measuring a pass in which nothing has changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from bench.tasks import catalogue
from netflix_trend.participant.contributions import answer
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.top_shows.longest import LONGEST_LIST
from netflix_trend.simulation.population import person, seeded_randomness, watched
from netflix_trend.survey.release import build_release
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import LocalPlan

LAST = Week.parse("2026-W46")
TODAY = LAST.sunday + timedelta(days=1)


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
