"""Lower ends of numbers that were picked out for being large."""

from __future__ import annotations

from math import exp
from statistics import NormalDist

import numpy as np
import pytest

from netflix_trend.privacy.selection import lower_end, normal_score, rejected_below, skewed_quantile

_Z = NormalDist()


def test_the_smaller_of_both_levels_is_taken() -> None:
    assert rejected_below(50, 1.0, 0.95) == pytest.approx(0.025 / 50)
    assert rejected_below(50, 0.001, 0.95) == pytest.approx(0.025 * 0.001)


def test_far_above_the_gate_the_end_is_the_one_for_all_items_together() -> None:
    assert lower_end(400.0, 17.0, 50, 5.6) == pytest.approx(400 - _Z.inv_cdf(1 - 0.025 / 50) * 5.6, abs=0.01)


def test_close_above_the_gate_nothing_is_excluded() -> None:
    assert lower_end(17.4, 17.3, 50, 5.6) == 0
    assert lower_end(17.2, 17.3, 50, 5.6) == 0, "it did not pass"


@pytest.mark.parametrize("far", [1.0, 100.0, 1e4, 1e6])
def test_a_gate_far_out_gives_an_end_within_what_is_possible(far: float) -> None:
    assert 0 <= lower_end(17.0 * far + 1, 17.0 * far, 50, 5.6) <= 17.0 * far + 1


def test_skewed_noise_lowers_the_end() -> None:
    assert lower_end(60.0, 17.0, 50, 5.6, skewness=0.5) < lower_end(60.0, 17.0, 50, 5.6) - 2


@pytest.mark.parametrize("skewness", [0.0, 0.1, 0.5, 1.0])
def test_a_score_is_the_inverse_of_the_quantile(skewness: float) -> None:
    for z in (-1.0, 0.5, 2.0, 4.0):
        assert normal_score(skewed_quantile(z, skewness), skewness) == pytest.approx(z)


def test_a_skewed_quantile_is_that_of_a_slightly_skewed_distribution() -> None:
    """Of the log-normal one with variance s**2 of the logarithm, whose skewness is 3s for small s."""
    s, z = 0.03, _Z.inv_cdf(0.999)
    deviation = exp(s * s / 2) * (exp(s * s) - 1) ** 0.5
    exact = (exp(s * z) - exp(s * s / 2)) / deviation
    assert skewed_quantile(z, 3 * s) == pytest.approx(exact, rel=0.005)
    assert abs(z - exact) > 0.03 * exact


def test_a_change_that_passed_on_either_side_holds_where_nothing_changed() -> None:
    generator = np.random.default_rng(1)
    gate = 3.3
    size = np.array([_Z.inv_cdf(1 - (1 - _Z.cdf(gate)) * u) for u in generator.random(2_000)])
    ends = np.array([lower_end(float(x), gate, 100, 1.0, lowest=-50.0, is_two_sided=True) for x in size])
    assert -50 < ends.min() < 0
    # Upwards or downwards by chance: the true change is 0 in both.
    assert (ends <= 0).mean() >= 0.935


def test_a_change_that_did_not_pass_has_no_end_and_one_that_could_pass_on_either_side_a_nearer_one() -> None:
    assert lower_end(1.0, 3.3, 100, 1.0, lowest=-50.0, is_two_sided=True) == -50
    one_sided = lower_end(3.4, 3.3, 100, 1.0, lowest=-50.0)
    assert lower_end(3.4, 3.3, 100, 1.0, lowest=-50.0, is_two_sided=True) > one_sided
