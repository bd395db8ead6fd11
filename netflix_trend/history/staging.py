"""Every row of every export in a temporary database, from which the tables are built.

Rows go into DuckDB in blocks and come out by SQL, so memory does not grow with the files. The kind of a title may
depend on every other title of the history (`repetition`), so titles are decided after all files are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import BinaryIO

import duckdb
import pandas as pd

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history.attempts import too_large
from netflix_trend.history.exclusions import Rows
from netflix_trend.history.exports import ExportError, ExportKind, open_export
from netflix_trend.history.file_reader import FileReader, ReadFile
from netflix_trend.history.memory import needed
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.repetition import InFile, Repetition, Show
from netflix_trend.history.titles import Certainty, Kind, ParsedTitle, TitleParser, match_key, show_key

_BLOCK = 20_000

_SCHEMA = """
create type kind as enum ('episode', 'film', 'unnamed', 'blank', 'supplemental');
create type certainty as enum ('certain', 'likely', 'guess');
-- date_code is a row of `days`; kind null is open. From profile on: ViewingActivity.csv only.
create table staged (file integer, date_code integer, key varchar, title varchar, kind kind, show_code integer,
                     season_code integer, certainty certainty, profile varchar, second integer, seconds integer,
                     device varchar, autoplayed boolean);
create table days (file integer, date_code integer, day date, offset_before integer, change integer,
                   offset_after integer);
create table made (file integer, day date);
create table show_names (show_code integer, show_name varchar, name_key varchar, show_key varchar, show_index integer);
create table season_names (season_code integer, season varchar);
-- Every row with its day: the local one where a time is known (a second of the UTC day).
create view dated as select file, key, s.title as row_title, profile, second, seconds, device, autoplayed,
    row(s.kind, s.show_code, s.season_code, s.certainty) as own,
    d.day + floor(
    (coalesce(second, 0) + if(second >= d.change, d.offset_after, d.offset_before)) / 86400)::integer as day,
    d.day + to_seconds(second) as start_utc,
    d.day + to_seconds(second + if(second >= d.change, d.offset_after, d.offset_before)) as start_local
    from staged s join days d using (file, date_code);
-- What the person has excluded.
create table excluded (title_id integer, day date);
create table decided (key varchar, kind kind, show_code integer, season_code integer, certainty certainty);
"""
# What words leave open, and what is certain. In ViewingActivity.csv words decide every title.
_UNDECIDED = """
create table certain_shows as
    select match_key, list(distinct show_code) as twins from staged join match_keys using (key)
    where kind = 'episode' and certainty = 'certain' group by match_key;
create table undecided as
    select key, min(row_title) as title, min(day) as first_day, max(day) as last_day, list(distinct file) as files,
           any_value(twins) as twins, arg_min(own, row_title) as own
    from dated left join match_keys using (key) left join certain_shows using (match_key)
    where key in (select key from staged where certainty is distinct from 'certain')
      and key not in (select key from staged where second is not null)
    group by key having arg_min(own, row_title)[4] is distinct from 'certain'
"""
# What undecided titles begin with, before a colon, that is a title itself: `Insidious` of `Insidious: Chapter 2`.
_BEGINNINGS = """
with beginnings as (
    select distinct split_part(key, ': ', 1) as key from undecided
    union select split_part(key, ': ', 1) || ': ' || split_part(key, ': ', 2) from undecided
    where split_part(key, ': ', 3) <> '')
select distinct key from staged semi join beginnings using (key) where kind is null or kind = 'film'
"""
# Of the texts of a key the smallest is used, so that the order of files does not matter. A title of both exports has
# its kind from ViewingActivity.csv. `in_history` and `in_activity`: what the words say in either export, and nothing
# else; netflix_full.npy has only that.
_TITLES = """
create table titles as
with texts as (
    select key, min(title) as title,
           arg_min(row(kind, show_code, season_code, certainty), title) filter (second is not null) as in_activity,
           arg_min(row(kind, show_code, season_code, certainty), title) filter (second is null) as in_history
    from staged group by key),
chosen as (
    select key, t.title, in_history, in_activity,
           coalesce(in_activity, if(d.key is null, in_history, row(d.kind, d.show_code, d.season_code, d.certainty)))
               as chosen
    from texts t left join decided d using (key))
select (row_number() over (order by key) - 1)::integer as title_id, key, title, chosen[1] as kind,
       chosen[2] as show_code, chosen[3] as season_code, chosen[4] as certainty, in_history[1] as history_kind,
       in_history[2] as history_show, in_activity[1] as activity_kind, in_activity[2] as activity_show
