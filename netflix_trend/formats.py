"""Numbers, dates and lists as people write them in the language of this context (`netflix_trend.language`).

English is written here, because Babel's English is American (`November 9, 2026`) and because a terminal, which speaks
English alone, has no Babel. Other languages are formatted by Babel, from the data of https://cldr.unicode.org.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from netflix_trend.language import WRITTEN, language

# Written out, since `strftime` speaks the language of the process.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def number(value: float) -> str:
    """Return `1,234` or `12.5`."""
    is_whole = isinstance(value, int) or float(value).is_integer()
    return decimal(value, 0 if is_whole else 1)


def decimal(value: float, digits: int) -> str:
    """Return a number with exactly so many digits after the point, such as `1,234.50`."""
    if language() == WRITTEN:
        return f"{value:,.{digits}f}"
    from babel.numbers import format_decimal

    return format_decimal(round(value, digits), f"#,##0.{'0' * digits}".rstrip("."), language())


def percent(share: float, digits: int = 0) -> str:
    """Return `12 %` for 0.12, with so many digits after the point."""
    if language() == WRITTEN:
        return f"{100 * share:.{digits}f} %"
    from babel import Locale
    from babel.numbers import format_percent

    pattern = Locale.parse(language()).percent_formats[None].pattern
    return format_percent(round(share, digits + 2), pattern.replace("0", f"0.{'0' * digits}".rstrip(".")), language())


def day(one: date) -> str:
    """Return `9 February 2026`."""
    if language() == WRITTEN:
        return f"{one.day} {_month_name(one)} {one.year}"
    from babel.dates import format_date

    return format_date(one, "long", language())


def short_day(one: date) -> str:
    """Return `9 Feb 2026`, for a label with little room."""
    if language() == WRITTEN:
        return f"{one.day} {_month_name(one)[:3]} {one.year}"
    from babel.dates import format_date

    return format_date(one, "medium", language())


def day_and_month(one: date) -> str:
    """Return `9 Feb`, for a label whose year is said elsewhere."""
    if language() == WRITTEN:
        return f"{one.day} {_month_name(one)[:3]}"
    from babel.dates import format_skeleton

    return format_skeleton("MMMd", one, locale=language())


def days(first: date, last: date) -> str:
    """Return `9 to 15 November 2026`, with what both days share said once; a single day alone."""
    if first == last:
        return day(first)
    if language() != WRITTEN:
        from babel.dates import format_interval

        return format_interval(first, last, "yMMMMd", locale=language())
    if first.year != last.year:
        return f"{day(first)} to {day(last)}"
    begin = str(first.day) if first.month == last.month else f"{first.day} {_month_name(first)}"
    return f"{begin} to {day(last)}"


def month(one: date) -> str:
    """Return `February 2026`."""
    if language() == WRITTEN:
        return f"{_month_name(one)} {one.year}"
    from babel.dates import format_skeleton

    return format_skeleton("yMMMM", one, locale=language())


def month_names(*, short: bool = False) -> tuple[str, ...]:
    """Return January to December, or Jan to Dec, as they stand alone in a calendar."""
    if language() == WRITTEN:
        return tuple(name[:3] for name in _MONTHS) if short else _MONTHS
    from babel.dates import get_month_names

    names = get_month_names("abbreviated" if short else "wide", "stand-alone", language())
    return tuple(names[number] for number in range(1, 13))


def weekday_names(*, short: bool = False) -> tuple[str, ...]:
    """Return Monday to Sunday, or Mon to Sun, as they stand alone in a calendar."""
    if language() == WRITTEN:
        return tuple(name[:3] for name in WEEKDAYS) if short else WEEKDAYS
    from babel.dates import get_day_names

    names = get_day_names("abbreviated" if short else "wide", "stand-alone", language())
    return tuple(names[number] for number in range(7))


def listed(words: Sequence[str]) -> str:
    """Return `a, b and c`; empty for no words."""
    return _listed(words, "standard", "and")


def listed_or(words: Sequence[str]) -> str:
    """Return `a, b or c`; empty for no words."""
    return _listed(words, "or", "or")


def _listed(words: Sequence[str], style: Literal["standard", "or"], last: str) -> str:
    if not words:
        return ""
    if language() == WRITTEN:
        return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
    from babel.lists import format_list

    return format_list(words, style, language())


def _month_name(one: date) -> str:
    return _MONTHS[one.month - 1]
