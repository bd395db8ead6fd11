"""The list of all rounds of an aggregator: the file `rounds.json`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from netflix_trend.published.invented import Invented
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.storage.model import Strict

ROUNDS = "rounds.json"

_Count = Annotated[int, Field(ge=0)]


class RoundSummary(Strict):
    """A round in one line. answers: by question. signals: how many shows are clear; top_show: the first
    of them. The whole round is `statistics/<round>.json`, its page `rounds/<round>.html`.
    """

    round: Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]
    participants: _Count
    reports: _Count
    waiting: _Count
    refused: dict[str, _Count]
    answers: dict[str, _Count]
    signals: _Count
    top_show: str | None


class RoundList(Strict):
    """All rounds, newest first. aggregator: its datasite, the address that participants name to join.

    software: what wrote the list, such as `netflix-trend 0.2.0`; None in lists from before 0.2.0.
    invented: a round is of a demo.
    """

    schema_version: Literal[1] = 1
    aggregator: str
    software: Annotated[str, Field(max_length=60)] | None = None
    rounds: Annotated[tuple[RoundSummary, ...], Field(strict=False)]
    invented: Invented = False


def summarize(statistics: RoundStatistics) -> RoundSummary:
    """Return the line of one round."""
    top_shows: TopShows | None = statistics.top_shows
    signals = [show for show in top_shows.shows if show.is_signal] if top_shows else []
    return RoundSummary(
        round=statistics.round,
        participants=statistics.participants,
        reports=statistics.reports,
        waiting=statistics.waiting,
        refused=statistics.refused,
        answers=statistics.answers(),
        signals=len(signals),
        top_show=signals[0].title if signals else None,
    )
