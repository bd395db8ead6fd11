"""Lists of everything in one's own history: shows, films, views, and what a show consists of.

Functions of the tables that `open_profiles` opens, with the choice that `narrow` made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import duckdb

from netflix_trend.history.insights import HOURS, InsightTable
from netflix_trend.history.search import SAME, find

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


_SHOWS = f"""
select min(show_name) as show, count(distinct key) as episodes, count(*) as views, min(day) as first_day,
       max(day) as last_day, {HOURS} as hours
from {{seen}} where kind = 'episode' group by show_key"""
_FILMS = f"""
select min(title) as film, count(*) as views, min(day) as first_day, max(day) as last_day,
       string_agg(distinct strftime(day, '%Y-%m-%d'), ', ' order by strftime(day, '%Y-%m-%d')) as days, {HOURS} as hours
from {{seen}} where kind = 'film' group by key"""
_VIEWS = """
select day, title, show_name as show, season, if(kind in ('blank', 'unnamed'), 'unknown', kind) as kind,
       seconds / 3600.0 as hours, stored, profile
from {seen}"""
_EPISODES = f"""
select min(title) as episode, min(season) as season, count(*) as views, min(day) as first_day, max(day) as last_day,
       string_agg(distinct strftime(day, '%Y-%m-%d'), ', ' order by strftime(day, '%Y-%m-%d')) as days, {HOURS} as hours
from {{seen}} where kind = 'episode' group by key"""
_LISTS: Mapping[str, tuple[str, str]] = {
    "shows": ("Shows", _SHOWS),
    "films": ("Films", _FILMS),
    "views": ("Views", _VIEWS),
    "episodes": ("Episodes", _EPISODES),
}
# What begins with the smallest; everything else begins with the largest.
_TEXTS = frozenset({"show", "film", "title", "season", "kind", "stored", "profile", "episode"})
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "shows": ("show", "episodes", "views", "first_day", "last_day", "hours"),
    "films": ("film", "views", "first_day", "last_day", "days", "hours"),
    "views": ("day", "title", "show", "season", "kind", "hours", "stored", "profile"),
    "episodes": ("episode", "season", "views", "first_day", "last_day", "days", "hours"),
}


def begins_with_largest(column: str) -> bool:
    """Return whether a list sorted by a column begins with its largest value, unless it is turned."""
    return column not in _TEXTS


def listing(database: duckdb.DuckDBPyConnection, name: str, part: Part, words: str = "") -> InsightTable:
    """Return a part of a list. words: only titles that contain them, or whose show does (`search.find`); of the list of
    shows only those whose own name does.

    name: a key of COLUMNS. Raises KeyError for another, or if the list has no column `part.sort`.
    """
    title, query = _LISTS[name]
    columns = COLUMNS[name]
    if part.sort not in columns:
        raise KeyError(part.sort)
    rows = query.format(seen=_matching(database, words, "is_show" if name == "shows" else "is_title"))
    way = "desc" if begins_with_largest(part.sort) != part.turned else "asc"
    # A row's place does not depend on the others that are like it.
    order = [f'"{part.sort}" {way} nulls last', *(f'"{column}"' for column in columns if column != part.sort)]
    limit = "" if part.limit is None else f"limit {int(part.limit)} offset {int(part.offset)}"
    found = database.execute(f"from ({rows}) order by {', '.join(order)} {limit}").fetchall()
    return InsightTable(name, title, columns, tuple(found))


def totals(database: duckdb.DuckDBPyConnection, words: str = "") -> dict[str, int]:
    """Return the number of rows of each list. words: see `listing`."""
    seen = _matching(database, words, "is_title")
    is_show = "true" if seen == "seen" else "is_show"
    ((shows, films, views, episodes),) = database.execute(
        f"""select count(distinct show_key) filter (kind = 'episode' and {is_show}),
                   count(distinct key) filter (kind = 'film'), count(*), count(distinct key) filter (kind = 'episode')
            from {seen}"""
    ).fetchall()
    return {"shows": shows, "films": films, "views": views, "episodes": episodes}


def _matching(database: duckdb.DuckDBPyConnection, words: str, which: str) -> str:
    """Return what to select from: all of `seen`, or what `words` find."""
    if not words.split() or not find(database, words):
        return "seen"
    return f"(select seen.*, is_show from seen join found on {SAME} where {which})"


def by_season(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """Episodes and views of each season, and when it was seen; the season seen last is the last."""
    rows = database.execute(
        f"""select coalesce(season, '') as season, count(distinct key), count(*), min(day), max(day), {HOURS} from seen
            where kind = 'episode' group by 1 order by 5, 4, 1"""
    ).fetchall()
    columns = ("season", "episodes", "views", "first_day", "last_day", "hours")
    return InsightTable("by_season", "By season", columns, tuple(rows))


def by_viewer(database: duckdb.DuckDBPyConnection) -> InsightTable:
    """What each stored profile, and each Netflix profile in it, has watched. profile: null for the rows of
    NetflixViewingHistory.csv, which names none.
    """
    rows = database.execute(
        f"""select stored, profile, count(*), count(distinct day), count(*) filter (kind = 'episode'),
                   count(*) filter (kind = 'film'), count(distinct show_key) filter (kind = 'episode'),
                   min(day), max(day), {HOURS}
            from seen group by all order by stored, profile nulls last"""
    ).fetchall()
    columns = ("stored", "profile", "views", "days", "episodes", "films", "shows", "first_day", "last_day", "hours")
    return InsightTable("by_viewer", "By profile", columns, tuple(rows))


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
        "select coalesce(nullif(device, ''), 'unknown') from every_played group by 1 order by count(*) desc, 1"
    ).fetchall()
    return tuple(name for (name,) in rows)
