"""Every row of every export in a temporary database, from which the tables are built.

Rows go into DuckDB in blocks and come out by SQL, so memory does not grow with the files. The kind of a title may
depend on every other title of the history (`repetition`), so titles are decided after all files are read.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import BinaryIO

import duckdb
import numpy as np
import pandas as pd

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history.activity import duration_seconds, is_autoplayed, is_supplemental, local_offsets, split_start
from netflix_trend.history.dates import UndecidableOrder, date_part, decide_order
from netflix_trend.history.exports import ExportError, ExportFile, ExportKind, open_export
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.repetition import InFile, Repetition, Show
from netflix_trend.history.titles import Certainty, Kind, ParsedTitle, match_key, parse_title, show_key

_BLOCK = 20_000
# How many bad rows a report names; the others are counted.
_NAMED_ROWS = 5

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


@dataclass
class ReadFile:
    """The content of a single file. Rows without a usable date, including damaged ones, are undated.
    dropped_profiles: number of rows of unwanted Netflix profiles.
    """

    kind: ExportKind
    encoding: str
    delimiter: str
    rows: int = 0
    damaged: int = 0
    undated: int = 0
    supplemental: int = 0
    too_short: int = 0
    shortest_seconds: int = 0
    dropped_profiles: int = 0
    date_order: str = ""
    date_evidence: str = ""
    ascents: int = 0
    profiles: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Staging:
    """Collects files (`add`), then decides all titles (`decide_titles`)."""

    def __init__(self, database: duckdb.DuckDBPyConnection, vocabulary: Vocabulary) -> None:
        self.database = database
        self._vocabulary = vocabulary
        self._files = 0
        self._shows: dict[tuple[str, int], int] = {}
        self._seasons: dict[str, int] = {}
        database.execute(_SCHEMA)

    def add(
        self, stream: BinaryIO, name: str, options: ReadOptions, newest: date | None = None
    ) -> tuple[int, ReadFile]:
        """Read a file into the tables. Returns its number in them and its content.

        `name` is used in messages only; newest is the last day that can be in the file. Raises ExportError if the
        file cannot be used; then none of its rows stay.
        """
        file = self._files
        self._files += 1
        try:
            return file, _Reader(self, file, open_export(stream, name), name, options).read(newest)
        except ExportError:
            self.database.execute("delete from staged where file = ?", [file])
            raise

    def made(self, file: int, day: date) -> None:
        """Record on which day a file was made."""
        self.database.execute("insert into made values (?, ?)", [file, day])

    def parse(self, title: str, kind: ExportKind) -> ParsedTitle:
        """Parse a title of an export on its own."""
        return parse_title(title, self._vocabulary, is_archive=kind == "viewing_activity")

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

    def _insert_block(self, table: str, columns: tuple[str, ...], rows: list[tuple]) -> None:  # type: ignore[type-arg]
        """Append rows to a table."""
        block = pd.DataFrame(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)), dtype="object")
        self.database.register("block", block)
        self.database.execute(f"insert into {table} ({', '.join(columns)}) select * from block")  # noqa: S608
        self.database.unregister("block")


class _Reader:
    """A file that is being read into the tables."""

    _HISTORY = ("file", "date_code", "key", "title", "kind", "show_code", "season_code", "certainty")
    _ACTIVITY = (*_HISTORY, "profile", "second", "seconds", "device", "autoplayed")

    def __init__(self, staging: Staging, file: int, source: ExportFile, name: str, options: ReadOptions) -> None:
        self._staging, self._file, self._source, self._name, self._options = staging, file, source, name, options
        self._report = ReadFile(source.kind, source.encoding, source.delimiter)
        self._titles: dict[str, tuple] = {}  # type: ignore[type-arg]
        # Text of a date, its code and the number of the first row that has it.
        self._codes: dict[str, tuple[int, int]] = {}
        # The code of every row's date, in the order of the rows.
        self._dates = array("i")
        self._counts: list[int] = []
        self._dropped: Counter[int] = Counter()

    def read(self, newest: date | None) -> ReadFile:
        """Read all rows, decide the order of the dates, and return the file's content."""
        self._report.shortest_seconds = self._options.shortest_seconds
        report, is_activity = self._report, self._source.kind == "viewing_activity"
        columns = self._ACTIVITY if is_activity else self._HISTORY
        rows = self._activity_rows() if is_activity else self._history_rows()
        self._staging.insert("staged", columns, rows)
        days = self._decide_days(newest)
        report.rows += report.damaged
        report.undated += report.damaged
        usable = len(self._dates) - sum(self._counts[code] for code, day in enumerate(days) if day is None)
        if report.rows and not usable and not report.supplemental + report.dropped_profiles:
            why = report.problems[0] if report.problems else "no row has a date"
            raise ExportError("no_rows", f"{self._name}: none of its {report.rows} rows could be read; {why}.")
        self._insert_days(days)
        short = "select count(*) from staged where file = ? and seconds < ?"
        values = [self._file, self._options.shortest_seconds]
        ((report.too_short,),) = self._staging.database.execute(short, values).fetchall()
        return report

    def _insert_days(self, days: Sequence[date | None]) -> None:
        """Store the day of every date code, and delete rows without one."""
        has_times, zone = self._source.kind == "viewing_activity", self._options.zone
        offsets = [local_offsets(day, zone) if day and has_times else (0, 86_400, 0) for day in days]
        self._staging.insert(
            "days",
            ("file", "date_code", "day", "offset_before", "change", "offset_after"),
            ((self._file, code, day, *offset) for code, (day, offset) in enumerate(zip(days, offsets, strict=True))),
        )
        if None in days:
            self._staging.database.execute(
                """delete from staged where file = ? and date_code not in
                   (select date_code from days where file = ? and day is not null)""",
                [self._file, self._file],
            )

    def _history_rows(self) -> Iterator[tuple]:  # type: ignore[type-arg]
        for number, (title, day) in self._source.rows(self._damaged):
            yield self._file, self._date_code(day, number), *self._title(title)

    def _activity_rows(self) -> Iterator[tuple]:  # type: ignore[type-arg]
        options, report = self._options, self._report
        profiles: dict[str, bool] = {}
        for number, cells in self._source.rows(self._damaged):
            profile, start, duration, attributes, title, supplemental, device = cells
            day, second = split_start(start)
            if profile not in profiles:
                profiles[profile] = options.keep_profile(profile)
            columns = self._title(title)
            # The type column is not always filled in.
            if not profiles[profile] or is_supplemental(supplemental) or columns[2] == "supplemental":
                report.dropped_profiles += not profiles[profile]
                report.supplemental += profiles[profile]
                self._drop(day, number)
                continue
            seconds = duration_seconds(duration)
            if second is None:
                report.undated += 1
                self._drop(day, number)
                self._problem(number, f"{start[:40]!r} is not a time such as 2024-03-02 23:50:12")
                continue
            code = self._date_code(day, number)
            yield self._file, code, *columns, profile, second, seconds, device, is_autoplayed(attributes)
        report.profiles = sorted(name for name, is_kept in profiles.items() if is_kept)

    def _drop(self, text: str, number: int) -> None:
        """Skip a row; its date still counts as evidence for the order of dates."""
        self._dropped[self._date_code(text, number)] += 1
        self._dates.pop()

    def _date_code(self, text: str, number: int) -> int:
        self._report.rows += 1
        known = self._codes.get(text)
        if known is None:
            # Text after the date differs from row to row if a program added the time.
            text = date_part(text)
            known = self._codes.get(text)
        if known is None:
            known = self._codes[text] = (len(self._codes), number)
        self._dates.append(known[0])
        return known[0]

    def _title(self, title: str) -> tuple:  # type: ignore[type-arg]
        known = self._titles.get(title)
        if known is None:
            if len(self._titles) >= _BLOCK:
                self._titles.clear()
            parsed = self._staging.parse(title, self._source.kind)
            known = self._titles[title] = (title_key(title), title, *self._staging.codes(parsed))
        return known

    def _damaged(self, number: int, problem: str) -> None:
        self._report.damaged += 1
        self._problem(number, problem)

    def _problem(self, number: int, problem: str) -> None:
        if len(self._report.problems) < _NAMED_ROWS:
            self._report.problems.append(f"row {number}: {problem}")
        else:
            self._report.problems[_NAMED_ROWS:] = ["and more"]

    def _decide_days(self, newest: date | None) -> list[date | None]:
        """Return the day of every date code."""
        report = self._report
        codes = np.frombuffer(self._dates, dtype=np.int32)
        self._counts = np.bincount(codes, minlength=len(self._codes)).tolist()
        try:
            order = decide_order(
                {text: self._counts[code] + self._dropped[code] for text, (code, _) in self._codes.items()},
                self._options.date_order,
                newest,
            )
        except UndecidableOrder as undecidable:
            question = undecidable.question
            raise ExportError(
                "date_order",
                f"{self._name}: the date {question}, and no other date in the file decides. Say which: "
                f"DATE_ORDER={'|'.join(question.orders)}, or --date-order on import.",
                {
                    "kind": report.kind,
                    "encoding": report.encoding,
                    "delimiter": report.delimiter,
                    "rows": report.rows + report.damaged,
                    "date_order": "undecidable",
                    "date_evidence": str(question),
                },
                question,
            ) from None
        report.date_order, report.date_evidence = order.order, order.evidence
        days = [order.days[text] for text in self._codes]
        in_order = np.array([day.toordinal() if day else 0 for day in days], dtype=np.int32)[codes]
        report.ascents = int((np.diff(in_order[in_order > 0]) > 0).sum())
        for text, (code, number) in self._codes.items():
            if days[code] is None and self._counts[code]:
                report.undated += self._counts[code]
                self._problem(number, f"{text[:40]!r} is not a date")
        return days
