"""How exact answers about life events will be, before anybody is asked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from netflix_trend.questions.event_effect.statistics import EVENT_SHARE, LARGEST_EFFECT_ERROR
from netflix_trend.questions.question import Forecast
from netflix_trend.questions.words import MAX_ANSWERS, needed_in_words

if TYPE_CHECKING:
    from netflix_trend.questions.event_effect.question import EffectQuestion

# How many more titles a week people start during a life event, which EVENT_SHARE of them have
# (docs/method/statistics.md#life-events).
EVENT_CHANGE = 3.0


def forecast_effect(question: EffectQuestion, answers: int) -> Forecast:
    """Return the error of the mean change of those who have an event, and whether it is small enough to be shown."""
    error, needed = effect_error(question, answers), needed_for_effect(question)
    enough = (
        "That is clear."
        if needed and answers >= needed
        else f"That is noise: it needs {needed_in_words(needed)} answers."
    )
    sentence = (
        f"The mean change of those who have an event will have a standard error of {error:.1f} titles a week "
        f"(95 %: give or take {1.96 * error:.1f}), if {100 * EVENT_SHARE:.0f} % of people have one and start "
        f"{EVENT_CHANGE:.0f} titles more a week then."
    )
    return Forecast((f"{sentence} {enough}",), error=error, needed=needed)


def effect_error(question: EffectQuestion, answers: int) -> float:
    """Return the standard error of the mean change of those with an event, titles a week; at most the clip.

    As if EVENT_SHARE of people had one and changed by EVENT_CHANGE: what is estimated is the mean over everybody.
    """
    if not answers:
        return float(question.clip)
    return min(float(question.clip), math.sqrt(_effect_variance(question) / answers) / EVENT_SHARE)


def needed_for_effect(question: EffectQuestion) -> int | None:
    """Return how many answers in a quarter make that change reliable, None if a million are not enough."""
    needed = math.ceil(_effect_variance(question) / (LARGEST_EFFECT_ERROR * EVENT_SHARE) ** 2)
    return needed if needed <= MAX_ANSWERS else None


def _effect_variance(question: EffectQuestion) -> float:
    """Return the variance of one answer's estimated change: clip**2 * Var(report is UP - report is DOWN) / gain**2."""
    channel = question.channel
    gain = float(channel.p - channel.q)
    up = EVENT_SHARE * min(1.0, EVENT_CHANGE / question.clip)
    moved = 2 * float(channel.q) + gain * up
    return (question.clip / gain) ** 2 * (moved - (gain * up) ** 2)
