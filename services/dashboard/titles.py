"""Pages `Titles` and of a show: everything in one's own history, searched, sorted and in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal, cast

import duckdb
from flask import Flask, Response, abort, render_template, request

from netflix_trend.history.insights import Cell, InsightTable, by_month, top_shows, whole_insight
from netflix_trend.history.listing import (
    COLUMNS,
    Part,
    begins_with_largest,
    by_season,
    by_viewer,
    listing,
    totals,
)
from netflix_trend.history.opened import Choice, Viewer
from netflix_trend.history.search import find
from netflix_trend.language import gettext as _
from netflix_trend.language import marked, ngettext
from services.dashboard import charts
from services.dashboard.charts import Chart, DataTable, data_table
from services.dashboard.history import History
from services.dashboard.selection import Selection, selection, viewer_labels
from services.dashboard.table_files import file_addresses, mark_of_show, show_address, table_file
from services.dashboard.text import day, month_in_words, month_label, number, shown

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard

PAGE_ROWS = 100
# Of a title that was seen on many days; all of them are in the files to download.
_MAX_DAYS = 12
_TABS = {"shows": marked("Shows"), "films": marked("Films"), "views": marked("All views")}
_NEWEST = {"shows": "last_day", "films": "last_day", "views": "day", "episodes": "last_day"}
_HEADINGS = {
    "show": marked("Show"),
    "film": marked("Film"),
    "title": marked("Title"),
    "episode": marked("Episode"),
    "season": marked("Season"),
    "kind": marked("Kind"),
    "episodes": marked("Episodes"),
    "films": marked("Films"),
    "shows": marked("Shows"),
    "views": marked("Views"),
    "day": marked("Day"),
    "first_day": marked("First day"),
    "last_day": marked("Last day"),
    "days": marked("Days"),
    "dates": marked("All days"),
    "hours": marked("Hours"),
    "profile": marked("Profile"),
}
_KINDS = {"episode": marked("episode"), "film": marked("film"), "unknown": marked("unknown")}
_CAPTIONS = {
    "shows": marked("Shows you watched"),
    "films": marked("Films you watched"),
    "views": marked("All your views"),
    "episodes": marked("Episodes you watched"),
}


@dataclass(frozen=True)
class Tab:
    """A list to look at, and how many rows it has."""

    title: str
    rows: str
    address: str
    is_current: bool


@dataclass(frozen=True)
class Pages:
    """Where the page is in its list. before, after: addresses of the pages beside, empty for none."""

    said: str
    before: str
    after: str


@dataclass(frozen=True)
class TitlesPage:
    """What the page shows."""

    selected: Selection
    words: str
    tabs: tuple[Tab, ...]
    table: DataTable | None
    pages: Pages


@dataclass(frozen=True)
class ShowPage:
    """What the page of a show shows. names: all names that files give it, the first one on top."""

    selected: Selection
    names: tuple[str, ...]
    seen: str
    facts: tuple[tuple[str, str], ...]
    months: Chart | None
    tables: tuple[tuple[str, DataTable], ...]
    episodes: DataTable | None
    pages: Pages


def add(app: Flask, dashboard: Dashboard) -> None:
    """Add the pages to the application."""
    history = dashboard.history

    @app.get("/titles")
    def titles() -> str | Response:
        if "format" in request.args:
            return _titles_file(history, request.args)
        return render_template("titles.html", page=titles_page(history, request.args))

    @app.get("/show/<mark>")
    def show(mark: str) -> str | Response:
        if "format" in request.args:
            return _show_file(history, mark, request.args)
        page = show_page(history, mark, request.args)
        if page is None:
            abort(404)
        return render_template("show.html", page=page)


# --- the lists


def titles_page(history: History, arguments: Mapping[str, str]) -> TitlesPage | None:
    """Return the page, None while nothing was imported."""
    selected = _titles_selection(history, arguments)
    if selected is None:
        return None
    words = selected.others.get("q", "")
    chosen = arguments.get("tab", "")
    every = {} if words else history.asked("totals", totals, selected.choice) or {}

    def ask(database: duckdb.DuckDBPyConnection) -> tuple[Mapping[str, int], Part, InsightTable]:
        is_search = find(database, words)
        rows = every or totals(database, is_search=is_search)
        name = _tab(chosen, rows)
        part = _part(name, rows[name], arguments)
        return rows, part, listing(database, name, part, is_search=is_search)

    asked = "titles", words, chosen, arguments.get("sort", ""), arguments.get("page", "")
    found = history.asked(asked, ask, selected.choice)
    if found is None:
        return None
    rows, part, listed = found
    return TitlesPage(
        selected=selected,
        words=words,
        tabs=tuple(
            Tab(_(title), number(rows[tab]), selected.address(tab=tab, sort="", page=""), tab == listed.name)
            for tab, title in _TABS.items()
        ),
        table=_list_table(listed, part, selected, history.viewers(), tab=listed.name) if listed.rows else None,
        pages=_pages(selected, part, rows[listed.name]),
    )


def _titles_selection(history: History, arguments: Mapping[str, str]) -> Selection | None:
    return selection(history, arguments, "/titles", default="all", others=("q", "tab", "sort"))


def _tab(chosen: str, rows: Mapping[str, int]) -> str:
    """Return the list of a request; without a choice the first one that has any row."""
    return chosen if chosen in _TABS else next((tab for tab in _TABS if rows[tab]), "shows")


def _titles_file(history: History, arguments: Mapping[str, str]) -> Response:
    """Return all rows of a list as a file."""
    selected, name = _titles_selection(history, arguments), arguments.get("tab", "shows")
    if selected is None or name not in _TABS:
        abort(404)
    words, part = selected.others.get("q", ""), _everything(name, arguments)

    def ask(database: duckdb.DuckDBPyConnection) -> InsightTable:
        return listing(database, name, part, is_search=find(database, words))

    return table_file(history.asked("file", ask, selected.choice, is_kept=False), arguments["format"])


def _everything(name: str, arguments: Mapping[str, str]) -> Part:
    """Return all rows of a list in the order of a request."""
    return replace(_part(name, 0, arguments), offset=0, limit=None)


def _part(name: str, total: int, arguments: Mapping[str, str]) -> Part:
    """Return which rows of a list a request asks for: an order that is unknown is the newest first."""
    wanted = arguments.get("sort", "")
    column = wanted.removeprefix("-")
    if column not in COLUMNS[name]:
        column, wanted = _NEWEST[name], ""
    text = arguments.get("page", "")
    page = min(_last_page(total), max(1, int(text))) if text.isdecimal() and len(text) <= 9 else 1
    return Part(column, wanted.startswith("-"), (page - 1) * PAGE_ROWS, PAGE_ROWS)


def _last_page(total: int) -> int:
    return max(1, -(-total // PAGE_ROWS))


def _pages(selected: Selection, part: Part, total: int) -> Pages:
    page, last = part.offset // PAGE_ROWS + 1, _last_page(total)
    return Pages(
        _("Page %(page)s of %(last)s", page=number(page), last=number(last)) if last > 1 else "",
        selected.address(page="" if page == 2 else str(page - 1)) if page > 1 else "",
        selected.address(page=str(page + 1)) if page < last else "",
    )


def _list_table(
    found: InsightTable, part: Part, selected: Selection, viewers: Sequence[Viewer], **file: str
) -> DataTable:
    """Return a part of a list as a table of the page, with links to sort it, to shows and to download it."""
    table = _plain_table(found, _(_CAPTIONS[found.name]), viewers)
    falls = begins_with_largest(part.sort) != part.turned
    direction: Literal["ascending", "descending"] = "descending" if falls else "ascending"
    sorted_by = "profile" if part.sort == "stored" else part.sort
    place = found.columns.index("show") if "show" in found.columns else None
    return replace(
        table,
        links=tuple(show_address(str(row[place]), selected.rows_only) if row[place] else "" for row in found.rows)
        if place is not None
        else (),
        linked=table.names.index("show") if "show" in table.names else 0,
        heads=tuple(
            selected.address(sort=f"-{name}" if name == part.sort and not part.turned else name, page="")
            for name in table.names
        ),
        order={table.names.index(sorted_by): direction} if sorted_by in table.names else {},
        files=file_addresses(selected, **file),
    )


def _plain_table(found: InsightTable, caption: str, viewers: Sequence[Viewer]) -> DataTable:
    """Return a table with days and hours as people write them, and one column for whose rows they are."""
    # The column `stored` says whose row it is; `profile` is a part of that.
    names = ["profile" if name == "stored" else name for name in found.columns if name != "profile"]
    rows = []
    for row in found.rows:
        cells = dict(zip(found.columns, row, strict=True))
        rows.append([_said(name, cells, viewers) for name in names])
    table = data_table(caption, {name: _(_HEADINGS[name]) for name in names}, rows)
    return replace(table, numbers=table.numbers | {at for at, name in enumerate(table.names) if name == "hours"})


def _said(name: str, cells: Mapping[str, Cell], viewers: Sequence[Viewer]) -> Cell:
    """Return what a column of the page shows of a row."""
    if name == "profile":
        return _who(cells, viewers)
    value = cells[name]
    if name == "dates":
        return _dates(str(value))
    if name == "hours" and isinstance(value, float):
        return _clock(value)
    if name == "kind":
        return _(_KINDS[str(value)])
    return day(value) if isinstance(value, date) else value


def _clock(hours: float) -> str:
    """Return `0:45`."""
    minutes = round(60 * hours)
    return f"{minutes // 60:,}:{minutes % 60:02}"


def _dates(text: str) -> str | None:
    """Return several days in words; None for one or two, which are the first and the last."""
    days = [date.fromisoformat(one) for one in text.split(", ")]
    if len(days) < 3:
        return None
    said = ", ".join(map(day, days[-_MAX_DAYS:]))
    more = len(days) - _MAX_DAYS
    if more <= 0:
        return said
    return ngettext("%(days)s, and %(num)s day before", "%(days)s, and %(num)s days before", more, days=said)


def _who(cells: Mapping[str, Cell], viewers: Sequence[Viewer]) -> str | None:
    """Return whose row it is; None where all rows are one viewer's."""
    stored = str(cells["stored"])
    viewer = Viewer(stored, cast("str | None", cells["profile"]))
    if viewer not in viewers:
        viewer = Viewer(stored)
    if len(viewers) < 2:
        return None
    if viewer.netflix is None:
        return shown(stored, 60)
    # All viewers, because what a viewer is called depends on the others.
    return viewer_labels(viewers)[viewers.index(viewer)]


