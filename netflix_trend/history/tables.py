"""A profile's whole history: all its exports merged into `viewing.duckdb` and the encodings.

Netflix's CSV keeps only the last view of a title, so downloads are merged: a view is never lost, whatever a later file
contains (docs/method/reading-exports.md#two-files). Everything is rebuilt from `raw/` and replaced by a rename, so
readers see old or new tables, never a mixture. docs/data-model.md describes them.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.attempts import Attempt, LeftOut, attempting, leave_out, leave_out_suspect
from netflix_trend.history.dates import DateQuestion
from netflix_trend.history.encodings import (
    DESCRIPTION,
    FULL,
    FULL_DTYPE,
    OPEN,
    SUPPLEMENTAL,
    VECTOR,
    Encodings,
    count_episodes,
    save_encodings,
)
from netflix_trend.history.exclusions import digest_of_exclusions
from netflix_trend.history.exports import BYTES_LOST, ExportError, ExportKind, open_export
from netflix_trend.history.file_reader import ReadFile
from netflix_trend.history.freshness import BuiltFrom, inputs_of, is_abandoned, renew, write_built_from
from netflix_trend.history.household import Claim, ProfileQuestion, most_first, names_of
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore, Refusal
from netflix_trend.history.report import ImportReport, import_report
from netflix_trend.history.sources import Sources
from netflix_trend.history.staging import Staging
from netflix_trend.language import _, marked
from netflix_trend.layout import BUILT_FROM, DATABASE, PrivateVolume
from netflix_trend.storage.damaged import digest_of_file, make_way
from netflix_trend.storage.files import locked, sync_folder

_STAGING = "staging.duckdb"
_BYTES_ARE_LOST = marked(
    "its bytes are gone or damaged, so it is left out until the same file is imported again. Damaged bytes are in the "
    "folder damaged/ of the private volume"
)
_NOT_KEPT = marked("The file was not kept. If a later version of this app may read it, import it again.")
# DuckDB sorts and joins within this and spills the rest to disk, so that memory does not grow with the files.
_MEMORY = "128MB"
_STREAMING_BEGAN = date(2007, 1, 1)

# {shortest}: plays of fewer seconds are not views. Where ViewingActivity.csv has a title within a day of a row of
# NetflixViewingHistory.csv, both are the same view; days differ when the clocks of the profile and the machine do.
_TABLES = """
create type kind as enum ('episode', 'film', 'unnamed', 'blank', 'supplemental');
create type certainty as enum ('certain', 'likely', 'guess');
create table exports as select * replace (received::date as received, first_day::date as first_day,
    last_day::date as last_day, date_orders::varchar[] as date_orders, netflix_profiles::varchar[] as netflix_profiles,
    netflix_rows::bigint[] as netflix_rows, counted_profiles::varchar[] as counted_profiles)
    from export_frame order by sha256;

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
        select file, day, title_id, titles.kind, if(titles.kind in ('blank', 'unnamed'), count(*), 1) as rows_in_file
        from staging.dated join titles using (key) where second is null group by file, day, title_id, titles.kind)
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
"""
# Rows are excluded after both kinds of export were merged: the other one's row of a view must not take its place.
_EXCLUDED = """
create temp table kept_titles as
    select title_id as old_id, (row_number() over (order by title_id) - 1)::integer as title_id from titles t
    where exists (select 1 from staging.dated d where d.key = t.key and not exists (
        select 1 from staging.excluded e where e.title_id = t.title_id and e.day = d.day));
create or replace table plays as
    select profile, k.title_id, start_utc, start_local, seconds, device, autoplayed
    from plays p join kept_titles k on k.old_id = p.title_id
    where not exists (select 1 from staging.excluded e where e.title_id = k.old_id and e.day = p.start_local::date)
    order by start_utc, profile, k.title_id;
create or replace table views as
    select day, k.title_id, profile, seconds from views v join kept_titles k on k.old_id = v.title_id
    where not exists (select 1 from staging.excluded e where e.title_id = k.old_id and e.day = v.day)
    order by 1, 2, 3;
create or replace table titles as
    select k.title_id, key, title, kind, certainty, show_id, season
    from titles t join kept_titles k on k.old_id = t.title_id order by k.title_id;
