"""The tables of all profiles, opened together, and what is asked of them: days, a viewer, a device, a show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netflix_trend.layout import PrivateVolume

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Viewer:
    """Whose rows: those of a stored profile, or (netflix) only those of one Netflix profile that counts for it."""

    stored: str
    netflix: str | None = None


@dataclass(frozen=True)
class Choice:
    """Which rows are asked for; None: all. show: its `show_key`. device: as ViewingActivity.csv calls it."""

    first: date = date.min
    last: date = date.max
    viewer: Viewer | None = None
    device: str | None = None
    show: str | None = None


class DamagedTables(FileNotFoundError):
    """The tables of a profile cannot be read. They count as none until they are built again, by themselves."""


EVERYTHING = Choice()
# What a play without the name of a device is listed and chosen by.
UNKNOWN_DEVICE = "unknown"
_DAMAGED = "your tables are damaged; they are built again within minutes"
_LITTLE: dict[str, str | bool | int | float | list[str]] = {"threads": 2, "memory_limit": "256MB"}
# Views that are kept in memory: about 75 MiB for 100,000.
_MAX_KEPT = 150_000


@contextmanager
def open_alone(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the tables of one profile, read-only and with little memory, under their own names.

    Raises DamagedTables, also for a query that fails because of the file.
    """
    import duckdb

    try:
        with duckdb.connect(config=_LITTLE) as database:
            database.execute(f"attach {_quoted(str(path))} as tables (read_only)")
            database.execute("use tables")
            yield database
    except duckdb.Error:
        raise DamagedTables(_DAMAGED) from None


