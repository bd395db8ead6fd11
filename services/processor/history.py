"""A profile's whole history: all its exports merged into `viewing.duckdb` and the encodings.

Netflix's CSV keeps only the last view of a title, so downloads add up: a view once seen stays, whatever a later file
says (exports.md, R6). Everything is rebuilt from `raw/` and swapped in by rename, so readers see old or new.
"""

from __future__ import annotations

import fcntl
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netflix_trend.encodings import FULL_DTYPE, KINDS, Encodings, save_encodings
from netflix_trend.files import sync_folder, write_atomically
from netflix_trend.vocabulary import Vocabulary
from services.processor.exports import ExportError
from services.processor.raw import RawExport, RawStore
from services.processor.reading import Export, empty_views, read_export

DATABASE = "viewing.duckdb"

_TABLES = """
-- One show may have several names: the vocabulary index decides, where there is one.
create macro show_key(i, n) as case when i >= 0 then '#' || i else '=' || lower(n) end;
create type kind as enum ('episode', 'film', 'unsure', 'blank', 'supplemental');
create table exports as select * from export_frame order by sha256;
create table titles as
    select (row_number() over (order by key) - 1)::integer as title_id, key, min(title) as title,
           min(kind)::kind as kind, min(show_name) as show_name, min(season) as season,
           max(show_index) as show_index
    from view_frame group by key order by key;
create table views as
    select distinct v.day::date as day, t.title_id
    from view_frame v join titles t using (key) order by day, t.title_id;
create table shows as
    select min(show_name) as show_name, any_value(show_index) as show_index, count(*) as episodes,
           count(distinct title_id) as titles, min(day) as first_day, max(day) as last_day
    from views join titles using (title_id) where kind = 'episode' and show_name is not null
    group by show_key(show_index, show_name) order by 1, 2;
create table weeks as
    select date_trunc('week', day)::date as monday, count(*) as titles,
           count(*) filter (kind = 'episode') as episodes, count(*) filter (kind = 'film') as films,
           count(distinct show_key(show_index, show_name)) as shows
    from views join titles using (title_id) where kind <> 'supplemental' group by 1 order by 1;
"""


@dataclass(frozen=True)
class ImportedFile:
    """What came of one file of a profile: what it holds, or why it was refused."""

    raw: RawExport
    export: Export | None
    refusal: ExportError | None


@dataclass(frozen=True)
class History:
    """A profile after a rebuild. encodings is None while no file of the profile could be read."""

    files: list[ImportedFile]
    views: int
    shows: int
    encodings: Encodings | None


def profile_folder(private: Path, profile: str) -> Path:
    """Return the folder of a profile on the private volume."""
    return private / "profiles" / profile


def rebuild(private: Path, profile: str, vocabulary: Vocabulary, date_order: str | None = None) -> History:
    """Rebuild tables and encodings of a profile from all its raw exports.

    Running it twice, in any order of imports, gives the same files. A file that cannot be read is recorded in the
    table `exports` and costs the others nothing.
    """
    store = RawStore(private)
    folder = profile_folder(private, profile)
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder), _garbage_left_alone():
        files = [_read(store, raw, vocabulary, date_order) for raw in store.exports(profile)]
        if not files:
            return History([], 0, 0, None)
        frames = [file.export.views for file in files if file.export is not None]
        views = pd.concat(frames, ignore_index=True) if frames else empty_views()
        temporary = folder / f".{DATABASE}.tmp"
        for leftover in folder.glob(f".{DATABASE}.tmp*"):
            leftover.unlink()
        with duckdb.connect(temporary, config={"threads": 2, "memory_limit": "512MB"}) as database:
            database.register("view_frame", views)
            database.register("export_frame", _export_frame(files))
            database.execute(_TABLES)
            full = _full(database)
            shows = database.execute("select count(*) from shows").fetchone()
            database.execute("checkpoint")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(folder / DATABASE)
        sync_folder(folder)
        if not frames:
            return History(files, 0, 0, None)
        # A file made on some day holds what was watched until the day before; that day itself was not over.
        covered = max(file.raw.received for file in files if file.export is not None) - timedelta(days=1)
        encodings = Encodings(full, count_episodes(full, len(vocabulary)), vocabulary.version, covered)
        write_atomically(folder / "vocabulary.json", vocabulary.to_bytes())
        save_encodings(folder, encodings)
        return History(files, len(full), shows[0] if shows else 0, encodings)


def count_episodes(full: NDArray[np.void], shows: int) -> NDArray[np.int32]:
    """Return int32[shows]: how many episodes of each show of the vocabulary were seen on any day."""
    indices = full["show"][full["show"] >= 0]
    return np.bincount(indices, minlength=shows).astype("<i4")


def _read(store: RawStore, raw: RawExport, vocabulary: Vocabulary, date_order: str | None) -> ImportedFile:
    try:
        return ImportedFile(raw, read_export(store.read(raw), raw.name, vocabulary, date_order), None)
    except ExportError as refusal:
        return ImportedFile(raw, None, refusal)


def _export_frame(files: list[ImportedFile]) -> pd.DataFrame:
    rows = []
    for file in files:
        export = file.export
        row: dict[str, object] = {
            "sha256": file.raw.sha256,
            "source": file.raw.source,
            "name": file.raw.name,
            "received": pd.Timestamp(file.raw.received),
            "error": str(file.refusal) if file.refusal else None,
            "rows": export.rows if export else 0,
            "damaged": export.damaged if export else 0,
            "undated": export.undated if export else 0,
            "encoding": export.encoding if export else None,
            "delimiter": export.delimiter if export else None,
            "date_order": export.date_order if export else None,
            "date_evidence": export.date_evidence if export else None,
            "first_day": pd.Timestamp(export.first_day) if export and export.first_day else None,
            "last_day": pd.Timestamp(export.last_day) if export and export.last_day else None,
        }
        row |= {kind: export.kinds[kind] if export else 0 for kind in KINDS}
        rows.append(row)
    return pd.DataFrame(rows).astype({"first_day": "datetime64[s]", "last_day": "datetime64[s]"})


def _full(database: duckdb.DuckDBPyConnection) -> NDArray[np.void]:
    columns = database.execute(
        """select day, title_id, show_index, (kind::utinyint) as kind
           from views join (select title_id, show_index, enum_code(kind) as kind from titles) using (title_id)
           order by day, title_id"""
    ).fetchnumpy()
    full = np.empty(len(columns["day"]), dtype=FULL_DTYPE)
    full["day"] = columns["day"].astype("datetime64[D]")
    full["title"], full["show"], full["kind"] = columns["title_id"], columns["show_index"], columns["kind"]
    return full


@contextmanager
def _garbage_left_alone() -> Iterator[None]:
    """Pause the garbage collector: a rebuild makes no cycles, but the collector would walk its many rows again and
    again (15 % of the time at 100,000 rows).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
