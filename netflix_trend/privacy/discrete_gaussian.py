"""Discrete Gaussian noise, sampled exactly: the mechanism of sums that operators add noise to.

C. Canonne, G. Kamath, T. Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020, algorithms 1 to 3.
Only integers are drawn and compared; no floating-point number is involved, so the distribution is exactly the declared
one. The running time depends on the noise, so nobody should be able to time a single sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from netflix_trend.privacy.randomness import RandBelow, secure


def bernoulli_exp(numerator: int, denominator: int, randbelow: RandBelow = secure) -> bool:
    """Return True with probability exp(-numerator/denominator) exactly (algorithm 1 of the paper).

    Raises ValueError when the fraction is negative or the denominator is not positive.
    """
    if numerator < 0 or denominator < 1:
        raise ValueError(f"{numerator}/{denominator} is not a fraction of 0 or more")
    # exp(-x) = exp(-1)^floor(x) * exp(-(x - floor(x))).
    for _ in range(numerator // denominator):
        if not _bernoulli_exp_below_one(1, 1, randbelow):
            return False
    return _bernoulli_exp_below_one(numerator % denominator, denominator, randbelow)


def _bernoulli_exp_below_one(numerator: int, denominator: int, randbelow: RandBelow) -> bool:
    """The same for x in 0..1: draw successes of probability x, x/2, x/3 ... up to the first failure. The number of
    successes is even with probability 1 - x + x^2/2! - x^3/3! ... = exp(-x).
    """
    successes = 0
    while randbelow(denominator * (successes + 1)) < numerator:
        successes += 1
    return successes % 2 == 0


def discrete_laplace(scale: int, randbelow: RandBelow = secure) -> int:
    """Return an integer x with probability proportional to exp(-|x|/scale) (algorithm 2 of the paper).

    Raises ValueError for a scale below 1.
    """
    if scale < 1:
        raise ValueError(f"scale {scale} is below 1")
    while True:
        remainder = randbelow(scale)
        if not bernoulli_exp(remainder, scale, randbelow):
            continue
        quotient = 0
        while bernoulli_exp(1, 1, randbelow):
            quotient += 1
        magnitude, negative = remainder + scale * quotient, randbelow(2)
        if magnitude or not negative:  # zero has one sign only
            return -magnitude if negative else magnitude


@dataclass(frozen=True)
class DiscreteGaussian:
    """Noise on the integers with probability proportional to exp(-x**2 / (2 sigma2)).

    sigma2: the parameter; the variance is at most that, and closer to it than 1 in 10**6 from sigma2 = 1 on.
    """

    sigma2: Fraction

    def __post_init__(self) -> None:
        if self.sigma2 <= 0:
            raise ValueError(f"sigma2 is {self.sigma2}; it must be positive")

    def sample(self, randbelow: RandBelow = secure) -> int:
        """Return one integer of noise (algorithm 3 of the paper)."""
        numerator, denominator = self.sigma2.numerator, self.sigma2.denominator
        scale = isqrt(numerator // denominator) + 1
        # Accept x with probability exp(-(|x| - sigma2/scale)^2 / (2 sigma2)), as a fraction of integers.
        below = 2 * numerator * denominator * scale * scale
        while True:
            candidate = discrete_laplace(scale, randbelow)
            distance = abs(candidate) * scale * denominator - numerator
            if bernoulli_exp(distance * distance, below, randbelow):
                return candidate

    def samples(self, count: int, randbelow: RandBelow = secure) -> list[int]:
        """Return independent integers of noise."""
        return [self.sample(randbelow) for _ in range(count)]
