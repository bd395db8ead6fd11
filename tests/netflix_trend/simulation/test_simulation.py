"""Invented people have the shape they are said to have."""

from __future__ import annotations

import numpy as np
import pytest

from netflix_trend.periods.quarters import Quarter
from netflix_trend.simulation.population import EVENT_CHANGE, EVENT_SHARE, FLAT, Population, life_changes, person


def test_a_week_has_the_stated_shape() -> None:
    (week,) = Population(20_000, 1400, seed=1, taste=0.0).weeks(1)
    empty = np.mean([not shows for shows in week.shows])
    assert empty == pytest.approx(0.22, abs=0.02)
    assert np.mean([len(shows) for shows in week.shows]) == pytest.approx(2.6, abs=0.3)
    assert week.titles.mean() == pytest.approx(7.8, abs=1.2)
    reach = week.reach(1400) / 20_000
    assert reach[0] == pytest.approx(0.21, abs=0.12)
    assert reach[0] > 3 * reach[20]


def test_flat_popularity_is_that_of_real_weeks() -> None:
    (week,) = Population(40_000, 5000, seed=4, taste=0.0, exponent=FLAT).weeks(1)
    reach = np.sort(week.reach(5000) / 40_000)[::-1]
    assert reach[0] == pytest.approx(0.046, abs=0.01)
    assert reach[4] == pytest.approx(0.016, abs=0.004)


def test_the_same_seed_gives_the_same_weeks_and_another_one_does_not() -> None:
    one, again, other = ([w.shows for w in Population(200, 100, seed).weeks(3)] for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_popularity_drifts_from_week_to_week() -> None:
    first, *_, last = (week.reach(50) for week in Population(5000, 50, seed=2, drift=0.5).weeks(6))
    assert np.abs(first - last).max() > 200


def test_titles_and_shows_agree() -> None:
    for week in Population(500, 100, seed=3).weeks(2):
        assert all(titles >= len(shows) for shows, titles in zip(week.shows, week.titles, strict=True))


def test_invented_addresses_are_all_different_and_never_real() -> None:
    assert len({person(number) for number in range(1000)}) == 1000
    assert person(1).endswith("@example.org")


def test_life_changes_are_those_of_the_study_and_belong_to_a_quarter() -> None:
    quarter = Quarter.parse("2026-Q3")
    changes = life_changes(40_000, 1, quarter)
    with_event = [float(change) for change in changes if change is not None]
    assert len(with_event) / len(changes) == pytest.approx(EVENT_SHARE, abs=0.01)
    assert np.mean(with_event) == pytest.approx(EVENT_CHANGE, abs=0.3)
    assert life_changes(40_000, 1, quarter) == changes
    assert life_changes(40_000, 1, quarter.previous) != changes
