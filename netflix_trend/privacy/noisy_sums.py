"""From sums with additive Gaussian noise to counts of people and shares, with intervals.

Two operators publish a sum to which each has added discrete Gaussian noise, so its error is known, the same for every
number, and independent of what people watched. Everything here is about the people whose reports were summed.
Assumptions and measured coverage: docs/method/sums.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.selection import lower_end, upper_score

Floats = NDArray[np.float64]

_STANDARD = NormalDist()


@dataclass(frozen=True)
class SumEstimates:
    """Estimated counts of one list of items, float64[V] each, and which of them are clear of noise, bool[V].

    estimate is unbiased and may be negative. lower and upper hold the count with the confidence asked for, also for
    items that were picked out for their large sum.
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

    The noise is the same for any number of people. With people drawn at random, m of whom choose the item on average,
    it is where m - z * sqrt(standard_error**2 + m * (1 - share)) reaches the gate, z = Phi^-1(power). Raises ValueError
    for a share outside (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share {share} is not in (0, 1]")
    gate, square = gate_of(items, standard_error), _STANDARD.inv_cdf(power) ** 2
    middle = gate + square * (1 - share) / 2
    chosen = middle + math.sqrt(middle**2 - gate**2 + square * standard_error**2)
    return max(1, math.ceil(chosen / share))


def estimate_sums(
    sums: Floats, standard_error: float, max_count: float, confidence: float = 0.95, false_alarm: float = 0.05
) -> SumEstimates:
    """Estimate counts between 0 and `max_count` from noisy sums, float64[V].

    Upper ends are plain; lower ends allow for being picked out (`selection.lower_end`), and are 0 for an item that is
    not clear.
    """
    sums = np.asarray(sums, dtype=np.float64)
    gate = gate_of(len(sums), standard_error, false_alarm)
    half = upper_score(confidence) * standard_error
    lower = [lower_end(one, gate, len(sums), standard_error, confidence=confidence) for one in sums.tolist()]
    return SumEstimates(
        estimate=sums,
        standard_error=standard_error,
        lower=np.clip(lower, 0, max_count),
        upper=np.clip(sums + half, 0, max_count),
        gate=gate,
        is_clear=np.asarray(sums >= gate),
    )


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
