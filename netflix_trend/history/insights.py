"""Insights into one's own history, as small tables: functions of the tables in `viewing.duckdb`.

Nothing here leaves the machine. A day, week or year is counted in the participant's time zone; what the exports do not
contain (hours, devices) becomes a table without rows, with a note that says what to import.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import duckdb

from netflix_trend.formats import WEEKDAYS, percent
from netflix_trend.history.opened import UNKNOWN_DEVICE, open_profiles
from netflix_trend.language import _, marked, ngettext

__all__ = ["INSIGHTS", "Cell", "InsightTable", "all_insights", "open_profiles", "whole_insight"]

Cell = str | int | float | date | None

# A viewing-history file loses views of titles that were seen again (docs/method/reading-exports.md#two-files).
_THINNED = marked("NetflixViewingHistory.csv keeps only the last view of a title, so counts are lower bounds.")
_NEEDS_ACTIVITY = marked("Only ViewingActivity.csv has this. Import the account archive to see it.")
# Most public analyses call four episodes of a show in a day a binge.
BINGE_EPISODES = 4


@dataclass(frozen=True)
class InsightTable:
    """A small table. bar: the column to draw as bars. Every row has a cell for each column.

    Columns called `share` are fractions, `hours` are hours, `day`, `first_day` and `last_day` are days, other numbers
    are counts.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    bar: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the table with an object for each row, and days as ISO dates."""

        def plain(cell: Cell) -> Any:
            return cell.isoformat() if isinstance(cell, date | datetime) else cell

        rows = [dict(zip(self.columns, map(plain, row), strict=True)) for row in self.rows]
        return {"name": self.name, "title": self.title, "note": self.note, "rows": rows}


def all_insights(database: duckdb.DuckDBPyConnection) -> list[InsightTable]:
    """Return all tables, in the order of the page."""
    return [insight(database) for insight in INSIGHTS]


def whole_insight(database: duckdb.DuckDBPyConnection, name: str) -> InsightTable:
    """Return a table by its name with all its rows, also where the page shows only the first. Raises KeyError."""
    if name in _LIMITED:
        return _LIMITED[name](database, max_rows=_ALL_ROWS)
    return {insight.__name__: insight for insight in INSIGHTS}[name](database)


def is_thinned(database: duckdb.DuckDBPyConnection) -> bool:
    """Return whether some views come from NetflixViewingHistory.csv, which has only the last view of each title."""
    return bool(database.execute("select 1 from seen where profile is null limit 1").fetchall())


def by_year(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Views, episodes, films and hours of each year between the first and the last view."""
    return InsightTable(
        "by_year", "By year", ("year", *_PERIOD), _periods(database, "%Y"), _if_thinned(database, _THINNED), "views"
    )


