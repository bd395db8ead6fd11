"""What the sums of pairs say beyond the popularity of each show, as weights for a prediction.

Everything follows from published sums and their known noise. Where the sums are only noise, all weights are 0: then a
recommendation is exactly what it is without them (docs/method/what-to-watch-next.md#pairs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netflix_trend.questions.together.statistics import Together

Floats = NDArray[np.float64]

# Most that the squared correlation of two shows is taken to be on average: in the histories of invented people it is
# .003, and a few people's noisy sums would suggest any value.
_LARGEST_SPREAD = 0.006
# The part of a show's variance that no other show explains, at least: the ridge of the regression.
_RIDGE = 0.5
# Shares of viewers within which a correlation is computed; noise can push a sum anywhere.
_SMALLEST, _LARGEST = 5e-3, 0.95
# What a person has seen lowers another show's share to this part of everybody's at most.
SMALLEST_FACTOR = 0.1
# Beforehand the share of viewers is that of all shows on average, wrong by a factor of 2 or so.
_FACTOR = 0.7


@dataclass(frozen=True)
class Weights:
    """What the shows that a person has seen say about the others.

    seen: float64[shows], share of people who have seen each. weights: float64[shows, shows], by how much the
    standardized wish for the column's show rises with the row's having been seen; 0 on the diagonal. signal: how much
    of the spread of correlations is more than noise, 0 to 1.
    """

    titles: tuple[str, ...]
    seen: Floats
    weights: Floats
    signal: float


def weights_of(rounds: Sequence[Together]) -> Weights | None:
    """Return the weights from one or several rounds, oldest first; None without any with answers.

    Sums of rounds about the same pair add. Correlations are shrunk towards 0 by their noise (empirical Bayes: their
    spread is what is more than noise), and the weights are those of the ridge regression of each show on all others
    (EASE, H. Steck, WWW 2019).
    """
    told = [one for one in rounds if one.answering >= 1]
    if not told:
        return None
    titles = told[-1].titles
    sums, people, variance = _added(told, titles)
    diagonal = np.diagonal(people).copy()
    share = np.diagonal(sums) / diagonal
    noise = np.diagonal(variance) / diagonal**2
    seen = np.clip(_towards_mean(share, noise), _SMALLEST, _LARGEST)
    spread = np.sqrt(seen * (1 - seen))
    scale = np.outer(spread, spread)
    correlation = (sums / people - np.outer(seen, seen)) / scale
    error2 = variance / people**2 / scale**2 + 1 / people
    upper = np.triu_indices(len(titles), 1)
    prior = _spread_of(correlation[upper], error2[upper])
    shrunk = correlation * (prior / (prior + error2)) if prior else np.zeros_like(correlation)
    np.fill_diagonal(shrunk, 1 + _RIDGE)
    values, vectors = np.linalg.eigh(shrunk)
    inverse = (vectors / np.maximum(values, _RIDGE)) @ vectors.T
    weights = -inverse / np.diagonal(inverse)
    np.fill_diagonal(weights, 0.0)
    signal = float(np.mean(prior / (prior + error2[upper]))) if prior else 0.0
    return Weights(titles, seen, weights + 0.0, signal)


def wish_of(weights: Weights, was_seen: NDArray[np.bool_]) -> Floats:
    """Return by how much ln(share of viewers) of each show rises for a person, float64[shows].

    was_seen: bool[shows]. The regression predicts a share, which stays above SMALLEST_FACTOR of everybody's.
    """
    spread = np.sqrt(weights.seen * (1 - weights.seen))
    moved = ((was_seen - weights.seen) / spread) @ weights.weights * spread
    return np.asarray(np.log(np.maximum(1 + moved / weights.seen, SMALLEST_FACTOR)), dtype=np.float64)


def _added(rounds: Sequence[Together], titles: Sequence[str]) -> tuple[Floats, Floats, Floats]:
    """Return sums, people and variances of all pairs of the titles, float64[shows, shows], of all rounds that asked."""
    size = len(titles)
    sums, people, variance = np.zeros((size, size)), np.zeros((size, size)), np.zeros((size, size))
    for one in rounds:
        place = {title: number for number, title in enumerate(one.titles)}
        mine = [number for number, title in enumerate(titles) if title in place]
        theirs = [place[titles[number]] for number in mine]
        here = np.ix_(mine, mine)
        sums[here] += one.matrix()[np.ix_(theirs, theirs)]
        people[here] += one.answering
        variance[here] += one.noise**2
    return sums, people, variance


def _towards_mean(share: Floats, noise: Floats) -> Floats:
    """Return shares shrunk towards their mean by their variance, float64[shows] each."""
    mean = max(float(share.mean()), _SMALLEST)
    expected = (_FACTOR * mean) ** 2
    return np.asarray((share * expected + mean * noise) / (expected + noise), dtype=np.float64)


def _spread_of(correlation: Floats, error2: Floats) -> float:
    """Return the mean square of true correlations, by what is more than noise; 0 within its own error.

    Weighted moments: exact pairs count more (R. DerSimonian, N. Laird, Controlled Clinical Trials 7, 1986).
    """
    weight = 1 / (error2 + _LARGEST_SPREAD) ** 2
    found = float((weight * (correlation**2 - error2)).sum() / weight.sum())
    error = float(np.sqrt((weight**2 * 2 * error2**2).sum()) / weight.sum())
    return min(found, _LARGEST_SPREAD) if found > error else 0.0
