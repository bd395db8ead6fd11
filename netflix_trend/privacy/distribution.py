"""The distribution over ordered buckets behind randomized reports, and means that assume nothing about it.

A channel is float64[B, outputs]: the probability of each report given the true bucket. The distribution is maximum a
posteriori by expectation maximisation with a Dirichlet prior (A. P. Dempster et al., JRSS B 1977).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def map_em(
    counts: NDArray[np.int64],
    channel: NDArray[np.float64],
    prior: NDArray[np.float64],
    prior_people: float,
    tolerance: float = 1e-9,
    most_steps: int = 20_000,
) -> NDArray[np.float64]:
    """Return float64[B], the most probable distribution over buckets given how often each report came.

    counts: int64[outputs]. The prior is Dirichlet(prior_people * prior): as if `prior_people` more people had been seen
    exactly, distributed like `prior` (float64[B], sums to 1). The maximum is taken in the softmax basis, where it is
    never at the edge (D. MacKay, Machine Learning 33, 1998). Stops when no share moves by `tolerance`.
    """
    shares: NDArray[np.float64] = prior.copy()
    total = counts.sum() + prior_people
    for _ in range(most_steps):
        expected = shares @ channel
        responsibility = channel @ np.divide(counts, expected, out=np.zeros_like(expected), where=expected > 0)
        updated = (shares * responsibility + prior_people * prior) / total
        if np.abs(updated - shares).max() < tolerance:
            break
        shares = updated
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
    """Return float64[draws, B]: distributions drawn from the posterior of the model that `map_em` maximises.

    Gibbs sampling by data augmentation (M. A. Tanner, W. H. Wong, JASA 1987): spread the reports over the true buckets
    given the shares, then draw the shares from their Dirichlet given the spread. The spread of the draws holds the
    channel's noise, the sampling of people and the uncertainty that the prior leaves.
    """
    shares = map_em(counts, channel, prior, prior_people)
    kept = np.empty((draws, len(prior)))
    for step in range(burn_in + draws):
        joint = shares[:, None] * channel
        origins = (joint / joint.sum(axis=0)).T  # [outputs, B]: where a report may have come from
        exact = generator.multinomial(counts, origins).sum(axis=0)
        shares = generator.dirichlet(prior_people * prior + exact)
        if step >= burn_in:
            kept[step - burn_in] = shares
    return kept
