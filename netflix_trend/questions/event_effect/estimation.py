"""From the counted answers about life events to their effect on viewing, in a round and in a whole quarter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.ternary import DOWN, UP, Estimate, TernaryResponse
from netflix_trend.questions.event_effect.statistics import (
    EVENT_SHARE,
    LARGEST_EFFECT_ERROR,
    EffectEstimate,
    Measured,
    QuarterEffect,
)
from netflix_trend.questions.event_effect.summed import estimate_summed_effect
from netflix_trend.questions.question import breakdown_point

CONFIDENCE = 0.95


def estimate_effect(quarter: str, clip: int, odds: Fraction, counts: NDArray[np.int64]) -> EffectEstimate:
    """Estimate the effect of a quarter's life events on viewing. The same counts always give the same numbers.

    counts: int64[3], how often each report came. Without reports the intervals are as wide as possible. Raises
    ValueError for counts of other answers.
    """
    channel = TernaryResponse(odds)
    if counts.shape != (channel.outputs,):
        raise ValueError(f"{channel.outputs} counts expected, not {counts.tolist()}")
    reports = int(counts.sum())
    change = channel.mean_change(counts, clip, CONFIDENCE)
    is_reliable = bool(reports) and change.standard_error / EVENT_SHARE <= LARGEST_EFFECT_ERROR
    needed = None if is_reliable else channel.reports_needed(counts, clip, LARGEST_EFFECT_ERROR * EVENT_SHARE)
    sign = _sign(change)
    left = _without_forged(counts, sign)
    return EffectEstimate(
        quarter=quarter,
        reports=reports,
        counts=(int(counts[0]), int(counts[1]), int(counts[2])),
        clip=clip,
        odds=(odds.numerator, odds.denominator),
        confidence=CONFIDENCE,
        share_up=Measured(**asdict(channel.share(counts, UP, CONFIDENCE))),
        share_down=Measured(**asdict(channel.share(counts, DOWN, CONFIDENCE))),
        mean_change=Measured(**asdict(change)),
        event_share=EVENT_SHARE,
        per_event=Measured(**{name: value / EVENT_SHARE for name, value in asdict(change).items()}),
        is_signal=bool(sign),
        is_robust=bool(sign and _sign(channel.mean_change(left, clip, CONFIDENCE)) == sign),
        tolerated=breakdown_point(reports),
        is_reliable=is_reliable,
        reports_needed=needed,
    )


def _sign(change: Estimate) -> int:
    """Return 1 when the interval lies above 0, -1 when it lies below, else 0."""
    return int(change.lower > 0) - int(change.upper < 0)


def _without_forged(counts: NDArray[np.int64], sign: int) -> NDArray[np.int64]:
    """Return the counts without the 1 % of reports that lift the change most: those of its own direction."""
    left = counts.copy()
    answer = UP if sign > 0 else DOWN
    left[answer] -= min(int(counts[answer]), breakdown_point(int(counts.sum())))
    return left


def pool_effects(rounds: Sequence[tuple[str, EffectEstimate]]) -> tuple[QuarterEffect, ...]:
    """Return the effect of each quarter from all rounds, oldest first, that asked about it; newest quarter first.

    rounds: name and estimate of each round that got answers.

    Reports of the same mechanism add up exactly. If the odds or the clip were changed within a quarter, the reports of
    the larger part are taken.
    """
    asked: defaultdict[str, defaultdict[tuple[str, int, tuple[int, int]], list[tuple[str, EffectEstimate]]]]
    asked = defaultdict(lambda: defaultdict(list))
    for name, effect in rounds:
        asked[effect.quarter][effect.mechanism, effect.clip, effect.odds].append((name, effect))
    pooled = []
    for quarter in sorted(asked, reverse=True):
        (mechanism, clip, odds), parts = max(
            asked[quarter].items(), key=lambda group: (sum(part.reports for _, part in group[1]), group[0])
        )
        if mechanism == "sum":
            effect = _pooled_sums(quarter, clip, Fraction(*odds), [part for _, part in parts])
        else:
            counts = np.array([part.counts for _, part in parts], dtype=np.int64).sum(axis=0)
            effect = estimate_effect(quarter, clip, Fraction(*odds), counts)
        pooled.append(QuarterEffect(rounds=tuple(name for name, _ in parts), effect=effect))
    return tuple(pooled)


def _pooled_sums(quarter: str, clip: int, odds: Fraction, parts: Sequence[EffectEstimate]) -> EffectEstimate:
    """Add the sums of several rounds, in each of which everybody answered: shares and changes stay the same."""
    sums = np.sum([np.array(part.sums, dtype=np.float64) for part in parts], axis=0)
    variance = sum((Fraction(part.noise or 0.0) for part in parts), Fraction(0))
    return estimate_summed_effect(quarter, clip, odds, sums, variance, sum(part.reports for part in parts))
