"""What kind of week was it? Four yes-or-no answers, each of which is summed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np

from netflix_trend.language import marked
from netflix_trend.operators.blocks import Block, Ratio
from netflix_trend.periods.turns import summed_effect_quarter, together_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.questions.question import Statistic, Views
from netflix_trend.questions.shares import Shares, shares_in_words, shares_of
from netflix_trend.questions.sums import Answering, Summed, SumQuestion, SumWish, block

SHARE = Fraction(15, 100)
HABITS = (
    marked("watched anything"),
    marked("three or more episodes of a show in a day"),
    marked("a film"),
    marked("two or more shows"),
)
_BINGE = 3


class HabitsSums(SumQuestion):
    """Four yes-or-no answers about the week: see HABITS."""

    title: ClassVar[str] = marked("kinds of weeks")
    asks: ClassVar[str] = marked(
        "Did you watch anything this week, three episodes of a show in a day, a film, two shows?"
    )
    when: ClassVar[str] = marked("in every other week, if operators sum")
    statistic: ClassVar[type[Statistic]] = Shares

    name: Literal["habits"] = "habits"

    @classmethod
    def suggest(cls, wish: SumWish) -> HabitsSums | None:
        """Ask in every other week, when no question of a quarter is asked."""
        is_due = wish.week.index % 2 == 1 and not (summed_effect_quarter(wish.week) or together_quarter(wish.week))
        return cls(share=Ratio.of(SHARE)) if is_due else None

    @classmethod
    def measure(cls, views: Views, week: Week) -> tuple[bool, ...]:
        """Return the four answers. Only shows of the vocabulary are known to be the same show."""
        inside = views.in_week(week)
        shows, days = views.show[inside], views.day[inside]
        of_shows = shows >= 0
        _, episodes = np.unique(
            np.stack([shows[of_shows].astype(np.int64), days[of_shows].astype(np.int64)]), axis=1, return_counts=True
        )
        return (
            bool(inside.any()),
            bool((episodes >= _BINGE).any()),
            bool(views.film[inside].any()),
            len(np.unique(shows[of_shows])) > 1,
        )

    def blocks(self, rho: Fraction) -> tuple[Block]:
        """Return a counter for each answer."""
        return (block("habits", "sumvec", len(HABITS), 1, rho * self.share.value),)

    def measurements(self, truth: Sequence[bool], randbelow: RandBelow) -> tuple[list[int]]:
        """Return the answers as numbers."""
        return ([int(one) for one in truth],)

    def estimate(
        self, summed: Sequence[Summed], reports: int, answering: Answering, odds: Fraction, titles: Sequence[str]
    ) -> Shares:
        """Return the share of those who could answer and said yes: a ratio of two noisy numbers (delta method)."""
        (habits,) = summed
        people = max(1.0, answering.estimate)
        share = habits.sums / people
        error = np.hypot(habits.error, np.clip(share, 0, 1) * answering.standard_error) / people
        return shares_of(HABITS, share, error, reports=reports, noise=habits.error, odds=odds)

    @classmethod
    def describe(cls, statistic: Shares) -> Sequence[str]:
        """Return in a sentence how many people had which kind of week."""
        return (shares_in_words(statistic, marked("participants")),)
