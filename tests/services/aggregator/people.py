"""Participants for the aggregator's tests: real releases by the real publisher, from a seeded source."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from netflix_trend.participant.contributions import Contribution
from netflix_trend.participant.releases import Participant, publish_due
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.simulation.population import person, seeded_randomness
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite

AGGREGATOR = "aggregator@example.org"


def publish_as(root: Path, email: str, survey: Survey, contribution: Contribution, randbelow: RandBelow) -> Datasite:
    """Let one invented person answer a survey; returns their datasite."""
    site = Datasite(root / "datasites", email)
    publish_due(
        Participant(site, AGGREGATOR, root / "people" / email / "ledger.jsonl", Limits(), randbelow, durable=False),
        [survey],
        lambda _: contribution,
        vocabulary=survey.vocabulary,
        covered_through=survey.week.sunday,
        today=survey.week.sunday + timedelta(days=1),
    )
    return site


def asked(survey: Survey, question: str, count: int, start: int = 0) -> list[str]:
    """Return `count` addresses that are asked this question in this round."""
    found: list[str] = []
    number = start
    while len(found) < count:
        asked_question = survey.question_for(person(number))
        if asked_question is not None and asked_question.name == question:
            found.append(person(number))
        number += 1
    return found


def crowd(
    root: Path, survey: Survey, question: str, contributions: list[Contribution], seed: int = 1
) -> list[Datasite]:
    """Let as many people as there are contributions answer one question."""
    randbelow = seeded_randomness(seed)
    emails = asked(survey, question, len(contributions))
    return [
        publish_as(root, email, survey, contribution, randbelow)
        for email, contribution in zip(emails, contributions, strict=True)
    ]
