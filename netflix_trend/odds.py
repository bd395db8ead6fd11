"""Odds as people write them, parsed in one place: settings, commands and forms."""

from __future__ import annotations

from fractions import Fraction

EXPECTED_ODDS = "expected a ratio of at least 1, such as 8 or 5/2"


def parse_odds(text: object) -> Fraction:
    """Return exact odds from text such as `8`, `2.5` or `5/2`. Raises ValueError that says what is expected."""
    try:
        odds = Fraction(str(text).strip())
    except (ValueError, ZeroDivisionError):
        odds = Fraction(0)
    if odds < 1:
        raise ValueError(EXPECTED_ODDS)
    return odds
