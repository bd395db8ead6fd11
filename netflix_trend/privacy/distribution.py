"""The distribution over ordered buckets behind randomized reports, and means that assume nothing about it.

A channel is float64[B, outputs]: the probability of each report given the true bucket. The distribution is maximum a
posteriori with a Dirichlet prior.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# Of Newton's method, which takes about ten steps: largest change of a share at the end, and limits against rounding.
_TOLERANCE, _MOST_STEPS, _SHORTEST = 1e-12, 200, 1e-9


def map_shares(
    counts: NDArray[np.int64],
    channel: NDArray[np.float64],
    prior: NDArray[np.float64],
    prior_people: float,
    start: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return float64[B], the most probable distribution over buckets given how often each report came.

    counts: int64[outputs]. The prior is Dirichlet(prior_people * prior): as if `prior_people` more people had been seen
    exactly, distributed like `prior` (float64[B], positive, sums to 1). The maximum is taken in the softmax basis,
    where it is never at the edge (D. MacKay, Machine Learning 33, 1998): of F(q) = sum c_o ln(q M)_o + a sum prior_b
    ln q_b. F is strictly concave, so Newton's method with steps that stay inside and never lower it finds the maximum.
    start: where to begin, the prior by default.
    """
    shares: NDArray[np.float64] = (prior if start is None else start).copy()
    seen, weight = counts > 0, prior_people * prior

    def value(at: NDArray[np.float64]) -> float:
        return float(counts[seen] @ np.log((at @ channel)[seen]) + weight @ np.log(at))

    system = np.zeros((len(prior) + 1, len(prior) + 1))
    for _ in range(_MOST_STEPS):
        score = channel[:, seen] / (shares @ channel)[seen]
        # Relative changes: absolute ones of small shares would make the system ill-conditioned.
        relative = shares[:, None] * score
        system[:-1, :-1] = (relative * counts[seen]) @ relative.T + np.diag(weight)
        system[-1, :-1] = system[:-1, -1] = shares
        right = np.append(shares * (score @ counts[seen]) + weight, 0.0)
        change = np.linalg.solve(system, right)[:-1]
        length = min(1.0, 0.99 / max(1e-300, float(-change.min())))
        before = value(shares)
        while value(moved := shares * (1 + length * change)) < before and length > _SHORTEST:
            length /= 2
        last, shares = shares, moved / moved.sum()
        if np.abs(shares - last).max() < _TOLERANCE:
            break
    return shares


def linear_weights(channel: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return float64[outputs], the number that each report stands for, so that their mean is unbiased.

    channel: float64[B, outputs]; values: float64[B], what a person in each bucket is counted with. Of all weights g
    with channel @ g = values those with the least noise when all buckets are equally common: minimise
    sum(r g**2) with r = mean row of the channel, so g = R^-1 C' (C R^-1 C')^+ values. The condition holds exactly for
    every true distribution if `IntervalChannel.can_estimate` says so of the values; otherwise the weights mean nothing.
    """
    scaled = channel / channel.mean(axis=0)
    # Least squares: channels may leave buckets alike that count the same.
    return np.asarray(scaled.T @ np.linalg.lstsq(scaled @ channel.T, values)[0], dtype=np.float64)


def linear_mean(counts: NDArray[np.int64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean of `weights` over the reports, and its standard error from their own scatter.

    counts: int64[outputs], at least one report. The scatter holds the channel's noise and the sampling of people. With
    few reports it is an honest error only if their tail was seen, so one report of the most distant output is added
    to it (like the added count of A. Agresti and B. A. Coull, The American Statistician 52, 1998).
    """
    reports = int(counts.sum())
    mean = float(counts @ weights) / reports
    squares = (weights - mean) ** 2
    return mean, math.sqrt((float(counts @ squares) + float(squares.max())) / (reports + 1) / reports)


def posterior_draws(
    counts: NDArray[np.int64],
    channel: NDArray[np.float64],
    prior: NDArray[np.float64],
    prior_people: float,
    draws: int,
    generator: np.random.Generator,
    burn_in: int = 200,
) -> NDArray[np.float64]:
    """Return float64[draws, B]: distributions drawn from the posterior of the model that `map_shares` maximises.

    Gibbs sampling by data augmentation (M. A. Tanner, W. H. Wong, JASA 1987): spread the reports over the true buckets
    given the shares, then draw the shares from their Dirichlet given the spread. The spread of the draws holds the
    channel's noise, the sampling of people and the uncertainty that the prior leaves.
    """
    shares = map_shares(counts, channel, prior, prior_people)
    kept = np.empty((draws, len(prior)))
    for step in range(burn_in + draws):
        joint = shares[:, None] * channel
        origins = (joint / joint.sum(axis=0)).T  # [outputs, B]: where a report may have come from
        exact = generator.multinomial(counts, origins).sum(axis=0)
        shares = generator.dirichlet(prior_people * prior + exact)
        if step >= burn_in:
            kept[step - burn_in] = shares
    return kept
