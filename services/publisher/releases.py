"""One release per round: decide whether to answer, draw once, commit to the ledger, then publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from netflix_trend.datasite import Datasite
from netflix_trend.privacy.randomness import RandBelow, secure
from netflix_trend.release import build_release
from netflix_trend.survey import Limits, Survey
from netflix_trend.weeks import Week
from services.publisher.contributions import Contribution, answer
from services.publisher.ledger import Ledger, open_ledger

# Surveys about older weeks are refused: a survey may not dig through a history a week at a time.
OLDEST_ROUND_WEEKS = 8

Status = Literal["drawn", "kept", "not_asked", "skipped", "refused"]


@dataclass(frozen=True)
class Outcome:
    """What became of one survey: drawn now, kept from earlier, not asked this round, skipped or refused, and why."""

    round: str
    status: Status
    reason: str = ""


@dataclass(frozen=True)
class Participant:
    """Everything that is not data: who answers to whom, within which limits, and where the ledger lies."""

    site: Datasite
    aggregator: str
    ledger: Path
    limits: Limits
    randbelow: RandBelow = secure
    durable: bool = True


def publish_due(
    participant: Participant,
    surveys: Sequence[Survey],
    contribution_of: Callable[[Week], Contribution],
    *,
    vocabulary: str,
    covered_through: date,
    today: date,
) -> list[Outcome]:
    """Answer every survey that is due and make the datasite hold exactly the releases of the ledger.

    vocabulary: the version the contributions are indexed by. covered_through: last day that the data covers; a week
    that ends later is not answered yet. Safe to run any number of times, also in two processes at once.
    """
    newest = Week.last_complete(today)
    traces = any(name.startswith("releases/") for name in participant.site.published())
    with open_ledger(participant.ledger, traces=traces, now=newest, durable=participant.durable) as ledger:
        outcomes = []
        for survey in surveys:
            outcome = _decide(participant, ledger, survey, vocabulary, covered_through, newest)
            if outcome.status == "drawn":
                question = survey.question_for(participant.site.email)
                assert question is not None
                payload = answer(contribution_of(survey.week), survey, question, participant.randbelow)
                release = build_release(survey, question, payload)
                ledger.commit(
                    survey.week, question.name, question.mechanism, survey.version, vocabulary, question.odds, release
                )
            outcomes.append(outcome)
        files = {f"releases/{entry.round}.json": entry.data for entry in ledger.entries}
        if files or traces:
            participant.site.publish(files, participant.aggregator, durable=participant.durable)
    return outcomes


def _decide(
    participant: Participant, ledger: Ledger, survey: Survey, vocabulary: str, covered_through: date, newest: Week
) -> Outcome:
    week, limits = survey.week, participant.limits
    entry = ledger.entry(week)
    if entry is not None:
        same = entry.survey == survey.version
        return Outcome(survey.round, "kept", "" if same else "the survey was changed after it was answered")
    question = survey.question_for(participant.site.email)
    if question is None:
        return Outcome(survey.round, "not_asked", f"each person is asked one week in {survey.rotation}")
    if ledger.skips(week):
        return Outcome(survey.round, "skipped", "it may have been answered with a ledger that was lost")
    refusal = limits.refusal(question)
    if refusal is not None:
        return Outcome(survey.round, "refused", refusal)
    if not newest - OLDEST_ROUND_WEEKS < week <= newest:
        return Outcome(survey.round, "refused", f"only the last {OLDEST_ROUND_WEEKS} complete weeks are answered")
    if ledger.reports_near(week) >= limits.reports_per_year:
        return Outcome(survey.round, "refused", f"the limit of {limits.reports_per_year} reports a year is reached")
    if survey.vocabulary != vocabulary:
        reason = f"the survey is about vocabulary {survey.vocabulary[:8]}, the data is indexed by {vocabulary[:8]}"
        return Outcome(survey.round, "skipped", reason)
    if covered_through < week.sunday:
        return Outcome(survey.round, "skipped", f"no export was downloaded after the week ended on {week.sunday}")
    return Outcome(survey.round, "drawn")
