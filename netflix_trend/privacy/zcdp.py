"""Privacy accounting of Gaussian noise: zero-concentrated differential privacy, whose losses (rho) add up exactly.

M. Bun, T. Steinke, "Concentrated Differential Privacy: Simplifications, Extensions, and Lower Bounds", TCC 2016: a
mechanism is rho-zCDP when the Renyi divergence of order a between its outputs for neighbouring inputs is at most
rho * a, for every a > 1. Neighbouring here: one person's whole week is replaced by any other.
"""

from __future__ import annotations

import math
from fractions import Fraction

from netflix_trend.privacy.accounting import DELTA, smallest_epsilon


def rho_of_gaussian(sensitivity2: Fraction, sigma2: Fraction) -> Fraction:
    """Return the rho of Gaussian noise, continuous or discrete: sensitivity2 / (2 sigma2).

    sensitivity2: the largest squared Euclidean distance between the exact sums for neighbouring inputs. Independent
    discrete Gaussian noise on every coordinate has the same rho (C. Canonne, G. Kamath, T. Steinke, "The Discrete
    Gaussian for Differential Privacy", NeurIPS 2020, theorem 14). Raises ValueError for a negative sensitivity or a
    sigma2 that is not positive.
    """
    if sensitivity2 < 0 or sigma2 <= 0:
        raise ValueError(f"there is no noise of variance {sigma2} for the squared sensitivity {sensitivity2}")
    return sensitivity2 / (2 * sigma2)


def sigma2_for(sensitivity2: Fraction, rho: Fraction) -> Fraction:
    """Return the noise that has a given rho. Raises ValueError unless both numbers are positive."""
    if sensitivity2 <= 0 or rho <= 0:
        raise ValueError(f"no noise has rho {rho} for the squared sensitivity {sensitivity2}")
    return sensitivity2 / (2 * rho)


def epsilon_of_rho(rho: float | Fraction, delta: float = DELTA) -> float:
    """Return an epsilon so that everything that is rho-zCDP is (epsilon, delta) private.

    The smallest over a > 1 of rho a + ln(1 - 1/a) - (ln delta + ln a) / (a - 1): proposition 12 of the paper by
    Canonne, Kamath and Steinke. Never below 0. Raises ValueError for a negative rho or a delta outside of (0, 1).
    """
    loss = float(rho)
    if not 0 <= loss < math.inf or not 0 < delta < 1:
        raise ValueError(f"rho {rho} or delta {delta} is out of range")
    if loss == 0:
        return 0.0

    def at(log_order: float) -> float:
        excess = math.exp(log_order)  # a - 1
        order = 1 + excess
        return loss * order - math.log1p(1 / excess) - (math.log(delta) + math.log(order)) / excess

    # Unimodal in ln(a - 1): the term in delta falls, the term in rho rises. Any a gives a valid bound.
    low, high = math.log(1e-9), math.log(1e9)
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(120):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if at(left) < at(right) else (left, high)
    return max(0.0, at((low + high) / 2))


def epsilon_of_gaussian(rho: float | Fraction, delta: float = DELTA) -> float:
    """Return the smallest epsilon so that Gaussian noise of this rho in all is (epsilon, delta) private.

    Releases with Gaussian noise compose to one with mu = sqrt(2 rho), for which (B. Balle, Y.-X. Wang, "Improving the
    Gaussian Mechanism for Differential Privacy", ICML 2018, theorem 8)

        delta(epsilon) = Phi(mu/2 - epsilon/mu) - exp(epsilon) Phi(-mu/2 - epsilon/mu).

    Exact for continuous noise. For discrete noise it is an approximation, closer the larger sigma2 is (the error is of
    the order 1/sigma2: below .5 % from sigma2 = 25 on); `epsilon_of_rho` is a bound for both. Never above that bound.
    Raises ValueError as that does.
    """
    bound = epsilon_of_rho(rho, delta)
    mu = math.sqrt(2 * float(rho))
    if bound == 0 or bound > 500:  # beyond 500 nothing is protected and exp overflows
        return bound

    def failing(epsilon: float) -> float:
        return _normal(mu / 2 - epsilon / mu) - math.exp(epsilon) * _normal(-mu / 2 - epsilon / mu)

    return smallest_epsilon(failing, delta, bound)


def _normal(value: float) -> float:
    return math.erfc(-value / math.sqrt(2)) / 2
