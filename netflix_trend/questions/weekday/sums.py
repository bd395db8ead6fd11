"""On which day of the week do you watch? The day of one of the week's views, chosen at random, is summed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np

from netflix_trend.language import marked
from netflix_trend.operators.blocks import Block, Ratio
from netflix_trend.periods.turns import summed_effect_quarter, together_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.noisy_sums import estimate_groups
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.questions.question import Statistic, Views
from netflix_trend.questions.shares import Shares, shares_in_words, shares_of
from netflix_trend.questions.sums import Answering, Summed, SumQuestion, SumWish, block

SHARE = Fraction(15, 100)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NO_ANSWER = len(DAYS)
# The even prior weighs as much as this many exactly known people (docs/method/sums.md#weekdays-and-habits).
_PRIOR_PEOPLE = 4.0


class WeekdaySums(SumQuestion):
    """On which day of the week do you watch? Somebody who watched nothing has no answer."""

    title: ClassVar[str] = marked("days of the week")
    asks: ClassVar[str] = marked("On which day was one of your views of this week, chosen at random?")
    when: ClassVar[str] = marked("in every other week, if operators sum")
    statistic: ClassVar[type[Statistic]] = Shares

    name: Literal["weekday"] = "weekday"

    @classmethod
    def suggest(cls, wish: SumWish) -> WeekdaySums | None:
        """Ask in every other week, when no question of a quarter is asked."""
        is_due = wish.week.index % 2 == 0 and not (summed_effect_quarter(wish.week) or together_quarter(wish.week))
        return cls(share=Ratio.of(SHARE)) if is_due else None

    @classmethod
    def measure(cls, views: Views, week: Week) -> tuple[int, ...]:
        """Return how many views of the week lie on each day, Monday first."""
        days = (views.day[views.in_week(week)] - np.datetime64(week.monday)).astype(np.int64)
        return tuple(np.bincount(days, minlength=len(DAYS)).tolist())

    def blocks(self, rho: Fraction) -> tuple[Block]:
        """Return a histogram of the days with "no answer" at its end."""
        return (block("weekday", "histogram", len(DAYS) + 1, 1, rho * self.share.value),)

    def measurements(self, truth: Sequence[int], randbelow: RandBelow) -> tuple[int]:
        """Return the day of one of the views, each chosen equally often."""
        if not sum(truth):
            return (NO_ANSWER,)
        place = randbelow(sum(truth))
        return (int(np.searchsorted(np.cumsum(truth), place, side="right")),)

    def estimate(
        self, summed: Sequence[Summed], reports: int, answering: Answering, odds: Fraction, titles: Sequence[str]
    ) -> Shares:
        """Return the share of each day among the people who watched something."""
        (days,) = summed
        even = [1 / (len(DAYS) + 1)] * (len(DAYS) + 1)
        groups = estimate_groups(days.sums.astype(np.float64), reports, days.error, even, _PRIOR_PEOPLE)
        share, error = groups.shares(range(len(DAYS)))
        return shares_of(DAYS, share, error, reports=reports, noise=days.error, odds=odds)

    @classmethod
    def describe(cls, statistic: Shares) -> Sequence[str]:
        """Return in a sentence on which days people watch."""
        return (shares_in_words(statistic, marked("people's views")),)
