"""From noisy counts to counts of people, with intervals: the estimator that every count mechanism shares."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_MAX_EXACT = 10_000_000


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
    counts: NDArray[np.int64], reports: int, p: float, q: float, confidence: float = 0.95
) -> CountEstimates:
    """Estimate how many of `reports` people chose each item, from how many reported subsets hold it.

    p, q: with which probability a report names an item that its sender chose, or did not choose. With d = p - q:
    estimate (Y - N*q) / d, variance [n*p(1-p) + (N-n)*q(1-q)] / d**2 exactly for every true n. The interval holds every
    n that a two-sided score test does not reject (E. B. Wilson, JASA 1927, applied to this variance): the roots of (Y -
    N*q - n*d)**2 = z**2 * [N*v0 + n*(v1 - v0)] with v1 = p(1-p), v0 = q(1-q).
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    gain = p - q
    v1, v0 = p * (1 - p), q * (1 - q)
    excess = counts - reports * q
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


def selected_intervals(
    counts: NDArray[np.int64],
    reports: int,
    p: float,
    q: float,
    passing: NDArray[np.bool_],
    confidence: float = 0.95,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the intervals, float64[V] each, wider for the items that pass the gate (bool[V]).

    An item passes because its count was large, so a plain interval covers too rarely (measured: .83 instead of .95). At
    1 - (1 - confidence) * passing / V the share of wrong intervals among the selected is right again (Y. Benjamini, D.
    Yekutieli, "False Discovery Rate-Adjusted Multiple Confidence Intervals for Selected Parameters", JASA 2005).
    """
    plain = estimate_counts(counts, reports, p, q, confidence)
    selected = 1 - (1 - confidence) * max(1, int(passing.sum())) / len(counts)
    wider = estimate_counts(counts, reports, p, q, selected)
    return np.where(passing, wider.lower, plain.lower), np.where(passing, wider.upper, plain.upper)


def gate_count(reports: int, items: int, q: float, false_alarm: float = 0.05) -> int:
    """Return the smallest count that is clear of noise; `reports + 1` when no count is.

    Bonferroni over `items` with the exact binomial tail: if nobody had chosen anything, the chance that any item
    reaches this count is at most `false_alarm`, for every number of reports. Only counts up to 40 standard deviations
    above the mean are summed: the rest has a probability below 1e-300.
    """
    first, tail = _upper_tail(reports, q, int(reports * q))
    passing = np.flatnonzero(tail <= false_alarm / items)
    return first + int(passing[0]) if len(passing) else reports + 1


def _upper_tail(reports: int, rate: float, first: int) -> tuple[int, NDArray[np.float64]]:
    """Return `first` and the chances that Binomial(reports, rate) is at least first, first + 1 and so on."""
    spread = math.sqrt(reports * rate * (1 - rate))
    last = max(first, min(reports, int(reports * rate + 40 * spread) + 800))
    log_first = (
        math.lgamma(reports + 1)
        - math.lgamma(first + 1)
        - math.lgamma(reports - first + 1)
        + first * math.log(rate)
        + (reports - first) * math.log1p(-rate)
    )
    k = np.arange(first, last)
    steps = np.log((reports - k) / (k + 1)) + np.log(rate / (1 - rate))
    log_mass = log_first + np.concatenate([[0.0], np.cumsum(steps)])
    return first, np.asarray(np.cumsum(np.exp(log_mass)[::-1])[::-1], dtype=np.float64)


def reports_to_lose(counts: NDArray[np.int64], reports: int, items: int, q: float) -> NDArray[np.int64]:
    """Return int64[len(counts)]: how few of the reports behind each count must be left out until it fails the gate.

    A count Y of N reports becomes Y - r of N - r; 0 for a count that does not pass. `r + gate_count(N - r)` never
    falls as r rises, because one report less lowers the gate by at most one; so r is found by bisection.
    """
    gate = cache(lambda left: gate_count(left, items, q))
    lost = {}
    for count in set(counts.tolist()):
        at_least = max(0, count - gate(reports))

        def fails(left_out: int, count: int = count) -> bool:
            return count - left_out < gate(reports - left_out)

        lost[count] = bisect_left(range(count + 1), True, lo=at_least, key=fails)
    return np.array([lost[count] for count in counts.tolist()], dtype=np.int64)


def reports_needed(
    share: float, items: int, p: float, q: float, *, false_alarm: float = 0.05, power: float = 0.9
) -> int:
    """Return how many reports are needed so that an item chosen by `share` of people passes the gate with `power`.

    Gate and power are exact for people drawn at random; the search begins at the N that solves
    N*share*d = z_gate*sqrt(N*v0) + z_power*sqrt(N*(share*v1 + (1-share)*v0)). Beyond _MAX_EXACT that N is returned,
    since both agree, and exact tails of so many, as odds near 1 need, take gigabytes. Raises ValueError for a share
    outside (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share {share} is not in (0, 1]")
    v1, v0 = p * (1 - p), q * (1 - q)
    spread = NormalDist().inv_cdf(1 - false_alarm / items) * np.sqrt(v0) + NormalDist().inv_cdf(power) * np.sqrt(
        share * v1 + (1 - share) * v0
    )
    rate = share * p + (1 - share) * q
    reports = int(np.ceil((spread / (share * (p - q))) ** 2))
    # The formula's gate is normal; the real one is an exact tail, which is skewed and lies higher.
    while reports <= _MAX_EXACT:
        gate = gate_count(reports, items, q, false_alarm)
        if gate <= reports and _upper_tail(reports, rate, gate)[1][0] >= power:
            return reports
        reports += 1 + reports // 100
    return reports
