"""Words and numbers for people, and titles without control characters."""

from __future__ import annotations

from netflix_trend.history.dates import in_words as day
from netflix_trend.history.insights import Cell
from netflix_trend.plain_text import counted
from netflix_trend.questions.words import listed, shown

__all__ = ["cell", "counted", "day", "listed", "number", "percent", "shown"]


def number(value: float) -> str:
    """Return `1,234` or `12.5`."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}"


def percent(share: float, digits: int = 0) -> str:
    """Return `12 %`."""
    return f"{100 * share:.{digits}f} %"


def cell(column: str, value: Cell) -> str:
    """Return a cell of a table."""
    if value is None:
        return "–"
    if column == "share" and isinstance(value, float):
        return percent(value, 1)
    if isinstance(value, int | float):
        return number(value)
    return shown(str(value))
