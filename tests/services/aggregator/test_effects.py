"""From counted answers about life events to published numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from pydantic import ValidationError

from netflix_trend.effect_statistics import LARGEST_CHANGE_ERROR, EffectEstimate, Measured
from netflix_trend.quarters import Quarter
from netflix_trend.survey import EffectQuestion
from services.aggregator.effects import estimate_effect

QUESTION = EffectQuestion.ask(Quarter.parse("2026-Q3"), odds=Fraction(8), weight=1)


def counts(people: int, up: float, down: float, seed: int) -> np.ndarray:
    """Reports of people of whom shares `up` and `down` have such an answer, at odds of 8."""
    truth = np.array([1 - up - down, up, down])
    return np.random.default_rng(seed).multinomial(people, 0.1 + 0.7 * truth)


def estimate(found: np.ndarray) -> EffectEstimate:
    return estimate_effect(QUESTION, found, int(found.sum()))


def test_the_numbers_follow_from_the_counts() -> None:
    found = estimate(np.array([750, 170, 80]))
    assert (found.quarter, found.reports, found.clip, found.odds) == ("2026-Q3", 1000, 12, (8, 1))
    assert found.share_up.estimate == pytest.approx(0.1)
    assert found.share_down.estimate == pytest.approx(-0.02 / 0.7)
    assert found.mean_change.estimate == pytest.approx(12 * 0.09 / 0.7)
    assert found.is_signal
    assert found.is_reliable
    assert found.reports_needed is None


def test_a_clear_change_is_found_with_its_sign() -> None:
    assert estimate(counts(4000, 0.10, 0.02, 1)).mean_change.lower > 0
    assert estimate(counts(4000, 0.02, 0.10, 2)).mean_change.upper < 0
    assert estimate(counts(4000, 0.02, 0.10, 2)).is_signal


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    found = [estimate(counts(800, 0.08, 0.03, seed)) for seed in range(1000)]
    inside = [
        [one.share_up.lower <= 0.08 <= one.share_up.upper for one in found],
        [one.share_down.lower <= 0.03 <= one.share_down.upper for one in found],
        [one.mean_change.lower <= 0.6 <= one.mean_change.upper for one in found],
    ]
    for covered in inside:
        assert 0.93 <= np.mean(covered) <= 0.98


def test_noise_is_seldom_called_a_signal() -> None:
    for people in (5, 30, 300):
        assert np.mean([estimate(counts(people, 0.05, 0.05, seed)).is_signal for seed in range(1500)]) <= 0.065


def test_few_reports_are_called_unreliable_and_say_how_many_are_needed() -> None:
    few, many = estimate(counts(60, 0.08, 0.03, 1)), estimate(counts(2000, 0.08, 0.03, 1))
    assert (few.is_reliable, many.is_reliable) == (False, True)
    assert few.mean_change.standard_error > LARGEST_CHANGE_ERROR >= many.mean_change.standard_error
    assert few.reports_needed is not None
    assert 150 < few.reports_needed < 600
    enough = estimate(counts(few.reports_needed, 0.08, 0.03, 2))
    assert enough.mean_change.standard_error == pytest.approx(LARGEST_CHANGE_ERROR, rel=0.25)


def test_no_reports_leave_everything_open() -> None:
    found = estimate(np.zeros(3, np.int64))
    assert (found.reports, found.is_signal, found.is_reliable) == (0, False, False)
    assert (found.mean_change.lower, found.mean_change.upper) == (-12, 12)
    assert (found.share_up.lower, found.share_up.upper) == (0, 1)
    assert found.reports_needed == 236


@pytest.mark.parametrize("people", [1, 2, 3, 4])
def test_a_handful_of_reports_is_never_reliable(people: int) -> None:
    for report in range(3):
        found = estimate(people * np.eye(3, dtype=np.int64)[report])
        assert not found.is_reliable
        assert found.reports_needed is not None
        assert found.reports_needed > people


@pytest.mark.parametrize(("found", "reports"), [([1, 2, 3], 7), ([1, 2], 3), ([1, 2, 3, 0], 6)])
def test_counts_of_other_reports_are_refused(found: list[int], reports: int) -> None:
    with pytest.raises(ValueError, match="do not give"):
        estimate_effect(QUESTION, np.array(found), reports)


def test_the_estimate_comes_back_from_its_json() -> None:
    found = estimate(counts(500, 0.08, 0.03, 1))
    assert EffectEstimate.model_validate_json(found.model_dump_json()) == found
    assert estimate(counts(500, 0.08, 0.03, 1)) == found


@pytest.mark.parametrize(
    "change", [{"quarter": "2026"}, {"reports": -1}, {"surprise": 1}, {"odds": (8,)}, {"is_signal": 1}]
)
def test_an_estimate_that_is_none_is_refused(change: dict[str, object]) -> None:
    plain = estimate(counts(500, 0.08, 0.03, 1)).model_dump()
    with pytest.raises(ValidationError):
        EffectEstimate.model_validate(plain | change)


@pytest.mark.parametrize("change", [{"lower": 1.0}, {"standard_error": -1.0}, {"estimate": float("nan")}])
def test_a_measurement_that_is_none_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Measured(**{"estimate": 0.0, "standard_error": 1.0, "lower": -1.0, "upper": 0.5, **change})
