"""Lists of everything in one's own history: shows, films, views, and what a show consists of.

Functions of the tables that `open_profiles` opens, with the choice that `narrow` made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import duckdb

from netflix_trend.history.insights import HOURS, InsightTable
from netflix_trend.history.opened import UNKNOWN_DEVICE

List = Literal["shows", "films", "views"]


@dataclass(frozen=True)
class Part:
    """Which rows of a list, and in which order. sort: a column of it; a column with numbers or days begins with the
    largest unless `turned`, one with texts with the first letter. limit: None for all rows.
    """

    sort: str
    turned: bool = False
    offset: int = 0
    limit: int | None = None


_DATES = "array_to_string(list_sort(list(distinct day)), ', ')"
_SHOWS = f"""
select min(show_name) as show, count(distinct key) as episodes, count(*) as views, min(day) as first_day,
       max(day) as last_day, {HOURS} as hours
from {{seen}} where kind = 'episode' group by show_key"""
_FILMS = f"""
select min(title) as film, count(*) as views, min(day) as first_day, max(day) as last_day,
       {_DATES} as dates, {HOURS} as hours
from {{seen}} where kind = 'film' group by key"""
_VIEWS = """
select day, title, show_name as show, season, if(kind in ('blank', 'unnamed'), 'unknown', kind) as kind,
       seconds / 3600.0 as hours, stored, profile
from {seen}"""
_EPISODES = f"""
select min(title) as episode, min(season) as season, count(*) as views, min(day) as first_day, max(day) as last_day,
       {_DATES} as dates, {HOURS} as hours
from {{seen}} where kind = 'episode' group by key"""
_LISTS: Mapping[str, tuple[str, str]] = {
    "shows": ("Shows", _SHOWS),
    "films": ("Films", _FILMS),
    "views": ("Views", _VIEWS),
    "episodes": ("Episodes", _EPISODES),
}
# Only where a stored profile has several does a Netflix profile say more than it.
_PROFILE = "if(stored in (select stored from several), profile, null)"
# What begins with the smallest; everything else begins with the largest.
_TEXTS = frozenset({"show", "film", "title", "season", "kind", "stored", "profile", "episode"})
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "shows": ("show", "episodes", "views", "first_day", "last_day", "hours"),
    "films": ("film", "views", "first_day", "last_day", "dates", "hours"),
    "views": ("day", "title", "show", "season", "kind", "hours", "stored", "profile"),
    "episodes": ("episode", "season", "views", "first_day", "last_day", "dates", "hours"),
}


def begins_with_largest(column: str) -> bool:
    """Return whether a list sorted by a column begins with its largest value, unless it is turned."""
    return column not in _TEXTS


def listing(database: duckdb.DuckDBPyConnection, name: str, part: Part, *, is_search: bool = False) -> InsightTable:
    """Return a part of a list. is_search: of the rows that `search.find` has just found; of the list of shows only
    those whose own name it found.

    name: a key of COLUMNS. Raises KeyError for another, or if the list has no column `part.sort`.
    """
    title, query = _LISTS[name]
    columns = COLUMNS[name]
    if part.sort not in columns:
        raise KeyError(part.sort)
    found = f"(from found where {'is_show' if name == 'shows' else 'is_title'})"
    rows = query.format(seen=found if is_search else "seen")
    way = "desc" if begins_with_largest(part.sort) != part.turned else "asc"
    # A row's place does not depend on the others that are like it.
    order = [f'"{part.sort}" {way} nulls last', *(f'"{column}"' for column in columns if column != part.sort)]
    limit = "" if part.limit is None else f"limit {int(part.limit)} offset {int(part.offset)}"
    made = database.execute(f"from ({rows}) order by {', '.join(order)} {limit}").fetchall()
    return InsightTable(name, title, columns, tuple(made))


def totals(database: duckdb.DuckDBPyConnection, *, is_search: bool = False) -> dict[str, int]:
    """Return the number of rows of each list. is_search: see `listing`."""
    ((shows, films, views, episodes),) = database.execute(
        f"""select count(distinct show_key) filter (kind = 'episode' {"and is_show" if is_search else ""}),
                   count(distinct key) filter (kind = 'film'), count(*), count(distinct key) filter (kind = 'episode')
            from {"(from found where is_title)" if is_search else "seen"}"""
    ).fetchall()
    return {"shows": shows, "films": films, "views": views, "episodes": episodes}


def by_season(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Episodes and views of each season, and when it was seen; the season seen last is the last."""
    rows = database.execute(
        f"""select season, count(distinct key), count(*), min(day), max(day), {HOURS} from seen
            where kind = 'episode' group by 1 order by 5, 4, 1"""
    ).fetchall()
    columns = ("season", "episodes", "views", "first_day", "last_day", "hours")
    return InsightTable("by_season", "By season", columns, tuple(rows))


