"""What the aggregator publishes about a round, and what a participant reads from it about themselves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AllowInfNan, Field, ValidationError, field_validator, model_validator

from netflix_trend.published.effect_statistics import EffectEstimate
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.model import Strict
from netflix_trend.survey.survey import Buckets

LARGEST_FILE = 8_000_000
# Cumulative shares that are less exact than this are called noise: what is assumed beforehand alone has an error of
# 0.15, so the reports must have halved it. That takes about 200 reports at odds of 8.
LARGEST_CUMULATIVE_ERROR = 0.08
# A weekly mean with a standard error above this share of it is not shown as reliable (docs/method/statistics.md#gates).
LARGEST_RELATIVE_ERROR = 0.2


_Number = Annotated[float, AllowInfNan(False)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Shares = Annotated[tuple[_Share, ...], Field(strict=False)]
_Count = Annotated[int, Field(ge=0)]
_Odds = Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)]


# A share whose interval reaches below this is noise: it may be nobody.
SMALLEST_SHARE = 0.005


class StatisticsError(Exception):
    """A statistics file cannot be read."""


class ShowEstimate(Strict):
    """How many of the people asked named a show. `is_signal`: whether the number is clear; then its
    interval is wider, because it was chosen for coming out large.

    count: in how many noisy sets the show is. is_robust: still clear without any `TopShows.tolerated` of the
    reports, in case these were forged. fragile_reports: how few reports must be left out until it is not told from
    noise any more; None if it is not now.
    """

    show: int
    title: str
    estimate: _Number
    standard_error: _Number
    lower: _Number
    upper: _Number
    is_signal: bool
    # Files from before these existed say nothing about robustness: read as not robust.
    is_robust: bool = False
    fragile_reports: _Count | None = None
    count: _Count | None = None


class TopShows(Strict):
    """Estimates for all candidates, largest first; intervals hold with `confidence` for each show by itself.

    noise: standard error of a show that nobody watched. gate: smallest estimate that is clear.
    reports_needed: how many reports the strongest show would need to pass, None when one passes. needed_share: the
    share of people for which that holds: the strongest show's own or, where that is next to nothing, one in ten as an
    example.
    tolerated: how many forged reports a robust show withstands, 1 % of all, rounded up; None: not examined.
    influence: how much one report changes an estimate at most, people.
    named_per_person: estimated mean number of shows that a person named, at most k, with its standard error. People
    may have watched more; how many is not asked, so estimates count people who named a show and are not scaled up.
    """

    reports: _Count
    k: _Count
    odds: _Odds
    confidence: _Share
    noise: _Number
    gate: _Number
    reports_needed: _Count | None
    needed_share: _Share | None = None
    tolerated: _Count | None = None
    influence: _Number | None = None
    named_per_person: _Number | None = None
    named_per_person_error: _Number | None = None
    shows: Annotated[tuple[ShowEstimate, ...], Field(strict=False)]


class VolumeGroup(Strict):
    """Share of people who started at least `low` titles and fewer than the next group's, with its interval."""

    low: _Count
    share: _Share
    lower: _Share
    upper: _Share


class MeanTitles(Strict):
    """Mean number of titles that a participant started in the week, unbiased, so it may lie below 0.

    influence: how much it changes at most when 1 % of the reports, all with the same answer, are left out.
    reports_needed: how many reports a relative error of LARGEST_RELATIVE_ERROR takes, at this mean; None when it is
    reached, or cannot be said because the mean is not told from 0.
    """

    estimate: _Number
    standard_error: Annotated[_Number, Field(ge=0)]
    influence: Annotated[_Number, Field(ge=0)]
    reports_needed: _Count | None = None


class Volume(Strict):
    """Distribution of titles started in the week.

    groups: neighbouring buckets together, wide enough to say something; this is what people are shown.
    buckets: smallest value of each. shares, lower, upper: share of people in each bucket with its interval.
    cumulative: share of people below each bucket's smallest value, with its standard error.
    is_reliable: False when the errors are so large that the numbers say little but what was assumed beforehand.
    influence: largest change of a cumulative share when 1 % of the reports, all with the same answer, are left out;
    None: not examined. is_robust: the errors would be small enough even with this change added.
    counts: how often each report came; they add up to `reports`. mean: None without reports.
    """

    reports: _Count
    odds: _Odds
    confidence: _Share
    buckets: Buckets
    shares: _Shares
    lower: _Shares
    upper: _Shares
    cumulative: _Shares
    cumulative_error: _Shares
    groups: Annotated[tuple[VolumeGroup, ...], Field(strict=False, min_length=1, max_length=64)]
    is_reliable: bool
    is_robust: bool = False
    influence: _Share | None = None
    counts: Annotated[tuple[_Count, ...], Field(strict=False, max_length=256)] | None = None
    mean: MeanTitles | None = None

    @model_validator(mode="after")
    def _same_length(self) -> Volume:
        columns = (self.shares, self.lower, self.upper, self.cumulative, self.cumulative_error)
        if any(len(column) != len(self.buckets) for column in columns):
            raise ValueError("every bucket needs one number of each kind")
        return self

    def is_noise(self, group: VolumeGroup) -> bool:
        """Return whether the share of a group is noise: it may be nobody."""
        return not self.is_reliable or group.lower < SMALLEST_SHARE


class RoundStatistics(Strict):
    """Everything that is published about one round. refused counts files by reason; waiting ones may still come."""

    schema_version: Literal[1] = 1
    round: str
    survey: str
    vocabulary: str
    participants: _Count
    reports: _Count
    waiting: _Count
    refused: dict[str, _Count]
    top_shows: TopShows | None
    volume: Volume | None
    event_effect: EffectEstimate | None = None

    @field_validator("event_effect", mode="before")
    @classmethod
    def _before_counts_were_kept(cls, value: Any) -> Any:
        """Read an effect without counts, published before these were kept, as not asked: no quarter can use it."""
        return None if isinstance(value, dict) and "counts" not in value else value

    def answers(self) -> dict[str, int]:
        """Return how many answers each question got that was asked."""
        questions = {"top_shows": self.top_shows, "volume": self.volume, "event_effect": self.event_effect}
        return {name: asked.reports for name, asked in questions.items() if asked is not None}

    def to_bytes(self) -> bytes:
        """Return the file `statistics/<round>.json`."""
        return canonical_json(self.model_dump(mode="json")) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> RoundStatistics:
        """Read the file. Raises StatisticsError."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise StatisticsError(f"statistics: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


class Percentile(Strict):
    """Share of participants who started fewer titles, with its standard error."""

    share: float
    standard_error: float
    is_reliable: bool


def percentile(volume: Volume, titles: int) -> Percentile:
    """Place a weekly count in a published distribution, at home: nothing is sent.

    Between the smallest values of two buckets the share is interpolated; its error is at most the interpolated
    error of the ends (triangle inequality).
    """
    buckets = (*volume.buckets, 2 * volume.buckets[-1])
    cumulative, error = (*volume.cumulative, 1.0), (*volume.cumulative_error, 0.0)
    place = max(number for number, low in enumerate(volume.buckets) if low <= titles)
    low, high = buckets[place], buckets[place + 1]
    part = min(1.0, (titles - low) / (high - low))
    return Percentile(
        share=cumulative[place] * (1 - part) + cumulative[place + 1] * part,
        standard_error=error[place] * (1 - part) + error[place + 1] * part,
        is_reliable=volume.is_reliable,
    )