"""
_SHOWS = """
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

    def is_refused_for_good(self, profile: str) -> bool:
        """Whether nothing makes the file usable, so that only its description is kept. profile: whose tables these are;
        another profile's file is not theirs to refuse.
        """
        return self.refusal is not None and self.refusal.is_final and self.raw.profile == profile


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
    """Rebuild the named profiles (None: all), keep no file that was refused for good, and remove folders of profiles
    without exports.

    A profile that cannot be rebuilt stops no other one; then its error is raised in the end.
    """
    options, store = options or ReadOptions(), RawStore(private)
    before, damaged = list(store.exports()), store.damaged()
    known = sorted({export.profile for export in before})
    wanted = known if profiles is None else [profile for profile in profiles if profile in known]
    histories: list[History] = []
    errors: list[Exception] = []
    for profile in wanted:
        try:
            histories.append(rebuild(private, profile, vocabulary, options))
        except Exception as error:
            errors.append(error)
    after = _without_refused(store, before, histories)
    if after != before:
        # A refused file has no rows, so that profiles are as fresh without it as with it.
        renew(private, *(inputs_of(private, exports, vocabulary.version, options) for exports in (before, after)))
    for folder in PrivateVolume(private).profile_folders():
        if is_abandoned(folder, known, damaged):
            shutil.rmtree(folder)
    if errors:
        raise errors[0]
    return histories


def _without_refused(store: RawStore, exports: Sequence[RawExport], histories: Sequence[History]) -> list[RawExport]:
    """Remove the bytes of files that were refused for good. Returns the exports with their new descriptions."""
    refused = {}
    for history in histories:
        for file in history.files:
            if file.raw.refused or not file.is_refused_for_good(history.profile) or file.refusal is None:
                continue
            why = Refusal(reason=file.refusal.reason, message=str(file.refusal))
            if store.refuse(file.raw, why):
                refused[file.raw.sha256] = file.raw.model_copy(update={"refused": why})
    return [refused.get(export.sha256, export) for export in exports]


def rebuild(private: Path, profile: str, vocabulary: Vocabulary, options: ReadOptions | None = None) -> History:
    """Rebuild tables and encodings of a profile from all its raw exports.

    Running it twice, in any order of imports, gives the same files. A file that cannot be read is recorded in the
    table `exports` and does not affect the others. Which rows of a ViewingActivity.csv are the profile's:
    `netflix_trend.history.household`.
    """
    options, store = options or ReadOptions(), RawStore(private)
    folder = PrivateVolume(private).profile(profile)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock"), _garbage_left_alone(), _scratch(folder) as scratch:
        for name in (DATABASE, BUILT_FROM, DESCRIPTION, FULL, VECTOR):
            make_way(folder / name, private)
        store.set_damaged_aside()
        sources = Sources.read(private, profile, vocabulary, options)
        leave_out_suspect(folder, sources.inputs(), sources.unread(), sources.budget)
        with attempting(folder, sources.inputs()) as attempt:
            return _build(sources, attempt, scratch)


def _build(sources: Sources, attempt: Attempt, scratch: Path) -> History:
    """Build the files of a profile in `scratch`, and put them in place."""
    folder, profile = sources.folder, sources.profile
    staging = Staging(connect(scratch / _STAGING), sources.vocabulary, sources.budget)
    with staging.database:
        imported, archives = _import_all(staging, sources, attempt)
    if not imported:
        _remove_encodings(folder)
        return History(profile, [], 0, 0, None)
    full, shows = _make_tables(scratch, imported, profile, sources.options)
    with (scratch / DATABASE).open("rb") as file:
        os.fsync(file.fileno())
    (scratch / DATABASE).replace(folder / DATABASE)
    sync_folder(folder)
    leave_out(folder, _too_large(imported, sources), "too_large_for_memory", sources.budget)
    built = BuiltFrom(
        inputs=sources.inputs(),
        files=tuple(export.sha256 for export in sources.exports if export.profile == profile),
        has_encodings=any(file.report is not None for file in imported),
        asks=any(file.refusal and isinstance(file.refusal.question, ProfileQuestion) for file in imported),
        exports=tuple(export.sha256 for export in sources.exports),
        exclusions=digest_of_exclusions(sources.exclusions),
        answer=sources.answer,
        database=digest_of_file(folder / DATABASE),
        missing=sources.missing,
    )
    read = [file for file in imported if file.report is not None]
    if not read:
        _remove_encodings(folder)
        write_built_from(folder, built)
        return History(profile, imported, 0, 0, None)
    # A file covers the days before the day it was made, which had not ended, whether or not it has rows.
    covered = max(raw.received for raw in (*(file.raw for file in read), *archives)) - timedelta(days=1)
    shown = count_episodes(full, len(sources.vocabulary))
    encodings = Encodings(full, shown, sources.vocabulary.version, covered)
    save_encodings(folder, encodings)
    write_built_from(folder, built)
    return History(profile, imported, int((full["kind"] != SUPPLEMENTAL).sum()), shows, encodings)


