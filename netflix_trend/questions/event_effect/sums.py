"""Did you watch more or less during a life event than before? Whether there was one, and the direction, are summed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from netflix_trend.operators.blocks import Block, Ratio
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.turns import summed_effect_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.privacy.ternary import DOWN, UP, direction
from netflix_trend.questions.event_effect.question import EFFECT_CLIP
from netflix_trend.questions.event_effect.statistics import EffectEstimate
from netflix_trend.questions.event_effect.summed import BUCKETS, LESS, MORE, NO_EVENT, SAME, estimate_summed_effect
from netflix_trend.questions.sums import Answering, Summed, SumQuestion, SumWish, block

SHARE = Fraction(15, 100)


class EffectSums(SumQuestion):
    """Whether you watched more or less during your longest life event of a quarter than before it.

    Larger changes than `clip` views a week count as this many; a change between is rounded at random to nothing or to
    the whole clip, so that the mean is right.
    """

    name: Literal["event_effect"] = "event_effect"
    clip: Annotated[int, Field(ge=1, le=100)]
    quarter: str

    @field_validator("quarter")
    @classmethod
    def _is_a_quarter(cls, value: str) -> str:
        Quarter.parse(value)
        return value

    @classmethod
    def suggest(cls, wish: SumWish) -> EffectSums | None:
        """Ask in one round of a quarter about the one before."""
        quarter = summed_effect_quarter(wish.week)
        return cls(share=Ratio.of(SHARE), clip=EFFECT_CLIP, quarter=str(quarter)) if quarter else None

    def problem(self, week: Week) -> str | None:
        """Return why a survey about `week` may not ask about this quarter."""
        wanted = summed_effect_quarter(week)
        if wanted is None:
            return f"in {week} life events are not asked about: one round of each quarter does, its fourth"
        return None if self.quarter == str(wanted) else f"in {week} life events are asked about for {wanted} only"

    def blocks(self, rho: Fraction) -> tuple[Block]:
        """Return a histogram: no event, less, the same, more, no answer."""
        return (block("event", "histogram", BUCKETS, 1, rho * self.share.value),)

    def measurements(self, truth: Fraction | None, randbelow: RandBelow) -> tuple[int]:
        """Return the bucket of a change in views a week, None without an event."""
        if truth is None:
            return (NO_EVENT,)
        moved = direction(truth, self.clip, randbelow)
        return (MORE if moved == UP else LESS if moved == DOWN else SAME,)

    def estimate(
        self, summed: Sequence[Summed], reports: int, answering: Answering, odds: Fraction, titles: Sequence[str]
    ) -> EffectEstimate:
        """Return how many people had an event, and how their viewing changed."""
        (histogram,) = summed
        sums = histogram.sums.astype(np.float64)
        return estimate_summed_effect(self.quarter, self.clip, odds, sums, histogram.variance, reports)
