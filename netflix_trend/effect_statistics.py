"""What the aggregator publishes about the effect of life events on viewing in one round."""

from __future__ import annotations

from typing import Annotated

from pydantic import AllowInfNan, Field, model_validator

from netflix_trend.survey import Strict

# A mean change that is less exact than this many views a week is called noise. It is a mean over all people: where
# 15 % of them have an event, it stands for an error of 3.3 views a week among those who have one.
LARGEST_CHANGE_ERROR = 0.5

_Number = Annotated[float, AllowInfNan(False)]
_Odds = Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)]


class Measured(Strict):
    """An unbiased estimate, which may lie outside of what is possible, its standard error, and its interval."""

    estimate: _Number
    standard_error: Annotated[_Number, Field(ge=0)]
    lower: _Number
    upper: _Number

    @model_validator(mode="after")
    def _in_order(self) -> Measured:
        if self.lower > self.upper:
            raise ValueError("the interval ends before it begins")
        return self


class EffectEstimate(Strict):
    """Did people watch more or less during the life events that began in `quarter`? About all people who answered.

    Somebody without an event counts as one for whom nothing changed; how many have one is not asked.

    clip: larger changes count as this many views a week. share_up, share_down: mean over all people of the part of
    `clip` by which they watched more, or less. mean_change: mean change of all people in views a week, clip * (share_up
    - share_down). Intervals hold with `confidence`. is_signal: the interval of mean_change excludes 0. is_reliable: its
    standard error is small enough. reports_needed: how many reports that takes, None when it is so.
    """

    quarter: Annotated[str, Field(pattern=r"^[0-9]{4}-Q[1-4]$")]
    reports: Annotated[int, Field(ge=0)]
    clip: Annotated[int, Field(ge=1)]
    odds: _Odds
    confidence: Annotated[float, Field(ge=0, le=1)]
    share_up: Measured
    share_down: Measured
    mean_change: Measured
    is_signal: bool
    is_reliable: bool
    reports_needed: Annotated[int, Field(ge=0)] | None
