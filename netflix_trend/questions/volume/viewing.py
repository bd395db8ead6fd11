"""Mean viewing of the weeks, and whether it rises or falls, from the answers about weekly volume."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.selection import change_ends
from netflix_trend.questions.volume.mean import MeanTitles
from netflix_trend.questions.volume.statistics import LARGEST_MEAN_ERROR, Slope, Viewing, Volume, WeeklyMean

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
ROUNDS_FOR_A_SLOPE = 6
# If rounds scatter this much more than their errors say, the level is taken to wander.
_WANDERS = 1.1


def weekly_mean(round_name: str, reports: int, found: MeanTitles) -> WeeklyMean:
    """Return mean viewing of a round, with its interval and whether it is reliable."""
    mean, error = max(0.0, found.estimate), found.standard_error
    expected = error if found.expected_error is None else found.expected_error
    return WeeklyMean(
        round=round_name,
        reports=reports,
        mean=mean,
        unbiased=found.estimate,
        standard_error=error,
        lower=max(0.0, found.estimate - _Z * error),
        upper=max(0.0, found.estimate + _Z * error),
        influence=found.influence,
        is_reliable=expected <= LARGEST_MEAN_ERROR,
        is_robust=expected + found.influence <= LARGEST_MEAN_ERROR,
    )


def viewing(volumes: Sequence[tuple[str, Volume]]) -> Viewing | None:
    """Return mean viewing of rounds, oldest first, and its trend; None when nobody answered that question."""
    weeks = tuple(weekly_mean(name, volume.reports, volume.mean) for name, volume in volumes if volume.mean)
    if not weeks:
        return None
    return Viewing(confidence=CONFIDENCE, weeks=weeks, slope=find_slope(weeks))


def find_slope(weeks: Sequence[WeeklyMean]) -> Slope | None:
    """Return the weighted least squares line's slope, None for fewer than six rounds.

    A round weighs as much as it has answers; its error is the mean error of one answer over all rounds, since the
    round's own goes up and down with its mean. If the rounds scatter more than these errors say (the level wanders),
    the slope's error is raised by the ratio of both (R. T. Birge, Phys. Rev. 40, 1932). Beyond _WANDERS that is not
    chance, and the interval uses Student's t, since few rounds estimate the ratio poorly; with fewer than six it would
    be useless. So the coverage is 95 % whether the level wanders or not, which `bench.intervals` measures.
    """
    rounds = len(weeks)
    if rounds < ROUNDS_FOR_A_SLOPE:
        return None
    x = np.array([float(Week.parse(week.round).index) for week in weeks])
    y = np.array([week.unbiased for week in weeks])
    reports = np.array([float(week.reports) for week in weeks])
    errors = np.array([week.standard_error for week in weeks])
    weight = reports / (reports**2 @ errors**2 / reports.sum())
    x -= weight @ x / weight.sum()
    total = float(weight @ x**2)
    slope = float(weight @ (x * y)) / total
    rest = y - weight @ y / weight.sum() - slope * x
    birge = float(np.sqrt(weight @ rest**2 / (rounds - 2)))
    quantile = student_quantile(rounds - 2) if birge > _WANDERS else _Z
    error = max(1.0, birge) / math.sqrt(total)
    half = quantile * error
    lower, upper = slope - half, slope + half
    shown = change_ends(slope, lower, upper, error * quantile / _Z, lowest=-abs(slope) - 10 * half)
    # If 1 % of the answers of every week were forged, early ones down and late ones up.
    forged = float(weight @ (np.abs(x) * [week.influence for week in weeks])) / total
    return Slope(
        per_week=slope,
        standard_error=error,
        lower=shown[0],
        upper=shown[1],
        rounds=rounds,
        direction="rising" if lower > 0 else "falling" if upper < 0 else "noise",
        is_robust=lower - forged > 0 or upper + forged < 0,
    )


def student_quantile(freedom: int) -> float:
    """Return the .975 quantile of Student's t for at least 4 degrees of freedom, to .002 (M. Abramowitz, I. Stegun,
    Handbook of Mathematical Functions, 26.7.5).
    """
    z = _Z
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * freedom**4)
    )
