"""From the counted answers about life events to their effect on viewing."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from netflix_trend.effect_statistics import LARGEST_CHANGE_ERROR, EffectEstimate, Measured
from netflix_trend.privacy.ternary import DOWN, UP
from netflix_trend.survey import EffectQuestion

CONFIDENCE = 0.95


def estimate_effect(question: EffectQuestion, counts: NDArray[np.int64], reports: int) -> EffectEstimate:
    """Estimate the effect of life events on viewing. The same counts always give the same numbers.

    counts: int64[3], how often each report came; they add up to `reports`. Without any report the intervals hold
    everything that is possible. Raises ValueError for counts that are not those of the reports.
    """
    channel = question.channel
    if counts.shape != (channel.outputs,) or counts.sum() != reports:
        raise ValueError(f"{reports} reports do not give the counts {counts.tolist()}")
    change = channel.mean_change(counts, question.clip, CONFIDENCE)
    is_reliable = bool(reports) and change.standard_error <= LARGEST_CHANGE_ERROR
    needed = None if is_reliable else channel.reports_needed(counts, question.clip, LARGEST_CHANGE_ERROR)
    return EffectEstimate(
        quarter=question.quarter,
        reports=reports,
        clip=question.clip,
        odds=(question.odds.numerator, question.odds.denominator),
        confidence=CONFIDENCE,
        share_up=Measured(**asdict(channel.share(counts, UP, CONFIDENCE))),
        share_down=Measured(**asdict(channel.share(counts, DOWN, CONFIDENCE))),
        mean_change=Measured(**asdict(change)),
        is_signal=change.lower > 0 or change.upper < 0,
        is_reliable=is_reliable,
        reports_needed=needed,
    )
