"""What the collecting process leaves for the operator's view, on the aggregator's own volume; never published."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.canonical import canonical_json
from netflix_trend.datasite import Datasite
from netflix_trend.files import write_atomically
from netflix_trend.statistics import RoundStatistics
from netflix_trend.survey import Strict, Survey
from services.aggregator.enrolment import Enrolment

OVERVIEW = "operator.json"
# The file lists so many participants at most, so that it stays small; it counts all.
MOST_LISTED = 2000

_Count = Annotated[int, Field(ge=0)]


class KnownParticipant(Strict):
    """One participant. name: its pseudonym, a keyed hash of the address. round, question: what they are asked among the open rounds,
    None when the round does not ask. has_answered: whether their release of it is there, right or wrong.
    """

    name: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    round: str | None
    question: str | None
    has_answered: bool


class OpenRound(Strict):
    """One open round. asked, reports: people by question. refused: files by reason. waiting: not wholly synced yet."""

    round: str
    survey: str
    asked: dict[str, _Count]
    reports: dict[str, _Count]
    refused: dict[str, _Count]
    waiting: _Count


class Overview(Strict):
    """What the last pass found. written: when, UTC. participants: how many; listed: the first MOST_LISTED of them.

    rounds: the open ones, oldest first. shows: number of shows in the vocabulary.
    """

    schema_version: Literal[1] = 1
    written: str
    participants: _Count
    listed: Annotated[tuple[KnownParticipant, ...], Field(strict=False, max_length=MOST_LISTED)]
    rounds: Annotated[tuple[OpenRound, ...], Field(strict=False)]
    shows: _Count


def find_overview(
    enrolment: Enrolment, surveys: Sequence[Survey], statistics: Sequence[RoundStatistics], shows: int
) -> Overview:
    """Return what a pass found. surveys, statistics: of the open rounds, in the same order."""
    participants = enrolment.participants()
    asked: list[Counter[str]] = [Counter() for _ in surveys]
    listed: list[KnownParticipant] = []
    for email in participants:
        turn = None
        for number, survey in enumerate(surveys):
            question = survey.question_for(email)
            if question is not None:
                asked[number][question.name] += 1
                turn = (survey.round, question.name)
        if len(listed) < MOST_LISTED:
            release = Datasite(enrolment.site.datasites, email).app_data / "releases" / f"{turn[0]}.json" if turn else None
            listed.append(
                KnownParticipant(
                    name=enrolment.pseudonym(email),
                    round=turn[0] if turn else None,
                    question=turn[1] if turn else None,
                    has_answered=release is not None and os.path.lexists(release),
                )
            )
    return Overview(
        written=datetime.now(UTC).isoformat(timespec="seconds"),
        participants=len(participants),
        # Sorted by hash: the order of addresses says something about them.
        listed=tuple(sorted(listed, key=lambda one: one.name)),
        rounds=tuple(
            OpenRound(
                round=survey.round,
                survey=survey.version,
                asked=dict(counts),
                reports=found.answers(),
                refused=found.refused,
                waiting=found.waiting,
            )
            for survey, counts, found in zip(surveys, asked, statistics, strict=True)
        ),
        shows=shows,
    )


def write_overview(own: Path, overview: Overview) -> None:
    """Leave the overview for the web process. A power cut may lose it: the next pass writes it again."""
    write_atomically(own / OVERVIEW, canonical_json(overview.model_dump(mode="json")) + b"\n", durable=False)


def read_overview(own: Path) -> Overview | None:
    """Return what the last pass left, None before the first pass or when it is of another version."""
    try:
        return Overview.model_validate_json((own / OVERVIEW).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
