"""What is published about viewing volume: of one round, and of the rounds together; and one's own place in it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, AllowInfNan, Field, model_validator

from netflix_trend.periods.weeks import is_week
from netflix_trend.privacy.interval_channel import MAX_MULTIPLICITY, MAX_OUTPUTS, IntervalChannel, check_intervals
from netflix_trend.questions.question import MAX_ROUNDS, Statistic
from netflix_trend.questions.volume.mean import MeanTitles, mean_titles
from netflix_trend.storage.model import Strict

# Shares of people below a group with a larger standard error are called noise: the prior alone has an error of 0.17, so
# the reports must have halved it (docs/method/estimation.md#gates).
LARGEST_CUMULATIVE_ERROR = 0.08
# A weekly mean is not shown as reliable if its standard error is expected to be above so many titles. Neither the mean
# nor its own error decides: that would pick out means that came out wrong (docs/method/estimation.md#gates).
LARGEST_MEAN_ERROR = 1.5
# A share whose interval reaches below this is noise: perhaps nobody is there.
SMALLEST_SHARE = 0.005

_Number = Annotated[float, AllowInfNan(False)]
_NotNegative = Annotated[float, AllowInfNan(False), Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Shares = Annotated[tuple[_Share, ...], Field(strict=False)]
_Count = Annotated[int, Field(ge=0)]
_Odds = Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)]
_Round = Annotated[str, AfterValidator(is_week)]


def _rising(value: tuple[int, ...]) -> tuple[int, ...]:
    if value[0] != 0 or any(low >= high for low, high in pairwise(value)):
        raise ValueError("buckets must start at 0 and rise")
    return value


# Smallest value of each bucket; the last bucket is open above.
Buckets = Annotated[
    tuple[Annotated[int, Field(ge=0, le=1_000_000)], ...],
    Field(strict=False, min_length=2, max_length=64),
    AfterValidator(_rising),
]

_Place = Annotated[int, Field(ge=0, le=63)]
_Multiplicity = Annotated[int, Field(ge=1, le=MAX_MULTIPLICITY)]
_Interval = Annotated[tuple[_Place, _Place, _Multiplicity], Field(strict=False)]
# First and last bucket, and multiplicity, of each output of an interval channel.
Intervals = Annotated[tuple[_Interval, ...], Field(strict=False, min_length=1, max_length=MAX_OUTPUTS)]


# Where the groups begin that pages show.
_GROUPS = frozenset({0, 1, 4, 8, 13, 22})


def group_starts(buckets: Sequence[int]) -> list[int]:
    """Return the places of the buckets at which the groups begin that pages show; all where the buckets are others."""
    found = [place for place, low in enumerate(buckets) if low in _GROUPS]
    return found if len(found) > 1 else list(range(len(buckets)))


class VolumeGroup(Strict):
    """Share of people who started at least `low` titles and fewer than the next group's, with its interval."""

    low: _Count
    share: _Share
    lower: _Share
    upper: _Share


class Volume(Statistic):
    """Distribution of titles started in the week.

    mechanism: whether the answers were randomized one by one, or summed by operators who added noise to the sum. odds:
    of one report. intervals: the table of the interval channel over `buckets`; None of sums. groups: neighbouring
    buckets together, wide enough to be reliable; pages show these. buckets: smallest value of each. shares, lower,
    upper: share of people in each bucket with its interval. cumulative: share of people below each bucket's smallest
    value, with its standard error. is_reliable: False if those at the groups' beginnings are so large that the numbers
    mostly reflect the prior. influence: largest change of such a share when 1 % of the reports, all with the same
    answer, are left out; None: not examined. is_robust: the errors would be small enough even with this change added.
    counts: how often each report came; they add up to `reports`. mean: None without reports, or where an older file
    counted more titles than `MAX_TITLES` of a person and does not say how often each report came.
    """

    mechanism: Literal["interval_channel", "sum"] = "interval_channel"
    odds: _Odds
    intervals: Intervals | None
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

    @classmethod
    def upgraded(cls, value: Any) -> Any:
        """Upgrade an older file: one whose answers came through a square wave, and a mean that counted all titles."""
        if not isinstance(value, dict):
            return value
        value = value if "intervals" in value else _from_square_wave(value)
        mean = value.get("mean")
        if value["intervals"] is None or not isinstance(mean, dict) or "max_titles" in mean:
            return value
        try:
            again = cls.model_validate({**value, "mean": None})._mean_again()
        except (ValueError, OverflowError):
            again = None  # the file is refused for its fault, or says impossible counts or odds
        return {**value, "mean": again}

    def _mean_again(self) -> MeanTitles | None:
        """Return the mean as it is estimated now, None if the file does not say what it needs: means that count titles
        differently would look like a change of viewing.
        """
        if self.intervals is None or self.counts is None or len(self.counts) != len(self.intervals):
            return None
        channel = IntervalChannel(len(self.buckets), self.intervals, Fraction(*self.odds))
        return mean_titles(channel, self.buckets, np.array(self.counts, dtype=np.int64))

    @model_validator(mode="after")
    def _consistent(self) -> Volume:
        columns = (self.shares, self.lower, self.upper, self.cumulative, self.cumulative_error)
        if any(len(column) != len(self.buckets) for column in columns):
            raise ValueError("every bucket needs one number of each kind")
        if (self.intervals is None) != (self.mechanism == "sum"):
            raise ValueError("intervals belong to the interval channel, and to nothing else")
        if self.intervals is not None:
            check_intervals(self.intervals, len(self.buckets))
        return self

    def is_noise(self, group: VolumeGroup) -> bool:
        """Return whether the share of a group is noise: perhaps nobody is there."""
        return not self.is_reliable or group.lower < SMALLEST_SHARE


def _from_square_wave(value: dict[str, Any]) -> dict[str, Any]:
    """Return an older file whose answers came through a square wave as one of an interval channel: bucket i gave each
    of the reports i to i + 2 * width with weight w1, so report r names the interval from r - 2 * width to r.

    Files of 0.2.0 state no width; it follows from how many different reports they count.
    """
    try:
        buckets = len(value["buckets"])
        reach = 2 * value["width"] if "width" in value else len(value["counts"]) - buckets
        intervals = [[max(0, r - reach), min(buckets - 1, r), 1] for r in range(min(256, buckets + reach))]
    except (KeyError, TypeError):
        intervals = None  # a sum; or buckets, width or counts are missing or refused
    kept = {name: part for name, part in value.items() if name != "width"}
    if kept.get("mechanism") == "square_wave":
        kept["mechanism"] = "interval_channel"
    return {**kept, "intervals": intervals}


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


class WeeklyMean(Strict):
    """Mean number of titles a participant started in the round, more than MAX_TITLES counted as that many.

    mean: as it is shown, not below 0; unbiased: as it was estimated. is_reliable: the error that was to be expected is
    at most LARGEST_MEAN_ERROR. influence: how much 1 % of the answers can move it. is_robust: reliable even with this
    added.
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
    """Change of the mean from one week to the next, in titles; a direction only where the plain interval leaves out 0.

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
    weeks: Annotated[tuple[WeeklyMean, ...], Field(strict=False, max_length=MAX_ROUNDS)]
    slope: Slope | None