def by_viewer(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """What each stored profile has watched, and each Netflix profile of those that have several.

    profile: null for a stored profile as a whole. Where a stored profile has several Netflix profiles, a row with null
    has the views of NetflixViewingHistory.csv, which names none.
    """
    rows = database.execute(
        f"""select stored, {_PROFILE} as profile, count(*), count(distinct day), count(*) filter (kind = 'episode'),
                   count(*) filter (kind = 'film'), count(distinct show_key) filter (kind = 'episode'),
                   min(day), max(day), {HOURS}
            from seen group by 1, 2 order by 1, 2 nulls last"""
    ).fetchall()
    columns = ("stored", "profile", "views", "days", "episodes", "films", "shows", "first_day", "last_day", "hours")
    return InsightTable("by_viewer", "By profile", columns, tuple(rows))


def months_by_viewer(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Views of each month, by profile as in `by_viewer`; every profile has a row for each month of any of them."""
    rows = database.execute(
        f"""with months as (select unnest(generate_series(date_trunc('month', min(day)), max(day), interval 1 month))
                            as month from seen),
                 counted as (select stored, {_PROFILE} as profile, date_trunc('month', day) as month, count(*) as views
                             from seen group by 1, 2, 3)
            select p.stored, p.profile, strftime(m.month, '%Y-%m'), coalesce(c.views, 0)
            from (select distinct stored, profile from counted) p cross join months m left join counted c
                 on c.stored = p.stored and c.profile is not distinct from p.profile and c.month = m.month
            order by 1, 2 nulls last, 3"""
    ).fetchall()
    return InsightTable(
        "months_by_viewer", "By profile and month", ("stored", "profile", "month", "views"), tuple(rows)
    )


def shows_by_viewer(database: duckdb.DuckDBPyConnection, max_rows: int) -> InsightTable:
    """The shows with the most episodes seen, by profile as in `by_viewer`."""
    rows = database.execute(
        f"""from (select stored, {_PROFILE} as profile, min(show_name) as name, count(*) as episodes
                  from seen where kind = 'episode' group by 1, 2, show_key)
            qualify row_number() over (partition by stored, profile order by episodes desc, name) <= {int(max_rows)}
            order by 1, 2 nulls last, 4 desc, 3"""
    ).fetchall()
    columns = ("stored", "profile", "show", "episodes")
    return InsightTable("shows_by_viewer", "Shows by profile", columns, tuple(rows))


def show_names(database: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return every name of each show, by its `show_key`, the first in the alphabet first; whatever was chosen."""
    rows = database.execute(
        """select show_key, list(distinct show_name order by show_name) from every_seen
           where kind = 'episode' and show_key is not null group by show_key"""
    ).fetchall()
    return dict(rows)


def device_names(database: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return the devices with plays, the most used first; whatever was chosen."""
    rows = database.execute(
        f"""select coalesce(nullif(device, ''), '{UNKNOWN_DEVICE}') from every_played
           group by 1 order by count(*) desc, 1"""
    ).fetchall()
    return tuple(name for (name,) in rows)
