"""Numbers, dates and lists in the languages of pages."""

from __future__ import annotations

from datetime import date
from gettext import NullTranslations

import pytest

from netflix_trend import formats
from netflix_trend.language import LANGUAGES, spoken


class Catalogue(NullTranslations):
    """A language without messages."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self._info = {"language": code}


MONDAY, SUNDAY = date(2026, 11, 9), date(2026, 11, 15)


def test_english_is_written_as_people_write_it() -> None:
    assert formats.number(1234) == "1,234"
    assert formats.number(12345.6) == "12,345.6"
    assert formats.number(2.0) == "2"
    assert formats.decimal(2, 2) == "2.00"
    assert formats.percent(0.123) == "12 %"
    assert formats.percent(0.123, 1) == "12.3 %"
    assert formats.day(MONDAY) == "9 November 2026"
    assert formats.short_day(MONDAY) == "9 Nov 2026"
    assert formats.month(MONDAY) == "November 2026"
    assert formats.listed(["a", "b", "c"]) == "a, b and c"
    assert formats.listed(["a"]) == "a"
    assert formats.listed([]) == ""
    assert formats.listed_or(["a", "b"]) == "a or b"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (MONDAY, MONDAY, "9 November 2026"),
        (MONDAY, SUNDAY, "9 to 15 November 2026"),
        (date(2026, 10, 26), date(2026, 11, 1), "26 October to 1 November 2026"),
        (date(2025, 12, 29), date(2026, 1, 4), "29 December 2025 to 4 January 2026"),
    ],
)
def test_a_range_says_what_both_days_share_once(first: date, last: date, said: str) -> None:
    assert formats.days(first, last) == said


def test_other_languages_write_them_their_way() -> None:
    with spoken(Catalogue("de")):
        assert formats.number(1234.5) == "1.234,5"
        assert formats.percent(0.123, 1) == "12,3\xa0%"
        assert formats.day(MONDAY) == "9. November 2026"
        assert formats.listed(["a", "b", "c"]) == "a, b und c"
        assert formats.listed_or(["a", "b"]) == "a oder b"
        assert formats.weekday_names()[0] == "Montag"
    with spoken(Catalogue("tr")):
        assert formats.percent(0.12) == "%12"
        assert formats.month(MONDAY) == "Kasım 2026"
    with spoken(Catalogue("es")):
        assert formats.month_names()[0] == "enero"
        assert formats.short_day(MONDAY) == "9 nov 2026"


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_all_of_them(code: str) -> None:
    with spoken(Catalogue(code)):
        assert "2026" in formats.days(MONDAY, SUNDAY)
        assert len(set(formats.month_names())) == len(set(formats.month_names(short=True))) == 12
        assert len(set(formats.weekday_names())) == len(set(formats.weekday_names(short=True))) == 7
        assert {formats.listed(["a"]), formats.listed_or(["a"])} == {"a"}
        assert "15" in formats.short_day(SUNDAY)
