"""The effect of life events from sums: how many people had an event, and how many watched more or less then."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist

import numpy as np

from netflix_trend.privacy.noisy_sums import Floats
from netflix_trend.questions.event_effect.forecast import people_needed
from netflix_trend.questions.event_effect.statistics import LARGEST_EFFECT_ERROR, EffectEstimate, Measured
from netflix_trend.questions.question import breakdown_point

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
# The buckets of the histogram, in order. Each step beyond three would add its own noise to the mean change.
NO_EVENT, LESS, SAME, MORE, NO_ANSWER = range(5)
BUCKETS = 5


def estimate_summed_effect(
    quarter: str, clip: int, odds: Fraction, sums: Floats, variance: Fraction, reports: int
) -> EffectEstimate:
    """Estimate how many people had a life event and how their viewing changed, in views a week.

    sums: float64[5], the noisy histogram, also of several rounds added; variance: of the noise of each of its numbers;
    reports: how many reports were summed. How many people had an event is estimated too, and the interval of the change
    per event is that of a ratio of two noisy numbers (E. C. Fieller, JRSS B 16, 1954), clipped to the valid range.
    Raises ValueError for another number of buckets.
    """
    if sums.shape != (BUCKETS,):
        raise ValueError(f"{BUCKETS} sums expected, not {len(sums)}")
    noise = float(variance)
    people = max(1.0, reports - float(sums[NO_ANSWER]))
    events, moved = float(sums[LESS] + sums[SAME] + sums[MORE]), float(sums[MORE] - sums[LESS])
    rounding = _rounding_variance(events, float(sums[LESS] + sums[MORE]))
    moved_variance, events_variance = 2 * noise + rounding, 3 * noise
    change = _measured(clip * moved / people, clip * math.sqrt(moved_variance) / people, -clip, clip)
    share = _measured(events / people, math.sqrt(events_variance) / people, 0.0, 1.0)
    per_event = _ratio(clip, moved, moved_variance, events, events_variance)
    is_signal = change.lower > 0 or change.upper < 0
    is_reliable = per_event.standard_error <= LARGEST_EFFECT_ERROR
    # A forged report is a valid one: it moves one person by the whole clip at most, in either direction.
    fragile = math.floor(max(change.lower, -change.upper) * people / clip) + 1 if is_signal else None
    up, down = (
        _measured(float(sums[place]) / people, math.sqrt(noise + rounding / 2) / people, 0.0, 1.0)
        for place in (MORE, LESS)
    )
    return EffectEstimate(
        quarter=quarter,
        reports=reports,
        mechanism="sum",
        counts=None,
        sums=tuple(sums.tolist()),
        noise=noise,
        clip=clip,
        odds=(odds.numerator, odds.denominator),
        confidence=CONFIDENCE,
        share_up=up,
        share_down=down,
        mean_change=change.picked_out(lowest=-clip),
        event_share=min(1.0, max(share.estimate, 1e-9)),
        event_share_error=share.standard_error,
        per_event=per_event,
        is_signal=is_signal,
        is_robust=fragile is not None and fragile > breakdown_point(reports),
        fragile_reports=fragile,
        tolerated=breakdown_point(reports),
        is_reliable=is_reliable,
        reports_needed=None if is_reliable else people_needed(clip, noise),
    )


def _rounding_variance(events: float, moved: float) -> float:
    """Return an upper bound of the variance that random rounding to 0 or the clip adds to the number that moved.

    A change c is rounded up with probability p = |c| / clip, which has the variance p(1 - p); for a given mean of p the
    sum is largest when all are equal.
    """
    events, moved = max(0.0, events), max(0.0, moved)
    return moved * (1 - moved / events) if 0 < moved < events else 0.0


def _measured(estimate: float, error: float, minimum: float, maximum: float) -> Measured:
    low, high = np.clip([estimate - _Z * error, estimate + _Z * error], minimum, maximum)
    return Measured(estimate=estimate, standard_error=error, lower=float(low), upper=float(high))


def _ratio(clip: int, moved: float, moved_variance: float, events: float, events_variance: float) -> Measured:
    """Return clip * moved / events with Fieller's interval: all ratios r that a test of moved = r * events accepts."""
    square = events**2 - _Z**2 * events_variance
    minimum, maximum = -float(clip), float(clip)
    if events <= 0 or square <= 0:  # the number of events is not clear of noise, so every change is possible
        estimate = float(np.clip(clip * moved / events, minimum, maximum)) if events > 0 else 0.0
        return Measured(estimate=estimate, standard_error=clip / _Z, lower=minimum, upper=maximum)
    middle, constant = moved * events, moved**2 - _Z**2 * moved_variance
    root = math.sqrt(max(0.0, middle**2 - square * constant))
    low, high = (clip * (middle - root) / square, clip * (middle + root) / square)
    return Measured(
        estimate=float(np.clip(clip * moved / events, minimum, maximum)),
        standard_error=(high - low) / (2 * _Z),
        lower=float(np.clip(low, minimum, maximum)),
        upper=float(np.clip(high, minimum, maximum)),
    )
