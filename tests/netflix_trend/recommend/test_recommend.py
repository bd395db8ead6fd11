"""Taste and order of what is recommended, against values that were computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from netflix_trend.catalogue.vocabulary import CatalogueTitle
from netflix_trend.recommend import ranking
from netflix_trend.recommend.ranking import ranked, score
from netflix_trend.recommend.taste import (
    ERA_PART,
    ERAS,
    PRIOR_TITLES,
    background_of,
    era_name,
    era_of,
    features_of,
    taste_of,
)

TITLES = [
    CatalogueTitle(title="Dark", kind="series", year=2017, genres=("crime", "drama")),
    CatalogueTitle(title="Friends", kind="series", year=1994, genres=("sitcom",)),
    CatalogueTitle(title="Ozark", kind="series", year=2017, genres=("crime",)),
    CatalogueTitle(title="Unknown", kind="series"),
    CatalogueTitle(title="Heartstopper", kind="series", year=2022, genres=("drama",)),
]
POPULARITY = np.array([0.4, 0.3, 0.1, 0.1, 0.1])


def test_features_of_a_title_are_its_genres_and_its_era() -> None:
    features = features_of(TITLES)
    assert features.names[:3] == ("crime", "drama", "sitcom")
    assert features.matrix[0, :3].tolist() == [0.5, 0.5, 0]
    assert features.matrix[0, 3 + era_of(2017)] == ERA_PART
    assert not features.matrix[3].any(), "nothing is known of it"


def test_eras_cover_all_years_once() -> None:
    names = [era_name(number) for number in range(len(ERAS) + 1)]
    assert (names[0], names[1], names[-1]) == ("-1999", "2000-2009", "2023-")
    for number, year in enumerate(ERAS):
        assert (era_of(year - 1), era_of(year)) == (number, number + 1)


def test_a_taste_is_a_ratio_that_few_titles_move_little() -> None:
    features = features_of(TITLES)
    background = background_of(features, POPULARITY)
    assert background[0] == pytest.approx(0.4 * 0.5 + 0.1)
    nothing = taste_of(features, {}, background)
    assert nothing == pytest.approx(0)
    taste = taste_of(features, {2: 1.0}, background)
    assert taste[0] == pytest.approx(math.log((1 + PRIOR_TITLES * 0.3) / (1 + PRIOR_TITLES) / 0.3))
    assert taste[1] == pytest.approx(math.log(PRIOR_TITLES / (1 + PRIOR_TITLES)))
    more = taste_of(features, {2: 1.0, 0: 0.25}, background)
    assert taste[1] < more[1], "a quarter of a drama was seen, too"


def test_a_feature_that_nobody_has_is_no_division_by_zero() -> None:
    features = features_of(TITLES)
    background = background_of(features, np.array([1.0, 0, 0, 0, 0]))
    assert np.isfinite(taste_of(features, {1: 1.0}, background)).all()


def test_scores_add_popularity_and_taste(monkeypatch: pytest.MonkeyPatch) -> None:
    features = features_of(TITLES)
    taste = taste_of(features, {2: 1.0}, background_of(features, POPULARITY))
    monkeypatch.setattr(ranking, "TASTE_WEIGHT", 2.0)
    expected = np.log(POPULARITY) + 2 * (features.matrix @ taste)
    assert score(features, taste, POPULARITY) == pytest.approx(expected)


def test_the_order_follows_the_scores_and_leaves_out_what_was_seen() -> None:
    features = features_of(TITLES)
    taste = taste_of(features, {2: 1.0}, background_of(features, POPULARITY))
    found = ranked(features, taste, POPULARITY, {2}, number=9)
    assert [one.row for one in found] == [0, 1, 3, 4]
    assert [features.names[place] for place in found[0].features] == ["crime", "2016-2019"]
    assert found[1].features == (), "a sitcom of the nineties has only its popularity"
    assert [one.row for one in ranked(features, taste, POPULARITY, {2}, number=1)] == [0]


def test_what_has_no_popularity_is_never_recommended() -> None:
    features = features_of(TITLES)
    taste = taste_of(features, {}, background_of(features, POPULARITY))
    popularity = np.array([0.1, 0, 0.2, 0, 0])
    assert [one.row for one in ranked(features, taste, popularity, set())] == [2, 0]
    together = np.array([1.0, 9, 0, 0, 0])
    assert [one.row for one in ranked(features, taste, popularity, set(), together)] == [0, 2]
