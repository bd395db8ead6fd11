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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

import duckdb
import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.attempts import Attempt, LeftOut, attempting, leave_out, leave_out_suspect
from netflix_trend.history.database import connect, create
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
from netflix_trend.history.file_rows import ReadFile
from netflix_trend.history.freshness import BuiltFrom, inputs_of, is_abandoned, renew, write_built_from
from netflix_trend.history.household import Claim, ProfileQuestion, names_of
from netflix_trend.history.imported import ImportedFile, create_exports
from netflix_trend.history.kept_rows import KeptFile, KeptRows, content_of, mark_of
from netflix_trend.history.kept_rows import write as write_kept
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore, Refusal
from netflix_trend.history.report import import_reports
from netflix_trend.history.sources import Sources
from netflix_trend.history.staging import Staging
from netflix_trend.language import _, language, marked
from netflix_trend.layout import BUILT_FROM, DATABASE, KEPT_ROWS, PrivateVolume
from netflix_trend.storage.damaged import digest_of_file, make_way
from netflix_trend.storage.files import locked, sync_folder

_BYTES_ARE_LOST = marked(
    "its bytes are gone or damaged, so it is left out until the same file is imported again. Damaged bytes are in the "
    "folder damaged/ of the private volume"
)
_STREAMING_BEGAN = date(2007, 1, 1)

# {shortest}: plays of fewer seconds are not views. Where ViewingActivity.csv has a title within a day of a row of
# NetflixViewingHistory.csv, both are the same view; days differ when the clocks of the profile and the machine do.
_TABLES = """
create type kind as enum ('episode', 'film', 'unnamed', 'blank', 'supplemental');
create type certainty as enum ('certain', 'likely', 'guess');
-- Compressed so, titles take a third of the time to write, and less space.
create table titles (title_id integer, key varchar using compression zstd, title varchar using compression zstd,
                     kind kind, certainty certainty, show_id integer, season varchar);
insert into titles
    select title_id, key, title, kind::varchar::kind, certainty::varchar::certainty, show_id, season
    from memory.titles;

create table plays as
    select p.name as profile, title_id, make_timestamp(1000000 * start) as start_utc,
           make_timestamp(1000000 * (start + shift)) as start_local, max(seconds) as seconds, min(d.name) as device,
           bool_and(autoplayed) as autoplayed
    from memory.play_rows r join memory.names p on p.name_code = r.profile
         join memory.names d on d.name_code = r.device
    where seconds is null or seconds >= {shortest}
    group by p.name, title_id, start, shift order by start_utc, profile, title_id;

-- Only days before a file was made: of later ones it says nothing.
create temp table active_days as
    select distinct match_key, lower(season) as season, r.day + near.days as day
    from memory.play_rows r join memory.made using (file) join titles using (title_id)
         join memory.match_keys using (title_id), (values (-1), (0), (1)) near(days)
    where r.day + near.days < made.day;
-- 1 January 1970 was a Thursday.
create temp table active_weeks as select distinct floor((day + 3) / 7) as week from memory.play_rows;
create temp table covered as
    select day, title_id from memory.history_views h join memory.match_keys using (title_id)
         join active_days a using (match_key, day) join titles t using (title_id)
    where coalesce(a.season = lower(t.season), true)
    union all
    select day, title_id from memory.history_views h join active_weeks on week = floor((day + 3) / 7)
         join titles using (title_id)
    where kind in ('blank', 'unnamed');
create table views as
    select start_local::date as day, title_id, profile, sum(seconds)::integer as seconds
    from plays group by all
    union all
    select date '1970-01-01' + day, title_id, null, null
    from memory.history_views anti join covered using (day, title_id)
    order by 1, 2, 3;
"""
# Rows are excluded after both kinds of export were merged: the other one's row of a view must not take its place.
_EXCLUDED = """
create temp table kept_titles as
    select title_id as old_id, (row_number() over (order by title_id) - 1)::integer as title_id from titles t
    where exists (select 1 from memory.dated d where d.title_id = t.title_id and not exists (
        select 1 from memory.excluded e where e.title_id = d.title_id and e.day = d.day));
create temp table excluded as select title_id, date '1970-01-01' + day as day from memory.excluded;
create or replace table plays as
    select profile, k.title_id, start_utc, start_local, seconds, device, autoplayed
    from plays p join kept_titles k on k.old_id = p.title_id
    where not exists (select 1 from excluded e where e.title_id = k.old_id and e.day = p.start_local::date)
    order by start_utc, profile, k.title_id;
create or replace table views as
    select day, k.title_id, profile, seconds from views v join kept_titles k on k.old_id = v.title_id
    where not exists (select 1 from excluded e where e.title_id = k.old_id and e.day = v.day)
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
    from memory.show_names n join (
        select show_id, count(*) as episodes, count(distinct title_id) as titles, min(day) as first_day,
               max(day) as last_day, sum(seconds)::bigint as seconds
        from views join titles using (title_id) where kind = 'episode' group by show_id) v using (show_id)
    group by show_id order by show_id;
"""


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
        for name in (DATABASE, BUILT_FROM, KEPT_ROWS, DESCRIPTION, FULL, VECTOR):
            make_way(folder / name, private)
        store.set_damaged_aside()
        sources = Sources.read(private, profile, vocabulary, options)
        leave_out_suspect(folder, sources.inputs(), sources.unread(), sources.budget)
        with attempting(folder, sources.inputs()) as attempt:
            return _build(sources, attempt, scratch)


