"""Page of the profiles of a household, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, cast

import duckdb
from flask import Flask, Response, render_template, request

from netflix_trend.history.household import name_key
from netflix_trend.history.insights import InsightTable
from netflix_trend.history.listing import by_viewer, months_by_viewer, shows_by_viewer
from netflix_trend.history.opened import Choice, Viewer, apart
from netflix_trend.language import gettext as _
from netflix_trend.language import ngettext
from services.dashboard import charts
from services.dashboard.charts import Chart, data_table
from services.dashboard.history import History
from services.dashboard.selection import Selection, address, selection, viewer_labels, viewer_options
from services.dashboard.table_files import file_addresses, show_address, table_file
from services.dashboard.text import day, month_in_words, month_label, number, shown

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard

TOP_SHOWS = 5


@dataclass(frozen=True)
class Side:
    """One profile beside the others. shows: name, episodes and address of those with most episodes. titles: address of
    everything that the profile watched.
    """

    name: str
    seen: str
    facts: tuple[tuple[str, str], ...]
    months: Chart
    shows: tuple[tuple[str, str, str], ...]
    titles: str


@dataclass(frozen=True)
class ProfilesPage:
    """What the page shows. unnamed: says how many views name no profile. uncounted: profiles in the files that count
    for nobody, with their rows.
    """

    selected: Selection
    sides: tuple[Side, ...]
    unnamed: str
    uncounted: tuple[str, ...]
    files: tuple[str, str]


def add(app: Flask, dashboard: Dashboard) -> None:
    """Add the page to the application."""
    history = dashboard.history

    @app.get("/profiles")
    def profiles() -> str | Response:
        if "format" in request.args:
            selected = _selection(history, request.args)
            tables = _tables(history, selected.choice) if selected else {}
            return table_file(tables.get(request.args.get("table", "")), request.args["format"])
        return render_template("profiles.html", page=profiles_page(history, request.args))


def profiles_page(history: History, arguments: Mapping[str, str]) -> ProfilesPage | None:
    """Return the page, None while nothing was imported."""
    selected = _selection(history, arguments)
    if selected is None:
        return None
    tables = _tables(history, selected.choice)
    viewers = apart(history.viewers())
    values = {viewer: option.value for option, viewer in viewer_options(history.viewers()).items()}
    rows = {Viewer(str(row[0]), cast("str | None", row[1])): row[2:] for row in tables["by_viewer"].rows}
    labels = dict(zip(viewers, viewer_labels(viewers), strict=True))
    sides = tuple(
        _side(viewer, labels[viewer], tables, {**selected.rows_only, "profile": values.get(viewer, "")}, place)
        for place, viewer in enumerate(viewers)
        if viewer in rows
    )
    rest = sum(cast(int, row[0]) for viewer, row in rows.items() if viewer not in labels)
    return ProfilesPage(
        selected=selected,
        sides=sides,
        unnamed=ngettext(
            "%(num)s view is from NetflixViewingHistory.csv, which has no profile. It counts, but in no column.",
            "%(num)s views are from NetflixViewingHistory.csv, which has no profile. They count, but in no column.",
            rest,
        )
        if rest
        else "",
        uncounted=_uncounted(history),
        files=file_addresses(selected, table="by_viewer"),
    )


def is_household(history: History) -> bool:
    """Return whether there are profiles to compare."""
    return len(apart(history.viewers())) > 1


def _selection(history: History, arguments: Mapping[str, str]) -> Selection | None:
    days_and_device = {name: value for name, value in arguments.items() if name != "profile"}
    selected = selection(history, days_and_device, "/profiles", default="all")
    # All profiles are here already.
    return selected and replace(selected, viewers=())


def _tables(history: History, choice: Choice) -> dict[str, InsightTable]:
    def ask(database: duckdb.DuckDBPyConnection) -> dict[str, InsightTable]:
        found = by_viewer(database), months_by_viewer(database), shows_by_viewer(database, TOP_SHOWS)
        return {table.name: table for table in found}

    return history.asked("profiles", ask, choice) or {}


def _side(viewer: Viewer, label: str, tables: Mapping[str, InsightTable], kept: Mapping[str, str], place: int) -> Side:
    def own(name: str) -> list[tuple[object, ...]]:
        return [row[2:] for row in tables[name].rows if row[:2] == (viewer.stored, viewer.netflix)]

    ((*counts, first, last, hours),) = own("by_viewer")
    views, days, episodes, films, shows = cast("list[int]", counts)
    facts = [
        (number(views), ngettext("view", "views", views)),
        (number(days), ngettext("day with a view", "days with a view", days)),
        (number(episodes), ngettext("episode", "episodes", episodes)),
        (number(films), ngettext("film", "films", films)),
        (number(shows), ngettext("show", "shows", shows)),
    ]
    if isinstance(hours, float):
        facts.append((number(round(hours)), ngettext("hour", "hours", round(hours))))
    return Side(
        name=label,
        seen=_("%(first)s to %(last)s", first=day(cast(date, first)), last=day(cast(date, last))),
        facts=tuple(facts),
        months=_months(viewer, label, tables["months_by_viewer"], place),
        shows=tuple(
            (shown(str(name)), number(cast(int, seen)), show_address(str(name), kept))
            for name, seen in own("shows_by_viewer")
        ),
        titles=address("/titles", kept),
    )


def _months(viewer: Viewer, label: str, table: InsightTable, place: int) -> Chart:
    """Return the views by month; all profiles have the same months and the same scale. place: among the profiles."""
    months = sorted({str(row[2]) for row in table.rows})
    own = {str(row[2]): cast(int, row[3]) for row in table.rows if row[:2] == (viewer.stored, viewer.netflix)}
    option = charts.bars(
        [month_label(month) for month in months], {_("views"): [own.get(month, 0) for month in months]}
    )
    option["yAxis"]["max"] = max(cast(int, row[3]) for row in table.rows)
    most = max(own, key=lambda month: own[month])
    when = month_in_words(most)
    lead = ngettext("Most in %(month)s: %(num)s view.", "Most in %(month)s: %(num)s views.", own[most], month=when)
    columns = {"month": _("Month"), "views": _("Views")}
    rows = [(month_in_words(month), views) for month, views in sorted(own.items())]
    return Chart(
        f"months-{place}",
        _("Over time"),
        lead,
        _("Views of %(name)s by month. %(lead)s", name=label, lead=lead),
        option,
        data_table(_("Views by month"), columns, rows),
        size="short",
    )


def _uncounted(history: History) -> tuple[str, ...]:
    """Return the Netflix profiles in imported files that count for nobody, with the rows of the largest file."""
    counted = {name_key(name) for one in history.whose() for name in one.counted}
    rows: dict[str, tuple[str, int]] = {}
    for one in history.whose():
        for name, count in one.offered.items():
            if name_key(name) not in counted:
                rows[name_key(name)] = (name, count)
    return tuple(
        ngettext("%(name)s (%(num)s row)", "%(name)s (%(num)s rows)", count, name=shown(name, 60))
        for name, count in sorted(rows.values(), key=lambda one: (-one[1], one[0]))
    )
