"""A person's taste: which features of titles are more frequent in their history than in what everybody watches.

Nothing of it leaves the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import CatalogueTitle

Floats = NDArray[np.float64]

# A taste is counted as if so many more titles had been watched that are spread over the features as everybody's are.
PRIOR_TITLES = 3.0
# Years at which an era of titles begins; those before the first one are one era as well.
ERAS = (2000, 2010, 2016, 2020, 2023)
# A title of an era counts as much as this part of a genre.
ERA_PART = 0.3


@dataclass(frozen=True)
class Features:
    """What titles are like. names: of the features. matrix: float64[titles, features], the genres of a title add up to
    1, and its era is ERA_PART; 0 where a catalogue does not tell.
    """

    names: tuple[str, ...]
    matrix: Floats


def features_of(titles: Sequence[CatalogueTitle]) -> Features:
    """Return the features of titles: each genre that one of them has, and the eras."""
    genres = sorted({genre for title in titles for genre in title.genres})
    place = {genre: number for number, genre in enumerate(genres)}
    matrix = np.zeros((len(titles), len(genres) + len(ERAS) + 1))
    for row, title in enumerate(titles):
        for genre in title.genres:
            matrix[row, place[genre]] += 1 / len(title.genres)
        if title.year is not None:
            matrix[row, len(genres) + era_of(title.year)] = ERA_PART
    return Features((*genres, *(era_name(number) for number in range(len(ERAS) + 1))), matrix)


def era_of(year: int) -> int:
    """Return the number of the era of a year, from 0."""
    return int(np.searchsorted(ERAS, year, side="right"))


def era_name(number: int) -> str:
    """Return how an era is named among the features, such as `2010-2015`."""
    if number == 0:
        return f"-{ERAS[0] - 1}"
    return f"{ERAS[number - 1]}-{ERAS[number] - 1}" if number < len(ERAS) else f"{ERAS[-1]}-"


def taste_of(features: Features, weights: Mapping[int, float], background: Floats) -> Floats:
    """Return the taste behind watched titles, float64[features]: ln of the person's share of each over everybody's.

    weights: of each watched title, by its row; 1 for one that counts wholly. background: float64[features], mean
    features of what everybody watches, each positive.

    The person's shares are the posterior means under a Dirichlet prior around everybody's, worth PRIOR_TITLES titles.
    """
    rows = list(weights)
    weight = np.array([weights[row] for row in rows])
    counts = weight @ features.matrix[rows] if rows else np.zeros(len(background))
    told = float(weight.sum()) if rows else 0.0
    own = (counts + PRIOR_TITLES * background) / (told + PRIOR_TITLES)
    return np.asarray(np.log(own / background), dtype=np.float64)


def background_of(features: Features, popularity: Floats) -> Floats:
    """Return the mean features of what everybody watches, float64[features], each positive.

    popularity: float64[titles], weight of each title among everybody's views.
    """
    mean = popularity @ features.matrix / popularity.sum()
    # A feature that only unpopular titles have still needs a share to be compared with.
    return np.asarray(np.maximum(mean, 1e-4), dtype=np.float64)
