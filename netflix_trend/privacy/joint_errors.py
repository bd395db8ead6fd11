"""How far estimates of several items are off together, in any sum of them."""

from __future__ import annotations


def variance_bound(items: int, k: int, p: float, q: float) -> tuple[float, float]:
    """Return (v, w): estimates of different items err at most as independent ones of variance N*v + n*w would.

    N reports, n people who chose the item. Holds for every sum of estimates with fixed factors, for people drawn at
    random, whatever items the same people choose together, and for reports whose items are independent of each other or
    a subset of fixed size of the `items` and k dummies. Proof, with v0 = q(1-q), v1 = p(1-p), d = p - q:

    - Which k items a person chose varies as well: (sum of factors of k items)**2 <= k * sum of their squares, so these
      sums vary at most as if each choice by itself had variance k.
    - Given the choice, a subset of fixed size treats the chosen alike, and the V others. Take factors apart into the
      means of both groups and deviations from them, which do not correlate. Deviations among the others have variance
      v0 - c, with c the covariance of two of them, which is -v0 / (V - 1) or more; among k > 1 chosen, whose covariance
      is negative, at most 2 v1. With equal factors, a and b, only the number of chosen items in the subset counts, of
      variance k*v1 at most: (a - b)**2 * k*v1 <= (k*v1*a**2 + V*v0*b**2) * (1 + k*v1 / (V*v0)).

    So v = L*v0 / d**2 and w = L*(v1 - v0) / d**2 + k, with 2 v1 for v1 where k > 1, and L = 1 + k * max(1, v1/v0) /
    (V - 1). Raises ValueError for fewer than two items.
    """
    if items < 2:
        raise ValueError("errors of one item cannot be compared")
    v1, v0 = p * (1 - p), q * (1 - q)
    larger = 1 + k * max(1.0, v1 / v0) / (items - 1)
    gain2 = (p - q) ** 2
    return larger * v0 / gain2, larger * (min(k, 2) * v1 - v0) / gain2 + k
