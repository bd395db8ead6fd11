"""Counts and shares from sums with Gaussian noise: unbiased, with intervals that hold also after selection."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from netflix_trend.privacy.noisy_sums import (
    estimate_groups,
    estimate_sums,
    gate_of,
    onto_simplex,
    people_needed,
)
from netflix_trend.privacy.selection import lower_end

_Z = NormalDist()


def test_the_gate_lets_noise_alone_through_once_in_twenty_lists() -> None:
    generator = np.random.default_rng(1)
    lists = generator.normal(0, 5.6, (20_000, 50))
    alarms = (lists >= gate_of(50, 5.6)).any(axis=1).mean()
    assert 0.044 < alarms < 0.055


def test_a_list_without_items_has_no_gate() -> None:
    with pytest.raises(ValueError, match="without items"):
        gate_of(0, 1.0)


@pytest.mark.parametrize("truth", [0.0, 10.0, 18.0, 25.0, 60.0])
def test_intervals_of_clear_items_hold_despite_selection(truth: float) -> None:
    generator = np.random.default_rng(int(truth))
    gate = gate_of(50, 5.6)
    observed = generator.normal(truth, 5.6, 400_000)
    picked = observed[observed >= gate][:1_500]
    if len(picked) < 100:  # almost nothing passes from 0 people: draw from the tail itself
        tail = 1 - _Z.cdf(gate / 5.6)
        picked = np.array([5.6 * _Z.inv_cdf(1 - tail * u) for u in generator.random(1_500)])
    lower = [lower_end(float(x), gate, 50, 5.6) for x in picked]
    assert np.mean([low <= truth <= x + 1.96 * 5.6 for low, x in zip(lower, picked, strict=True)]) > 0.935


def test_the_first_of_many_clear_items_holds() -> None:
    """With 30 equal items the first lies above its truth nearly always."""
    generator = np.random.default_rng(3)
    held, plain = [], []
    for _ in range(500):
        found = estimate_sums(generator.normal(40.0, 5.6, 30), 5.6, 1_000.0)
        first = int(np.argmax(found.estimate))
        held.append(found.lower[first] <= 40.0 <= found.upper[first])
        plain.append(abs(found.estimate[first] - 40.0) <= 1.96 * 5.6)
    assert np.mean(plain) < 0.6
    assert np.mean(held) >= 0.93


@pytest.mark.parametrize(("share", "people"), [(0.12, 224), (0.03, 901)])
def test_with_the_people_that_are_needed_nine_of_ten_sums_are_clear(share: float, people: int) -> None:
    needed = people_needed(share, 50, 5.6)
    assert needed == pytest.approx(people, rel=0.02)
    generator = np.random.default_rng(4)
    sums = generator.binomial(needed, share, 40_000) + generator.normal(0, 5.6, 40_000)
    assert (sums >= gate_of(50, 5.6)).mean() == pytest.approx(0.9, abs=0.01)


def test_estimates_are_the_sums_and_say_what_is_clear() -> None:
    found = estimate_sums(np.array([-3.0, 5.0, 40.0]), 5.6, 100.0)
    assert found.estimate.tolist() == [-3.0, 5.0, 40.0]
    assert found.is_clear.tolist() == [False, False, True]
    assert found.lower[0] == found.lower[1] == 0
    assert found.upper[1] == pytest.approx(5 + 1.96 * 5.6, abs=0.01)
    assert 0 < found.lower[2] < 40 < found.upper[2]


def test_groups_add_up_to_the_reports_and_are_never_negative() -> None:
    generator = np.random.default_rng(3)
    for _ in range(200):
        sums = generator.normal(20, 30, 7)
        found = estimate_groups(sums, 140, 14.0, [1 / 7] * 7, 4.0)
        assert found.counts.sum() == pytest.approx(140)
        assert found.counts.min() >= 0
        assert np.linalg.eigvalsh(found.covariance).min() > -1e-6


def test_without_noise_groups_are_the_counts() -> None:
    found = estimate_groups(np.array([5.0, 10.0, 85.0]), 100, 1e-6, [1 / 3] * 3, 4.0)
    assert found.counts == pytest.approx([5, 10, 85], abs=1e-3)
    share, error = found.shares([0, 1])
    assert share == pytest.approx([1 / 3, 2 / 3], abs=1e-3)
    assert error.max() < 1e-3
    below, _ = found.below([0, 1, 2])
    assert below == pytest.approx([0, 0.05, 0.15], abs=1e-3)


def test_with_infinite_noise_groups_are_the_prior() -> None:
    found = estimate_groups(np.array([1e6, -1e6, 3.0]), 100, 1e9, [0.5, 0.3, 0.2], 4.0)
    assert found.counts == pytest.approx([50, 30, 20], abs=0.1)


def test_no_answers_are_not_division_by_zero() -> None:
    found = estimate_groups(np.zeros(3), 0, 14.0, [1 / 3] * 3, 4.0)
    share, error = found.shares([0, 1])
    assert np.isfinite(share).all()
    assert np.isfinite(error).all()


def test_lengths_must_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        estimate_groups(np.zeros(3), 10, 1.0, [0.5, 0.5], 4.0)


WORLDS = {
    "as assumed": [1 / 7] * 7,
    "mostly nothing": [0.7, 0.1, 0.1, 0.04, 0.03, 0.01, 0.02],
    "one group": [0.02, 0.9, 0.02, 0.02, 0.02, 0.01, 0.01],
    "few can answer": [0.05, 0.1, 0.1, 0.05, 0.03, 0.02, 0.65],
    "much": [0.05, 0.05, 0.1, 0.15, 0.25, 0.38, 0.02],
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("reports", "noise"), [(300, 14.0), (1000, 14.0), (1000, 25.0)])
def test_intervals_of_groups_hold_in_worlds_unlike_the_prior(world: str, reports: int, noise: float) -> None:
    generator = np.random.default_rng([reports, int(noise)])
    held = []
    for _ in range(400):
        truth = generator.multinomial(reports, WORLDS[world])
        found = estimate_groups(truth + generator.normal(0, noise, 7), reports, noise, [1 / 7] * 7, 4.0)
        share, error = found.shares(range(6))
        exact = truth[:6] / truth[:6].sum()
        held.append(np.abs(share - exact) <= 1.96 * error)
    assert np.mean(held) > 0.92


def test_the_nearest_point_of_the_simplex() -> None:
    assert onto_simplex(np.array([0.5, 0.6]), 1.0) == pytest.approx([0.45, 0.55])
    assert onto_simplex(np.array([2.0, -1.0]), 1.0) == pytest.approx([1.0, 0.0])
    assert onto_simplex(np.array([1.0, 2.0]), 0.0) == pytest.approx([0.0, 0.0])
