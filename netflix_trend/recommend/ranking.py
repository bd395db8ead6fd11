"""The order in which unseen shows are recommended, with the reasons for each.

score = ln(popularity) + TASTE_WEIGHT x (features of the show) . ln(own share of each feature / everybody's)
        + what is watched together with what one has watched, where a group has measured that (`together`)

Weights are fixed: they were chosen once on simulated people (`python -m bench next`), and never learn from anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netflix_trend.recommend.taste import Features

Floats = NDArray[np.float64]

TASTE_WEIGHT = 1.0
# So many reasons are named for a show.
_REASONS = 2


@dataclass(frozen=True)
class Ranked:
    """A recommended show. row: among the titles. features: numbers of those that speak for it, the strongest first;
    empty where only its popularity does.
    """

    row: int
    features: tuple[int, ...]


def ranked(
    features: Features,
    taste: Floats,
    popularity: Floats,
    left_out: Collection[int],
    together: Floats | None = None,
    number: int = 10,
) -> list[Ranked]:
    """Return the shows to watch next, the best first.

    taste: float64[features] (`taste_of`). popularity: float64[titles], share of participants who name each title, 0 for
    one that is never recommended. left_out: rows of what was seen, or is not wanted. together: float64[titles], what is
    added to the scores. Ties keep the order of the titles.
    """
    scores = score(features, taste, popularity)
    if together is not None:
        scores = scores + together
    scores[list(left_out)] = -np.inf
    best = np.argsort(-scores, kind="stable")[:number].tolist()
    return [Ranked(row, _reasons(features, taste, row)) for row in best if np.isfinite(scores[row])]


def score(features: Features, taste: Floats, popularity: Floats) -> Floats:
    """Return float64[titles], the score of each title by popularity and taste; -inf for a popularity of 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(popularity) + TASTE_WEIGHT * (features.matrix @ taste), dtype=np.float64)


def _reasons(features: Features, taste: Floats, row: int) -> tuple[int, ...]:
    """Return the features that raise the score of a title most, the strongest first."""
    parts = features.matrix[row] * taste
    order: Sequence[int] = np.argsort(-parts, kind="stable")[:_REASONS].tolist()
    return tuple(place for place in order if parts[place] > 0)