# --- a show


def show_page(history: History, mark: str, arguments: Mapping[str, str]) -> ShowPage | None:
    """Return the page of a show, None if there is no such show."""
    found = _show(history, mark, arguments)
    if found is None:
        return None
    selected, names, choice = found
    tables = history.asked("show", _show_tables, choice) or {}
    total = cast(int, tables["totals"].rows[0][0])
    part = _part("episodes", total, arguments)
    episodes = history.asked(("episodes", part), lambda database: listing(database, "episodes", part), choice)
    viewers = history.viewers()
    shown_tables = [
        ("by_season", _("By season"), len(tables["by_season"].rows) > 0),
        ("by_viewer", _("Who watched it"), len(viewers) > 1),
        ("binges", _("Binges"), True),
    ]
    return ShowPage(
        selected=selected,
        names=names,
        seen=_seen(tables["top_shows"]),
        facts=_facts(tables["top_shows"], tables["by_season"]),
        months=_months(tables["by_month"], selected) if tables["by_month"].rows else None,
        tables=tuple(
            (
                title,
                replace(
                    _plain_table(_of_a_show(tables[name]), title, viewers), files=file_addresses(selected, table=name)
                ),
            )
            for name, title, is_wanted in shown_tables
            if is_wanted and tables[name].rows
        ),
        episodes=_list_table(episodes, part, selected, viewers, table="episodes") if episodes and total else None,
        pages=_pages(selected, part, total),
    )


