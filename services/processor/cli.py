"""The verbs `insights` and `event`: a person's own history in the terminal. And what all verbs here share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import duckdb
from rich.console import Console

from netflix_trend.causes import why
from netflix_trend.history.insights import Cell, InsightTable, all_insights, open_profiles
from netflix_trend.history.opened import DamagedTables
from netflix_trend.history.tables import History
from netflix_trend.participant import participant
from netflix_trend.participant.event_effects import EventEffect
from netflix_trend.participant.life_events import EventError, add_event, read_events, remove_event
from netflix_trend.participant.own_effects import THINNED, effects_of
from netflix_trend.plain_text import counted, printable
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.terminal import has_blocks, print_heading, print_line, print_table, screen, width_of
from netflix_trend.text_table import UNKNOWN, Column, Line, TextTable

_PRINTED_ROWS = 24
_CALENDAR_WEEKS = 53
_SHADES, _PLAIN_SHADES = " ░▒▓█", " .+*#"


def answered(verb: str, act: Callable[[Settings, Console], int]) -> int:
    """Run a verb with settings and a console. Returns its exit code, or 1 after printing what is wrong."""
    console = screen()
    try:
        return act(load_settings(), console)
    except (EventError, SettingsError, FileNotFoundError, ValueError) as error:
        print(f"{verb}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        print(f"{verb}: {why(error)}", file=sys.stderr)  # noqa: T201
        return 1


def rebuilt(settings: Settings, console: Console) -> list[History]:
    """Rebuild the tables of all profiles, and return what each has now."""
    with console.status("Rebuilding the tables ..."):
        return participant.refresh(settings, everything=True)


def print_histories(histories: Sequence[History], console: Console) -> None:
    """Print in a line each how much the profiles have."""
    for history in histories:
        views, files = counted(history.views, "view"), counted(len(history.files), "file")
        console.print(f"{printable(history.profile)}: {views} of {files}", markup=False)


# --- insights ----------------------------------------------------------------------------------------------------


def show_insights(*, is_json: bool) -> int:
    """Print the insights. Returns the exit code."""
    return answered("insights", lambda settings, console: _insights(settings, console, is_json=is_json))


def _insights(settings: Settings, console: Console, *, is_json: bool) -> int:
    with open_tables(settings) as database:
        tables = all_insights(database)
        effects = list(effects_of(database, read_events(settings.private_dir)))
    if is_json:
        print_json({"tables": [table.to_json() for table in tables], "events": [_effect_json(one) for one in effects]})
        return 0
    for table in tables:
        if table.name == "calendar":
            _print_calendar(table, console)
        else:
            print_insight(table, console)
    for effect in effects:
        _print_effect(effect, console)
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


# --- life events -------------------------------------------------------------------------------------------------


def note_event(label: str, first_day: date, last_day: date) -> int:
    """Add a life event and print its effect. Returns the exit code."""
    return answered("event", lambda settings, console: _event_add(settings, console, label, first_day, last_day))


def list_events(*, is_json: bool) -> int:
    """Print all life events and their effects. Returns the exit code."""
    return answered("event", lambda settings, console: _event_list(settings, console, is_json=is_json))


def forget_event(number: int) -> int:
    """Remove a life event. Returns the exit code."""
    return answered("event", lambda settings, console: _event_remove(settings, console, number))


def _event_add(settings: Settings, console: Console, label: str, first_day: date, last_day: date) -> int:
    event = add_event(settings.private_dir, label, first_day, last_day)
    said = f"{event.id}: {printable(event.label)}, {event.first_day} to {event.last_day}. It stays on this machine."
    console.print(said, markup=False, soft_wrap=True)
    console.print("At most a randomized answer about the quarter leaves it: see LIMIT_QUESTIONS.", style="dim")
    try:
        database = open_profiles(settings.private_dir)
    except FileNotFoundError:
        console.print("Nothing was imported yet, so there is nothing to compare.")
        return 0
    with database:
        for effect in effects_of(database, read_events(settings.private_dir)):
            if effect.event == event:
                _print_effect(effect, console)
    return 0


def _event_list(settings: Settings, console: Console, *, is_json: bool) -> int:
    events = read_events(settings.private_dir)
    if not events and not is_json:
        console.print("No events yet. Note one: ./run.sh event add sick 2026-02-01 2026-02-09")
        return 0
    try:
        with open_profiles(settings.private_dir) as database:
            effects = list(effects_of(database, read_events(settings.private_dir)))
    except FileNotFoundError:
        effects = [EventEffect(event, None, None, None, None, 0) for event in events]
    for effect in effects:
        if is_json:
            print_json(_effect_json(effect))
        else:
            _print_effect(effect, console)
    return 0


def _event_remove(settings: Settings, console: Console, number: int) -> int:
    event = remove_event(settings.private_dir, number)
    console.print(f"Removed {event.id}: {event.label}, {event.first_day} to {event.last_day}.", markup=False)
    return 0


def _print_effect(effect: EventEffect, console: Console) -> None:
    event = effect.event
    print_heading(f"{event.id}: {printable(event.label)}, {event.first_day} to {event.last_day}", console)
    columns = ("from", "to", "views", "a day", "a week", "times before", "95 % interval")
    rows = []
    for period in (effect.before, effect.during, effect.after):
        if period is None:
            continue
        ratio = "" if period.ratio is None else f"{period.ratio:.2f}"
        interval = "" if period.lower is None else f"{period.lower:.2f} to {period.upper:.2f}"
        days = (str(period.first_day), str(period.last_day), str(period.views))
        rows.append((period.name, *days, f"{period.per_day:.2f}", f"{period.per_week:.1f}", ratio, interval))
    print_table(TextTable([Column(""), *(Column(name, is_number=True) for name in columns)], rows), console)
    console.print(effect.reading, markup=False, soft_wrap=True)
    if effect.is_thinned:
        console.print(THINNED, style="dim", markup=False, soft_wrap=True)


def _effect_json(effect: EventEffect) -> dict[str, Any]:
    def period(one: Any) -> dict[str, Any] | None:
        if one is None:
            return None
        return {
            "first_day": one.first_day.isoformat(),
            "last_day": one.last_day.isoformat(),
            "views": one.views,
            "views_per_day": one.per_day,
            "views_per_week": one.per_week,
            "ratio_to_before": one.ratio,
            "lower": one.lower,
            "upper": one.upper,
        }

    return {
        **effect.event.model_dump(mode="json"),
        "before": period(effect.before),
        "during": period(effect.during),
        "after": period(effect.after),
        "p_value": effect.p_value,
        "weeks": effect.weeks,
        "reading": effect.reading,
        "warning": THINNED if effect.is_thinned else None,
    }


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value, ensure_ascii=False))  # noqa: T201
