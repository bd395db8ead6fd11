"""What is published about the effect of life events on viewing: of one round, and of a whole quarter."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AllowInfNan, Field, model_validator

from netflix_trend.periods.weeks import is_week
from netflix_trend.privacy.selection import change_ends
from netflix_trend.questions.question import Statistic
from netflix_trend.storage.model import Strict

# A mean change is called noise if its standard error exceeds this many views a week: of everybody who answered, where
# who had an event is not known, and of people with an event where operators sum (docs/method/estimation.md#gates).
LARGEST_CHANGE_ERROR = 0.25
LARGEST_EFFECT_ERROR = 1.5

_Number = Annotated[float, AllowInfNan(False)]
_Count = Annotated[int, Field(ge=0)]
_Odds = Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)]


class Measured(Strict):
    """An unbiased estimate (possibly outside the valid range), its standard error, and its interval."""

    estimate: _Number
    standard_error: Annotated[_Number, Field(ge=0)]
    lower: _Number
    upper: _Number

    def picked_out(self, lowest: float) -> Measured:
        """Return the estimate of a change with the interval that it is shown with: wider where it is called up or down.

        lowest: the smallest change there can be.
        """
        lower, upper = change_ends(self.estimate, self.lower, self.upper, self.standard_error, lowest=lowest)
        return self.model_copy(update={"lower": lower, "upper": upper})

    @model_validator(mode="after")
    def _in_order(self) -> Measured:
        if self.lower > self.upper:
            raise ValueError("the interval ends before it begins")
        return self


class EffectEstimate(Statistic):
    """Did people watch more or less during the life events that began in `quarter`? About all people who answered.

    People without an event count as unchanged; local mode does not ask how many have one.

    mechanism: whether the answers were randomized one by one, or summed by operators who added noise to the sum.
    counts: of local mode, how often each report came, none, up and down; they add up to `reports`. sums: of summed
    answers, the noisy number of people without an event, with less, the same and more viewing, and without an answer;
    noise: the variance of each. clip: larger changes count as this
    many views a week. share_up, share_down: mean over all people of the part of `clip` by which they watched more, or
    less. mean_change: mean change of all people in views a week, clip * (share_up - share_down). event_share,
    event_share_error, per_event: of summed answers, the share of people with an event with its standard error, and
    their mean change; local mode cannot tell. Intervals hold with
    `confidence`. is_signal: the plain interval of mean_change excludes 0; the one that is published then
    allows for that, so it may hold 0. is_robust: it still does without the `tolerated`
    reports, 1 % of all, that lift it most, in case these were forged. fragile_reports: how many of the reports must
    have been forged until it does not; None if it does not now. is_reliable: the standard error of per_event is at most
    LARGEST_EFFECT_ERROR, in local mode that of mean_change LARGEST_CHANGE_ERROR. reports_needed: how many reports that
    takes if events are as forecasts assume, None when it is so.
    """

    quarter: Annotated[str, Field(pattern=r"^[0-9]{4}-Q[1-4]$")]
    mechanism: Literal["ternary_response", "sum"] = "ternary_response"
    counts: Annotated[tuple[_Count, _Count, _Count], Field(strict=False)] | None
    sums: Annotated[tuple[_Number, ...], Field(strict=False, max_length=8)] | None = None
    noise: Annotated[_Number, Field(ge=0)] | None = None
    clip: Annotated[int, Field(ge=1)]
    odds: _Odds
    confidence: Annotated[float, Field(ge=0, le=1)]
    share_up: Measured
    share_down: Measured
    mean_change: Measured
    event_share: Annotated[float, Field(gt=0, le=1)] | None = None
    event_share_error: Annotated[_Number, Field(ge=0)] | None = None
    per_event: Measured | None = None
    is_signal: bool
    is_robust: bool
    fragile_reports: _Count | None = None
    tolerated: _Count
    is_reliable: bool
    reports_needed: _Count | None

    @classmethod
    def upgraded(cls, value: Any) -> Any:
        """Read an effect without counts (an old file) as not asked, because a quarter cannot be estimated from it."""
        return None if isinstance(value, dict) and "counts" not in value else value

    @model_validator(mode="before")
    @classmethod
    def _without_assumed_share(cls, value: Any) -> Any:
        """Read an old file of local mode, whose change per event rested on an assumed share of people with an event."""
        if not isinstance(value, dict) or value.get("mechanism") == "sum":
            return value
        return {key: one for key, one in value.items() if key not in ("event_share", "event_share_error", "per_event")}

    @model_validator(mode="after")
    def _adds_up(self) -> EffectEstimate:
        if (self.counts is None) != (self.mechanism == "sum") or (self.sums is None) == (self.mechanism == "sum"):
            raise ValueError(f"{self.mechanism} has either counts or sums")
        if (self.per_event is None or self.event_share is None) == (self.mechanism == "sum"):
            raise ValueError("only sums tell how many people had an event, and how viewing changed for them")
        if self.counts is not None and sum(self.counts) != self.reports:
            raise ValueError(f"{self.reports} reports do not give the counts {list(self.counts)}")
        return self


class QuarterEffect(Strict):
    """The effect of the life events of one quarter from all `rounds`, oldest first, that asked about it.

    In local mode everybody has one turn in them. Where operators sum there is one, in which everybody answers.
    """

    rounds: Annotated[tuple[Annotated[str, AfterValidator(is_week)], ...], Field(strict=False, min_length=1)]
    effect: EffectEstimate
