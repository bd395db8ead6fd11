"""What several releases cost together: exact, equal to Google's dp-accounting, and said in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import product as combinations

import pytest
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution, from_randomized_response

from netflix_trend.privacy.accounting import (
    DELTA,
    epsilon,
    product,
    report_in_words,
    suspicion,
    total_epsilon,
    total_in_words,
)


def accounted(odds: Sequence[Fraction], delta: float) -> float:
    """Return the total of dp-accounting for binary randomized responses with these odds."""
    total: PrivacyLossDistribution | None = None
    for ratio in odds:
        # Its parameter is the chance of answering with a coin instead of the truth.
        one = from_randomized_response(float(2 / (1 + ratio)), 2, value_discretization_interval=1e-5)
        total = one if total is None else total.compose(one)
    assert total is not None
    return float(total.get_epsilon_for_delta(delta))


@pytest.mark.parametrize(
    "odds",
    [
        [Fraction(8)],
        [Fraction(8)] * 4,
        [Fraction(8)] * 13,
        [Fraction(3)] * 13,
        [Fraction(55)] * 13,
        [Fraction(5, 4)] * 52,
        [Fraction(8), Fraction(3), Fraction(3), Fraction(5, 2)],
    ],
)
@pytest.mark.parametrize("delta", [1e-6, 1e-3])
def test_totals_equal_those_of_dp_accounting(odds: list[Fraction], delta: float) -> None:
    assert total_epsilon(odds, delta) == pytest.approx(accounted(odds, delta), abs=1e-3)


def test_the_total_is_exact_on_all_outcomes() -> None:
    """Every outcome of three responses played out: delta at the total is what was asked for."""
    odds, delta = [Fraction(8), Fraction(8), Fraction(3)], 0.01
    at = total_epsilon(odds, delta)
    failing = 0.0
    for outcome in combinations((True, False), repeat=3):
        true = math.prod(float(r / (1 + r) if kept else 1 / (1 + r)) for r, kept in zip(odds, outcome, strict=True))
        other = math.prod(float(1 / (1 + r) if kept else r / (1 + r)) for r, kept in zip(odds, outcome, strict=True))
        failing += max(0.0, true - math.exp(at) * other)
    assert failing == pytest.approx(delta, rel=1e-9)


def test_without_a_chance_to_fail_epsilons_add() -> None:
    odds = [Fraction(8)] * 3 + [Fraction(3)]
    assert total_epsilon(odds, 0) == pytest.approx(sum(map(epsilon, odds)))
    assert product(odds) == 8**3 * 3
    assert math.log(product(odds)) == pytest.approx(sum(map(epsilon, odds)))


def test_the_total_grows_with_every_report_and_never_beyond_the_sum() -> None:
    totals = [total_epsilon([Fraction(8)] * count) for count in range(27)]
    assert totals[0] == 0
    assert totals == sorted(totals)
    assert all(total <= count * epsilon(Fraction(8)) + 1e-9 for count, total in enumerate(totals))


def test_nothing_is_revealed_by_odds_of_one() -> None:
    assert total_epsilon([Fraction(1)] * 5) == 0


@pytest.mark.parametrize(("odds", "percent"), [(3, 25), (8, 47), (55, 86)])
def test_a_suspicion_follows_bayes_rule(odds: int, percent: int) -> None:
    assert round(100 * suspicion(Fraction(odds))) == percent
    assert f"at most {odds} (epsilon {math.log(Fraction(odds)):.2f}): a" in report_in_words(Fraction(odds))
    assert f"{percent} %" in report_in_words(Fraction(odds))


def test_a_year_is_said_in_words_with_its_numbers() -> None:
    text = total_in_words([Fraction(8)] * 2)
    assert "all 2 reported weeks" in text
    assert "at most 64 (epsilon 4.16" in text
    thirteen = total_in_words([Fraction(3), *[Fraction(8)] * 12])
    assert "about one week can be multiplied by at most 512 (epsilon 6.24)" in thirteen
    assert "5.5e+11" in total_in_words([Fraction(8)] * 13)
    assert "No report" in total_in_words([])
    assert DELTA == 1e-6


def test_many_different_odds_cost_neither_memory_nor_exactness() -> None:
    """Without rounding, forty different odds are 2**40 losses."""
    odds = [Fraction(8000 - number, 1000) for number in range(40)]
    total = total_epsilon(odds)
    nearly = total_epsilon([Fraction(8000 - 20, 1000)] * 40)
    assert nearly - 0.01 < total < nearly + 0.01
    few = odds[:14]
    with pytest.MonkeyPatch.context() as patched:
        exact = total_epsilon(few)
        patched.setattr("netflix_trend.privacy.accounting._MAX_LOSSES", 1000)
        assert exact <= total_epsilon(few) <= exact + 14e-4
