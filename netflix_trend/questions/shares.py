"""Shares of participants, by label: what is published about questions that only operators' sums can answer."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import Annotated, Literal

import numpy as np
from pydantic import AllowInfNan, Field, model_validator

from netflix_trend.formats import WEEKDAYS, decimal, listed, percent, weekday_names
from netflix_trend.language import _, ngettext
from netflix_trend.privacy.noisy_sums import Floats
from netflix_trend.questions.question import Statistic
from netflix_trend.storage.model import Strict

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
# Shares whose standard errors exceed this say next to nothing.
LARGEST_ERROR = 0.08

_Share = Annotated[float, Field(ge=0, le=1)]


class LabelledShare(Strict):
    """Share of the participants whom a label is about, with its interval."""

    label: str
    share: _Share
    lower: _Share
    upper: _Share


class Shares(Statistic):
    """Shares by label, in the question's order; each interval holds with `confidence` by itself.

    odds: of one operator's view of a round. noise: standard deviation of each sum. is_reliable: False while the largest
    standard error exceeds LARGEST_ERROR: then the numbers are noise.
    """

    mechanism: Literal["sum"] = "sum"
    odds: Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)]
    confidence: _Share
    noise: Annotated[float, AllowInfNan(False), Field(ge=0)]
    is_reliable: bool
    shares: Annotated[tuple[LabelledShare, ...], Field(strict=False, min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _in_order(self) -> Shares:
        if any(one.lower > one.upper for one in self.shares):
            raise ValueError("an interval ends before it begins")
        return self


def shares_of(
    labels: Sequence[str], share: Floats, error: Floats, *, reports: int, noise: float, odds: Fraction
) -> Shares:
    """Return the statistic from shares and their standard errors, float64[labels] each."""
    lower, upper = np.clip([share - _Z * error, share + _Z * error], 0, 1)
    return Shares(
        reports=reports,
        odds=(odds.numerator, odds.denominator),
        confidence=CONFIDENCE,
        noise=noise,
        is_reliable=bool(reports) and float(error.max()) <= LARGEST_ERROR,
        shares=tuple(
            LabelledShare(label=label, share=float(np.clip(one, 0, 1)), lower=float(low), upper=float(high))
            for label, one, low, high in zip(labels, share, lower, upper, strict=True)
        ),
    )


def shares_in_words(statistic: Shares, of: str) -> str:
    """Return the shares in a sentence, or that they are noise. of: what they are shares of, such as `views`."""
    if not statistic.is_reliable:
        return ngettext(
            "%(num)s report: too few to tell; all numbers are noise.",
            "%(num)s reports: too few to tell; all numbers are noise.",
            statistic.reports,
        )
    numbers = [
        _(
            "%(label)s %(low)s to %(high)s",
            label=_in_words(one.label),
            low=decimal(100 * one.lower, 0),
            high=percent(one.upper),
        )
        for one in statistic.shares
    ]
    return _("Shares of %(what)s, each with 95 %%: %(shares)s.", what=_(of), shares=listed(numbers))


def _in_words(label: str) -> str:
    return weekday_names()[WEEKDAYS.index(label)] if label in WEEKDAYS else _(label)
