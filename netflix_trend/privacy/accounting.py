"""What several releases cost together, as numbers and in plain words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netflix_trend.formats import decimal, percent
from netflix_trend.language import _

# One week of viewing can change one weekly report, and those about life events of two quarters (docs/privacy.md).
REPORTS_OF_A_WEEK = 3
# The chance with which the tighter of the two totals may fail.
DELTA = 1e-6
# Beyond this many different losses they are rounded up to a grid: each survey with other odds doubles their number.
_MAX_LOSSES = 100_000
_GRID = 1e-4


def epsilon(odds: Fraction) -> float:
    """Return the natural logarithm of odds, which the literature calls epsilon."""
    return math.log(odds.numerator) - math.log(odds.denominator)


def product(odds: Iterable[Fraction]) -> Fraction:
    """Return the largest factor by which releases with these odds multiply the odds of a guess about all of them: their
    product (basic composition; C. Dwork and A. Roth, The Algorithmic Foundations of Differential Privacy, theorem
    3.14).
    """
    return math.prod(odds, start=Fraction(1))


def total_epsilon(odds: Sequence[Fraction], delta: float = DELTA) -> float:
    """Return the smallest epsilon so that releases with these odds together are (epsilon, delta) private.

    Exact for the worst mechanisms of these odds: whatever is private with odds r is no easier to tell apart than
    binary randomized response with odds r (P. Kairouz, S. Oh, P. Viswanath, "The Composition Theorem for Differential
    Privacy", ICML 2015, theorem 3.4), so the privacy loss is a sum of independent +-ln(r), plus with probability
    r/(1+r). delta(epsilon) = E[(1 - exp(epsilon - loss))+]. Never above the sum of all epsilons. With very many
    different odds it is a little more than the smallest, by less than _GRID for each of them.
    """
    losses: NDArray[np.float64] = np.zeros(1)
    masses: NDArray[np.float64] = np.ones(1)
    for ratio, count in sorted(Counter(odds).items()):
        loss, mass = _binomial_loss(ratio, count)
        losses = np.add.outer(losses, loss).ravel()
        masses = np.multiply.outer(masses, mass).ravel()
        if len(losses) > _MAX_LOSSES:
            steps, place = np.unique(np.ceil(losses / _GRID), return_inverse=True)
            losses = np.asarray(steps * _GRID, dtype=np.float64)
            masses = np.asarray(np.bincount(place, weights=masses), dtype=np.float64)

    def failing(at: float) -> float:
        above = losses > at
        return float((masses[above] * -np.expm1(at - losses[above])).sum())

    return smallest_epsilon(failing, delta, sum(map(epsilon, odds)))


def smallest_epsilon(failing: Callable[[float], float], delta: float, bound: float) -> float:
    """Return the smallest epsilon in [0, bound] whose chance to fail is at most delta, rounded up; bound when none is.

    failing: delta(epsilon), which falls as epsilon rises.
    """
    low, high = 0.0, bound
    if failing(low) <= delta:
        return 0.0
    for _step in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if failing(middle) > delta else (low, middle)
    return high


def _binomial_loss(ratio: Fraction, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the privacy losses of `count` randomized responses of one ratio, and their probabilities."""
    plus = np.arange(count + 1)
    log_choose = np.array([math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) for k in plus])
    log_true, log_false = -math.log1p(float(1 / ratio)), -math.log1p(float(ratio))
    mass = np.exp(log_choose + plus * log_true + (count - plus) * log_false)
    return np.asarray((2 * plus - count) * epsilon(ratio), dtype=np.float64), np.asarray(mass, dtype=np.float64)


def suspicion(odds: Fraction, before: Fraction = Fraction(1, 10)) -> Fraction:
    """Return what a suspicion of probability `before` can become at most, by Bayes' rule."""
    return odds * before / (1 - before + odds * before)


def odds_in_words(odds: Fraction) -> str:
    """Return odds with their epsilon: `8 (epsilon 2.08)`."""
    return _("%(odds)s (epsilon %(odds2)s)", odds=_plain(odds), odds2=decimal(epsilon(odds), 2))


def report_in_words(odds: Fraction) -> str:
    """Return what one report reveals, for people."""
    return _(
        "Whoever reads a report can multiply the odds of any guess about its week by at most "
        "%(odds)s: a 10 %% suspicion can become at most %(odds2)s.",
        odds=odds_in_words(odds),
        odds2=percent(float(suspicion(odds))),
    )


def total_in_words(odds: Sequence[Fraction]) -> str:
    """Return what several reports reveal together, for people."""
    if not odds:
        return "No report was made, so nothing was revealed."
    basic, tight = sum(map(epsilon, odds)), total_epsilon(odds)
    week = product(sorted(odds, reverse=True)[:REPORTS_OF_A_WEEK])
    return (
        f"One week can change at most {REPORTS_OF_A_WEEK} of them, so the odds of a guess about one week can be "
        f"multiplied by at most {odds_in_words(week)}. About something that is the same in all {len(odds)} reported "
        f"weeks, the odds of a guess can be multiplied by at most {_plain(product(odds))} (epsilon {basic:.2f}, "
        f"or {tight:.2f} except with a chance of one in a million)."
    )


def _plain(value: Fraction) -> str:
    if value >= 1_000_000:
        return f"{float(value):.1e}"
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.4g}"