def files_of(path: Path) -> list[dict[str, Any]]:
    """Return what the tables of a profile say about each imported file: the table `exports`, by column.

    None while the tables are damaged. Tables of earlier versions lack columns until they are rebuilt.
    """
    try:
        with open_alone(path) as database:
            result = database.execute("select * from exports")
            columns = [column[0] for column in result.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
    except DamagedTables:
        return []


def open_profiles(private: Path, first: date = date.min, last: date = date.max) -> duckdb.DuckDBPyConnection:
    """Open the tables of all profiles together, read-only, as views of one participant, from `first` to `last`.

    `seen`: day, title, key, kind, certainty, season, show_key, show_name, seconds (null without ViewingActivity.csv),
    stored (the stored profile), profile (the Netflix profile, null for rows of NetflixViewingHistory.csv).
    `coverage`: covered_through, the last day that a profile's exports cover completely; one row per profile.
    `played`: start (local), seconds, device, autoplayed, and the columns about title, show and profile.
    `every_seen`, `every_played`: the same without any choice. `several`: stored profiles with several Netflix profiles.
    `show_names`: show_name.
    Raises FileNotFoundError if nothing was imported, or DamagedTables.
    """
    paths = PrivateVolume(private).databases()
    if not paths:
        raise FileNotFoundError(f"nothing was imported yet into {private}")
    import duckdb  # takes long, and is not needed where nothing was imported

    database = duckdb.connect(config=_LITTLE)
    try:
        _open(database, paths)
        narrow(database, Choice(first, last))
    except duckdb.Error:
        database.close()
        raise DamagedTables(_DAMAGED) from None
    return database


def _open(database: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> None:
    """Attach the tables of all profiles and define what `open_profiles` promises, but for the choice."""
    for number, path in enumerate(paths):
        database.execute(f"attach {_quoted(str(path))} as p{number} (read_only)")

    def everywhere(query: str) -> str:
        return " union all ".join(
            query.replace("{p}", f"p{number}").replace("{stored}", _quoted(path.parent.name))
            for number, path in enumerate(paths)
        )

    seen = """select day, title, key, kind::varchar as kind, certainty::varchar as certainty, season, show_key,
                     show_name, profile, {stored} as stored, v.seconds
              from {p}.views v join {p}.titles using (title_id) left join {p}.shows using (show_id)
              where kind <> 'supplemental'"""
    played = """select start_local as start, title, key, kind::varchar as kind, certainty::varchar as certainty, season,
                       show_key, show_name, profile, {stored} as stored, y.seconds, device, autoplayed
                from {p}.plays y join {p}.titles using (title_id) left join {p}.shows using (show_id)"""
    # The day of the download had not ended. The time of a file may be wrong, but its views are real.
    coverage = """select greatest(max(received), max(last_day)) - 1 as covered_through from {p}.exports
                  where error is null"""
    database.execute(f"create view coverage as {everywhere(coverage)}")
    _define(database, "every_seen", everywhere(seen))
    _define(database, "every_played", everywhere(played))
    profiles = "select distinct {stored} as stored, profile from {p}.views where profile is not null"
    database.execute(
        f"""create table several as select stored from ({everywhere(profiles)}) group by stored
            having count(distinct profile) > 1"""
    )
    database.execute(f"create view show_names as {everywhere('select show_name from {p}.shows')}")


def narrow(database: duckdb.DuckDBPyConnection, choice: Choice) -> None:
    """Let `seen` and `played` have the chosen rows only.

    With a device, a view is what was played on it: the same title on the same day elsewhere is not counted.
    """
    viewer = choice.viewer
    # Names from files go in as values, never as a part of a query.
    database.execute(
        "create or replace table chosen as select ?::varchar as stored, ?::varchar as profile, ?::varchar as device, "
        "?::varchar as show_key",
        [viewer and viewer.stored, viewer and viewer.netflix, choice.device, choice.show],
    )
    wanted = []
    if viewer:
        wanted.append("stored = (select stored from chosen)")
    if viewer and viewer.netflix is not None:
        wanted.append("profile = (select profile from chosen)")
    if choice.show is not None:
        wanted.append("kind = 'episode' and show_key = (select show_key from chosen)")
    # A filter that excludes nothing would only cost time.
    if (choice.first, choice.last) != (date.min, date.max):
        wanted.append(f"{{day}} between date '{choice.first}' and date '{choice.last}'")
    seen, played = "every_seen", "every_played"
    if choice.device is not None:
        device = f"coalesce(nullif(device, ''), '{UNKNOWN_DEVICE}')"
        played = f"(from every_played where {device} = (select device from chosen))"
        seen = f"(select start::date as day, {_TITLE} from {played} where kind <> 'supplemental' group by all)"

    for name, rows, day in (("seen", seen, "day"), ("played", played, "start::date")):
        if wanted or rows != f"every_{name}":
            where = f"where {' and '.join(wanted)}".format(day=day) if wanted else ""
            _define(database, name, f"from {rows} {where}")
        else:
            database.execute(f"create or replace view {name} as from {rows}")


def _define(database: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """Let a view have the rows of a query. They are kept in memory if they are not too many, because a page asks many
    questions about them, each of which would join and filter all rows again.
    """
    part = f"rows_of_{name}"
    database.execute(f"create or replace table {part} as from ({query}) limit {_MAX_KEPT + 1}")
    is_kept = database.execute(f"select count(*) from {part}").fetchall() <= [(_MAX_KEPT,)]
    if not is_kept:
        database.execute(f"drop table {part}")
    database.execute(f"create or replace view {name} as from {part if is_kept else f'({query})'}")


_TITLE = "title, key, kind, certainty, season, show_key, show_name, profile, stored, sum(seconds)::integer as seconds"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def viewers(database: duckdb.DuckDBPyConnection) -> tuple[Viewer, ...]:
    """Return whose rows can be told apart: each stored profile, then its Netflix profiles if several."""
    rows = database.execute(
        "select stored, profile from every_seen group by all order by stored, profile nulls first"
    ).fetchall()
    names: dict[str, list[str]] = {}
    for stored, profile in rows:
        names.setdefault(stored, []).extend([] if profile is None else [profile])
    return tuple(
        viewer
        for stored, found in names.items()
        for viewer in (Viewer(stored), *(Viewer(stored, name) for name in found if len(found) > 1))
    )


def apart(viewers: tuple[Viewer, ...]) -> tuple[Viewer, ...]:
    """Return the viewers that share no view: Netflix profiles in the place of a stored profile that has several."""
    several = {viewer.stored for viewer in viewers if viewer.netflix is not None}
    return tuple(viewer for viewer in viewers if viewer.netflix is not None or viewer.stored not in several)
