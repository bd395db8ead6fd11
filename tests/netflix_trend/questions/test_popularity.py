"""How popular a show is expected to be, against values that follow from the answers by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from netflix_trend.published.model import find_model
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.top_shows.popularity import Popularity, popularity
from netflix_trend.questions.top_shows.trends import CHART_TOP
from tests.netflix_trend.published.test_statistics import STATISTICS
from tests.netflix_trend.questions.top_shows_rounds import answers

CATALOGUE = [f"Show {number}" for number in range(40)]


def by_title(found: Popularity) -> dict[str, float]:
    return dict(zip(found.titles, found.share.tolist(), strict=True))


def as_suggested(titles: Sequence[str], times: float = 1.0) -> dict[str, float]:
    """Shares as an order suggests, or some times those."""
    return {title: times * CHART_TOP / place for place, title in enumerate(titles, 1)}


def test_a_hit_that_has_left_the_chart_is_not_what_it_was() -> None:
    first = answers(as_suggested(["Hit", "Show 0", "Show 1"]), chart=["Hit", "Show 0", "Show 1"])
    second = answers(as_suggested(["Show 0", "Show 1"]), chart=["Show 0", "Show 1"])
    alone = by_title(popularity([("2026-W46", first)], CATALOGUE, 99))
    after = by_title(popularity([("2026-W46", first), ("2026-W47", second)], CATALOGUE, 99))
    assert alone["Hit"] == pytest.approx(CHART_TOP, rel=0.05)
    assert after["Hit"] == pytest.approx(CHART_TOP / 41, rel=0.05), "behind the catalogue, where the order ends"
    assert after["Show 0"] == pytest.approx(CHART_TOP, rel=0.05), "its share was half as large a week before"


def test_a_round_without_a_chart_has_the_one_before_it() -> None:
    named = as_suggested(["Hit", "Show 0"])
    rounds = [("2026-W46", answers(named, chart=["Hit", "Show 0"])), ("2026-W47", answers(named))]
    found = by_title(popularity(rounds, CATALOGUE, 99))
    assert found["Hit"] == pytest.approx(CHART_TOP, rel=0.05)
    assert list(found)[:2] == ["Hit", "Show 0"]


def test_what_a_group_names_more_often_than_the_chart_it_is_expected_to() -> None:
    named = as_suggested(["Show 0", "Show 1", "Show 2"])
    first = answers({**named, "Show 2": 2 * named["Show 2"]}, chart=["Show 0", "Show 1", "Show 2"])
    second = answers(as_suggested(["Show 2", "Show 1"]), people=4, chart=["Show 2", "Show 1"])
    found = by_title(popularity([("2026-W46", first), ("2026-W47", second)], CATALOGUE, 99))
    assert found["Show 2"] == pytest.approx(2 * CHART_TOP, rel=0.05)
    assert found["Show 1"] == pytest.approx(CHART_TOP / 2, rel=0.05)


def test_two_rounds_say_what_one_of_twice_as_many_people_says() -> None:
    shares = {"Show 0": 0.3, "Show 3": 0.01, "Show 7": 0.0}
    twice = popularity([("2026-W46", answers(shares, 900)), ("2026-W47", answers(shares, 900))], CATALOGUE, 99)
    once = popularity([("2026-W46", answers(shares, 1800))], CATALOGUE, 99)
    half = popularity([("2026-W46", answers(shares, 900))], CATALOGUE, 99)
    assert twice.share == pytest.approx(once.share)
    assert twice.standard_error == pytest.approx(once.standard_error)
    assert half.standard_error[0] > 1.2 * once.standard_error[0]


def test_rounds_count_by_their_noise() -> None:
    few, many = answers({"Show 0": 0.5}, 100), answers({"Show 0": 0.1}, 10_000)
    found = by_title(popularity([("2026-W46", few), ("2026-W47", many)], CATALOGUE, 99))
    assert found["Show 0"] == pytest.approx(0.1 + 0.4 / 101, abs=0.005)
    noisy = answers({"Show 0": 0.5}, 10_000, noise=10)
    assert by_title(popularity([("2026-W46", noisy), ("2026-W47", many)], CATALOGUE, 99)) == pytest.approx(
        found, abs=0.001
    )


def test_shows_that_nobody_was_asked_about_are_on_the_same_scale() -> None:
    """A group that names everything as often as expected changes nothing, and one that names half of it halves all."""
    nothing = popularity((), CATALOGUE, 99).share
    expected = dict(zip(CATALOGUE, nothing.tolist(), strict=True))
    asked = CATALOGUE[:10]
    for times in (1.0, 0.5):
        named = answers({title: times * expected[title] for title in asked})
        found = popularity([("2026-W46", named)], CATALOGUE, 99)
        assert found.share == pytest.approx(times * nothing, rel=0.06)
        assert (found.prior_part[10:] == 1).all()
        assert not found.rounds[10:].any()


def test_a_show_that_is_spelled_anew_is_the_same_show() -> None:
    rounds = [("2026-W46", answers({"élite": 0.1})), ("2026-W47", answers({"ÉLITE": 0.1}, chart=["ÉLITE", "Show 1"]))]
    found = popularity(rounds, ["Élite", "Show 1"], 99)
    assert found.titles == ("ÉLITE", "Show 1")
    assert found.rounds.tolist() == [2, 0]
    assert found.share[0] == pytest.approx(0.1, rel=0.05)
    statistics = [STATISTICS.model_copy(update={"round": week, "top_shows": shows}) for week, shows in rounds]
    assert len(find_model(statistics, ["Élite", "Show 1"], "1" * 32).shows) == 2


def test_any_number_of_answers_leaves_an_error() -> None:
    found = popularity([("2026-W46", answers({"Show 0": 0.1}, 1e12, noise=1e-6))], CATALOGUE, 99)
    assert np.isfinite(found.share).all()
    assert (found.standard_error > 0).all()
    statistics: RoundStatistics = STATISTICS.model_copy(
        update={"top_shows": answers({"Show 0": 0.1}, 1e12, noise=1e-6)}
    )
    assert find_model([statistics], CATALOGUE, "1" * 32).shows


def test_only_the_first_shows_of_an_order_and_those_asked_about_are_in_it() -> None:
    found = popularity([("2026-W46", answers({"Show 39": 0.1, "Other": 0.1}))], CATALOGUE, 5)
    assert found.titles == (*CATALOGUE[:5], "Other", "Show 39")
