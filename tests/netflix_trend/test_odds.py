"""Odds are parsed in one place, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest

from netflix_trend.odds import EXPECTED_ODDS, parse_odds


@pytest.mark.parametrize(
    ("text", "odds"),
    [("8", Fraction(8)), (" 5/2 ", Fraction(5, 2)), ("2.1", Fraction(21, 10)), (8, Fraction(8)), ("1", Fraction(1))],
)
def test_odds_are_exact(text: object, odds: Fraction) -> None:
    assert parse_odds(text) == odds


@pytest.mark.parametrize("text", ["", "eight", "1/0", "0.5", "-8", "nan", "inf", "3 to 1", None])
def test_anything_else_is_refused_with_what_is_expected(text: object) -> None:
    with pytest.raises(ValueError, match=EXPECTED_ODDS):
        parse_odds(text)