def _build(sources: Sources, attempt: Attempt, scratch: Path) -> History:
    """Build the files of a profile in `scratch`, and put them in place."""
    folder, profile = sources.folder, sources.profile
    kept = KeptRows.read(folder)
    with connect(scratch) as database:
        staging = Staging(database, sources.vocabulary, sources.budget)
        added = _add_all(staging, sources, attempt, kept)
        imported, archives = _imported(staging, sources, added), added.archives
        if not imported:
            _remove_encodings(folder)
            (folder / KEPT_ROWS).unlink(missing_ok=True)
            return History(profile, [], 0, 0, None)
        full, shows = _make_tables(staging, scratch / DATABASE, imported, profile, sources.options)
        is_kept = kept.holds(added.kept, added.kinds)
        content = None if is_kept else content_of(staging, added.kept, added.kinds)
    if not is_kept:
        with suppress(OSError):  # the next rebuild reads everything again
            write_kept(folder, content)
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


def _imported(staging: Staging, sources: Sources, added: _Added) -> list[ImportedFile]:
    """Decide the titles of all files together, mark what is excluded, and report on each file."""
    if not added.files:
        return []
    staging.decide_titles()
    staging.exclude([exclusion.rows for exclusion in sources.exclusions])
    reports = import_reports(staging, {number: found for _raw, number, found, _refusal in added.files if found})
    return [ImportedFile(raw, reports.get(number), refusal) for raw, number, _found, refusal in added.files]


def _make_tables(
    staging: Staging, path: Path, imported: Sequence[ImportedFile], profile: str, options: ReadOptions
) -> tuple[NDArray[np.void], int]:
    """Write the tables of a profile to a new file. Returns all views and the number of shows."""
    database = staging.database
    days, titles = staging.views()
    create(database, "history_views", day=days, title_id=titles)
    database.execute(f"attach '{_quoted(path)}' as built; use built")
    create_exports(database, imported, profile)
    database.execute(_TABLES.format(shortest=options.shortest_seconds))
    are_excluded = any(file.report is not None and file.report.excluded for file in imported)
    if are_excluded:
        database.execute(_EXCLUDED)
    database.execute(_SHOWS)
    full = _full(database, staging, are_excluded=are_excluded)
    ((shows,),) = database.execute("select count(*) from shows").fetchall()
    database.execute("use memory; detach built")
    return full, shows


def _remove_encodings(folder: Path) -> None:
    """Remove all encodings when no file is left, beginning with the file that names the others."""
    for name in (DESCRIPTION, FULL, VECTOR):
        (folder / name).unlink(missing_ok=True)


@dataclass
class _Added:
    """What was read for a profile.

    files: each with its number in `staging` and its content, or -1 and why it cannot be used. archives: each
    ViewingActivity.csv of others that holds the rows of this profile, even if there are none. kept: mark and number of
    each export that need not be read again, by SHA-256; kinds: as in `KeptRows`.
    """

    files: list[tuple[RawExport, int, ReadFile | None, ExportError | None]] = field(default_factory=list)
    archives: list[RawExport] = field(default_factory=list)
    kept: dict[str, tuple[str, int]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)


