"""The group's year: the file `years/<year>.json`, computed from published statistics only, so it costs no privacy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AllowInfNan, Field, ValidationError

from netflix_trend.causes import expected
from netflix_trend.periods.weeks import Week, is_week
from netflix_trend.published.invented import Invented
from netflix_trend.published.statistics import RoundStatistics, StatisticsError, answers_to
from netflix_trend.questions.top_shows.statistics import AllTime
from netflix_trend.questions.top_shows.trends import all_time, observe_shows
from netflix_trend.questions.top_shows.year import ShowChanges, YearWorld, against_the_world, changes
from netflix_trend.questions.volume.statistics import WeeklyMean
from netflix_trend.questions.volume.viewing import CONFIDENCE, weekly_mean
from netflix_trend.storage.model import Strict

YEARS = "years"
# An ISO year has 52 or 53 weeks.
MAX_WEEKS = 53
MAX_YEAR_FILE = 8_000_000
# With fewer weeks in a half, one week would be the half.
WEEKS_OF_A_HALF = 4
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)

_Number = Annotated[float, AllowInfNan(False)]
_NotNegative = Annotated[float, AllowInfNan(False), Field(ge=0)]
_Count = Annotated[int, Field(ge=0)]
_Round = Annotated[str, AfterValidator(is_week)]
_Rounds = Annotated[tuple[_Round, ...], Field(strict=False, max_length=MAX_WEEKS)]


class MeanChange(Strict):
    """Change of mean viewing from the first to the second half of the weeks, in titles a week."""

    change: _Number
    standard_error: _NotNegative
    lower: _Number
    upper: _Number
    direction: Literal["up", "down", "unclear"]


class YearViewing(Strict):
    """Mean titles that a participant started in a week, more than 30 counted as 30.

    mean: of all weeks, each weighing as much as it has answers, with its interval. change: between the halves of the
    year, None where these are too short.
    """

    confidence: Annotated[float, Field(ge=0, le=1)]
    weeks: Annotated[tuple[WeeklyMean, ...], Field(strict=False, min_length=1, max_length=MAX_WEEKS)]
    mean: _NotNegative
    standard_error: _NotNegative
    lower: _NotNegative
    upper: _NotNegative
    change: MeanChange | None


class YearStatistics(Strict):
    """Everything that a year's rounds tell together. rounds: those with answers, oldest first; first_half: the earlier
    half of them, empty where the year is too short to be halved. participants: the most in a round. invented:
    a round of them is of a demo.
    """

    schema_version: Literal[1] = 1
    year: Annotated[int, Field(ge=1000, le=2999)]
    rounds: _Rounds
    first_half: _Rounds
    participants: _Count
    reports: _Count
    shows: AllTime | None
    changes: ShowChanges | None
    world: YearWorld | None
    viewing: YearViewing | None
    invented: Invented = False

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the file. Raises StatisticsError."""
        if len(data) > MAX_YEAR_FILE:
            raise StatisticsError(f"a year has {len(data)} bytes, at most {MAX_YEAR_FILE} are read")
        try:
            return cls.of_peer(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise StatisticsError(f"year: {'.'.join(map(str, first['loc'])) or 'file'}: {expected(first)}") from None


def year_of_round(name: str) -> int:
    """Return the year that a round such as `2026-W46` belongs to: that of the ISO week."""
    return int(name[:4])


def years_of(rounds: Sequence[str]) -> list[int]:
    """Return the years of rounds, newest first."""
    return sorted({year_of_round(name) for name in rounds}, reverse=True)


@lru_cache(maxsize=16)
def read_year(files: tuple[bytes, ...], year: int) -> YearStatistics:
    """Return a year from the files of its rounds; the same files are read once. Raises StatisticsError."""
    return year_of([RoundStatistics.from_bytes(data) for data in files], year)


def year_of(statistics: Sequence[RoundStatistics], year: int) -> YearStatistics:
    """Return what the rounds of a year tell together; rounds of other years, and without answers, are left out."""
    rounds = sorted((one for one in statistics if year_of_round(one.round) == year and one.reports), key=_by_week)
    shows, observed = answers_to(rounds, "top_shows"), None
    # Half of the weeks with answers: a group that began in September has halves, too.
    names = [one.round for one in rounds]
    first = names[: len(names) // 2] if len(names) >= 2 * WEEKS_OF_A_HALF else []
    observed = observe_shows(shows)
    return YearStatistics(
        year=year,
        rounds=tuple(names),
        first_half=tuple(first),
        participants=max((one.participants for one in rounds), default=0),
        reports=sum(one.reports for one in rounds),
        shows=all_time(observed) if observed else None,
        changes=(
            changes([one for one in shows if one[0] in first], [one for one in shows if one[0] not in first])
            if first
            else None
        ),
        world=against_the_world(shows),
        viewing=_viewing(rounds, first),
        invented=any(one.invented for one in rounds),
    )


def _by_week(statistics: RoundStatistics) -> Week:
    return Week.parse(statistics.round)


def _viewing(rounds: Sequence[RoundStatistics], first: Sequence[str]) -> YearViewing | None:
    weeks = [
        weekly_mean(name, volume.reports, volume.mean) for name, volume in answers_to(rounds, "volume") if volume.mean
    ]
    if not weeks:
        return None
    mean, error = mean_of_weeks(weeks)
    return YearViewing(
        confidence=CONFIDENCE,
        weeks=tuple(weeks),
        mean=max(0.0, mean),
        standard_error=error,
        lower=max(0.0, mean - _Z * error),
        upper=max(0.0, mean + _Z * error),
        change=_change([week for week in weeks if week.round in first], [w for w in weeks if w.round not in first]),
    )


def mean_of_weeks(weeks: Sequence[WeeklyMean]) -> tuple[float, float]:
    """Return the mean of weeks, each weighing as much as it has answers, and its standard error."""
    answers = sum(week.reports for week in weeks)
    mean = sum(week.reports * week.unbiased for week in weeks) / answers
    return mean, math.sqrt(sum((week.reports * week.standard_error) ** 2 for week in weeks)) / answers


def _change(before: Sequence[WeeklyMean], after: Sequence[WeeklyMean]) -> MeanChange | None:
    if min(len(before), len(after)) < WEEKS_OF_A_HALF:
        return None
    (first, error_before), (second, error_after) = mean_of_weeks(before), mean_of_weeks(after)
    change, error = second - first, math.hypot(error_before, error_after)
    lower, upper = change - _Z * error, change + _Z * error
    return MeanChange(
        change=change,
        standard_error=error,
        lower=lower,
        upper=upper,
        direction="up" if lower > 0 else "down" if upper < 0 else "unclear",
    )
