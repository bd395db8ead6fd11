"""Page `My viewing`: the insights of a range of days as words, charts and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from flask import Response

from netflix_trend.formats import WEEKDAYS, decimal, short_day, weekday_names
from netflix_trend.history.insights import Cell, InsightTable
from netflix_trend.language import _, marked, ngettext
from services.dashboard import charts
from services.dashboard.charts import Chart, DataTable, data_table
from services.dashboard.history import History
from services.dashboard.selection import Range, Selection, address, chosen_range, selection
from services.dashboard.table_files import file_addresses, show_address, table_file
from services.dashboard.text import day, device_in_words, listed, month_in_words, month_label, number, percent, shown
from services.dashboard.text import days as days_in_words

__all__ = ["Range", "ViewingPage", "chosen_range", "facts", "viewing_file", "viewing_page"]

# Standard deviations that the largest of seven equal shares exceeds by chance once in 20 times.
_STANDS_OUT = 2.45
_HEADINGS = {
    "year": marked("Year"),
    "month": marked("Month"),
    "weekday": marked("Weekday"),
    "hour": marked("Hour"),
    "day": marked("Day"),
    "days": marked("Days"),
    "first_day": marked("First day"),
    "last_day": marked("Last day"),
    "show": marked("Show"),
    "kind": marked("Kind"),
    "device": marked("Device"),
    "views": marked("Views"),
    "views_per_day": marked("Views a day"),
    "episodes": marked("Episodes"),
    "films": marked("Films"),
    "plays": marked("Plays"),
    "hours": marked("Hours"),
    "hours_per_week": marked("Hours a week"),
    "share": marked("Share"),
    "guesses": marked("Guesses"),
}
_MOST_OFTEN = (
    marked("Most often on Mondays: %(share)s of views (even would be %(even)s)."),
    marked("Most often on Tuesdays: %(share)s of views (even would be %(even)s)."),
    marked("Most often on Wednesdays: %(share)s of views (even would be %(even)s)."),
    marked("Most often on Thursdays: %(share)s of views (even would be %(even)s)."),
    marked("Most often on Fridays: %(share)s of views (even would be %(even)s)."),
    marked("Most often on Saturdays: %(share)s of views (even would be %(even)s)."),
    marked("Most often on Sundays: %(share)s of views (even would be %(even)s)."),
)
# What only an account archive shows, in the middle of a sentence.
_MISSING = {"hours": marked("hours"), "by_hour": marked("hours of the day"), "devices": marked("devices")}
_UNKNOWN = marked("%(share)s unknown")
# Values of a table that are words.
_VALUES = {
    "episode": marked("episodes"),
    "film": marked("films"),
    "unknown": marked("unknown"),
    "watching": marked("watching"),
    "not watching": marked("not watching"),
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
        missing=tuple(_(_MISSING[table.name]) for table in missing),
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
    views = sum(count for _day, count in days)
    found = [
        (number(views), ngettext("view", "views", views)),
        (number(len(days)), ngettext("day with a view", "days with a view", len(days))),
    ]
    kinds = {str(row[0]): row for row in tables["films_and_series"].rows}
    if "film" in kinds:
        films = int(_value(kinds["film"][1]))
        found.append((number(films), ngettext("film", "films", films)))
    runs = [row for row in tables["streaks"].rows if row[0] == "watching"]
    if runs:
        longest = int(_value(runs[0][3]))
        streak = ngettext("day in a row, the longest streak", "days in a row, the longest streak", longest)
        found.append((number(longest), streak))
    hours = sum(_value(row[2]) for row in tables["hours"].rows)
    if hours:
        found.append((number(round(hours)), ngettext("hour", "hours", round(hours))))
    share = tables["weekend_share"].rows
    if share:
        found.append(
            (percent(_value(share[0][2])), _("of views on weekends (even would be %(even)s)", even=percent(2 / 7)))
        )
    return tuple(found)


def _value(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _table(table: InsightTable, caption: str) -> DataTable:
    names = {name: _(_HEADINGS[name]) if name in _HEADINGS else "" for name in table.columns}
    return data_table(
        caption,
        names,
        [[_in_words(name, cell) for name, cell in zip(table.columns, row, strict=True)] for row in table.rows],
    )


def _in_words(column: str, cell: Cell) -> Cell:
    """Return a cell with the words that are the same for everybody translated."""
    if column == "weekday":
        return weekday_names()[WEEKDAYS.index(str(cell))]
    if column == "month":
        return month_in_words(str(cell))
    if column == "device":
        return device_in_words(str(cell))
    return _(_VALUES[str(cell)]) if column in {"kind", "what"} and str(cell) in _VALUES else cell


def _calendar(counts: Mapping[date, int], days: Range) -> Chart:
    busiest = max(counts.items(), key=lambda item: item[1], default=(days.first, 0))
    lead = (
        ngettext("Most on %(day)s: %(num)s view.", "Most on %(day)s: %(num)s views.", busiest[1], day=day(busiest[0]))
        if busiest[1]
        else _("Nothing in these days.")
    )
    strips = charts.calendar_strips(days.first, days.last)
    return Chart(
        "calendar",
        _("Calendar"),
        lead,
        _(
            "A square a day, %(days)s; the darker, the more views. %(lead)s",
            days=days_in_words(days.first, days.last),
            lead=lead,
        ),
        charts.calendar(counts, days.first, days.last),
        charts.calendar_table(counts, days.first, days.last),
        _("The newest three years at most.") if strips[0][0] > days.first else "",
        size=f"calendar{len(strips)}",
    )


def _weekdays(table: InsightTable) -> Chart:
    most = max(table.rows, key=lambda row: _value(row[1]))
    lead = _weekday_in_words(str(most[0]), _value(most[1]), sum(_value(row[1]) for row in table.rows))
    names = [weekday_names(short=True)[WEEKDAYS.index(str(row[0]))] for row in table.rows]
    option = charts.bars(names, {_("views"): [_value(row[1]) for row in table.rows]})
    return Chart(
        "weekdays",
        _("By weekday"),
        lead,
        _("Views by weekday. %(lead)s", lead=lead),
        option,
        _table(table, _("Views by weekday")),
        size="half",
    )


def _weekday_in_words(name: str, views: float, total: float) -> str:
    """Return the weekday with most views, or that none stands out (at a significance of 5 %)."""
    even = total / 7
    if views - even <= _STANDS_OUT * math.sqrt(even * 6 / 7):
        return _("No weekday stands out.")
    return _(_MOST_OFTEN[WEEKDAYS.index(name)], share=percent(views / total), even=percent(1 / 7))


def _months(table: InsightTable) -> Chart:
    labels = [month_label(str(row[0])) for row in table.rows]
    series = {
        _("episodes"): [_value(row[2]) for row in table.rows],
        _("films"): [_value(row[3]) for row in table.rows],
        _("unknown"): [_value(row[1]) - _value(row[2]) - _value(row[3]) for row in table.rows],
    }
    series = {name: values for name, values in series.items() if any(values)} or {_("views"): [0.0]}
    most = max(table.rows, key=lambda row: _value(row[1]))
    views, when = int(_value(most[1])), month_in_words(str(most[0]))
    lead = ngettext("Most in %(month)s: %(num)s view.", "Most in %(month)s: %(num)s views.", views, month=when)
    option = charts.bars(labels, series, colors=("@bar", "@second", "@third"))
    return Chart(
        "months",
        _("Over time"),
        lead,
        _("Views by month. %(lead)s", lead=lead),
        option,
        _table(table, _("Views by month")),
        table.note,
    )


def _shows(table: InsightTable) -> Chart:
    most = number(_value(table.rows[0][1]))
    lead = _("Most episodes: %(show)s, %(episodes)s.", show=shown(str(table.rows[0][0])), episodes=most)
    top = table.rows[:12]
    option = charts.rows([str(row[0]) for row in top], _("episodes"), [_value(row[1]) for row in top])
    return Chart(
        "shows", _("Top shows"), lead, _("Episodes by show. %(lead)s", lead=lead), option,
        _table(table, _("Shows with most episodes")),
        table.note, size="tall",
    )  # fmt: skip


def _kinds(table: InsightTable) -> Chart:
    # Each share in a message of its own: languages put the sign before or behind, and bend the noun.
    words = {"episode": marked("%(share)s episodes"), "film": marked("%(share)s films")}
    parts = [_(words.get(str(row[0]), _UNKNOWN), share=percent(_value(row[2]))) for row in table.rows]
    lead = _("%(list)s.", list=listed(parts))
    colors = ["@bar", "@second", "@third"][: len(table.rows)]
    names = [_(_VALUES[str(row[0])]) for row in table.rows]
    option = charts.rows(names, _("views"), [_value(row[1]) for row in table.rows], colors=colors)
    return Chart(
        "kinds", _("Films and series"), lead, lead, option, _table(table, _("Views by kind")), table.note, size="half"
    )


def _binges(table: InsightTable) -> Chart:
    row = table.rows[0]
    lead = ngettext(
        "The largest: %(num)s episode of %(show)s on %(day)s.",
        "The largest: %(num)s episodes of %(show)s on %(day)s.",
        int(_value(row[2])),
        show=shown(str(row[1])),
        day=day(cast(date, row[0])),
    )
    top = table.rows[:10]
    # Short names first, because a phone cuts off the end.
    labels = [f"{shown(str(row[1]), 12)}, {short_day(cast(date, row[0]))}" for row in top]
    option = charts.rows(labels, _("episodes"), [_value(row[2]) for row in top])
    return Chart(
        "binges",
        _("Binges"),
        lead,
        _("Episodes in a day. %(lead)s", lead=lead),
        option,
        _table(table, _("Binges")),
        table.note,
        "half",
    )


def _streaks(table: InsightTable) -> Chart:
    longest = {str(row[0]): row for row in reversed(table.rows)}
    said = [_run(name, int(_value(row[3]))) for name, row in longest.items()]
    lead = _("The longest: %(runs)s.", runs=listed(said[::-1]))
    labels = [_run_label(str(row[0]), short_day(cast(date, row[1]))) for row in table.rows]
    colors = ["@bar" if row[0] == "watching" else "@third" for row in table.rows]
    option = charts.rows(labels, _("days"), [_value(row[3]) for row in table.rows], colors=colors)
    return Chart(
        "streaks", _("Streaks"), lead, _("Runs of days with and without a view. %(lead)s", lead=lead), option,
        _table(table, _("Longest runs of days")), _("Each from its first day; those called none are without a view."),
        size="half",
    )  # fmt: skip


def _run(name: str, days: int) -> str:
    if name == "watching":
        return ngettext("%(num)s day watching", "%(num)s days watching", days)
    return ngettext("%(num)s day not watching", "%(num)s days not watching", days)


def _run_label(name: str, first: str) -> str:
    return first if name == "watching" else _("%(day)s, none", day=first)


def _hours(table: InsightTable) -> Chart:
    last = table.rows[-1]
    hours = round(_value(last[2]))
    lead = ngettext(
        "%(num)s hour in %(year)s, %(mean)s in a mean week.",
        "%(num)s hours in %(year)s, %(mean)s in a mean week.",
        hours,
        year=last[0],
        mean=decimal(_value(last[3]), 1),
    )
    option = charts.bars(
        [str(row[0]) for row in table.rows], {_("hours"): [round(_value(row[2]), 1) for row in table.rows]}
    )
    return Chart(
        "hours",
        _("Hours"),
        lead,
        _("Hours by year. %(lead)s", lead=lead),
        option,
        _table(table, _("Hours by year")),
        size="half",
    )


def _hour(hour: int) -> str:
    return f"{hour % 24}:00"


def _by_hour(table: InsightTable) -> Chart:
    plays: dict[int, float] = {int(_value(row[0])): _value(row[1]) for row in table.rows}
    top = max(plays, key=lambda hour: plays[hour])
    lead = _("Most often from %(first)s to %(last)s.", first=_hour(top), last=_hour(top + 1))
    option = charts.bars([str(hour) for hour in range(24)], {_("plays"): [plays.get(hour, 0) for hour in range(24)]})
    return Chart(
        "by_hour",
        _("Hour of the day"),
        lead,
        _("Plays by hour. %(lead)s", lead=lead),
        option,
        _table(table, _("Plays by hour")),
        size="half",
    )


def _devices(table: InsightTable) -> Chart:
    lead = _("Mostly on %(device)s.", device=device_in_words(str(table.rows[0][0])))
    values = [round(_value(row[2]), 1) for row in table.rows]
    option = charts.rows([device_in_words(str(row[0])) for row in table.rows], _("hours"), values)
    return Chart(
        "devices",
        _("Devices"),
        lead,
        _("Hours by device. %(lead)s", lead=lead),
        option,
        _table(table, _("Devices")),
        size="half",
    )


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
