"""Intervals of numbers that are shown because they are large.

A list shows its largest numbers first and calls those clear that passed a gate. Such numbers lie above their truth more
often than below it, so the lower end of an interval has to allow for being picked out; the upper end has not: a number
that came out too low is less likely to be picked. Derivation and measured coverage: docs/method/estimation.md.
"""

from __future__ import annotations

import math
import sys
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Numbers = TypeVar("_Numbers", float, NDArray[np.float64])
_STANDARD = NormalDist()
# Beyond this many standard deviations math.erfc loses digits and then underflows.
_FAR = 20.0


def rejected_below(items: int, passing: float, confidence: float) -> float:
    """Return the chance of so large a number, or a larger one, below which a truth is not in the interval.

    items: how many numbers were candidates. passing: chance that this truth gives a number that passes the gate. The
    smaller of two levels, so that both statements hold: of all `items` lower ends one is wrong in (1 - confidence) / 2
    of the rounds at most (Bonferroni), and of the lower ends of numbers that passed at most this part is (J. Lee and
    others, "Exact post-selection inference, with application to the lasso", Annals of Statistics 44, 2016, section 2).
    """
    return (1 - confidence) / 2 * min(1 / items, passing)


def lower_end(
    observed: float,
    gate: float,
    items: int,
    error: float,
    *,
    skewness: float = 0.0,
    lowest: float = 0.0,
    is_two_sided: bool = False,
    confidence: float = 0.95,
) -> float:
    """Return the smallest truth of a number that passed `gate`, at least `lowest`; that for a number that did not pass.

    error: standard deviation of the number, not 0. skewness: of its errors, not negative; allowed for as
    `skewed_quantile` does. is_two_sided: numbers below minus the gate pass, too. An upper end needs no more than
    `observed` and its plain error.
    """
    if observed < gate:
        return lowest

    def chance(limit: float, truth: float) -> float:
        return log_tail(normal_score((limit - truth) / error, skewness))

    def is_possible(truth: float) -> bool:
        passing = chance(gate, truth)
        if is_two_sided:
            passing = max(passing, chance(gate, -truth))
        allowed = math.log(rejected_below(items, math.exp(passing), confidence) or sys.float_info.min)
        return chance(observed, truth) >= allowed

    low, high = lowest, observed
    if is_possible(low):
        return low
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if is_possible(middle) else (middle, high)
    return high


def change_ends(
    change: float, lower: float, upper: float, error: float, *, tests: int = 2, lowest: float
) -> tuple[float, float]:
    """Return the ends of the interval of a change that is called up or down where `lower` to `upper` leaves out 0.

    Such a change was picked out for its size: the end nearer to 0 allows for that, and may lie beyond it. error: its
    standard deviation; lowest: the smallest such end that is looked for. tests: how many ends are looked at, two for
    each change.
    """
    size, half = abs(change), change - lower if change > 0 else upper - change
    if size <= half or error <= 0:
        return lower, upper
    near = min(size - half, lower_end(size, half, tests, error, lowest=lowest, is_two_sided=True))
    return (near, upper) if change > 0 else (lower, -near)


def skewed_quantile(z: float, skewness: _Numbers) -> _Numbers:
    """Return by how many standard deviations noise exceeds its mean as often as a normal one exceeds z.

    Noise from few answers is skewed (E. A. Cornish, R. A. Fisher, "Moments and Cumulants in the Specification of
    Distributions", 1938, to the first term).
    """
    return z + (z * z - 1) * skewness / 6


def normal_score(x: float, skewness: float) -> float:
    """Return the z whose `skewed_quantile` is x, for a skewness of at least 0; the lowest such where there is none."""
    if skewness <= 0:
        return x
    sixth = skewness / 6
    inside = 1 + 4 * sixth * (x + sixth)
    return (math.sqrt(max(0.0, inside)) - 1) / (2 * sixth)


def log_tail(z: float) -> float:
    """Return the logarithm of P(Z >= z) for a standard normal Z (asymptotic series far out, DLMF 7.12.1)."""
    if z < _FAR:
        return math.log(math.erfc(z / math.sqrt(2)) / 2)
    square = z * z
    return -square / 2 - math.log(z * math.sqrt(2 * math.pi)) + math.log1p(-1 / square + 3 / square**2)


def upper_score(confidence: float) -> float:
    """Return z of a plain interval's ends."""
    return _STANDARD.inv_cdf(0.5 + confidence / 2)