def _of_a_show(table: InsightTable) -> InsightTable:
    """Return a table without the columns that say nothing about one show."""
    places = [place for place, name in enumerate(table.columns) if name not in ("show", "shows", "films")]
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    return replace(table, columns=tuple(table.columns[place] for place in places), rows=rows)


def _show(
    history: History, mark: str, arguments: Mapping[str, str]
) -> tuple[Selection, tuple[str, ...], Choice] | None:
    """Return the selection, the names and the rows of a show, None if no show has this mark."""
    names = history.show_names()
    key = next((key for key, called in names.items() if mark in map(mark_of_show, called)), None)
    selected = selection(history, arguments, f"/show/{mark}", default="all", others=("sort",))
    if key is None or selected is None:
        return None
    return selected, tuple(names[key]), replace(selected.choice, show=key)


def _show_tables(database: duckdb.DuckDBPyConnection) -> dict[str, InsightTable]:
    found = [by_month(database), by_season(database), by_viewer(database), whole_insight(database, "binges")]
    found += [top_shows(database), InsightTable("totals", "", ("episodes",), ((totals(database)["episodes"],),))]
    return {table.name: table for table in found}


def _show_file(history: History, mark: str, arguments: Mapping[str, str]) -> Response:
    found = _show(history, mark, arguments)
    name = arguments.get("table", "")
    if found is None or name not in ("by_month", "by_season", "by_viewer", "binges", "episodes"):
        abort(404)
    choice = found[2]
    if name == "episodes":
        part = _everything(name, arguments)
        return table_file(
            history.asked((name, part), lambda database: listing(database, name, part), choice), arguments["format"]
        )
    return table_file((history.asked("show", _show_tables, choice) or {})[name], arguments["format"])


