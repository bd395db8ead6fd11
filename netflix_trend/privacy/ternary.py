"""Ternary randomized response: did a number go up, down, or neither, and the mean change behind the reports.

S. L. Warner, "Randomized Response", JASA 1965, with three answers (k-ary randomized response: P. Kairouz, S. Oh,
P. Viswanath, "Extremal Mechanisms for Local Differential Privacy", JMLR 2016). A change is first rounded at random
to one of the three answers so that its mean is kept; the rounding alone protects nothing, the response does.
Everything that is drawn is integer arithmetic; the declared odds hold exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.randomness import RandBelow, secure

NONE, UP, DOWN = 0, 1, 2


def direction(change: Fraction, clip: int, randbelow: RandBelow = secure) -> int:
    """Round a change, clipped to +-clip, at random to UP, DOWN or NONE.

    UP with probability change/clip when it is positive, DOWN with -change/clip when it is negative, else NONE; so
    clip * (P(UP) - P(DOWN)) is the clipped change exactly. Draws one integer. Raises ValueError for a clip below 1.
    """
    if clip < 1:
        raise ValueError(f"clip {clip} is below 1")
    if randbelow(clip * change.denominator) >= abs(change.numerator):
        return NONE
    return UP if change > 0 else DOWN


@dataclass(frozen=True)
class Estimate:
    """An unbiased estimate, its standard error, and the interval clipped to what is possible."""

    estimate: float
    standard_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class TernaryResponse:
    """The mechanism over the answers NONE, UP, DOWN: the report is the true one with weight w1, each other with w0.

    odds = w1/w0 > 1: largest factor between the probabilities of one report under two different answers.
    """

    odds: Fraction

    def __post_init__(self) -> None:
        if self.odds <= 1:
            raise ValueError(f"odds {self.odds} are not above 1, so reports would say nothing")

    @property
    def outputs(self) -> int:
        """Number of different reports."""
        return 3

    @property
    def total_weight(self) -> int:
        """w1 + 2*w0: the normaliser, the same for every answer."""
        return self.odds.numerator + 2 * self.odds.denominator

    @property
    def p(self) -> Fraction:
        """Probability that a report is the true answer."""
        return Fraction(self.odds.numerator, self.total_weight)

    @property
    def q(self) -> Fraction:
        """Probability that a report is one particular other answer."""
        return Fraction(self.odds.denominator, self.total_weight)

    def randomize(self, answer: int, randbelow: RandBelow = secure) -> int:
        """Return one report about `answer`. Draws one integer. Raises ValueError for an answer that does not exist."""
        if not 0 <= answer < self.outputs:
            raise ValueError(f"answer {answer} lies outside 0..{self.outputs - 1}")
        rank = randbelow(self.total_weight)
        if rank < self.odds.numerator:
            return answer
        return (answer + 1 + (rank - self.odds.numerator) // self.odds.denominator) % self.outputs

    def shares(self, counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return float64[3], the shares of people with each true answer, and their covariance float64[3, 3].

        counts: int64[3], how often each report came, at least one. The inverse of the channel applied to the shares
        of reports: unbiased, so a share may lie below 0 or above 1. The covariance is the multinomial one of the
        reports of people drawn at random, at report rates that some true shares can have.
        """
        reports = int(counts.sum())
        rates = self._possible_rates(counts)
        covariance = (np.diag(rates) - np.outer(rates, rates)) / (reports * self._gain**2)
        return (counts / reports - float(self.q)) / self._gain, covariance

    def share(self, counts: NDArray[np.int64], answer: int, confidence: float = 0.95) -> Estimate:
        """Estimate the share of people whose true answer is `answer`, with its score interval (E. B. Wilson 1927)."""
        reports = int(counts.sum())
        if not reports:
            return Estimate(0.0, 1.0, 0.0, 1.0)
        shares, covariance = self.shares(counts)
        low, high = _score_interval(float(counts[answer]) / reports, reports, confidence, linear=1.0)
        q = float(self.q)
        return Estimate(
            estimate=float(shares[answer]),
            standard_error=float(np.sqrt(covariance[answer, answer])),
            lower=min(1.0, max(0.0, (low - q) / self._gain)),
            upper=min(1.0, max(0.0, (high - q) / self._gain)),
        )

    def mean_change(self, counts: NDArray[np.int64], clip: int, confidence: float = 0.95) -> Estimate:
        """Estimate the mean of all people's clipped changes, clip * (share UP - share DOWN), with its score interval.

        The interval holds every mean that a two-sided score test does not reject, given how many reports moved. For
        people drawn at random that is right in large samples; for the sample itself it is slightly too wide.
        """
        reports = int(counts.sum())
        if not reports:
            return Estimate(0.0, float(clip), -float(clip), float(clip))
        shares, covariance = self.shares(counts)
        weights = np.array([0.0, clip, -clip])
        moved = float(self._possible_rates(counts)[[UP, DOWN]].sum())
        difference = float(counts[UP] - counts[DOWN]) / reports
        low, high = _score_interval(difference, reports, confidence, fixed=moved)
        return Estimate(
            estimate=float(weights @ shares),
            standard_error=float(np.sqrt(weights @ covariance @ weights)),
            lower=min(clip, max(-clip, clip * low / self._gain)),
            upper=min(clip, max(-clip, clip * high / self._gain)),
        )

    @property
    def _gain(self) -> float:
        return float(self.p - self.q)

    def _possible_rates(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return float64[3], report rates near the observed ones that shares between 0 and 1 can have."""
        shares = np.array([1.0, 0.0, 0.0])
        if counts.sum():
            shares = np.maximum(counts / counts.sum() - float(self.q), 0)
            shares /= shares.sum()
        return float(self.q) + self._gain * shares


def _score_interval(
    mean: float, reports: int, confidence: float, *, fixed: float = 0.0, linear: float = 0.0
) -> tuple[float, float]:
    """Return the means m that a score test does not reject, of values whose square has the mean fixed + linear * m.

    The roots of (mean - m)**2 = z**2 * (fixed + linear * m - m**2) / reports; linear = 1 is the interval of Wilson.
    """
    ratio = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2 / reports
    middle = mean + ratio * linear / 2
    root = math.sqrt(max(0.0, middle**2 - (1 + ratio) * (mean**2 - ratio * fixed)))
    return (middle - root) / (1 + ratio), (middle + root) / (1 + ratio)