def _too_large(imported: Sequence[ImportedFile], sources: Sources) -> set[str]:
    """Return which exports took too much memory just now, so that nobody reads them again with as little."""
    found = {one.raw.sha256 for one in imported if one.refusal and one.refusal.reason == "too_large_for_memory"}
    return found - set(sources.left_out())


def _import_all(staging: Staging, sources: Sources, attempt: Attempt) -> tuple[list[ImportedFile], list[RawExport]]:
    """Read the files of a profile, decide their titles together, mark what is excluded, and report on each.

    Returns the files, and those that would have rows of this profile if it had watched anything.
    """
    files, archives = _add_all(staging, sources, attempt)
    if not files:
        return [], []
    staging.decide_titles()
    staging.exclude([exclusion.rows for exclusion in sources.exclusions])
    imported = [
        ImportedFile(raw, import_report(staging, number, found) if found else None, refusal)
        for raw, number, found, refusal in files
    ]
    return imported, archives


def _make_tables(
    scratch: Path, imported: Sequence[ImportedFile], profile: str, options: ReadOptions
) -> tuple[NDArray[np.void], int]:
    """Build the database of a profile in `scratch` from the staged rows. Returns all views and the number of shows."""
    with connect(scratch / DATABASE) as database:
        database.execute(f"attach '{_quoted(scratch / _STAGING)}' as staging (read_only)")
        database.register("export_frame", _export_frame(imported, profile))
        database.execute(_TABLES.format(shortest=options.shortest_seconds))
        if any(file.report is not None and file.report.excluded for file in imported):
            database.execute(_EXCLUDED)
        database.execute(_SHOWS)
        full = _full(database)
        ((shows,),) = database.execute("select count(*) from shows").fetchall()
        database.execute("detach staging")
        database.execute("checkpoint")
    return full, shows


def _remove_encodings(folder: Path) -> None:
    """Remove all encodings when no file is left, beginning with the file that names the others."""
    for name in (DESCRIPTION, FULL, VECTOR):
        (folder / name).unlink(missing_ok=True)


_Added = tuple[RawExport, int, ReadFile | None, ExportError | None]


def _add_all(staging: Staging, sources: Sources, attempt: Attempt) -> tuple[list[_Added], list[RawExport]]:
    """Read the files of a profile, and its rows in other profiles' ViewingActivity.csv.

    Returns the files, and each ViewingActivity.csv of others that holds the rows of this profile, even if there are
    none.
    """
    store, profile, options, left_out = sources.store, sources.profile, sources.options, sources.left_out()
    stored = names_of({export.profile for export in sources.exports})
    added: list[_Added] = []
    archives: list[RawExport] = []
    for raw in sources.exports:
        is_own = raw.profile == profile
        if unusable := _unusable(store, raw, left_out):
            if is_own or raw.sha256 in left_out:
                added.append((raw, -1, None, unusable))
            continue
        if store.is_gone(raw):  # just now: the profile is out of date again, and rebuilt once more
            continue
        attempt.reads(raw.sha256)
        if not is_own and _kind(store, raw) != "viewing_activity":
            continue
        claim = Claim(profile, raw.profile, stored, sources.answer)
        reading = replace(options, keep_profile=claim.may_count, decide_profiles=claim.decide)
        with store.open(raw) as stream:
            try:
                number, found = _add(staging, stream, raw, raw.first_received or raw.received, reading)
            except ExportError as refusal:
                if is_own or refusal.reason in ("no_rows", "too_large_for_memory"):
                    added.append((raw, -1, None, refusal))
            else:
                staging.made(number, raw.received)
                if is_own or found.profiles:
                    added.append((raw, number, found, None))
                if not is_own and claim.is_covered(found.netflix_rows, found.played):
                    archives.append(raw)
    attempt.reads(None)
    return added, archives