def _facts(show: InsightTable, seasons: InsightTable) -> tuple[tuple[str, str], ...]:
    """Return the big numbers of a show. show: of the table of shows, whose column `episodes` counts views."""
    if not show.rows:
        return ()
    _name, views, days, _first, _last, hours = show.rows[0]
    episodes = sum(cast(int, row[1]) for row in seasons.rows)
    known = sum(1 for row in seasons.rows if row[0])
    found = [
        (number(episodes), ngettext("episode", "episodes", episodes)),
        (number(cast(int, views)), ngettext("view", "views", cast(int, views))),
        (number(cast(int, days)), ngettext("day with a view", "days with a view", cast(int, days))),
    ]
    if known:
        found.append((number(known), ngettext("season", "seasons", known)))
    if isinstance(hours, float):
        found.append((_clock(hours), _("hours")))
    return tuple(found)


def _seen(show: InsightTable) -> str:
    """Return when a show was seen, in words; empty if it was not."""
    if not show.rows:
        return ""
    first, last = (cast(date, cell) for cell in show.rows[0][3:5])
    return _("First seen on %(first)s, last on %(last)s.", first=day(first), last=day(last))


def _months(table: InsightTable, selected: Selection) -> Chart:
    most = max(table.rows, key=lambda row: cast(int, row[1]))
    views, when = cast(int, most[1]), month_in_words(str(most[0]))
    lead = ngettext("Most in %(month)s: %(num)s view.", "Most in %(month)s: %(num)s views.", views, month=when)
    columns = {"month": _("Month"), "views": _("Views")}
    return Chart(
        "months",
        _("Over time"),
        lead,
        _("Views by month. %(lead)s", lead=lead),
        charts.bars(
            [month_label(str(row[0])) for row in table.rows], {_("views"): [cast(int, row[1]) for row in table.rows]}
        ),
        replace(
            data_table(_("Views by month"), columns, [(month_in_words(str(row[0])), row[1]) for row in table.rows]),
            files=file_addresses(selected, table="by_month"),
        ),
        size="half",
    )
