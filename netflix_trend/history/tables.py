"""A profile's whole history: all its exports merged into `viewing.duckdb` and the encodings.

Netflix's CSV keeps only the last view of a title, so downloads are merged: a view is never lost, whatever a later file
contains (docs/method/reading-exports.md#two-files). Everything is rebuilt from `raw/` and replaced by a rename, so
readers see old or new tables, never a mixture. docs/data-model.md describes them.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history.encodings import (
    DESCRIPTION,
    FULL,
    FULL_DTYPE,
    OPEN,
    SUPPLEMENTAL,
    VECTOR,
    Encodings,
    save_encodings,
)
from netflix_trend.history.exports import ExportError, ExportKind, open_export
from netflix_trend.history.freshness import BuiltFrom, digest_of, is_abandoned, write_built_from
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore
from netflix_trend.history.report import ImportReport, import_report
from netflix_trend.history.staging import ReadFile, Staging
from netflix_trend.layout import DATABASE, PrivateVolume
from netflix_trend.storage.files import locked, sync_folder

_STAGING = "staging.duckdb"
# DuckDB sorts and joins within this and spills the rest to disk, so that memory does not grow with the files.
_MEMORY = "128MB"

# {shortest}: plays of fewer seconds are not views. Where ViewingActivity.csv has a title within a day of a row of
# NetflixViewingHistory.csv, both are the same view; days differ when the clocks of the profile and the machine do.
_TABLES = """
create type kind as enum ('episode', 'film', 'unnamed', 'blank', 'supplemental');
create type certainty as enum ('certain', 'likely', 'guess');
create table exports as select * replace (received::date as received, first_day::date as first_day,
    last_day::date as last_day, date_orders::varchar[] as date_orders) from export_frame order by sha256;

create temp table show_ids as
    select show_code, show_key, (dense_rank() over (order by show_key) - 1)::integer as show_id from staging.show_names;
create table titles as
    select title_id, key, title, t.kind::varchar::kind as kind, t.certainty::varchar::certainty as certainty,
           show_id, season
    from staging.titles t left join show_ids using (show_code) left join staging.season_names using (season_code)
    order by title_id;

create table plays as
    select profile, title_id, start_utc, start_local, max(seconds) as seconds, min(device) as device,
           bool_and(autoplayed) as autoplayed
    from staging.dated join titles using (key)
    where second is not null and (seconds is null or seconds >= {shortest})
    group by profile, title_id, start_utc, start_local order by start_utc, profile, title_id;

-- Only days before a file was made: of later ones it says nothing.
create temp table active_days as
    select distinct match_key, season, dated.day + near.days as day
    from staging.dated join staging.made using (file) join titles using (key) join staging.match_keys using (key),
         (values (-1), (0), (1)) near(days)
    where second is not null and dated.day + near.days < made.day;
create temp table active_weeks as
    select distinct date_trunc('week', day) as monday from staging.dated where second is not null;
-- A blank title can stand for several views of a day, any other title counts once a day.
create temp table history_views as
    select day, title_id, any_value(kind) as kind, max(rows_in_file) as rows_in_file from (
        select file, day, title_id, kind, if(kind in ('blank', 'unnamed'), count(*), 1) as rows_in_file
        from staging.dated join titles using (key) where second is null group by file, day, title_id, kind)
    group by day, title_id;
create table views as
    select start_local::date as day, title_id, profile, sum(seconds)::integer as seconds
    from plays group by all
    union all
    select h.day, h.title_id, null, null
    from history_views h cross join unnest(range(h.rows_in_file))
    join titles t using (title_id) left join staging.match_keys m using (key)
    where not exists (select 1 from active_days a where a.match_key = m.match_key and a.day = h.day
                      and coalesce(lower(a.season) = lower(t.season), true))
      and not (h.kind in ('blank', 'unnamed') and exists (
          select 1 from active_weeks where monday = date_trunc('week', h.day)))
    order by 1, 2, 3;

create table shows as
    select show_id, any_value(n.show_key) as show_key, min(n.show_name) as show_name,
           max(n.show_index) as show_index, any_value(v.episodes) as episodes,
           any_value(v.titles) as titles, any_value(v.first_day) as first_day, any_value(v.last_day) as last_day,
           any_value(v.seconds) as seconds
    from staging.show_names n join show_ids using (show_code) join (
        select show_id, count(*) as episodes, count(distinct title_id) as titles, min(day) as first_day,
               max(day) as last_day, sum(seconds)::bigint as seconds
        from views join titles using (title_id) where kind = 'episode' group by show_id) v using (show_id)
    group by show_id order by show_id;
