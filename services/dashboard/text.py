"""Words and numbers for people, and titles of files made harmless."""

from __future__ import annotations

from datetime import date

from netflix_trend.catalogue.keys import plain_title
from netflix_trend.history.insights import Cell

_LONGEST = 120


def shown(text: str, longest: int = _LONGEST) -> str:
    """Return a text of a file as it is shown: one line, cut, without marks that steer the direction of text."""
    # A title may have a megabyte.
    head = text[: 4 * longest]
    plain = plain_title(head)
    return f"{plain[: longest - 1]}…" if len(plain) > longest or len(text) > len(head) else plain


def number(value: float) -> str:
    """Return `1,234` or `12.5`."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}"


def percent(share: float, digits: int = 0) -> str:
    """Return `12 %`."""
    return f"{100 * share:.{digits}f} %"


def day(value: date) -> str:
    """Return `9 February 2026`."""
    return f"{value.day} {value:%B %Y}"


def cell(column: str, value: Cell) -> str:
    """Return a cell of a table."""
    if value is None:
        return "–"
    if column == "share" and isinstance(value, float):
        return percent(value, 1)
    if isinstance(value, int | float):
        return number(value)
    return shown(str(value))


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural but for one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(words: list[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
