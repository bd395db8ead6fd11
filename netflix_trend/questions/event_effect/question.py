"""How many views a week more or fewer did you have during a life event than before? Ternary response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from netflix_trend.formats import decimal
from netflix_trend.language import _, marked
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.turns import effect_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.privacy.ternary import DOWN, UP, TernaryResponse, direction
from netflix_trend.published.wording import estimate_in_words
from netflix_trend.questions.event_effect.estimation import estimate_effect, pool_effects
from netflix_trend.questions.event_effect.forecast import forecast_effect
from netflix_trend.questions.event_effect.statistics import EffectEstimate, QuarterEffect
from netflix_trend.questions.question import (
    Counted,
    Forecast,
    Question,
    Statistic,
    Views,
    Wish,
    check_byte,
    count_bytes,
)

# Larger changes in views a week count as this (docs/method/assumptions.md#life-events).
EFFECT_CLIP = 12
# Only the first 28 days of an event are compared. With more, an answer from a file that comes four weeks after its
# round would often depend on a week that matters for events two quarters later, and be refused (`independent_from`).
MAX_EVENT_DAYS = 28


class EffectQuestion(Question):
    """How many views a week more or fewer did you have during a life event than before? Ternary response.

    About the longest event that began in `quarter`; people without one answer too, that nothing changed.
    """

    title: ClassVar[str] = marked("life events")
    asks: ClassVar[str] = marked("Did you watch more or less during your longest life event of the last quarter?")
    about: ClassVar[str] = marked("the weeks around that event")
    when: ClassVar[str] = marked("in the first four rounds of a quarter; if operators sum, in the fourth")
    is_weekly: ClassVar[bool] = False
    is_pooled: ClassVar[bool] = True
    needs_events: ClassVar[bool] = True
    nothing: ClassVar[Fraction | None] = None
    statistic: ClassVar[type[Statistic]] = EffectEstimate
    trend_fields: ClassVar[Mapping[str, Any]] = {"effects": tuple[QuarterEffect, ...]}

    name: Literal["event_effect"] = "event_effect"
    mechanism: Literal["ternary_response"] = "ternary_response"
    odds: Annotated[Fraction, Field(gt=1)]
    clip: Annotated[int, Field(ge=1, le=100)]
    quarter: str

    @field_validator("quarter")
    @classmethod
    def _is_a_quarter(cls, value: str) -> str:
        Quarter.parse(value)
        return value

    @classmethod
    def ask(cls, quarter: Quarter, *, odds: Fraction, weight: int, clip: int = EFFECT_CLIP) -> EffectQuestion:
        """Ask about the events that began in a quarter."""
        return cls(weight=weight, odds=odds, clip=clip, quarter=str(quarter))

    @classmethod
    def suggest(cls, wish: Wish) -> EffectQuestion | None:
        """Ask in the first rounds of a quarter about the one before."""
        quarter = effect_quarter(wish.week)
        return cls.ask(quarter, odds=wish.odds, weight=1) if quarter else None

    def problem(self, week: Week) -> str | None:
        """Refuse any quarter but the one before, so that no survey can query a history quarter by quarter."""
        wanted = str(Quarter.of(week.monday).previous)
        return (
            None
            if self.quarter == wanted
            else _("in %(week)s life events are asked about for %(wanted)s only", week=week, wanted=wanted)
        )

    @property
    def once(self) -> str:
        """Why only one round of a quarter is answered."""
        return _("life events of %(quarter)s are answered about once", quarter=self.quarter)

    def answered_once(self, week: Week) -> Sequence[Week]:
        """Return the other rounds of the week's quarter: all of them ask about the same events."""
        quarter = Quarter.of(week.monday)
        around = (week + offset for offset in range(-13, 14) if offset)
        return [other for other in around if Quarter.of(other.monday) == quarter]

    @classmethod
    def independent_from(cls, week: Week) -> Week:
        """Return the first week that matters for events two quarters later: so a week matters for two quarters at most.

        Two days more, because the clocks of two places give one view different days.
        """
        later = Quarter(Quarter.of(week.monday).index + 1)
        return Week.of(later.first_day - timedelta(days=MAX_EVENT_DAYS + 2))

    @property
    def channel(self) -> TernaryResponse:
        """The mechanism over none, up and down."""
        return TernaryResponse(self.odds)

    def parameters(self) -> dict[str, Any]:
        """Return what a release states about how it was made."""
        return {"clip": self.clip, "odds": self.odds_pair, "quarter": self.quarter}

    @classmethod
    def measure(cls, views: Views, week: Week) -> Fraction | None:
        """Return the change with the longest event of the quarter before the week's, None without one."""
        return change(views, Quarter.of(week.monday).previous)

    @property
    def payload_size(self) -> int:
        """Bytes of an answer."""
        return 1

    def answer(self, truth: Fraction | None, randbelow: RandBelow) -> bytes:
        """Randomize the change, clipped and rounded at random to up, down or none."""
        moved = direction(truth or Fraction(0), self.clip, randbelow)
        return bytes([self.channel.randomize(moved, randbelow)])

    def check(self, payload: bytes) -> None:
        """Raise ValueError if a payload is not one of the three answers."""
        check_byte(payload, self.channel.outputs)

    def count(self, payloads: bytes) -> Counted:
        """Count none, up and down, int64[3]."""
        return count_bytes(payloads, self.channel.outputs)

    def estimate(self, counted: Counted, titles: Sequence[str], seed: str) -> EffectEstimate:
        """Return the effect that this round's answers show."""
        return estimate_effect(self.quarter, self.clip, self.odds, counted.counts)

    @classmethod
    def over_rounds(cls, rounds: Sequence[tuple[str, EffectEstimate]], chart: Sequence[str] | None) -> dict[str, Any]:
        """Return the effect of each quarter, newest first."""
        return {"effects": pool_effects(rounds)}

    def truth_in_words(self, truth: Fraction | None, titles: Sequence[str]) -> str:
        """Describe the true answer in a sentence."""
        if truth is None:
            return _(
                "You noted no event that began in %(quarter)s, so the true answer is: no change.", quarter=self.quarter
            )
        change = ("+" if truth >= 0 else "-") + decimal(abs(float(truth)), 1)
        return _("Your views a week changed by %(views)s.", views=change)

    def payload_in_words(self, payload: bytes, titles: Sequence[str]) -> str:
        """Describe what an answer says on its own."""
        says = {
            UP: marked("It says: more. By chance it may say any of the three."),
            DOWN: marked("It says: less. By chance it may say any of the three."),
        }
        if payload[0] in says:
            return _(says[payload[0]])
        return _("It says: no change. By chance it may say any of the three.")

    @classmethod
    def describe(cls, statistic: EffectEstimate) -> Sequence[str]:
        """Return what this round's answers say about the events of the quarter."""
        return (estimate_in_words(statistic),)

    def forecast(self, answers: int, part: Fraction) -> Forecast:
        """Return the error of the mean change of everybody who answers."""
        return forecast_effect(self, answers, part)


def change(views: Views, quarter: Quarter) -> Fraction | None:
    """Return how many more views a week there were during the longest event that began in a quarter (the first of
    several) than in as many days before it, MAX_EVENT_DAYS at most. Days that are not covered yet do not count.

    None without such an event, or while no day of it is covered. A history that begins later counts as empty before:
    asking where it begins would make every answer depend on the oldest view.
    """
    begun = [event for event in views.events if quarter.first_day <= event.first_day <= quarter.last_day]
    if not begun:
        return None
    event = max(begun, key=lambda one: one.days)
    days = min(MAX_EVENT_DAYS, (min(event.last_day, views.covered_through) - event.first_day).days + 1)
    if days < 1:
        return None
    place = (views.day - np.datetime64(event.first_day - timedelta(days=days))).astype(np.int64)
    earlier, during = int(((place >= 0) & (place < days)).sum()), int(((place >= days) & (place < 2 * days)).sum())
    return Fraction(7 * (during - earlier), days)