def by_month(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Views, episodes, films and hours of each month between the first and the last view."""
    note = _if_thinned(
        database,
        _(
            "NetflixViewingHistory.csv keeps only the last view of a title, so counts are lower bounds: about "
            "%(month)s of the last month's views are missing, and %(older)s of those older than two years.",
            month=percent(0.18),
            older=percent(0.35),
        ),
    )
    return InsightTable("by_month", "By month", ("month", *_PERIOD), _periods(database, "%Y-%m"), note, "views")


def by_weekday(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Views on each day of the week, and the mean of such a day between the first and the last view."""
    rows = _rows(
        database,
        """with range as (select min(day) as first, max(day) as last from seen),
           days as (select isodow(unnest(generate_series(first, last, interval 1 day))) as weekday from range)
           select weekday, coalesce(views, 0), coalesce(views, 0) / days
           from (select weekday, count(*) as days from days group by weekday) left join
                (select isodow(day) as weekday, count(*) as views from seen group by weekday) using (weekday)
           order by weekday""",
    )
    named = tuple((WEEKDAYS[int(str(weekday)) - 1], views, mean) for weekday, views, mean in rows)
    return InsightTable("by_weekday", "By weekday", ("weekday", "views", "views_per_day"), named, "", "views")


def weekend_share(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """The share of views on Saturdays and Sundays."""
    rows = _rows(
        database,
        """select count(*) filter (isodow(day) >= 6), count(*), count(*) filter (isodow(day) >= 6) / count(*)
           from seen having count(*) > 0""",
    )
    note = _("The same on all days would be %(share)s.", share=percent(2 / 7, 1))
    return InsightTable("weekend_share", "Weekends", ("weekend_views", "views", "share"), rows, note)


def calendar(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Views on each day that has any."""
    rows = _rows(database, "select day, count(*) from seen group by day order by day")
    return InsightTable("calendar", "Calendar", ("day", "views"), rows)


def top_shows(database: duckdb.DuckDBPyConnection, max_rows: int = 20) -> InsightTable:
    """The shows with the most episodes seen."""
    rows = _rows(
        database,
        f"""select min(show_name), count(*), count(distinct day), min(day), max(day), {HOURS} from seen
            where kind = 'episode' group by show_key order by 2 desc, 1 limit {int(max_rows)}""",
    )
    columns = ("show", "episodes", "days", "first_day", "last_day", "hours")
    return InsightTable("top_shows", "Top shows", columns, rows, _if_thinned(database, _THINNED), "episodes")


def films_and_series(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Episodes against films, and how many of each are a guess."""
    rows = _rows(
        database,
        f"""select if(kind in ('blank', 'unnamed'), 'unknown', kind), count(*), count(*) / sum(count(*)) over (),
                   count(*) filter (certainty = 'guess'), {HOURS}
            from seen group by 1 order by 2 desc, 1""",
    )
    note = _("Guesses are titles that nothing tells; four in five of them are films.")
    return InsightTable(
        "films_and_series", "Films and series", ("kind", "views", "share", "guesses", "hours"), rows, note, "views"
    )


def films(database: duckdb.DuckDBPyConnection, max_rows: int = 20) -> InsightTable:
    """The films seen last, each with its views."""
    rows = _rows(
        database,
        f"""select min(title), count(*), min(day), max(day), {HOURS} from seen where kind = 'film'
            group by key order by 4 desc, 1 limit {int(max_rows)}""",
    )
    return InsightTable("films", "Films", ("film", "views", "first_day", "last_day", "hours"), rows)


def binges(database: duckdb.DuckDBPyConnection, episodes: int = BINGE_EPISODES, max_rows: int = 20) -> InsightTable:
    """The days with at least `episodes` episodes of one show, most first."""
    rows = _rows(
        database,
        f"""select day, min(show_name), count(*), {HOURS}, count(*) over () from seen where kind = 'episode'
            group by day, show_key having count(*) >= {int(episodes)} order by 3 desc, 1 desc, 2
            limit {int(max_rows)}""",
    )
    total = rows[0][-1] if rows else 0
    note = (
        _("Seen once: %(episodes)s or more episodes of one show in a day.", episodes=episodes)
        if total == 1
        else ngettext(
            "Seen %(num)s time: %(episodes)s or more episodes of one show in a day.",
            "Seen %(num)s times: %(episodes)s or more episodes of one show in a day.",
            int(str(total)),
            episodes=episodes,
        )
    )
    cut = tuple(row[:-1] for row in rows)
    return InsightTable("binges", "Binges", ("day", "show", "episodes", "hours"), cut, note, "episodes")


def streaks(database: duckdb.DuckDBPyConnection, max_rows: int = 5) -> InsightTable:
    """The longest runs of days with a view, and the longest without one."""
    rows = _rows(
        database,
        f"""with days as (select distinct day from seen),
            runs as (select min(day) as first, max(day) as last, count(*) as days from
                (select day, day - (row_number() over (order by day))::integer as run from days) group by run),
            gaps as (select day + 1 as first, next - 1 as last, next - day - 1 as days from
                (select day, lead(day) over (order by day) as next from days) where next - day > 1)
            (select 'watching' as what, first, last, days from runs order by days desc, first limit {int(max_rows)})
            union all
            (select 'not watching', first, last, days from gaps order by days desc, first limit {int(max_rows)})""",
    )
    return InsightTable("streaks", "Streaks", ("what", "first_day", "last_day", "days"), rows, "", "days")


def hours(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Hours played in each year, and in a mean week of it."""
    rows = _rows(
        database,
        """select strftime(start, '%Y'), count(*), sum(seconds) / 3600.0,
                  sum(seconds) / 3600.0 / greatest(1, (max(start::date) - min(start::date) + 1) / 7.0)
           from played group by 1 order by 1""",
    )
    return _activity("hours", "Hours", ("year", "plays", "hours", "hours_per_week"), rows, bar="hours")


def by_hour(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Plays and hours by the hour of the day they began, 0 to 23."""
    rows = _rows(database, f"select hour(start), count(*), {HOURS} from played group by 1 order by 1")
    return _activity("by_hour", "By hour of the day", ("hour", "plays", "hours"), rows, bar="plays")


def devices(database: duckdb.DuckDBPyConnection, max_rows: int = 10) -> InsightTable:
    """The devices with the most hours."""
    rows = _rows(
        database,
        f"""select coalesce(nullif(device, ''), '{UNKNOWN_DEVICE}'), count(*), {HOURS}, count(*) / sum(count(*)) over ()
            from played group by 1 order by 3 desc nulls last, 1 limit {int(max_rows)}""",
    )
    return _activity("devices", "Devices", ("device", "plays", "hours", "share"), rows, bar="hours")


def autoplay(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """The share of plays that Netflix started automatically."""
    rows = _rows(
        database,
        """select count(*) filter (autoplayed), count(*), count(*) filter (autoplayed) / count(*)
           from played having count(*) > 0""",
    )
    return _activity("autoplay", "Autoplay", ("autoplayed", "plays", "share"), rows)


class _Limited(Protocol):
    """A table of which a page shows the first rows."""

    def __call__(self, database: duckdb.DuckDBPyConnection, *, max_rows: int) -> InsightTable: ...


INSIGHTS: tuple[Callable[[duckdb.DuckDBPyConnection], InsightTable], ...] = (
    *(by_year, by_month, by_weekday, weekend_share, calendar, top_shows, films_and_series, films, binges, streaks),
    *(hours, by_hour, devices, autoplay),
)
_LIMITED: dict[str, _Limited] = {
    "top_shows": top_shows,
    "films": films,
    "binges": binges,
    "streaks": streaks,
    "devices": devices,
}
# Known only if every view has a duration.
HOURS = "if(count(*) = count(seconds), sum(seconds) / 3600.0, null)"
_PERIOD = ("views", "episodes", "films", "hours")
_ALL_ROWS = 2**31 - 1


def _if_thinned(database: duckdb.DuckDBPyConnection, note: str) -> str:
    """Return a note about NetflixViewingHistory.csv, in the language of this context, where views come from it."""
    return _(note) if is_thinned(database) else ""


def _activity(
    name: str, title: str, columns: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...], bar: str | None = None
) -> InsightTable:
    return InsightTable(name, title, columns, rows, "" if rows else _(_NEEDS_ACTIVITY), bar)


def _periods(database: duckdb.DuckDBPyConnection, form: str) -> tuple[tuple[Cell, ...], ...]:
    """Return a row for each period from the first view to the last, including empty ones."""
    return _rows(
        database,
        f"""with range as (select date_trunc('month', min(day)) as first, max(day) as last from seen),
           periods as (select distinct strftime(month, '{form}') as period
                       from (select unnest(generate_series(first, last, interval 1 month)) as month from range))
           select period, coalesce(views, 0), coalesce(episodes, 0), coalesce(films, 0), hours from periods left join
                (select strftime(day, '{form}') as period, count(*) as views,
                        count(*) filter (kind = 'episode') as episodes, count(*) filter (kind = 'film') as films,
                        {HOURS} as hours from seen group by 1) using (period)
           order by period""",
    )


def _rows(database: duckdb.DuckDBPyConnection, query: str) -> tuple[tuple[Cell, ...], ...]:
    return tuple(database.execute(query).fetchall())
