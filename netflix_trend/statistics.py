"""What the aggregator publishes about a round, and what a participant reads from it about themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.canonical import canonical_json
from netflix_trend.survey import Strict

LARGEST_FILE = 8_000_000
# Cumulative shares that are less exact than this are called noise: what is assumed beforehand alone has an error of
# 0.15, so the reports must have halved it. That takes about 200 reports at odds of 8.
LARGEST_CUMULATIVE_ERROR = 0.08


class StatisticsError(Exception):
    """A statistics file cannot be read."""


class ShowEstimate(Strict):
    """How many of the people asked named a show. `is_signal`: whether the number can be told from noise."""

    show: int
    title: str
    estimate: float
    standard_error: float
    lower: float
    upper: float
    is_signal: bool


class TopShows(Strict):
    """Estimates for all candidates, largest first; intervals hold with `confidence` for each show by itself.

    noise: standard error of a show that nobody watched. gate: smallest estimate that is told from noise.
    reports_needed: how many reports the strongest show would need to pass, None when one passes or all are negative.
    """

    reports: int
    k: int
    odds: Annotated[tuple[int, int], Field(strict=False)]
    confidence: float
    noise: float
    gate: float
    reports_needed: int | None
    shows: Annotated[tuple[ShowEstimate, ...], Field(strict=False)]


class Volume(Strict):
    """Distribution of titles started in the week.

    buckets: smallest value of each. shares, lower, upper: share of people in each bucket with its interval.
    cumulative: share of people below each bucket's smallest value, with its standard error.
    is_reliable: False when the errors are so large that the numbers say little but what was assumed beforehand.
    """

    reports: int
    odds: Annotated[tuple[int, int], Field(strict=False)]
    confidence: float
    buckets: Annotated[tuple[int, ...], Field(strict=False)]
    shares: Annotated[tuple[float, ...], Field(strict=False)]
    lower: Annotated[tuple[float, ...], Field(strict=False)]
    upper: Annotated[tuple[float, ...], Field(strict=False)]
    cumulative: Annotated[tuple[float, ...], Field(strict=False)]
    cumulative_error: Annotated[tuple[float, ...], Field(strict=False)]
    is_reliable: bool


class RoundStatistics(Strict):
    """Everything that is published about one round. refused counts files by reason; waiting ones may still come."""

    schema_version: Literal[1] = 1
    round: str
    survey: str
    vocabulary: str
    participants: int
    reports: int
    waiting: int
    refused: dict[str, int]
    top_shows: TopShows | None
    volume: Volume | None

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
