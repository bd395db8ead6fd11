"""From the counted answers about life events to their effect on viewing, in a round and in a whole quarter."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.ternary import DOWN, UP, Estimate, TernaryResponse
from netflix_trend.questions.event_effect.forecast import answers_needed
from netflix_trend.questions.event_effect.statistics import (
    LARGEST_CHANGE_ERROR,
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
    is_reliable = bool(reports) and change.standard_error <= LARGEST_CHANGE_ERROR
    fragile = _reports_to_lose(channel, counts, clip, _sign(change))
    return EffectEstimate(
        quarter=quarter,
        reports=reports,
        counts=(int(counts[0]), int(counts[1]), int(counts[2])),
        clip=clip,
        odds=(odds.numerator, odds.denominator),
        confidence=CONFIDENCE,
        share_up=Measured(**asdict(channel.share(counts, UP, CONFIDENCE))),
        share_down=Measured(**asdict(channel.share(counts, DOWN, CONFIDENCE))),
        mean_change=Measured(**asdict(change)).picked_out(lowest=-clip),
        is_signal=bool(fragile),
        is_robust=fragile is not None and fragile > breakdown_point(reports),
        fragile_reports=fragile,
        tolerated=breakdown_point(reports),
        is_reliable=is_reliable,
        reports_needed=None if is_reliable else answers_needed(channel, clip),
    )


def _sign(change: Estimate) -> int:
    """Return 1 when the interval lies above 0, -1 when it lies below, else 0."""
    return int(change.lower > 0) - int(change.upper < 0)


def _reports_to_lose(channel: TernaryResponse, counts: NDArray[np.int64], clip: int, sign: int) -> int | None:
    """Return how few reports of a change's own direction must be left out until its interval holds 0, None if it does.

    These are the reports that lift it most.
    """
    if not sign:
        return None
    answer = UP if sign > 0 else DOWN

    def is_lost(left_out: int) -> bool:
        left = counts.copy()
        left[answer] -= left_out
        return _sign(channel.mean_change(left, clip, CONFIDENCE)) != sign

    return bisect_left(range(int(counts[answer])), True, key=is_lost)


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
        people = max((one.participants for _, one in parts if one.participants is not None), default=None)
        # Where answers are summed everybody gives several, so these cannot be converted.
        share = (
            None if mechanism == "sum" else max((one.part for _, one in parts if one.part is not None), default=None)
        )
        effect = effect.of_participants(people, share)
        pooled.append(QuarterEffect(rounds=tuple(name for name, _ in parts), effect=effect))
    return tuple(pooled)


def _pooled_sums(quarter: str, clip: int, odds: Fraction, parts: Sequence[EffectEstimate]) -> EffectEstimate:
    """Add the sums of several rounds, in each of which everybody answered: shares and changes stay the same."""
    sums = np.sum([np.array(part.sums, dtype=np.float64) for part in parts], axis=0)
    variance = sum((Fraction(part.noise or 0.0) for part in parts), Fraction(0))
    return estimate_summed_effect(quarter, clip, odds, sums, variance, sum(part.reports for part in parts))
