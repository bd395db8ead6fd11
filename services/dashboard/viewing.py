"""Page `My viewing`: the insights of a range of days as words, charts and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from flask import Response

from netflix_trend.history.insights import Cell, InsightTable
from netflix_trend.language import gettext as _
from services.dashboard import charts
from services.dashboard.charts import Chart, DataTable, data_table
from services.dashboard.history import History
from services.dashboard.selection import Range, Selection, address, chosen_range, selection
from services.dashboard.table_files import file_addresses, show_address, table_file
from services.dashboard.text import counted, day, listed, number, percent, shown

__all__ = ["Range", "ViewingPage", "chosen_range", "facts", "viewing_file", "viewing_page"]

# Standard deviations that the largest of seven equal shares exceeds by chance once in 20 times.
_STANDS_OUT = 2.45
_HEADINGS = {
    "views_per_day": "Views a day",
    "first_day": "First day",
    "last_day": "Last day",
    "hours_per_week": "Hours a week",
    "what": "",
}


@dataclass(frozen=True)
class ViewingPage:
    """What the page shows."""

    selected: Selection
    facts: tuple[tuple[str, str], ...]
    charts: tuple[Chart, ...]
    missing: tuple[str, ...]
    films: DataTable | None
    films_address: str


def viewing_page(history: History, arguments: Mapping[str, str]) -> ViewingPage | None:
    """Return the page, None while nothing was imported."""
    selected = selection(history, arguments, "/viewing")
    if selected is None:
        return None
    days = selected.range
    tables = history.chosen_tables(selected.choice)
    counts = dict(cast("tuple[tuple[date, int], ...]", tables["calendar"].rows))
    made = {"calendar": _calendar(counts, days)} if counts else {}
    made |= {name: make(tables[name]) for name, make in _CHARTS.items() if counts and tables[name].rows}
    missing = [tables[name] for name in ("hours", "by_hour", "devices") if not tables[name].rows]
    films = tables["films"]
    return ViewingPage(
        selected=selected,
        facts=facts(tables),
        charts=tuple(
            replace(chart, table=_offered(chart.table, name, tables[name], selected)) for name, chart in made.items()
        ),
        missing=tuple(table.title.lower() for table in missing),
        films=_offered(_table(films, _("The films you saw last")), "films", films, selected) if films.rows else None,
        films_address=address("/titles", {**selected.who_only, "tab": "films"}),
    )


def viewing_file(history: History, arguments: Mapping[str, str]) -> Response | None:
    """Return a table of the page as a file, with all its rows; None for a request that asks for none.

    A table or format that is unknown, or of which nothing was imported, is not found.
    """
    if "format" not in arguments:
        return None
    selected = selection(history, arguments, "/viewing")
    try:
        table = history.whole_table(arguments.get("table", ""), selected.choice) if selected else None
    except KeyError:
        table = None
    return table_file(table, arguments["format"])


def _offered(table: DataTable, name: str, data: InsightTable, selected: Selection) -> DataTable:
    """Return a table with the links to download it, and to the pages of the shows in it."""
    links: tuple[str, ...] = ()
    if "show" in data.columns and "show" in table.names:
        place = data.columns.index("show")
        links = tuple(show_address(str(row[place]), selected.who_only) for row in data.rows)
    return replace(
        table,
        files=file_addresses(selected, table=name),
        links=links,
        linked=table.names.index("show") if links else 0,
    )


def facts(tables: Mapping[str, InsightTable]) -> tuple[tuple[str, str], ...]:
    """Return the big numbers on top: a number and what it counts."""
    days = cast("tuple[tuple[date, int], ...]", tables["calendar"].rows)
    if not days:
        return ()
    found = [(number(sum(views for _, views in days)), "views"), (number(len(days)), "days with a view")]
    kinds = {str(row[0]): row for row in tables["films_and_series"].rows}
    if "film" in kinds:
        found.append((number(_value(kinds["film"][1])), "films"))
    runs = [row for row in tables["streaks"].rows if row[0] == "watching"]
    if runs:
        found.append((number(_value(runs[0][3])), "days in a row, the longest streak"))
    hours = sum(_value(row[2]) for row in tables["hours"].rows)
    if hours:
        found.append((number(round(hours)), "hour" if round(hours) == 1 else "hours"))
    share = tables["weekend_share"].rows
    if share:
        found.append((percent(_value(share[0][2])), "of views on weekends (even would be 29 %)"))
    return tuple(found)


def _value(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _note(table: InsightTable) -> str:
    return _(table.note) if table.note else ""


def _table(table: InsightTable, caption: str) -> DataTable:
    names = {name: _HEADINGS.get(name, name.replace("_", " ").capitalize()) for name in table.columns}
    return data_table(caption, names, table.rows)


def _calendar(counts: Mapping[date, int], days: Range) -> Chart:
    busiest = max(counts.items(), key=lambda item: item[1], default=(days.first, 0))
    lead = f"Most on {day(busiest[0])}: {counted(busiest[1], 'view')}." if busiest[1] else "Nothing in these days."
    columns = {"monday": "Week from", **dict.fromkeys(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))}
    headings = {name: title or name for name, title in columns.items()}
    rows = charts.calendar_rows(counts, days.first, days.last)
    strips = charts.calendar_strips(days.first, days.last)
    return Chart(
        "calendar",
        "Calendar",
        lead,
        f"A square a day from {days.first} to {days.last}; the darker, the more views. {lead}",
        charts.calendar(counts, days.first, days.last),
        data_table("Views on each day, a row a week", headings, rows),
        "The newest three years at most." if strips[0][0] > days.first else "",
        size=f"calendar{len(strips)}",
    )


def _weekdays(table: InsightTable) -> Chart:
    most = max(table.rows, key=lambda row: _value(row[1]))
    lead = _weekday_in_words(str(most[0]), _value(most[1]), sum(_value(row[1]) for row in table.rows))
    option = charts.bars([str(row[0])[:3] for row in table.rows], {"views": [_value(row[1]) for row in table.rows]})
    return Chart(
        "weekdays",
        "By weekday",
        lead,
        f"Views by weekday. {lead}",
        option,
        _table(table, "Views by weekday"),
        size="half",
    )


def _weekday_in_words(name: str, views: float, total: float) -> str:
    """Return the weekday with most views, or that none stands out (at a significance of 5 %)."""
    even = total / 7
    if views - even <= _STANDS_OUT * math.sqrt(even * 6 / 7):
        return "No weekday stands out."
    return f"Most often on {name}s: {percent(views / total)} of views (even would be 14 %)."


def _months(table: InsightTable) -> Chart:
    labels = [str(row[0]) for row in table.rows]
    series = {
        "episodes": [_value(row[2]) for row in table.rows],
        "films": [_value(row[3]) for row in table.rows],
        "unknown": [_value(row[1]) - _value(row[2]) - _value(row[3]) for row in table.rows],
    }
    series = {name: values for name, values in series.items() if any(values)} or {"views": [0.0]}
    most = max(table.rows, key=lambda row: _value(row[1]))
    lead = f"Most in {most[0]}: {number(_value(most[1]))} views."
    option = charts.bars(labels, series, colors=("@bar", "@second", "@noise"))
    return Chart(
        "months", "Over time", lead, f"Views by month. {lead}", option, _table(table, "Views by month"), _note(table)
    )


def _shows(table: InsightTable) -> Chart:
    lead = f"Most episodes: {shown(str(table.rows[0][0]))}, {number(_value(table.rows[0][1]))}."
    top = table.rows[:12]
    option = charts.rows([str(row[0]) for row in top], "episodes", [_value(row[1]) for row in top])
    return Chart(
        "shows", "Top shows", lead, f"Episodes by show. {lead}", option, _table(table, "Shows with most episodes"),
        _note(table), size="tall",
    )  # fmt: skip


def _kinds(table: InsightTable) -> Chart:
    words = {"episode": "episodes", "film": "films", "unknown": "unknown"}
    parts = [f"{percent(_value(row[2]))} {words.get(str(row[0]), str(row[0]))}" for row in table.rows]
    lead = listed(parts).capitalize() + "."
    colors = ["@bar", "@second", "@noise"][: len(table.rows)]
    names = [words.get(str(row[0]), str(row[0])) for row in table.rows]
    option = charts.rows(names, "views", [_value(row[1]) for row in table.rows], colors=colors)
    return Chart(
        "kinds", "Films and series", lead, lead, option, _table(table, "Views by kind"), table.note, size="half"
    )


def _binges(table: InsightTable) -> Chart:
    row = table.rows[0]
    lead = f"The largest: {number(_value(row[2]))} episodes of {shown(str(row[1]))} on {day(cast(date, row[0]))}."
    top = table.rows[:10]
    # Short names first, because a phone cuts off the end.
    labels = [f"{shown(str(row[1]), 13)}, {cast(date, row[0]):%-d %b %y}" for row in top]
    option = charts.rows(labels, "episodes", [_value(row[2]) for row in top])
    return Chart(
        "binges", "Binges", lead, f"Episodes in a day. {lead}", option, _table(table, "Binges"), table.note, "half"
    )


def _streaks(table: InsightTable) -> Chart:
    longest = {str(row[0]): row for row in reversed(table.rows)}
    said = [f"{counted(int(_value(row[3])), 'day')} {name}" for name, row in longest.items()]
    lead = f"The longest: {listed(said[::-1])}."
    labels = [f"{cast(date, row[1]):%-d %b %y}{', none' if row[0] != 'watching' else ''}" for row in table.rows]
    colors = ["@bar" if row[0] == "watching" else "@noise" for row in table.rows]
    option = charts.rows(labels, "days", [_value(row[3]) for row in table.rows], colors=colors)
    return Chart(
        "streaks", "Streaks", lead, f"Runs of days with and without a view. {lead}", option,
        _table(table, "Longest runs of days"), "Each from its first day; grey ones are without a view.",
        size="half",
    )  # fmt: skip


def _hours(table: InsightTable) -> Chart:
    last = table.rows[-1]
    hours = round(_value(last[2]))
    lead = f"{number(hours)} {'hour' if hours == 1 else 'hours'} in {last[0]}, {_value(last[3]):.1f} in a mean week."
    option = charts.bars(
        [str(row[0]) for row in table.rows], {"hours": [round(_value(row[2]), 1) for row in table.rows]}
    )
    return Chart("hours", "Hours", lead, f"Hours by year. {lead}", option, _table(table, "Hours by year"), size="half")


def _by_hour(table: InsightTable) -> Chart:
    plays: dict[int, float] = {int(_value(row[0])): _value(row[1]) for row in table.rows}
    top = max(plays, key=lambda hour: plays[hour])
    lead = f"Most often from {top}:00 to {(top + 1) % 24}:00."
    option = charts.bars([str(hour) for hour in range(24)], {"plays": [plays.get(hour, 0) for hour in range(24)]})
    return Chart(
        "by_hour",
        "Hour of the day",
        lead,
        f"Plays by hour. {lead}",
        option,
        _table(table, "Plays by hour"),
        size="half",
    )


def _devices(table: InsightTable) -> Chart:
    lead = f"Mostly on {shown(str(table.rows[0][0]))}."
    values = [round(_value(row[2]), 1) for row in table.rows]
    option = charts.rows([str(row[0]) for row in table.rows], "hours", values)
    return Chart("devices", "Devices", lead, f"Hours by device. {lead}", option, _table(table, "Devices"), size="half")


_CHARTS: dict[str, Any] = {
    "by_month": _months,
    "by_weekday": _weekdays,
    "films_and_series": _kinds,
    "top_shows": _shows,
    "binges": _binges,
    "streaks": _streaks,
    "hours": _hours,
    "by_hour": _by_hour,
    "devices": _devices,
}
