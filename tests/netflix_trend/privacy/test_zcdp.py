"""The privacy loss of Gaussian noise, compared with dp-accounting."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from dp_accounting import GaussianDpEvent
from dp_accounting.pld import PLDAccountant, privacy_loss_distribution
from dp_accounting.rdp import RdpAccountant

from netflix_trend.privacy.zcdp import epsilon_of_gaussian, epsilon_of_rho, rho_of_gaussian, sigma2_for

# sigma as a multiple of the sensitivity, and weeks: both presets, once and for a year, and extremes.
CASES = [(2.153, 1), (2.153, 52), (3.872, 1), (3.872, 52), (10, 4), (0.7, 1), (40, 1)]


def test_rho_adds_up_and_scales() -> None:
    assert rho_of_gaussian(Fraction(8), Fraction(100)) == Fraction(1, 25)
    assert rho_of_gaussian(Fraction(0), Fraction(1)) == 0
    assert sigma2_for(Fraction(8), Fraction(1, 25)) == 100
    for sensitivity2, sigma2 in [(-1, 1), (1, 0), (1, -1)]:
        with pytest.raises(ValueError, match="squared sensitivity"):
            rho_of_gaussian(Fraction(sensitivity2), Fraction(sigma2))
    for sensitivity2, rho in [(0, 1), (1, 0)]:
        with pytest.raises(ValueError, match="squared sensitivity"):
            sigma2_for(Fraction(sensitivity2), Fraction(rho))


@pytest.mark.parametrize(("sigma", "times"), CASES)
def test_the_bound_is_that_of_renyi_accounting_and_near_the_exact_one(sigma: float, times: int) -> None:
    renyi, exact = RdpAccountant([1 + 1.02**step for step in range(-250, 400)]), PLDAccountant()
    for accountant in (renyi, exact):
        accountant.compose(GaussianDpEvent(sigma), times)
    found = epsilon_of_rho(times / (2 * sigma**2), 1e-6)
    # That library tries the given orders only, so it may be a little above.
    assert 0.999 * renyi.get_epsilon(1e-6) <= found <= renyi.get_epsilon(1e-6) * (1 + 1e-9)
    assert exact.get_epsilon(1e-6) <= found <= 1.1 * exact.get_epsilon(1e-6)
    assert epsilon_of_gaussian(times / (2 * sigma**2), 1e-6) == pytest.approx(exact.get_epsilon(1e-6), rel=2e-3)


@pytest.mark.parametrize(("sigma", "sensitivity", "times"), [(5, 2, 1), (8, 3, 4), (6.09, 3, 52), (20, 1, 1)])
def test_discrete_noise_costs_what_continuous_noise_does(sigma: float, sensitivity: int, times: int) -> None:
    discrete = privacy_loss_distribution.from_discrete_gaussian_mechanism(sigma, sensitivity).self_compose(times)
    rho = times * sensitivity**2 / (2 * sigma**2)
    assert epsilon_of_gaussian(rho, 1e-6) == pytest.approx(discrete.get_epsilon_for_delta(1e-6), rel=5e-3)
    assert discrete.get_epsilon_for_delta(1e-6) <= epsilon_of_rho(rho, 1e-6)


def test_the_presets_cost_what_is_promised() -> None:
    for sigma, week, year in [(2.153, 2.079, 20.9), (3.872, 1.099, 10.1)]:
        rho = 1 / (2 * sigma**2)
        assert epsilon_of_gaussian(rho) == pytest.approx(week, abs=0.001)
        assert epsilon_of_gaussian(52 * rho) == pytest.approx(year, abs=0.05)


def test_more_noise_and_a_larger_delta_cost_less() -> None:
    for cost in (epsilon_of_rho, epsilon_of_gaussian):
        rhos = [cost(rho) for rho in (1e-9, 1e-4, 0.01, 0.1, 1, 10, 100)]
        assert rhos == sorted(rhos)
        assert cost(0.1, 1e-9) > cost(0.1, 1e-6) > cost(0.1, 1e-3)
        assert cost(0) == 0
        assert cost(Fraction(1, 10)) == cost(0.1)
        assert cost(1e-16, 0.1) == 0
        assert math.isfinite(cost(1e6))


@pytest.mark.parametrize(("rho", "delta"), [(-1, 1e-6), (math.inf, 1e-6), (math.nan, 1e-6), (1, 0), (1, 1), (1, -1)])
def test_impossible_losses_are_refused(rho: float, delta: float) -> None:
    for cost in (epsilon_of_rho, epsilon_of_gaussian):
        with pytest.raises(ValueError, match="out of range"):
            cost(rho, delta)
