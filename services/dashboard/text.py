"""Words and numbers for people, and titles without control characters."""

from __future__ import annotations

from datetime import date

from netflix_trend.formats import day, days, listed, number, percent
from netflix_trend.history.insights import Cell
from netflix_trend.questions.words import counted, shown

__all__ = ["cell", "counted", "day", "days", "listed", "number", "percent", "shown"]


def cell(column: str, value: Cell) -> str:
    """Return a cell of a table."""
    if value is None:
        return "–"
    if column == "share" and isinstance(value, float):
        return percent(value, 1)
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, date):
        return day(value)
    return shown(str(value))
