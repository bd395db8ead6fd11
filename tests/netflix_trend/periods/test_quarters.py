"""Quarters: where they begin and end, how they are written, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.periods.quarters import Quarter

DAYS = st.dates(date(1000, 4, 1), date(2999, 9, 30))


@settings(max_examples=200)
@given(DAYS)
def test_a_quarter_holds_the_day_it_was_made_from_and_no_other_one_does(day: date) -> None:
    quarter = Quarter.of(day)
    assert quarter.first_day <= day <= quarter.last_day
    assert quarter.previous.last_day == quarter.first_day - timedelta(days=1)
    assert Quarter.of(quarter.last_day + timedelta(days=1)).previous == quarter
    assert Quarter.parse(str(quarter)) == quarter


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q2", date(2026, 4, 1), date(2026, 6, 30)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2024-Q1", date(2024, 1, 1), date(2024, 3, 31)),
    ],
)
def test_quarters_are_those_of_the_calendar(text: str, first: date, last: date) -> None:
    quarter = Quarter.parse(text)
    assert (quarter.first_day, quarter.last_day) == (first, last)
    assert str(quarter) == text == str(Quarter.of(first)) == str(Quarter.of(last))


def test_the_quarter_before_the_first_one_lies_in_the_year_before() -> None:
    assert str(Quarter.parse("2026-Q1").previous) == "2025-Q4"
    assert Quarter.parse("2025-Q4") < Quarter.parse("2026-Q1")


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026", "2026-Q0", "2026-Q5", "2026-Q33", "2026Q3", "2026-q3", " 2026-Q3", "2026-Q3\n", "26-Q3"),
        *("0000-Q1", "２０２６-Q3", "2026-Q٣", "2026-W03", "../2026-Q3"),
    ],
)
def test_anything_but_a_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quarter such as 2026-Q3"):
        Quarter.parse(text)
