"""An aggregator with a history of rounds, from simulated counts: real estimators and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.event_effect.question import EffectQuestion
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.prior import prior_shares
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round
from services.aggregator.rounds import Aggregator
from tests.services.aggregator.people import AGGREGATOR

LAST = Week.parse("2026-W46")
TODAY = LAST.sunday + timedelta(days=2)


def reports_of(survey: Survey, people: int, generator: np.random.Generator, first: float = 0.2) -> RoundReports:
    """Return what a round's releases say when `people` take part; the n-th show is named by first/n of them."""
    asked = people // survey.rotation
    total = sum(question.weight for question in survey.questions)
    found = RoundReports(survey, participants=people, waiting=2, refused=Counter({"checksum": 1, "payload": 3}))
    for question in survey.questions:
        answers = asked * question.weight // total
        found.reports[question.name] = answers
        if isinstance(question, TopShowsQuestion):
            channel = question.channel
            share = np.array([first / (place + 1) for place in question.candidates])
            named = generator.binomial(answers, share)
            found.counts["top_shows"] = generator.binomial(named, float(channel.p)) + generator.binomial(
                answers - named, float(channel.q)
            )
        elif isinstance(question, VolumeQuestion):
            rates = prior_shares(question.buckets) @ question.channel.channel()
            found.counts["volume"] = generator.multinomial(answers, rates)
        elif isinstance(question, EffectQuestion):
            low, gain = (
                float(question.channel.q),
                float(question.channel.p - question.channel.q),
            )
            shares: NDArray[np.float64] = np.array([0.9, 0.08, 0.02])
            found.counts["event_effect"] = generator.multinomial(answers, low + gain * shares)
    return found


def aggregator_with_rounds(
    root: Path,
    people: Sequence[int],
    vocabulary: Vocabulary | None = None,
    last: Week = LAST,
    seed: int = 1,
    chart: AskedChart | None = None,
) -> Aggregator:
    """Return an aggregator whose last round is `last`; people: how many took part in each round, oldest first.

    chart: that the list of every round begins with.
    """
    (root / "datasites").mkdir(exist_ok=True)
    vocabulary = vocabulary or starter_vocabulary()
    here = Aggregator(Datasite(root / "datasites", AGGREGATOR), root / "own", vocabulary, durable=False)
    generator = np.random.default_rng(seed)
    folder = here.own / "statistics"
    folder.mkdir(parents=True)
    for number, count in enumerate(people):
        week = last - (len(people) - 1 - number)
        survey = with_chart(here.ask(day_after(week))[-1], chart)
        first = 0.2 if number < len(people) - 1 else 0.3
        statistics = estimate_round(reports_of(survey, count, generator, first), vocabulary)
        (folder / f"{week}.json").write_bytes(statistics.to_bytes())
    here.ask(day_after(last))
    return here


def with_chart(survey: Survey, chart: AskedChart | None) -> Survey:
    """Return a survey whose list of shows begins with a chart."""
    asked = [one.model_copy(update={"chart": chart}) if one.name == "top_shows" else one for one in survey.questions]
    return survey.model_copy(update={"questions": tuple(asked)})


def day_after(week: Week) -> date:
    """Return the first day on which a round is asked."""
    return week.sunday + timedelta(days=1)
