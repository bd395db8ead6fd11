"""Words and numbers for people, and titles without control characters."""

from __future__ import annotations

from datetime import date

from netflix_trend.formats import day, days, listed, month, month_names, number, percent
from netflix_trend.history.insights import Cell
from netflix_trend.history.opened import UNKNOWN_DEVICE
from netflix_trend.language import _
from netflix_trend.plain_text import counted
from netflix_trend.questions.words import shown

__all__ = [
    "cell",
    "counted",
    "day",
    "days",
    "device_in_words",
    "listed",
    "month_in_words",
    "month_label",
    "number",
    "percent",
    "shown",
]


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


def month_in_words(name: str) -> str:
    """Return `February 2026` for `2026-02`, as tables of a history name months. Raises ValueError."""
    return month(date.fromisoformat(f"{name}-01"))


def month_label(name: str) -> str:
    """Return `Feb` above `2026` for `2026-02`, for an axis: in one line the last would hang over. Raises ValueError."""
    first = date.fromisoformat(f"{name}-01")
    return f"{month_names(short=True)[first.month - 1]}\n{first.year}"


def device_in_words(name: str) -> str:
    """Return the name of a device, which is whatever Netflix wrote, or in words that it wrote none."""
    return _("unknown") if name == UNKNOWN_DEVICE else shown(name, 100)