def _add_all(staging: Staging, sources: Sources, attempt: Attempt, kept: KeptRows) -> _Added:
    """Read the files of a profile, and its rows in other profiles' ViewingActivity.csv."""
    store, profile, left_out = sources.store, sources.profile, sources.left_out()
    stored = names_of({export.profile for export in sources.exports})
    added = _Added()
    for raw in sources.exports:
        is_own = raw.profile == profile
        if unusable := _unusable(store, raw, left_out):
            if is_own or raw.sha256 in left_out:
                added.files.append((raw, -1, None, unusable))
            continue
        if store.is_gone(raw):  # just now: the profile is out of date again, and rebuilt once more
            continue
        claim = Claim(profile, raw.profile, stored, sources.answer)
        marks = _marks(raw, sources, claim)
        known = kept.find(raw.sha256, marks)
        if known is None:
            attempt.reads(raw.sha256)
        if not is_own:
            kind = known.kind if known else kept.kinds.get(raw.sha256) or _kind(store, raw)
            if kind != "viewing_activity":
                added.kinds[raw.sha256] = kind or "none"
                continue
        try:
            number, found = _read(staging, sources, raw, claim, kept, known)
        except ExportError as refusal:
            if is_own or refusal.reason in ("no_rows", "too_large_for_memory"):
                added.files.append((raw, -1, None, refusal))
            continue
        staging.made(number, raw.received)
        added.kept[raw.sha256] = marks[found.kind], number
        if is_own or found.profiles:
            added.files.append((raw, number, found, None))
        if not is_own and claim.is_covered(found.netflix_rows, found.played):
            added.archives.append(raw)
    attempt.reads(None)
    return added


def _read(
    staging: Staging, sources: Sources, raw: RawExport, claim: Claim, kept: KeptRows, known: KeptFile | None
) -> tuple[int, ReadFile]:
    """Read an export, or take its rows as they were read before. Raises ExportError if it cannot be used."""
    if known is not None:
        return staging.take(kept, known, raw.name, sources.options.zone)
    reading = replace(sources.options, keep_profile=claim.may_count, decide_profiles=claim.decide)
    with sources.store.open(raw) as stream:
        return _add(staging, stream, raw, raw.first_received or raw.received, reading)


def _marks(raw: RawExport, sources: Sources, claim: Claim) -> dict[ExportKind, str]:
    """Return the marks of all that the rows of an export depend on besides its bytes, by its kind."""
    options = sources.options
    newest, latest = _days_of(raw.first_received or raw.received, raw.received)
    of_both = {
        "vocabulary": sources.vocabulary.version,
        "language": language(),
        "days": [str(newest), str(latest)],
        "orders": [options.date_order, raw.date_order],
        "shortest": options.shortest_seconds,
    }
    of_plays = {"profile": [claim.profile, claim.holder, list(claim.answer)], "stored": claim.stored}
    return {"viewing_history": mark_of(of_both), "viewing_activity": mark_of({**of_both, **of_plays})}


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
    newest, latest = _days_of(first_received, delivery.received)
    return staging.add(stream, delivery.name, reading, newest, latest)


def _days_of(first_received: date, received: date) -> tuple[date | None, date | None]:
    """Return the last day that can be in a file, and the last day that it can have been made on, where known."""
    # The clocks of Netflix and of this machine may be a day apart. A file without a day of its own says 1970 or 1980.
    newest, latest = (
        day + timedelta(days=1) if day >= _STREAMING_BEGAN else None for day in (first_received, received)
    )
    return newest, latest


def _kind(store: RawStore, raw: RawExport) -> ExportKind | None:
    with store.open(raw) as stream:
        try:
            return open_export(stream, raw.name).kind
        except ExportError:
            return None


def _full(database: duckdb.DuckDBPyConnection, staging: Staging, *, are_excluded: bool) -> NDArray[np.void]:
    """Return all views. What a title is depends on its own words only, as docs/decisions/0103 wants it."""
    views = database.execute("select day, title_id, profile is not null as is_play from views").fetchnumpy()
    titles = views["title_id"]
    if are_excluded:  # the others are numbered anew
        kept = database.execute("select old_id from kept_titles order by title_id").fetchnumpy()
        titles = kept["old_id"][titles]
    kinds, shows = staging.own_words(titles, views["is_play"])
    full = np.empty(len(titles), dtype=FULL_DTYPE)
    full["day"] = views["day"].astype("datetime64[D]")
    full["title"], full["show"], full["kind"] = views["title_id"], shows, np.where(kinds < 0, OPEN, kinds)
    return full


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