def _unusable(store: RawStore, raw: RawExport, left_out: Mapping[str, LeftOut]) -> ExportError | None:
    """Return why an export is not read at all, None if it is."""
    if raw.refused:
        return ExportError(raw.refused.reason, raw.refused.message)
    if raw.sha256 in left_out:
        return left_out[raw.sha256].refusal(raw.name)
    if store.is_whole(raw.sha256) or store.is_gone(raw):
        return None
    return ExportError(BYTES_LOST, _(_BYTES_ARE_LOST))


def add_alone(staging: Staging, stream: BinaryIO, delivery: Delivery, options: ReadOptions) -> tuple[int, ReadFile]:
    """Read an export as it would be read if it were imported into an empty folder. Returns its number in the tables
    and its content. Raises ExportError if it cannot be used.
    """
    return _add(staging, stream, delivery, delivery.received, options)


def _add(
    staging: Staging, stream: BinaryIO, delivery: Delivery, first_received: date, options: ReadOptions
) -> tuple[int, ReadFile]:
    reading = replace(options, answered_order=delivery.date_order)
    # The clocks of Netflix and of this machine may be a day apart. A file without a day of its own says 1970 or 1980.
    newest, latest = (
        day + timedelta(days=1) if day >= _STREAMING_BEGAN else None for day in (first_received, delivery.received)
    )
    return staging.add(stream, delivery.name, reading, newest, latest)


def _kind(store: RawStore, raw: RawExport) -> ExportKind | None:
    with store.open(raw) as stream:
        try:
            return open_export(stream, raw.name).kind
        except ExportError:
            return None


def _export_frame(files: Sequence[ImportedFile], profile: str) -> pd.DataFrame:
    dates = dict.fromkeys(("received", "first_day", "last_day"), "datetime64[s]")
    lists = ("date_orders", "netflix_profiles", "netflix_rows", "counted_profiles")
    texts = dict.fromkeys((*_REPORT_TEXT, "date_example", *lists), "object")
    return pd.DataFrame([_export_row(file, profile) for file in files]).astype({**dates, **texts})


def _export_row(file: ImportedFile, profile: str) -> dict[str, object]:
    error = f"{file.refusal} {_NOT_KEPT}" if file.is_refused_for_good(profile) else str(file.refusal)
    report = file.report.to_json(file.raw.name) if file.report else {"error": error}
    read = file.report.file if file.report else None
    question = file.refusal.question if file.refusal else None
    dates = question if isinstance(question, DateQuestion) else None
    rows = question.rows if isinstance(question, ProfileQuestion) else most_first(read.netflix_rows if read else {})
    return {
        "sha256": file.raw.sha256,
        "source": file.raw.source,
        "name": file.raw.name,
        "received": pd.Timestamp(file.raw.received),
        **{column: report.get(column) for column in _REPORT_TEXT},
        **{column: int(report.get(column) or 0) for column in _REPORT_COUNTS},
        **{column: getattr(read, attribute, 0) for column, attribute in _FILE_COUNTS.items()},
        "excluded": file.report.excluded if file.report else 0,
        **{column: pd.Timestamp(report[column]) if report.get(column) else None for column in _REPORT_DAYS},
        "warnings": "\n".join(report.get("warnings", [])),
        "date_example": dates.example if dates else None,
        "date_orders": list(dates.orders) if dates else None,
        "netflix_profiles": list(rows) or None,
        "netflix_rows": list(rows.values()) or None,
        "counted_profiles": read.profiles if read and rows else None,
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
