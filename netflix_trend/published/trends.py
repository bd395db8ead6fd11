"""What several rounds tell together: the file `trends.json`, computed from published statistics only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AllowInfNan, Field, ValidationError

from netflix_trend.published.effect_statistics import QuarterEffect, is_week
from netflix_trend.published.statistics import StatisticsError
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.model import Strict

TRENDS = "trends.json"
LARGEST_TRENDS_FILE = 8_000_000
MOST_ROUNDS = 52
# The file lists the strongest shows only, so that it stays small for every vocabulary.
MOST_LISTED = 1000


_Number = Annotated[float, AllowInfNan(False)]
_NotNegative = Annotated[float, AllowInfNan(False), Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]
_Round = Annotated[str, AfterValidator(is_week)]
_Title = Annotated[str, Field(max_length=300)]


class ShowTrend(Strict):
    """Share of participants who would name a show in the newest round, all rounds weighed.

    share: may lie below 0 where all is noise. lower, upper: interval, within 0 to 1. rounds: how many rounds asked.
    is_signal: whether it is clear from the answers alone. is_robust: still, if 1 % of every round's answers, all
    naming the show, had been forged and are left out. prior_part: 1 when the share is wholly what was assumed
    beforehand, 0 when it rests on answers alone.
    """

    title: _Title
    share: _Number
    standard_error: _NotNegative
    lower: _Share
    upper: _Share
    is_signal: bool
    is_robust: bool
    rounds: _Count
    prior_part: _Share


class ShowTrends(Strict):
    """Filtered shares, the one that surely exceeds most first; with a public prior the largest first.

    drift: weekly change of a share that the filter allows for, relative to the share. prior: in words, what was
    assumed beforehand. uses_public_prior: whether that is a public chart.
    """

    round: _Round
    confidence: _Share
    drift: _NotNegative
    uses_public_prior: bool
    prior: Annotated[str, Field(max_length=1000)]
    shows: Annotated[tuple[ShowTrend, ...], Field(strict=False, max_length=MOST_LISTED)]


class AllTimeShow(Strict):
    """How many of the people asked named a show, summed over the rounds that asked about it.

    people, standard_error, lower, upper: the sum, of `reports` answers in `rounds` rounds. gate: smallest sum that is
    clear. share, share_error, share_lower, share_upper: the same divided by the answers, which is the mean
    of the asked rounds weighted by their answers. is_robust: still clear without 1 % of the answers, all
    naming the show, in case these were forged.
    """

    title: _Title
    rounds: _Count
    reports: _Count
    people: _Number
    standard_error: _NotNegative
    lower: _NotNegative
    upper: _NotNegative
    gate: _Number
    share: _Number
    share_error: _NotNegative
    share_lower: _Share
    share_upper: _Share
    is_signal: bool
    is_robust: bool


class AllTime(Strict):
    """Top shows of the last MOST_ROUNDS rounds, largest sum first; `items` shows were asked about in all."""

    confidence: _Share
    items: _Count
    shows: Annotated[tuple[AllTimeShow, ...], Field(strict=False, max_length=MOST_LISTED)]


class WeeklyMean(Strict):
    """Mean number of titles a participant started in the round.

    mean: as it is shown, not below 0; unbiased: as it was estimated. is_reliable: the standard error is small enough
    beside it. influence: how much 1 % of the answers can move it. is_robust: reliable even with this added.
    """

    round: _Round
    reports: _Count
    mean: _NotNegative
    unbiased: _Number
    standard_error: _NotNegative
    lower: _NotNegative
    upper: _NotNegative
    influence: _NotNegative
    is_reliable: bool
    is_robust: bool


class Slope(Strict):
    """Change of the mean from one week to the next, in titles; a direction only where the interval leaves out 0.

    is_robust: it still would if 1 % of every round's answers, the ones that lift the slope most, had been forged.
    """

    per_week: _Number
    standard_error: _NotNegative
    lower: _Number
    upper: _Number
    rounds: _Count
    direction: Literal["rising", "falling", "noise"]
    is_robust: bool


class Viewing(Strict):
    """Mean viewing of each round, oldest first. slope: None while fewer than six rounds have answers."""

    confidence: _Share
    weeks: Annotated[tuple[WeeklyMean, ...], Field(strict=False, max_length=MOST_ROUNDS)]
    slope: Slope | None


class Trends(Strict):
    """Everything that several rounds tell together. rounds: those with answers, oldest first. effects: what life events
    did, newest quarter first.
    """

    schema_version: Literal[1] = 1
    rounds: Annotated[tuple[_Round, ...], Field(strict=False, max_length=MOST_ROUNDS)]
    shows: ShowTrends | None
    all_time: AllTime | None
    viewing: Viewing | None
    effects: Annotated[tuple[QuarterEffect, ...], Field(strict=False, max_length=MOST_ROUNDS)] = ()

    def to_bytes(self) -> bytes:
        """Return the file `trends.json`."""
        return canonical_json(self.model_dump(mode="json")) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Trends:
        """Read the file. Raises StatisticsError."""
        if len(data) > LARGEST_TRENDS_FILE:
            raise StatisticsError(f"{TRENDS} has {len(data)} bytes, at most {LARGEST_TRENDS_FILE} are read")
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise StatisticsError(f"{TRENDS}: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from None
