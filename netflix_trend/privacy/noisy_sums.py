"""From sums with additive Gaussian noise to counts of people and shares, with intervals.

Two operators publish a sum to which each has added discrete Gaussian noise, so its error is known, the same for every
number, and independent of what people watched. Everything here is about the people whose reports were summed.
Assumptions and measured coverage: docs/method/sums.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STANDARD = NormalDist()
# Beyond this many standard deviations math.erfc loses digits and then underflows.
_FAR = 20.0


@dataclass(frozen=True)
class SumEstimates:
    """Estimated counts of one list of items, float64[V] each, and which of them are clear of noise, bool[V].

    estimate is unbiased and may be negative. lower and upper hold the count with the confidence asked for, also for the
    items that are clear, which were selected for their large sum.
    """

    estimate: Floats
    standard_error: float
    lower: Floats
    upper: Floats
    gate: float
    is_clear: NDArray[np.bool_]


def gate_of(items: int, standard_error: float, false_alarm: float = 0.05) -> float:
    """Return the sum that noise alone reaches for any of `items` items with a chance of `false_alarm` at most.

    Bonferroni: z = Phi^-1(1 - false_alarm / items) standard deviations. Raises ValueError without items.
    """
    if items < 1:
        raise ValueError("a list without items has no gate")
    return _STANDARD.inv_cdf(1 - false_alarm / items) * standard_error


def people_needed(share: float, items: int, standard_error: float, power: float = 0.9) -> int:
    """Return how many people a sum needs until an item chosen by `share` of them passes the gate with chance `power`.

    The noise is the same for any number of people: it is where the expected count lies Phi^-1(power) standard
    deviations above the gate. Raises ValueError for a share outside (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share {share} is not in (0, 1]")
    wanted = gate_of(items, standard_error) + _STANDARD.inv_cdf(power) * standard_error
    return max(1, math.ceil(wanted / share))


def estimate_sums(
    sums: Floats, standard_error: float, max_count: float, confidence: float = 0.95, false_alarm: float = 0.05
) -> SumEstimates:
    """Estimate counts between 0 and `max_count` from noisy sums, float64[V].

    The interval of an item that is clear is the conditional one: it holds every count under which the observed sum is
    not extreme among the sums that pass the gate, a normal distribution truncated at the gate (Lee, Sun, Sun, Taylor,
    "Exact post-selection inference", Annals of Statistics 2016, section 2, for this one-sided case). The others have
    the plain interval.
    """
    sums = np.asarray(sums, dtype=np.float64)
    gate = gate_of(len(sums), standard_error, false_alarm)
    is_clear = sums >= gate
    half = _STANDARD.inv_cdf(0.5 + confidence / 2) * standard_error
    lower, upper = np.clip(sums - half, 0, max_count), np.clip(sums + half, 0, max_count)
    for place in np.flatnonzero(is_clear).tolist():
        lower[place], upper[place] = conditional_interval(
            float(sums[place]), gate, standard_error, max_count, confidence
        )
    return SumEstimates(sums, standard_error, lower, upper, gate, np.asarray(is_clear))


def conditional_interval(
    observed: float, gate: float, standard_error: float, max_count: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the ends of the interval, within 0 and `max_count`, for a normal observation that passed `gate`.

    The lower end is the count under which a sum of at least `observed` has the chance (1 - confidence) / 2 among those
    that pass, the upper end the one under which a sum of at most `observed` has it. Raises ValueError for an
    observation below the gate.
    """
    if observed < gate:
        raise ValueError("the observation did not pass the gate")
    tail = (1 - confidence) / 2

    def at_least(count: float) -> float:
        above = _log_tail((observed - count) / standard_error) - _log_tail((gate - count) / standard_error)
        return math.exp(min(0.0, above))

    # The chance of a sum of at least `observed` rises with the count.
    lower = _crossing(at_least, tail, max_count)
    upper = _crossing(at_least, 1 - tail, max_count)
    return lower, upper


def _crossing(rising: Callable[[float], float], level: float, max_count: float) -> float:
    """Return where a rising function of a count crosses `level`, within 0 and `max_count`."""
    low, high = 0.0, float(max_count)
    if rising(low) >= level:
        return low
    if rising(high) <= level:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return (low + high) / 2


def _log_tail(z: float) -> float:
    """Return the logarithm of P(Z >= z) for a standard normal Z (asymptotic series far out, DLMF 7.12.1)."""
    if z < _FAR:
        return math.log(math.erfc(z / math.sqrt(2)) / 2)
    square = z * z
    return -square / 2 - math.log(z * math.sqrt(2 * math.pi)) + math.log1p(-1 / square + 3 / square**2)


@dataclass(frozen=True)
class GroupEstimates:
    """How `reports` people are spread over the groups of a histogram, from noisy sums.

    counts: float64[L], posterior means that add up to the reports. covariance: float64[L, L] of their errors.
    """

    counts: Floats
    covariance: Floats

    def shares(self, answering: Sequence[int]) -> tuple[Floats, Floats]:
        """Return each answering group's share of all answering groups, and its standard error, float64[G] each.

        Shares are ratios, so the errors come from the delta method: q = t / A with A the sum over answering groups has
        the variance (v_tt - 2 q v_tA + q**2 v_AA) / A**2.
        """
        places = list(answering)
        inside = self.covariance[np.ix_(places, places)]
        total = max(1.0, float(self.counts[places].sum()))
        share = np.clip(self.counts[places] / total, 0, 1)
        with_total = inside.sum(axis=1)
        variance = np.diag(inside) - 2 * share * with_total + share**2 * with_total.sum()
        return np.asarray(share), np.sqrt(np.maximum(variance, 0)) / total

    def below(self, answering: Sequence[int]) -> tuple[Floats, Floats]:
        """Return the share of people below each answering group and its standard error, float64[G] each.

        The first is 0 with error 0. Groups count in the order given.
        """
        places = list(answering)
        total = max(1.0, float(self.counts[places].sum()))
        inside = self.covariance[np.ix_(places, places)]
        steps = np.tril(np.ones((len(places), len(places))), -1)
        share = steps @ self.counts[places] / total
        rows = (steps - share[:, None]) / total
        variance = np.einsum("ij,jk,ik->i", rows, inside, rows)
        return np.clip(share, 0, 1), np.sqrt(np.maximum(variance, 0))


def estimate_groups(
    sums: Floats, reports: int, standard_error: float, prior: Sequence[float], prior_weight: float
) -> GroupEstimates:
    """Estimate a histogram in which each of `reports` people is in exactly one group, from its noisy sums, float64[L].

    Linear Bayes (M. Goldstein, D. Wooff, Bayes Linear Statistics, 2007, section 3.1): beforehand shares have the mean
    `prior`, float[L] that adds up to 1, and the covariance of a Dirichlet distribution of total weight `prior_weight`.
    That the counts add up to the reports is exact in this prior, so it is in the estimate. Raises ValueError for
    lengths that differ.
    """
    sums, mean = np.asarray(sums, dtype=np.float64), np.asarray(prior, dtype=np.float64)
    if sums.shape != mean.shape:
        raise ValueError(f"{len(sums)} sums do not fit {len(mean)} groups")
    covariance = reports**2 * (np.diag(mean) - np.outer(mean, mean)) / (prior_weight + 1)
    # By its eigenvalues, because the covariance is singular: the counts add up.
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0)
    kept = np.divide(values, values + standard_error**2, out=np.zeros_like(values), where=values > 0)
    gain = (vectors * kept) @ vectors.T
    counts = reports * mean + gain @ (sums - reports * mean)
    left = covariance - gain @ covariance
    return GroupEstimates(onto_simplex(counts, float(reports)), (left + left.T) / 2)


def onto_simplex(values: Floats, total: float) -> Floats:
    """Return the nearest point, float64[L], whose numbers are not negative and add up to `total`.

    Euclidean projection (Duchi, Shalev-Shwartz, Singer, Chandra, ICML 2008, figure 1).
    """
    falling = np.sort(values)[::-1]
    excess = (np.cumsum(falling) - total) / np.arange(1, len(values) + 1)
    kept = int(np.flatnonzero(falling - excess > 0)[-1]) if total > 0 else 0
    return np.maximum(values - excess[kept], 0) if total > 0 else np.zeros_like(values)
