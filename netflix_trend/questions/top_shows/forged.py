"""Detecting forged reports about shows.

A single forged answer cannot be distinguished from an honest one: every valid answer can come from any week. What can
be detected are copies, and subsets that honest people practically never report.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.set_response import SetResponse

# An honest report is refused by a check with at most this probability.
FALSE_REFUSAL = 1e-6


@dataclass(frozen=True)
class CheckedReports:
    """Counts of the reports that passed. counts: int64[V]; kept, duplicates, implausible: how many reports."""

    counts: NDArray[np.int64]
    kept: int
    duplicates: int
    implausible: int


def count_checked(channel: SetResponse, reports: NDArray[np.uint32]) -> CheckedReports:
    """Count uint32[N, k+2] reports without copies of another report and without implausible ones.

    Of equal reports one counts. It does not matter which, because they are the same; so nobody gains by being first,
    and copying a report neither adds weight to it nor removes it.
    """
    duplicates = 0
    if len(reports) * collision_chance(channel) < FALSE_REFUSAL:
        distinct = np.unique(reports, axis=0)
        duplicates = len(reports) - len(distinct)
        reports = distinct
    counts, sizes = channel.count_with_sizes(reports)
    implausible = reports[sizes >= implausible_size(channel)]
    return CheckedReports(
        counts=counts - channel.count(implausible),
        kept=len(reports) - len(implausible),
        duplicates=duplicates,
        implausible=len(implausible),
    )


def collision_chance(channel: SetResponse) -> float:
    """Return an upper bound of the chance that two honest people send the same report.

    That is the largest probability of any report, w1/(P**2 (w1 N1 + w0 N0)) with P the prime: 1.6e-14 at k=1, odds 8.
    Among 100,000 honest reports one is refused as a copy of any other with a chance below 1.6e-9, and in one round of
    12,000 there is any such pair at all (birthday bound 8e-5). The check is left out where the first figure exceeds
    FALSE_REFUSAL: above 60 million reports, or for thresholds that make reports predictable. One-byte answers are equal
    all the time; they cannot be checked like this.
    """
    return channel.odds.numerator / (channel.prime**2 * channel.total_weight)


@lru_cache(maxsize=32)
def implausible_size(channel: SetResponse, chance: float = FALSE_REFUSAL) -> int:
    """Return the smallest size that an honest report's subset has with at most `chance`; V+1 if there is none.

    Proof. Whatever the person watched, P(h|s) is at most D = w1 P**k / (w1 N1 + w0 N0) times the probability of h
    among all polynomials of degree k+1 with uniform coefficients (docs/set-response.md). For those, the values at the
    V points are (k+2)-wise independent, so the moments of the size S up to order k+2 are the ones of a binomial B:

    - Markov with even central moments: P(S >= m) <= E (B - V q)**r / (m - V q)**r, r <= k+2;
    - Markov with factorial moments: P(S >= m) <= C(V, j) q**j / C(m, j), j <= k+2.

    At k=1 these refuse no size. A bound for all V shows alone would refuse a report that holds 50 of 50 and let one
    pass that holds 49, which is no protection.

    Six standard deviations, an obvious bound, would refuse honest people: a report is a polynomial of low
    degree, and some of these run along below T. With 50 shows at k=1 six deviations are 19 shows; 6e-5 of all
    polynomials have that many (simulated, tests), 250 times what is allowed here. Small sets are never refused: they
    lower every show by at most q/(p - q).
    """
    excess = channel.odds.numerator * channel.prime**channel.k / channel.total_weight
    allowed = chance / excess
    items, rate, independent = channel.items, channel.threshold / channel.prime, channel.k + 2
    mean = items * rate
    sizes = np.arange(items + 1)
    bound = np.ones(items + 1)
    above = sizes > mean
    pmf = _binomial_pmf(items, rate)
    for order in range(2, independent + 1, 2):
        moment = float((pmf * np.abs(sizes - mean) ** order).sum())
        bound[above] = np.minimum(bound[above], moment / (sizes[above] - mean) ** order)
    for order in range(1, min(independent, items) + 1):
        possible = np.cumprod([(items - i) * rate for i in range(order)])[-1]
        subsets = np.prod([np.maximum(sizes - i, 0) for i in range(order)], axis=0, dtype=np.float64)
        bound = np.minimum(bound, np.divide(possible, subsets, out=np.ones(items + 1), where=subsets > 0))
    passing = np.flatnonzero(bound <= allowed)
    return int(passing[0]) if len(passing) else items + 1


def _binomial_pmf(items: int, rate: float) -> NDArray[np.float64]:
    """Return float64[items+1], the binomial distribution."""
    k = np.arange(items)
    logs = np.concatenate([[0.0], np.cumsum(np.log((items - k) / (k + 1)) + np.log(rate / (1 - rate)))])
    return np.asarray(np.exp(logs + items * np.log1p(-rate)), dtype=np.float64)
