"""The verb `insights` in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import duckdb
from rich.console import Console

from netflix_trend.history.insights import Cell, InsightTable, all_insights, open_profiles
from netflix_trend.history.opened import DamagedTables
from netflix_trend.participant.life_events import read_events
from netflix_trend.participant.own_effects import effects_of
from netflix_trend.plain_text import printable
from netflix_trend.settings import Settings
from netflix_trend.terminal import has_blocks, print_heading, print_line, print_table, width_of
from netflix_trend.text_table import UNKNOWN, Column, Line, TextTable
from services.processor.effects import effect_json, print_effect
from services.processor.verbs import answered, print_json

_PRINTED_ROWS = 24
_CALENDAR_WEEKS = 53
_SHADES, _PLAIN_SHADES = " ░▒▓█", " .+*#"


def show_insights(*, is_json: bool) -> int:
    """Print the insights. Returns the exit code."""
    return answered("insights", lambda settings, console: _insights(settings, console, is_json=is_json))


def _insights(settings: Settings, console: Console, *, is_json: bool) -> int:
    with open_tables(settings) as database:
        tables = all_insights(database)
        effects = list(effects_of(database, read_events(settings.private_dir)))
    if is_json:
        print_json({"tables": [table.to_json() for table in tables], "events": [effect_json(one) for one in effects]})
        return 0
    for table in tables:
        if table.name == "calendar":
            _print_calendar(table, console)
        else:
            print_insight(table, console)
    for effect in effects:
        print_effect(effect, console)
    return 0


def open_tables(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the tables of all profiles. Raises FileNotFoundError that says what to do while nothing was imported."""
    try:
        return open_profiles(settings.private_dir)
    except DamagedTables:
        raise
    except FileNotFoundError:
        raise FileNotFoundError("nothing was imported yet. Next: ./run.sh fetch, or ./run.sh import FILE") from None


def print_insight(table: InsightTable, console: Console) -> None:
    """Print a table of insights, with bars for its column `bar`."""
    rows = table.rows[-_PRINTED_ROWS:]
    cut = f" (the last {len(rows)} of {len(table.rows)})" if len(rows) < len(table.rows) else ""
    print_heading(f"{table.title}{cut}", console)
    if rows:
        print_table(_as_text(table, rows), console)
    if table.note:
        console.print(table.note, style="dim", markup=False, soft_wrap=True)


def _as_text(table: InsightTable, rows: Sequence[Sequence[Cell]]) -> TextTable:
    # A column without any value says nothing.
    shown = [place for place in range(len(table.columns)) if any(row[place] is not None for row in rows)]
    return TextTable(
        [Column(table.columns[place].replace("_", " "), not isinstance(rows[0][place], str)) for place in shown],
        [[_cell(table.columns[place], row[place]) for place in shown] for row in rows],
        [_number(row[table.columns.index(table.bar)]) for row in rows] if table.bar else (),
    )


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _cell(name: str, value: Cell) -> str:
    if value is None:
        return UNKNOWN
    if name == "share" and isinstance(value, float):
        return f"{100 * value:.1f} %"
    return f"{value:.1f}" if isinstance(value, float) else printable(str(value))


def _print_calendar(table: InsightTable, console: Console) -> None:
    """Draw the last year of views, or as much of it as fits: a column a week, a row a weekday."""
    counts = {day: _number(views) for day, views in table.rows if isinstance(day, date)}
    if not counts:
        return
    width = width_of(console)
    weeks = _CALENDAR_WEEKS if width is None else max(1, min(_CALENDAR_WEEKS, width - 2))
    newest = max(counts)
    first = newest - timedelta(days=newest.weekday() + 7 * (weeks - 1))
    largest = max(counts.values())
    shades = _SHADES if has_blocks(console) else _PLAIN_SHADES
    print_heading(f"{table.title}: a column a week from {first} to {newest}, a row a weekday", console)
    for weekday in range(7):
        days = (first + timedelta(days=7 * week + weekday) for week in range(weeks))
        drawn = "".join(shades[-(-4 * int(counts.get(day, 0)) // int(largest))] for day in days)
        print_line(Line(f"{'MTWTFSS'[weekday]} {drawn}"), console)
