"""The square-wave channel for an ordered bucket, and the distribution behind its reports.

Z. Li et al., "Estimating Numerical Distributions under Local Differential Privacy", SIGMOD 2020, in its discrete
form: the report is near the true bucket with high probability, anywhere else with low probability. Estimation is
maximum a posteriori by expectation maximisation with a Dirichlet prior (A. P. Dempster et al., JRSS B 1977).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.randomness import RandBelow, secure


@dataclass(frozen=True)
class SquareWave:
    """Public parameters: `buckets` true values 0..B-1, reports 0..B+2*width-1, `odds` = w1/w0 >= 1.

    A report r is near the true bucket i when i <= r <= i + 2*width; near reports have weight w1, the others w0.
    """

    buckets: int
    width: int
    odds: Fraction

    def __post_init__(self) -> None:
        if self.buckets < 2 or self.width < 0 or self.odds < 1:
            raise ValueError(f"square wave with {self.buckets} buckets, width {self.width}, odds {self.odds}")

    @property
    def outputs(self) -> int:
        """Number of different reports."""
        return self.buckets + 2 * self.width

    @property
    def near(self) -> int:
        """Number of reports near a bucket."""
        return 2 * self.width + 1

    @property
    def total_weight(self) -> int:
        """Normaliser, the same for every bucket."""
        return self.near * self.odds.numerator + (self.buckets - 1) * self.odds.denominator

    def randomize(self, bucket: int, randbelow: RandBelow = secure) -> int:
        """Return one report about `bucket`. Draws one integer. Raises ValueError for a bucket that does not exist."""
        if not 0 <= bucket < self.buckets:
            raise ValueError(f"bucket {bucket} lies outside 0..{self.buckets - 1}")
        rank = randbelow(self.total_weight)
        weighted_near = self.near * self.odds.numerator
        if rank < weighted_near:
            return bucket + rank // self.odds.numerator
        other = (rank - weighted_near) // self.odds.denominator
        return other if other < bucket else other + self.near

    def channel(self) -> NDArray[np.float64]:
        """Return float64[B, outputs]: probability of each report given each bucket; rows sum to 1."""
        matrix = np.full((self.buckets, self.outputs), self.odds.denominator / self.total_weight)
        for bucket in range(self.buckets):
            matrix[bucket, bucket : bucket + self.near] = self.odds.numerator / self.total_weight
        return matrix


def best_width(buckets: int, odds: Fraction) -> int:
    """Return the half width that maximises the mutual information bound of Li et al. 2020, section 5.3.

    b = (e*exp(e) - exp(e) + 1) / (2*exp(e)*(exp(e) - 1 - e)) of the value range, e = ln(odds), rounded to buckets.
    """
    if odds == 1:
        return buckets // 2
    epsilon = math.log(odds)
    share = (epsilon * odds - odds + 1) / (2 * odds * (odds - 1 - epsilon))
    return round(float(share) * buckets)


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
    sum(r g**2) with r = mean row of the channel, so g = R^-1 C' (C R^-1 C')^-1 values. The condition holds exactly for
    every true distribution, since the rows of a square wave are linearly independent.
    """
    scaled = channel / channel.mean(axis=0)
    return np.asarray(scaled.T @ np.linalg.solve(scaled @ channel.T, values), dtype=np.float64)


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
