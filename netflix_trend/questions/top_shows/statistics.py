"""What is published about the top shows: of one round, and of many together."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AllowInfNan, Field

from netflix_trend.periods.weeks import is_week
from netflix_trend.privacy.set_response import PRIME, best_threshold
from netflix_trend.questions.question import Statistic
from netflix_trend.storage.model import Strict

# `trends.json` lists the strongest shows only, so that it stays small for every vocabulary.
MAX_LISTED = 1000

_Number = Annotated[float, AllowInfNan(False)]
_NotNegative = Annotated[float, AllowInfNan(False), Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]
_Odds = Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)]
_Round = Annotated[str, AfterValidator(is_week)]
_Title = Annotated[str, Field(max_length=300)]


class ShowEstimate(Strict):
    """How many of the people asked named a show. `is_signal`: whether the number is clear; then its interval is wider,
    because it was selected for being large.

    count: in how many reported subsets the show is. is_robust: still clear without any `TopShows.tolerated` of the
    reports, in case these were forged. fragile_reports: how few reports must be left out until it is not clear
    any more; None if it is not now.
    """

    show: int
    title: str
    estimate: _Number
    standard_error: _Number
    lower: _Number
    upper: _Number
    is_signal: bool
    # Old files without these fields are read as not robust.
    is_robust: bool = False
    fragile_reports: _Count | None = None
    count: _Count | None = None


class TopShows(Statistic):
    """Estimates for all candidates, largest first; intervals hold with `confidence` for each show by itself.

    mechanism: whether the answers were randomized one by one, or summed by operators who added noise to the sum.
    k, odds: how many shows a person names at most, and the odds of one report. threshold: of the set response.
    answering, answering_error: of summed answers, how many come from people whose files cover the week, and its
    standard error; all answers of local mode do.
    noise: standard error of a show that nobody watched. gate: smallest estimate that is clear.
    reports_needed: how many reports the strongest show would need to pass, None when one passes. needed_share: the
    share of people for which that holds: the strongest show's own or, where that is next to nothing, one in ten as an
    example.
    tolerated: how many forged reports a robust show withstands, 1 % of all, rounded up; None: not examined.
    influence: how much one report changes an estimate at most, people.
    named_per_person: estimated mean number of shows that a person named, at most k, with its standard error. People
    may have watched more; how many is not asked, so estimates count people who named a show and are not scaled up.
    """

    mechanism: Literal["set_response", "sum"] = "set_response"
    k: _Count
    odds: _Odds
    threshold: Annotated[int, Field(ge=1, lt=PRIME)] | None
    answering: _NotNegative | None = None
    answering_error: _NotNegative | None = None
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

    @classmethod
    def upgraded(cls, value: Any) -> Any:
        """Upgrade an old file without a threshold: it always was the best one for k and odds."""
        if not isinstance(value, dict) or "threshold" in value:
            return value
        try:
            return {**value, "threshold": best_threshold(value["k"], Fraction(*value["odds"]))}
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return value  # k or odds are refused, or missing


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
    """Filtered shares, by their lower confidence bound; with a public prior by the share itself. Largest first.

    drift: weekly change of a share that the filter allows for, relative to the share. prior: in words, what was
    assumed beforehand. uses_public_prior: whether that is a public chart.
    """

    round: _Round
    confidence: _Share
    drift: _NotNegative
    uses_public_prior: bool
    prior: Annotated[str, Field(max_length=1000)]
    shows: Annotated[tuple[ShowTrend, ...], Field(strict=False, max_length=MAX_LISTED)]


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
    """Top shows of the last 52 rounds, largest sum first; `items` shows were asked about in all."""

    confidence: _Share
    items: _Count
    shows: Annotated[tuple[AllTimeShow, ...], Field(strict=False, max_length=MAX_LISTED)]


class Window(Strict):
    """Top shows of the newest `weeks` weeks together: fewer weeks are more recent, more weeks have less noise."""

    weeks: Annotated[int, Field(ge=2)]
    shows: AllTime
