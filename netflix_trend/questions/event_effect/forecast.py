"""How exact answers about life events will be, before anybody is asked.

What the errors of changes depend on is assumed: how many people have a life event and how it changes their viewing. No
published interval rests on it (docs/method/assumptions.md#life-events).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from netflix_trend.privacy.ternary import TernaryResponse
from netflix_trend.questions.event_effect.statistics import LARGEST_CHANGE_ERROR, LARGEST_EFFECT_ERROR
from netflix_trend.questions.question import Forecast
from netflix_trend.questions.words import MAX_ANSWERS, needed_people

if TYPE_CHECKING:
    from netflix_trend.questions.event_effect.question import EffectQuestion

# Share of people with an event in a quarter; their mean change, and its mean without its sign, in views a week.
EVENT_SHARE, EVENT_CHANGE, EVENT_SIZE = 0.15, 3.0, 4.7


def forecast_effect(question: EffectQuestion, answers: int, part: Fraction) -> Forecast:
    """Return the error of the mean change of everybody who answers, and whether it is small enough to be shown.

    part: of the participants who are asked in a quarter.
    """
    error, needed = effect_error(question, answers), needed_for_effect(question)
    enough = (
        "That is clear." if needed and answers >= needed else f"That is noise: it needs {needed_people(needed, part)}."
    )
    sentence = (
        f"The mean change of everybody who answers, with or without an event, will have a standard error of "
        f"{error:.2f} views a week (95 %: give or take {1.96 * error:.2f})."
    )
    return Forecast((f"{sentence} {enough}",), error=error, needed=needed)


def effect_error(question: EffectQuestion, answers: int) -> float:
    """Return the standard error of the mean change of everybody who answers, views a week; at most the clip."""
    if not answers:
        return float(question.clip)
    return min(float(question.clip), math.sqrt(_variance(question.channel, question.clip) / answers))


def needed_for_effect(question: EffectQuestion) -> int | None:
    """Return how many answers in a quarter make that change reliable, None if a million are not enough."""
    needed = answers_needed(question.channel, question.clip)
    return needed if needed <= MAX_ANSWERS else None


def answers_needed(channel: TernaryResponse, clip: int) -> int:
    """Return how many answers give the mean change of everybody a standard error of LARGEST_CHANGE_ERROR.

    From what is assumed, not from the answers so far: of few answers the variance itself is noise.
    """
    return math.ceil(_variance(channel, clip) / LARGEST_CHANGE_ERROR**2)


def _variance(channel: TernaryResponse, clip: int) -> float:
    """Return the variance of one answer's estimated change: clip**2 * Var(report is UP - report is DOWN) / gain**2."""
    gain = float(channel.p - channel.q)
    moved, mean = (EVENT_SHARE * min(1.0, change / clip) for change in (EVENT_SIZE, EVENT_CHANGE))
    return (clip / gain) ** 2 * (2 * float(channel.q) + gain * moved - (gain * mean) ** 2)


def people_needed(clip: int, noise: float) -> int:
    """Return how many people make the change of those with an event reliable where their answers are summed.

    noise: variance of each sum. As in `summed.estimate_summed_effect`, clip * (MORE - LESS) / events has the variance
    clip**2 * (2 * noise + rounding + r**2 * 3 * noise) / events**2, with r the change over the clip; that of the
    rounding grows with the people.
    """
    moved, change = (min(1.0, size / clip) for size in (EVENT_SIZE, EVENT_CHANGE))
    fixed, each = noise * (2 + 3 * change**2), EVENT_SHARE * moved * (1 - moved)
    # (limit * EVENT_SHARE / clip)**2 * people**2 = fixed + each * people
    square = (LARGEST_EFFECT_ERROR * EVENT_SHARE / clip) ** 2
    return math.ceil((each + math.sqrt(each**2 + 4 * square * fixed)) / (2 * square))
