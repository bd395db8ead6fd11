"""Which of these shows have you seen in the last year? The pairs of at most `k` of them are summed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from netflix_trend.language import _, marked
from netflix_trend.operators.blocks import Block, Ratio
from netflix_trend.periods.turns import together_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.questions.question import Statistic, Views
from netflix_trend.questions.sums import Answering, Summed, SumQuestion, SumWish, block
from netflix_trend.questions.together.statistics import MOST_SHOWS, Together, pairs_of
from netflix_trend.questions.top_shows.question import choose

SHARE = Fraction(40, 100)
# Of the shows that a person has seen so many count at most (docs/method/what-to-watch-next.md#pairs).
MOST_SEEN = 10
_DAYS = 364
# A show of which one view is known may have been given up.
_VIEWS = 2


class TogetherSums(SumQuestion):
    """Pairs of shows that the same person has seen.

    shows: vocabulary indices. k: how many of them count for one person.
    """

    title: ClassVar[str] = marked("shows that the same people see")
    asks: ClassVar[str] = marked("Which of these shows have you seen in the last year? At most ten count, in pairs.")
    when: ClassVar[str] = marked("once a quarter, if operators sum")
    is_weekly: ClassVar[bool] = False
    statistic: ClassVar[type[Statistic]] = Together

    name: Literal["together"] = "together"
    k: Annotated[int, Field(ge=2, le=MOST_SHOWS)]
    shows: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=2, max_length=MOST_SHOWS)]

    @field_validator("shows")
    @classmethod
    def _each_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a show is asked about twice")
        return value

    @classmethod
    def suggest(cls, wish: SumWish) -> TogetherSums | None:
        """Ask in one round of a quarter."""
        shows = tuple(dict.fromkeys((*wish.popular, *wish.candidates)))[:MOST_SHOWS]
        if together_quarter(wish.week) is None or len(shows) < 2:
            return None
        return cls(share=Ratio.of(SHARE), k=min(MOST_SEEN, len(shows)), shows=shows)

    def problem(self, week: Week) -> str | None:
        """Return why a survey about `week` may not ask this."""
        if together_quarter(week) is None:
            return f"in {week} pairs of shows are not asked about: one round of each quarter does"
        return None if self.k <= len(self.shows) else "more shows count than are asked about"

    @classmethod
    def measure(cls, views: Views, week: Week) -> frozenset[int]:
        """Return the shows of which at least two views lie in the year that ends with the week."""
        last = np.datetime64(week.sunday)
        inside = (views.day <= last) & (views.day > last - np.timedelta64(_DAYS)) & (views.show >= 0)
        shows, counts = np.unique(views.show[inside], return_counts=True)
        return frozenset(shows[counts >= _VIEWS].tolist())

    def blocks(self, rho: Fraction) -> tuple[Block]:
        """Return a counter for each pair of shows, and for each show."""
        length = pairs_of(len(self.shows))
        return (block("pairs", "multihot", length, pairs_of(self.k), rho * self.share.value),)

    def measurements(self, truth: frozenset[int], randbelow: RandBelow) -> tuple[list[int]]:
        """Return the pairs of a uniform choice of at most `k` of the shows that were seen."""
        seen = [place for place, show in enumerate(self.shows) if show in truth]
        size = len(self.shows)
        found = [0] * pairs_of(size)
        for one, other in combinations_with_replacement(sorted(choose(seen, self.k, randbelow)), 2):
            found[one * size - one * (one - 1) // 2 + other - one] = 1
        return (found,)

    def estimate(
        self, summed: Sequence[Summed], reports: int, answering: Answering, odds: Fraction, titles: Sequence[str]
    ) -> Together:
        """Return the sums."""
        (pairs,) = summed
        return Together(
            reports=reports,
            k=self.k,
            odds=(odds.numerator, odds.denominator),
            answering=answering.estimate,
            answering_error=answering.standard_error,
            noise=pairs.error,
            titles=tuple(titles[show] for show in self.shows),
            sums=tuple(pairs.sums.astype(np.float64).tolist()),
        )

    @classmethod
    def describe(cls, statistic: Together) -> Sequence[str]:
        """Return in a sentence what was measured; which pairs stand out is for recommendations only."""
        noise = f"{statistic.noise:.0f}"
        return (
            _(
                "How many people have seen both of two shows was measured for %(shows)s shows, with a noise of "
                "%(noise)s people for each pair. It helps recommendations, and says nothing about any one person.",
                shows=len(statistic.titles),
                noise=noise,
            ),
        )
