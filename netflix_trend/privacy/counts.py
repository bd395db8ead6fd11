"""From noisy counts to counts of people, with intervals: the estimator that every count mechanism shares."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.selection import rejected_below, upper_score

_MAX_EXACT = 10_000_000


@dataclass(frozen=True)
class CountEstimates:
    """Estimated numbers of people, one per item, float64[V], and which of them are clear of noise, bool[V].

    estimate may be negative or above the number of reports: it is unbiased, and clipping would bias sums.
    lower and upper are ends of intervals, clipped to what is possible, that hold for items picked out as large.
    gate: the smallest count that is clear.
    """

    estimate: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    noise: float  # standard error of an item that nobody chose
    gate: int
    is_clear: NDArray[np.bool_]


def estimate_counts(
    counts: NDArray[np.int64], reports: int, p: float, q: float, confidence: float = 0.95
) -> CountEstimates:
    """Estimate how many of `reports` people chose each item, from how many reported subsets hold it.

    p, q: with which probability a report names an item that its sender chose, or did not choose. With d = p - q:
    estimate (Y - N*q) / d, variance [n*p(1-p) + (N-n)*q(1-q)] / d**2 exactly for every true n. The upper end is that of
    a two-sided score test (E. B. Wilson, JASA 1927, applied to this variance): the larger root of (Y - N*q - n*d)**2 =
    z**2 * [N*v0 + n*(v1 - v0)] with v1 = p(1-p), v0 = q(1-q). The lower end allows for being picked out, with exact
    tails: `selection.rejected_below`. It is 0 for an item that is not clear.
    """
    z = upper_score(confidence)
    gain = p - q
    v1, v0 = p * (1 - p), q * (1 - q)
    excess = counts - reports * q
    estimate: NDArray[np.float64] = np.asarray(excess / gain, dtype=np.float64)
    plausible = np.clip(estimate, 0, reports)
    linear = 2 * gain * excess + z * z * (v1 - v0)
    constant = excess**2 - z * z * reports * v0
    root = np.sqrt(np.maximum(linear**2 - 4 * gain**2 * constant, 0))
    gate = gate_count(reports, len(counts), q)
    is_clear = np.asarray(counts >= gate)
    fewest = {
        count: _fewest(count, gate, len(counts), reports, p, q, confidence) for count in set(counts[is_clear].tolist())
    }
    return CountEstimates(
        estimate=estimate,
        standard_error=np.sqrt(plausible * v1 + (reports - plausible) * v0) / gain,
        lower=np.array([float(fewest.get(count, 0)) for count in counts.tolist()]),
        upper=np.clip((linear + root) / (2 * gain**2), 0, reports),
        noise=float(np.sqrt(reports * v0) / gain),
        gate=gate,
        is_clear=is_clear,
    )


def _fewest(count: int, gate: int, items: int, reports: int, p: float, q: float, confidence: float) -> int:
    """Return how few of the people may have chosen an item whose count passed the gate.

    Both chances in the condition rise with that number, and their ratio does, because the distribution of a count has a
    monotone likelihood ratio in it; so it is found by bisection.
    """

    def is_possible(chosen: int) -> bool:
        at_least, passing = _chances_at_least((count, gate), chosen, reports, p, q)
        return at_least >= rejected_below(items, passing, confidence)

    return bisect_left(range(reports), True, key=is_possible)


def _chances_at_least(limits: tuple[int, ...], chosen: int, reports: int, p: float, q: float) -> list[float]:
    """Return the chance of a count of at least each limit, if `chosen` of the people chose the item."""
    first, mass = _mass(chosen, p)
    other, other_mass = _mass(reports - chosen, q)
    tail = np.append(np.cumsum(other_mass[::-1])[::-1], 0.0)
    missing = np.arange(first, first + len(mass))
    return [float(mass @ tail[np.clip(limit - missing - other, 0, len(tail) - 1)]) for limit in limits]


def _mass(trials: int, rate: float) -> tuple[int, NDArray[np.float64]]:
    """Return the smallest count within 12 standard deviations and 60 of the mean, and the chances of all within."""
    reach = 12 * math.sqrt(trials * rate * (1 - rate)) + 60
    first, last = max(0, int(trials * rate - reach)), min(trials, int(trials * rate + reach))
    return first, np.exp(_log_mass(trials, rate, first, last))


def _log_mass(trials: int, rate: float, first: int, last: int) -> NDArray[np.float64]:
    """Return the logarithms of the chances that Binomial(trials, rate) is `first`, `first` + 1 and so on to `last`."""
    log_first = (
        math.lgamma(trials + 1)
        - math.lgamma(first + 1)
        - math.lgamma(trials - first + 1)
        + first * math.log(rate)
        + (trials - first) * math.log1p(-rate)
    )
    k = np.arange(first, last)
    steps = np.log((trials - k) / (k + 1)) + np.log(rate / (1 - rate))
    return np.asarray(log_first + np.concatenate([[0.0], np.cumsum(steps)]), dtype=np.float64)


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
    log_mass = _log_mass(reports, rate, first, last)
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


def reports_to_lead(largest: int, reports: int, gate: int, q: float, size: int) -> int | None:
    """Return how many of the reports, forged, put an item first and above the gate that nobody chose; None if all of
    them do not.

    largest: the count of the first item. size: of the reported subsets. A forged report lifts so many items at once,
    and honest ones lift each by chance. So many that one of these items is first with a chance above 5 % (Bonferroni):
    fewer do it in at most one round of twenty. The forged ones stand in for honest ones, with which the first item's
    count falls in proportion.
    """

    def leads(forged: int) -> bool:
        left = reports - forged
        wanted = max(gate, math.ceil(largest * left / reports))
        return wanted - forged < gate_count(left, size, q)

    return bisect_left(range(1, reports), True, key=leads) + 1 if gate <= reports else None


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
