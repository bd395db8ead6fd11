"""What the collecting process leaves for the operator's view, on the aggregator's own volume; never published."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.storage.kept import write_kept
from netflix_trend.storage.model import Strict
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.collect import RoundReports
from services.aggregator.enrolment import Enrolment

OVERVIEW = "operator.json"
# The file lists so many participants at most, so that it stays small; it counts all.
MOST_LISTED = 2000

_Count = Annotated[int, Field(ge=0)]
_Pseudonym = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


class KnownParticipant(Strict):
    """One participant. name: a pseudonym. round, question: what they are asked among the open rounds, None when
    that is nothing. has_answered: whether their release of it is there, right or wrong.
    """

    name: _Pseudonym
    round: str | None
    question: str | None
    has_answered: bool


class Refusal(Strict):
    """A refused file of an open round: whose, and the reason in one word."""

    name: _Pseudonym
    round: str
    reason: str


class OpenRound(Strict):
    """One open round. asked, reports: people by question. refused: files by reason. waiting: not wholly synced yet."""

    round: str
    asked: dict[str, _Count]
    reports: dict[str, _Count]
    refused: dict[str, _Count]
    waiting: _Count


class Overview(Strict):
    """What the last run found that changed something. written: when, UTC. participants: how many; listed, refusals:
    MOST_LISTED at most.

    rounds: the open ones, oldest first. shows: number of shows in the vocabulary.
    """

    schema_version: Literal[1] = 1
    written: str
    participants: _Count
    listed: Annotated[tuple[KnownParticipant, ...], Field(strict=False, max_length=MOST_LISTED)]
    refusals: Annotated[tuple[Refusal, ...], Field(strict=False, max_length=MOST_LISTED)]
    rounds: Annotated[tuple[OpenRound, ...], Field(strict=False)]
    shows: _Count


def find_overview(enrolment: Enrolment, found: Sequence[RoundReports], shows: int) -> Overview:
    """Return what a pass found in the open rounds, oldest first; shows: number of shows in the vocabulary.

    enrolment: as the pass knows it.
    """
    name = enrolment.pseudonym
    everybody = enrolment.participants()
    listed = [_known(enrolment, email, found) for email in everybody[:MOST_LISTED]]
    refusals = [
        Refusal(name=name(email), round=one.survey.round, reason=reason)
        for one in found
        for email, reason in one.refusals
    ]
    return Overview(
        written=datetime.now(UTC).isoformat(timespec="seconds"),
        participants=max((one.participants for one in found), default=len(everybody)),
        # Sorted by pseudonym: the order of addresses would say something about them.
        listed=tuple(sorted(listed, key=lambda one: one.name)),
        refusals=tuple(refusals[:MOST_LISTED]),
        rounds=tuple(
            OpenRound(
                round=one.survey.round,
                asked=dict(one.asked),
                reports={question.name: one.reports[question.name] for question in one.survey.questions},
                refused=dict(sorted(one.refused.items())),
                waiting=one.waiting,
            )
            for one in found
        ),
        shows=shows,
    )


def _known(enrolment: Enrolment, email: str, found: Sequence[RoundReports]) -> KnownParticipant:
    turns = ((one.survey.round, one.survey.question_for(email)) for one in found)
    turn = next(((round_, question.name) for round_, question in turns if question is not None), None)
    release = Datasite(enrolment.site.datasites, email).app_data / "releases" / f"{turn[0]}.json" if turn else None
    return KnownParticipant(
        name=enrolment.pseudonym(email),
        round=turn[0] if turn else None,
        question=turn[1] if turn else None,
        has_answered=release is not None and os.path.lexists(release),
    )


def write_overview(own: Path, overview: Overview) -> None:
    """Leave the overview for the web process. A power cut may lose it: the next pass writes it again."""
    write_kept(own, OVERVIEW, overview.to_bytes(), durable=False)


def read_overview(own: Path) -> Overview | None:
    """Return what the last pass left, None before the first pass or when it is of another version."""
    try:
        return Overview.model_validate_json((own / OVERVIEW).read_bytes())
    except (OSError, ValidationError):
        return None
