"""From noisy counts to counts of people, with intervals: the estimator that every count mechanism shares."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CountEstimates:
    """Estimated numbers of people, one per item, all float64[V].

    estimate may be negative or above the number of reports: it is unbiased, and clipping would bias sums.
    lower and upper are the ends of the score interval, clipped to what is possible.
    """

    estimate: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    noise: float  # standard error of an item that nobody chose


def estimate_counts(
    counts: NDArray[np.int64], reports: int, true_rate: float, false_rate: float, confidence: float = 0.95
) -> CountEstimates:
    """Estimate how many of `reports` people chose each item, from how many noisy sets hold it.

    With d = P1 - P0: estimate (Y - N*P0) / d, variance [n*P1(1-P1) + (N-n)*P0(1-P0)] / d**2 exactly for every true
    n. The interval holds every n that a two-sided score test does not reject (E. B. Wilson, JASA 1927, applied to
    this variance): the roots of (Y - N*P0 - n*d)**2 = z**2 * [N*v0 + n*(v1 - v0)].
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    gain = true_rate - false_rate
    v1, v0 = true_rate * (1 - true_rate), false_rate * (1 - false_rate)
    excess = counts - reports * false_rate
    estimate: NDArray[np.float64] = np.asarray(excess / gain, dtype=np.float64)
    plausible = np.clip(estimate, 0, reports)
    standard_error = np.sqrt(plausible * v1 + (reports - plausible) * v0) / gain
    linear = 2 * gain * excess + z * z * (v1 - v0)
    constant = excess**2 - z * z * reports * v0
    root = np.sqrt(np.maximum(linear**2 - 4 * gain**2 * constant, 0))
    return CountEstimates(
        estimate=estimate,
        standard_error=standard_error,
        lower=np.clip((linear - root) / (2 * gain**2), 0, reports),
        upper=np.clip((linear + root) / (2 * gain**2), 0, reports),
        noise=float(np.sqrt(reports * v0) / gain),
    )


def gate_count(reports: int, items: int, false_rate: float, false_alarm: float = 0.05) -> int:
    """Return the smallest noisy count that can be told from noise; `reports + 1` when no count can.

    Bonferroni over `items` with the exact binomial tail: if nobody had chosen anything, the chance that any item
    reaches this count is at most `false_alarm`, for every number of reports.
    """
    k = np.arange(reports)
    steps = np.log((reports - k) / (k + 1)) + np.log(false_rate / (1 - false_rate))
    log_mass = reports * np.log1p(-false_rate) + np.concatenate([[0.0], np.cumsum(steps)])
    tail = np.cumsum(np.exp(log_mass)[::-1])[::-1]  # tail[y] = P(Binomial(reports, false_rate) >= y)
    passing = np.flatnonzero(tail <= false_alarm / items)
    return int(passing[0]) if len(passing) else reports + 1


def reports_needed(
    share: float, items: int, true_rate: float, false_rate: float, *, false_alarm: float = 0.05, power: float = 0.9
) -> int:
    """Return how many reports are needed so that an item chosen by `share` of people passes the gate with `power`.

    Normal approximation: solves
    N*share*d = z_gate*sqrt(N*v0) + z_power*sqrt(N*(share*v1 + (1-share)*v0)). Raises ValueError for a share
    outside (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share {share} is not in (0, 1]")
    v1, v0 = true_rate * (1 - true_rate), false_rate * (1 - false_rate)
    spread = NormalDist().inv_cdf(1 - false_alarm / items) * np.sqrt(v0) + NormalDist().inv_cdf(power) * np.sqrt(
        share * v1 + (1 - share) * v0
    )
    return int(np.ceil((spread / (share * (true_rate - false_rate))) ** 2))
