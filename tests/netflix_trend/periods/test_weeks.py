"""ISO weeks: new years, weeks 53, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.periods.weeks import Week, weeks_in

# A round of any other century is a mistake, and is refused.
DAYS = st.dates(date(1000, 1, 6), date(2999, 12, 22))


@settings(max_examples=200)
@given(DAYS)
def test_a_week_holds_the_day_it_was_made_from(day: date) -> None:
    week = Week.of(day)
    assert week.monday <= day <= week.sunday
    assert (week.monday.isoweekday(), week.sunday.isoweekday()) == (1, 7)


@settings(max_examples=200)
@given(DAYS)
def test_a_week_is_written_as_the_iso_calendar_says_and_read_back(day: date) -> None:
    year, number, _ = day.isocalendar()
    assert str(Week.of(day)) == f"{year:04d}-W{number:02d}"
    assert Week.parse(str(Week.of(day))) == Week.of(day)


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2020, 12, 28), "2020-W53"),
        (date(2021, 1, 3), "2020-W53"),
        (date(2021, 1, 4), "2021-W01"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2026, 1, 1), "2026-W01"),
        (date(2026, 12, 31), "2026-W53"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
    ],
)
def test_days_around_new_year_belong_to_the_year_that_has_most_of_their_week(day: date, written: str) -> None:
    assert str(Week.of(day)) == written


@pytest.mark.parametrize(
    ("text", "monday", "following"),
    [("2020-W53", date(2020, 12, 28), "2021-W01"), ("2026-W53", date(2026, 12, 28), "2027-W01")],
)
def test_week_53_is_read_in_a_year_that_has_it(text: str, monday: date, following: str) -> None:
    week = Week.parse(text)
    assert week.monday == monday
    assert str(week + 1) == following
    assert str(week - 1) == f"{text[:4]}-W52"


@pytest.mark.parametrize("year", range(2015, 2035))
def test_week_53_is_read_only_in_the_years_that_have_it(year: int) -> None:
    text = f"{year}-W53"
    if date(year, 12, 28).isocalendar().week == 53:
        assert str(Week.parse(text)) == text
    else:
        with pytest.raises(ValueError, match="week"):
            Week.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-47",
        "2026W47",
        "2026-w47",
        "2026-W7",
        "2026-W047",
        "26-W47",
        " 2026-W47",
        "2026-W47 ",
        "2026-W47\n",
        "2026-W47-1",
        "-2026-W47",
        "2026-W00",
        "2026-W54",
        "2026-W99",
        "0000-W01",
        "２０２６-W47",
        "../2026-W47",
    ],
)
def test_anything_but_an_iso_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Week.parse(text)


def test_the_refusal_says_what_a_week_looks_like() -> None:
    with pytest.raises(ValueError, match="'November' is not an ISO week such as 2026-W47"):
        Week.parse("November")


@pytest.mark.parametrize("year", range(2015, 2035))
def test_the_index_has_no_gap_at_new_year(year: int) -> None:
    last = Week.of(date(year, 12, 28))
    assert Week.of(date(year + 1, 1, 4)).index == last.index + 1


@settings(max_examples=100)
@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(0, 500))
def test_adding_and_subtracting_weeks_moves_the_monday_by_as_many(day: date, weeks: int) -> None:
    week = Week.of(day)
    assert (week + weeks).monday == week.monday + timedelta(weeks=weeks)
    assert (week - weeks).monday == week.monday - timedelta(weeks=weeks)


@settings(max_examples=100)
@given(DAYS, DAYS)
def test_weeks_are_ordered_by_time(one: date, other: date) -> None:
    first, second = Week.of(one), Week.of(other)
    assert (first < second) == (first.sunday < second.monday)
    assert (first == second) == (first.monday == second.monday)


@pytest.mark.parametrize("weekday", range(7))
def test_the_last_complete_week_is_the_same_on_every_day_of_the_next(weekday: int) -> None:
    today = date(2026, 11, 16) + timedelta(days=weekday)
    assert str(Week.last_complete(today)) == "2026-W46"


def test_the_last_complete_week_at_new_year_is_week_53() -> None:
    assert str(Week.last_complete(date(2027, 1, 3))) == "2026-W52"
    assert str(Week.last_complete(date(2027, 1, 4))) == "2026-W53"


def test_names_that_are_no_weeks_are_left_out() -> None:
    names = ["2026-W47", "manifest", "2026-W46", "2026-W54", "", "2026-W46.json"]
    assert list(map(str, weeks_in(names))) == ["2026-W47", "2026-W46"]