from chosen order by key
"""


class _TooLarge(Exception):
    """What was read takes more memory than there is."""


class Staging:
    """Collects files (`add`), then decides all titles (`decide_titles`)."""

    def __init__(self, database: duckdb.DuckDBPyConnection, vocabulary: Vocabulary, budget: int | None = None) -> None:
        """budget: bytes of memory that a rebuild may use; None for any number."""
        self.database = database
        self._vocabulary = vocabulary
        self._parser = TitleParser(vocabulary)
        self._budget = budget
        self._files = self._rows = 0
        self._shows: dict[tuple[str, int], int] = {}
        self._seasons: dict[str, int] = {}
        database.execute(_SCHEMA)

    def add(
        self,
        stream: BinaryIO,
        name: str,
        options: ReadOptions,
        newest: date | None = None,
        latest: date | None = None,
    ) -> tuple[int, ReadFile]:
        """Read a file into the tables. Returns its number in them and its content.

        `name` is used in messages only. newest: the last day that can be in the file, as evidence for the order of its
        dates. latest: the last day that it can have been made on, by default newest; a file whose every date is later
        is refused. Raises ExportError if the file cannot be used; then none of its rows stay.
        """
        file, before = self._files, (self._rows, len(self._shows), len(self._seasons))
        self._files += 1
        try:
            return file, FileReader(self, file, open_export(stream, name), name, options).read(newest, latest or newest)
        except ExportError:
            self._forget(file, *before)
            raise
        except _TooLarge:
            self._forget(file, *before)
            raise too_large(name, self._budget or 0) from None

    def _forget(self, file: int, rows: int, shows: int, seasons: int) -> None:
        """Remove the rows of a file, and the names that came with it."""
        self.database.execute("delete from staged where file = ?", [file])
        self._rows = rows
        for names, count in ((self._shows, shows), (self._seasons, seasons)):
            while len(names) > count:
                names.popitem()

    def made(self, file: int, day: date) -> None:
        """Record on which day a file was made."""
        self.database.execute("insert into made values (?, ?)", [file, day])

    def parse(self, title: str, kind: ExportKind) -> ParsedTitle:
        """Parse a title of an export on its own."""
        return self._parser.parse(title, is_archive=kind == "viewing_activity")

    def codes(self, parsed: ParsedTitle) -> tuple[str | None, int | None, int | None, str | None]:
        """Return a parsed title as in the tables: kind, show, season, certainty."""
        show = season = None
        if parsed.show is not None:
            show = self._shows.setdefault((parsed.show, parsed.index), len(self._shows))
        if parsed.season is not None:
            season = self._seasons.setdefault(parsed.season, len(self._seasons))
        return parsed.kind, show, season, parsed.certainty if parsed.kind else None

    def decide_titles(self) -> None:
        """Create the tables `titles`, `show_names` and `season_names`, in which every title has a kind, and
        `match_keys` (key, match_key), by which a title is found in other files; it stays empty if there is one file.
        """
        self._match_keys()
        self.database.execute(_UNDECIDED)
        names = list(self._shows)
        films = {key for (key,) in self.database.execute(_BEGINNINGS).fetchall()}
        repetition = Repetition(*self._proved(names), self._vocabulary.film_beginnings | films)
        seasons = list(self._seasons)

        @lru_cache(maxsize=_BLOCK)
        def own(codes: tuple[Kind | None, int | None, int | None, Certainty | None]) -> ParsedTitle:
            kind, show, season, certainty = codes
            name, index = (None, -1) if show is None else names[show]
            return ParsedTitle(kind, name, None if season is None else seasons[season], index, certainty or "certain")

        for title, codes, *seen in self._stream("select title, own, first_day, last_day, files from undecided"):
            repetition.add(title, own(codes), *seen)
        self.insert(
            "decided",
            ("key", "kind", "show_code", "season_code", "certainty"),
            (
                (key, *self.codes(repetition.decide(title, own(codes), files, [names[code] for code in twins])))
                for key, title, codes, files, twins in self._stream(
                    "select key, title, own, files, coalesce(twins, []) from undecided"
                )
            ),
        )
        self.insert(
            "show_names",
            ("show_code", "show_name", "name_key", "show_key", "show_index"),
            (
                (code, name, title_key(name), show_key(name, index), index)
                for (name, index), code in self._shows.items()
            ),
        )
        self.insert("season_names", ("season_code", "season"), ((code, name) for name, code in self._seasons.items()))
        self.database.execute(_TITLES)

    def exclude(self, wanted: Sequence[Rows]) -> None:
        """Mark rows as excluded, once titles are decided: the table `excluded` has their titles and days.

        A show is the same under all names that the vocabulary knows, and those in the files; a title as both kinds of
        export write it.
        """
        if not wanted:
            return
        shows = [rows for rows in wanted if rows.what == "show"]
        indices = ((rows, self._vocabulary.show(rows.name)) for rows in shows)
        keys = [f"={rows.key}" if index is None else f"#{index}" for rows, index in indices]
        self.database.execute("create temp table wanted_titles (key varchar, day date)")
        self.database.execute("create temp table wanted_shows (show_key varchar, name_key varchar)")
        alike: dict[str, list[tuple[str, date | None, str | None]]] = {}
        for key, name, day in ((rows.key, rows.name, rows.day) for rows in wanted if rows.what == "title"):
            alike.setdefault(match_key(name), []).append((key, day, self.parse(name, "viewing_history").season))
        titles = self._stream("select key, title, season from titles left join season_names using (season_code)")
        found = (
            (key, day)
            for key, title, season in titles
            for wanted_key, day, wanted_season in alike.get(match_key(title), ())
            if key == wanted_key or (season or "").lower() in ("", (wanted_season or season or "").lower())
        )
        self.insert("wanted_titles", ("key", "day"), found)
        self.insert("wanted_shows", ("show_key", "name_key"), zip(keys, (rows.key for rows in shows), strict=True))
        self.database.execute(
            """insert into excluded select distinct title_id, dated.day
               from dated join titles t using (key) left join show_names n on n.show_code = t.show_code
               where exists (select 1 from wanted_titles w where w.key = t.key and coalesce(w.day = dated.day, true))
                  or n.show_key in (select show_key from wanted_shows) or n.show_key in (
                      select s.show_key from show_names s join wanted_shows using (name_key))"""
        )

    def _proved(self, names: Sequence[Show]) -> tuple[list[Show], Counter[InFile]]:
        """Return the shows that words prove, and how many titles of each viewing history name a season of each."""
        rows = self.database.execute(
            """select show_code, file, count(distinct key) filter (second is null and season_code is not null)
               from staged where kind = 'episode' and (certainty = 'certain' or season_code is not null)
               group by show_code, file"""
        ).fetchall()
        with_season: Counter[InFile] = Counter()
        for code, file, titles in rows:
            with_season[file, show_key(*names[code])] += titles
        return [names[code] for code, _, _ in rows], with_season

    def _match_keys(self) -> None:
        self.database.execute("create table match_keys (key varchar, match_key varchar)")
        if self.database.execute("select count(distinct file) from staged").fetchall() > [(1,)]:
            rows = self._stream(
                "select key, min(title) from staged where kind is null or kind not in ('blank', 'unnamed') group by key"
            )
            self.insert("match_keys", ("key", "match_key"), ((key, match_key(title)) for key, title in rows))

    def _stream(self, query: str) -> Iterator[tuple]:  # type: ignore[type-arg]
        # A separate cursor: a running query is lost when its connection starts another one.
        cursor = self.database.cursor().execute(query)
        while block := cursor.fetchmany(_BLOCK):
            yield from block

    def insert(self, table: str, columns: tuple[str, ...], rows: Iterator[tuple]) -> None:  # type: ignore[type-arg]
        """Append rows to a table, a block at a time."""
        block: list[tuple] = []  # type: ignore[type-arg]
        for row in rows:
            block.append(row)
            if len(block) == _BLOCK:
                self._insert_block(table, columns, block)
                block = []
        if block:
            self._insert_block(table, columns, block)

    def _check_memory(self, rows: int) -> None:
        """Count rows that were staged. Raises _TooLarge if the memory is not enough for what was read."""
        self._rows += rows
        if self._budget is not None and needed(len(self._shows) + len(self._seasons), self._rows) > self._budget:
            raise _TooLarge

    def _insert_block(self, table: str, columns: tuple[str, ...], rows: list[tuple]) -> None:  # type: ignore[type-arg]
        """Append rows to a table."""
        block = pd.DataFrame(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)), dtype="object")
        self.database.register("block", block)
        self.database.execute(f"insert into {table} ({', '.join(columns)}) select * from block")  # noqa: S608
        self.database.unregister("block")
        if table == "staged":
            self._check_memory(len(rows))