"""


@dataclass(frozen=True)
class ImportedFile:
    """The result of one file of a profile: its import report, or why it was refused."""

    raw: RawExport
    report: ImportReport | None
    refusal: ExportError | None


@dataclass(frozen=True)
class History:
    """A profile after a rebuild. encodings: None if no file of the profile could be read."""

    profile: str
    files: list[ImportedFile]
    views: int
    shows: int
    encodings: Encodings | None


def rebuild_all(
    private: Path, vocabulary: Vocabulary, options: ReadOptions | None = None, profiles: Sequence[str] | None = None
) -> list[History]:
    """Rebuild the named profiles (None: all), and remove folders of profiles whose exports all moved to another one."""
    store = RawStore(private)
    known, damaged = store.profiles(), store.damaged()
    wanted = known if profiles is None else [profile for profile in profiles if profile in known]
    histories = [rebuild(private, profile, vocabulary, options) for profile in wanted]
    for folder in PrivateVolume(private).profile_folders():
        if is_abandoned(folder, known, damaged):
            shutil.rmtree(folder)
    return histories


def rebuild(private: Path, profile: str, vocabulary: Vocabulary, options: ReadOptions | None = None) -> History:
    """Rebuild tables and encodings of a profile from all its raw exports.

    Running it twice, in any order of imports, gives the same files. A file that cannot be read is recorded in the
    table `exports` and does not affect the others. Of a ViewingActivity.csv, rows of a Netflix profile go to the
    profile of the same name if there is one, and else to the profile that the file was imported under.
    """
    options = options or ReadOptions()
    folder = PrivateVolume(private).profile(profile)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock"), _garbage_left_alone(), _scratch(folder) as scratch:
        staging = Staging(connect(scratch / _STAGING), vocabulary)
        with staging.database:
            exports = list(RawStore(private).exports())
            imported, archives = _import_all(staging, private, exports, profile, options)
        if not imported:
            _remove_encodings(folder)
            return History(profile, [], 0, 0, None)
        full, shows = _make_tables(scratch, imported, options)
        with (scratch / DATABASE).open("rb") as file:
            os.fsync(file.fileno())
        (scratch / DATABASE).replace(folder / DATABASE)
        sync_folder(folder)
        own = tuple(export.sha256 for export in exports if export.profile == profile)
        inputs = digest_of(exports, vocabulary.version, options)
        read = [file for file in imported if file.report is not None]
        if not read:
            _remove_encodings(folder)
            write_built_from(folder, BuiltFrom(inputs=inputs, files=own, has_encodings=False))
            return History(profile, imported, 0, 0, None)
        # A file covers the days before the day it was made, which had not ended, whether or not it has rows.
        covered = max(raw.received for raw in (*(file.raw for file in read), *archives)) - timedelta(days=1)
        encodings = Encodings(full, count_episodes(full, len(vocabulary)), vocabulary.version, covered)
        save_encodings(folder, encodings)
        write_built_from(folder, BuiltFrom(inputs=inputs, files=own, has_encodings=True))
        return History(profile, imported, int((full["kind"] != SUPPLEMENTAL).sum()), shows, encodings)


def _import_all(
    staging: Staging, private: Path, exports: Sequence[RawExport], profile: str, options: ReadOptions
) -> tuple[list[ImportedFile], list[RawExport]]:
    """Read the files of a profile, decide their titles together, and report on each.

    Returns the files, and those that would have rows of this profile if it had watched anything.
    """
    files, archives = _add_all(staging, RawStore(private), exports, profile, options)
    if not files:
        return [], []
    staging.decide_titles()
    imported = [
        ImportedFile(raw, import_report(staging, number, found) if found else None, refusal)
        for raw, number, found, refusal in files
    ]
    return imported, archives


def _make_tables(scratch: Path, imported: Sequence[ImportedFile], options: ReadOptions) -> tuple[NDArray[np.void], int]:
    """Build the database of a profile in `scratch` from the staged rows. Returns all views and the number of shows."""
    with connect(scratch / DATABASE) as database:
        database.execute(f"attach '{_quoted(scratch / _STAGING)}' as staging (read_only)")
        database.register("export_frame", _export_frame(imported))
        database.execute(_TABLES.format(shortest=options.shortest_seconds))
        full = _full(database)
        ((shows,),) = database.execute("select count(*) from shows").fetchall()
        database.execute("detach staging")
        database.execute("checkpoint")
    return full, shows


def count_episodes(full: NDArray[np.void], shows: int) -> NDArray[np.int32]:
    """Return int32[shows]: how many episodes of each show of the vocabulary were seen on any day."""
    indices = full["show"][full["show"] >= 0]
    return np.bincount(indices, minlength=shows).astype("<i4")


def _remove_encodings(folder: Path) -> None:
    """Remove all encodings when no file is left, beginning with the file that names the others."""
    for name in (DESCRIPTION, FULL, VECTOR):
        (folder / name).unlink(missing_ok=True)


_Added = tuple[RawExport, int, ReadFile | None, ExportError | None]


def _add_all(
    staging: Staging, store: RawStore, exports: Sequence[RawExport], profile: str, options: ReadOptions
) -> tuple[list[_Added], list[RawExport]]:
    """Read the files of a profile, and its rows in other profiles' ViewingActivity.csv.

    Returns the files, and each ViewingActivity.csv that holds the rows of this profile, even if there are none.
    """
    names = _names({export.profile for export in exports})
    added: list[_Added] = []
    archives: list[RawExport] = []
    for raw in exports:
        is_own = raw.profile == profile
        if not is_own and _kind(store, raw) != "viewing_activity":
            continue
        order, keep = raw.date_order or options.date_order, _keep_rows_of(profile, raw, names)
        reading = replace(options, date_order=order, keep_profile=keep)
        newest = (raw.first_received or raw.received) + timedelta(days=1)
        with store.open(raw) as stream:
            try:
                number, found = staging.add(stream, raw.name, reading, newest)
            except ExportError as refusal:
                if is_own or refusal.reason == "no_rows":
                    added.append((raw, -1, None, refusal))
            else:
                staging.made(number, raw.received)
                if is_own or found.profiles:
                    added.append((raw, number, found, None))
                if found.kind == "viewing_activity" and keep(profile):
                    archives.append(raw)
    return added, archives


def _names(profiles: Set[str]) -> dict[str, str]:
    """Return the profile for each name of a Netflix profile. An exact match takes precedence over another case."""
    return {name.casefold(): name for name in sorted(profiles)} | {name: name for name in profiles}


def _keep_rows_of(profile: str, raw: RawExport, names: Mapping[str, str]) -> Callable[[str], bool]:
    """Return which Netflix profiles of a file count for `profile`."""
    only = {name.casefold() for name in raw.only}

    def keep(name: str) -> bool:
        is_wanted = not only or name.casefold() in only
        return is_wanted and (names.get(name) or names.get(name.casefold(), raw.profile)) == profile

    return keep


def _kind(store: RawStore, raw: RawExport) -> ExportKind | None:
    with store.open(raw) as stream:
        try:
            return open_export(stream, raw.name).kind
        except ExportError:
            return None


def _export_frame(files: Sequence[ImportedFile]) -> pd.DataFrame:
    dates = dict.fromkeys(("received", "first_day", "last_day"), "datetime64[s]")
    texts = dict.fromkeys((*_REPORT_TEXT, "date_example"), "object")
    return pd.DataFrame([_export_row(file) for file in files]).astype({**dates, **texts})


def _export_row(file: ImportedFile) -> dict[str, object]:
    report = file.report.to_json(file.raw.name) if file.report else {"error": str(file.refusal)}
    read = file.report.file if file.report else None
    question = file.refusal.question if file.refusal else None
    return {
        "sha256": file.raw.sha256,
        "source": file.raw.source,
        "name": file.raw.name,
        "received": pd.Timestamp(file.raw.received),
        **{column: report.get(column) for column in _REPORT_TEXT},
        **{column: int(report.get(column) or 0) for column in _REPORT_COUNTS},
        **{column: getattr(read, attribute, 0) for column, attribute in _FILE_COUNTS.items()},
        **{column: pd.Timestamp(report[column]) if report.get(column) else None for column in _REPORT_DAYS},
        "warnings": "\n".join(report.get("warnings", [])),
        "date_example": question.example if question else None,
        "date_orders": list(question.orders) if question else None,
    }


_REPORT_TEXT = ("kind", "encoding", "delimiter", "date_order", "date_evidence", "error")
_REPORT_COUNTS = ("rows", "views", "undated", "supplemental", "blank", "unsure", "episodes", "films")
_REPORT_DAYS = ("first_day", "last_day")
_FILE_COUNTS = {"damaged": "damaged", "too_short": "too_short", "other_profiles": "dropped_profiles"}


def _full(database: duckdb.DuckDBPyConnection) -> NDArray[np.void]:
    """Return all views. What a title is depends on its own words only, as docs/decisions/0103 wants it."""
    columns = database.execute(
        f"""select day, title_id, coalesce(show_index, -1) as show_index, coalesce(enum_code(kind), {OPEN}) as kind
            from (select day, title_id, if(profile is null, history_kind, activity_kind) as kind,
                         if(profile is null, history_show, activity_show) as show_code
                  from views join staging.titles using (title_id)) left join staging.show_names using (show_code)
            order by day, title_id"""  # noqa: S608
    ).fetchnumpy()
    full = np.empty(len(columns["day"]), dtype=FULL_DTYPE)
    full["day"] = columns["day"].astype("datetime64[D]")
    full["title"], full["show"], full["kind"] = columns["title_id"], columns["show_index"], columns["kind"]
    return full


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database with little memory, which spills to a folder beside it."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 2,
        "memory_limit": _MEMORY,
        "temp_directory": str(path.parent / "spill"),
    }
    return duckdb.connect(path, config=config)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Create a folder for temporary files; leftovers of a killed rebuild are removed."""
    scratch = folder / ".rebuild"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch)


@contextmanager
def _garbage_left_alone() -> Iterator[None]:
    """Pause the garbage collector: a rebuild creates no cycles, but the collector would traverse its many rows again
    and again (15 % of the time at 100,000 rows).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
