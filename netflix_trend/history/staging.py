"""Every row of every export in a temporary database, from which the tables are built.

Rows go into DuckDB in blocks and come out by SQL, so memory does not grow with the files. The kind of a title may
depend on every other title of the history (`repetition`), so titles are decided after all files are read.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import BinaryIO

import duckdb
import numpy as np
import pandas as pd

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history.activity import duration_seconds, is_autoplayed, is_supplemental, local_offsets, split_start
from netflix_trend.history.dates import UndecidableOrder, date_part, decide_order, in_words
from netflix_trend.history.double_encoding import repaired
from netflix_trend.history.exclusions import Rows
from netflix_trend.history.exports import ExportError, ExportFile, ExportKind, open_export
from netflix_trend.history.household import LONGEST_NAME, ProfileQuestion, UndecidedProfiles
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.repetition import Repetition
from netflix_trend.history.titles import ParsedTitle, match_key, parse_title

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
create view dated as select file, key, s.title as row_title, s.kind as row_kind, profile, second, seconds, device,
    autoplayed, d.day + floor(
    (coalesce(second, 0) + if(second >= d.change, d.offset_after, d.offset_before)) / 86400)::integer as day,
    d.day + to_seconds(second) as start_utc,
    d.day + to_seconds(second + if(second >= d.change, d.offset_after, d.offset_before)) as start_local
    from staged s join days d using (file, date_code);
-- What the person has excluded.
create table excluded (title_id integer, day date);
create table decided (key varchar, kind kind, show_code integer, season_code integer, certainty certainty);
"""
# Of the texts of a key the smallest is used, so that the order of files does not matter.
_TITLES = """
create table titles as
with texts as (
    select key, min(title) as title,
           arg_min(row(kind, show_code, season_code, certainty), title) filter (kind is not null) as own
    from staged group by key)
select (row_number() over (order by key) - 1)::integer as title_id, key, t.title,
       coalesce(own[1], d.kind) as kind, if(own is null, d.show_code, own[2]) as show_code,
       if(own is null, d.season_code, own[3]) as season_code, coalesce(own[4], d.certainty) as certainty
from texts t left join decided d using (key) order by key
"""


@dataclass
class ReadFile:
    """The content of a single file. Rows without a usable date, including damaged ones, are undated.

    dropped_profiles: number of rows of unwanted Netflix profiles. profiles: those that count. netflix_rows: number of
    rows of every Netflix profile; played: those with plays that count as views. in_future: rows of days after the file
    was made. repaired: rows whose letters another program had saved wrongly. durations: views with one;
    unknown_durations: views whose duration cannot be read.
    """

    kind: ExportKind
    encoding: str
    delimiter: str
    is_encoding_sure: bool = True
    rows: int = 0
    damaged: int = 0
    undated: int = 0
    supplemental: int = 0
    too_short: int = 0
    shortest_seconds: int = 0
    dropped_profiles: int = 0
    date_order: str = ""
    date_evidence: str = ""
    date_example: str = ""
    ascents: int = 0
    descents: int = 0
    in_future: int = 0
    repaired: int = 0
    unknown_durations: int = 0
    durations: int = 0
    profiles: list[str] = field(default_factory=list)
    netflix_rows: dict[str, int] = field(default_factory=dict)
    played: frozenset[str] = frozenset()
    problems: list[str] = field(default_factory=list)


@dataclass
class _NetflixProfile:
    """Rows of a Netflix profile in a file. may_count: whether they are kept until it is decided which count."""

    may_count: bool
    rows: int = 0
    plays: int = 0
    supplemental: int = 0
    undated: int = 0
    durations: int = 0
    unknown_durations: int = 0
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
        file = self._files
        self._files += 1
        try:
            return file, _Reader(self, file, open_export(stream, name), name, options).read(newest, latest or newest)
        except ExportError:
            self.database.execute("delete from staged where file = ?", [file])
            raise

    def made(self, file: int, day: date) -> None:
        """Record on which day a file was made."""
        self.database.execute("insert into made values (?, ?)", [file, day])

    def parse(self, title: str) -> ParsedTitle:
        """Parse a title on its own."""
        return parse_title(title, self._vocabulary)

    def codes(self, parsed: ParsedTitle) -> tuple[str | None, int | None, int | None, str | None]:
        """Return a parsed title as in the tables: kind, show, season, certainty."""
        show = season = None
        if parsed.show is not None:
            show = self._shows.setdefault((parsed.show, parsed.index), len(self._shows))
        if parsed.season is not None:
            season = self._seasons.setdefault(parsed.season, len(self._seasons))
        return parsed.kind, show, season, parsed.certainty if parsed.kind else None

    def decide_titles(self) -> None:
        """Create the tables `titles`, `show_names` and `season_names`, in which every title has a kind."""
        proved = self.database.execute(
            "select distinct show_code from staged where kind = 'episode' and certainty = 'certain'"
        )
        names = list(self._shows)
        repetition = Repetition(names[show] for (show,) in proved.fetchall() if show is not None)
        open_titles = """select key, min(row_title), min(day), max(day) from dated
                         where row_kind is null and key not in (select key from staged where kind is not null)
                         group by key"""
        for _, title, first_day, last_day in self._stream(open_titles):
            repetition.add(title, first_day, last_day)
        self.insert(
            "decided",
            ("key", "kind", "show_code", "season_code", "certainty"),
            ((key, *self.codes(repetition.decide(title))) for key, title, _, _ in self._stream(open_titles)),
        )
        self.insert(
            "show_names",
            ("show_code", "show_name", "name_key", "show_key", "show_index"),
            (
                (code, name, title_key(name), f"#{index}" if index >= 0 else f"={title_key(name)}", index)
                for (name, index), code in self._shows.items()
            ),
        )
        self.insert("season_names", ("season_code", "season"), ((code, name) for name, code in self._seasons.items()))
        self.database.execute(_TITLES)

    def exclude(self, wanted: Sequence[Rows]) -> None:
        """Mark rows as excluded, once titles are decided: the table `excluded` has their titles and days.

        A show is the same under all names that the vocabulary knows, and those in the files.
        """
        if not wanted:
            return
        shows = [rows for rows in wanted if rows.what == "show"]
        indices = ((rows, self._vocabulary.show(rows.name)) for rows in shows)
        keys = [f"={rows.key}" if index is None else f"#{index}" for rows, index in indices]
        self.database.execute("create temp table wanted_titles (key varchar, day date)")
        self.database.execute("create temp table wanted_shows (show_key varchar, name_key varchar)")
        titles = ((rows.key, rows.day) for rows in wanted if rows.what == "title")
        self.insert("wanted_titles", ("key", "day"), titles)
        self.insert("wanted_shows", ("show_key", "name_key"), zip(keys, (rows.key for rows in shows), strict=True))
        self.database.execute(
            """insert into excluded select distinct title_id, dated.day
               from dated join titles t using (key) left join show_names n on n.show_code = t.show_code
               where exists (select 1 from wanted_titles w where w.key = t.key and coalesce(w.day = dated.day, true))
                  or n.show_key in (select show_key from wanted_shows) or n.show_key in (
                      select s.show_key from show_names s join wanted_shows using (name_key))"""
        )

    def match_keys(self, *, is_needed: bool) -> None:
        """Make the table `match_keys` (title_id, match_key), by which a title is found in the other kind of export; it
        stays empty if there is no other kind.
        """
        self.database.execute("create table match_keys (title_id integer, match_key varchar)")
        if not is_needed:
            return
        rows = self._stream("select title_id, title from titles where kind not in ('blank', 'unnamed')")
        self.insert("match_keys", ("title_id", "match_key"), ((number, match_key(title)) for number, title in rows))

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
        encoding = source.encoding
        self._report = ReadFile(source.kind, encoding.name, source.delimiter, is_encoding_sure=encoding.is_sure)
        self._doubled = encoding.doubled
        self._titles: dict[str, tuple] = {}  # type: ignore[type-arg]
        # Text of a date, its code and the number of the first row that has it.
        self._codes: dict[str, tuple[int, int]] = {}
        # The code of every row's date, in the order of the rows, also of rows that do not count.
        self._dates = array("i")
        # How many rows that count have each date.
        self._counts: list[int] = []
        self._dropped: Counter[int] = Counter()
        self._profiles: dict[str, _NetflixProfile] = {}

    def read(self, newest: date | None, latest: date | None) -> ReadFile:
        """Read all rows, decide the order of the dates, and return the file's content."""
        self._report.shortest_seconds = self._options.shortest_seconds
        report, is_activity = self._report, self._source.kind == "viewing_activity"
        columns = self._ACTIVITY if is_activity else self._HISTORY
        rows = self._activity_rows() if is_activity else self._history_rows()
        self._staging.insert("staged", columns, rows)
        unwanted = self._decide_profiles() if is_activity else Counter[int]()
        days = self._decide_days(newest, unwanted)
        report.rows += report.damaged
        report.undated += report.damaged
        usable = sum(count for count, day in zip(self._counts, days, strict=True) if day is not None)
        if report.rows and not usable and not report.supplemental + report.dropped_profiles:
            why = report.problems[0] if report.problems else "no row has a date"
            raise ExportError("no_rows", f"{self._name}: none of its {report.rows} rows could be read; {why}.")
        self._compare_with_download(days, latest)
        self._insert_days(days)
        short = "select count(*) from staged where file = ? and seconds < ?"
        values = [self._file, self._options.shortest_seconds]
        ((report.too_short,),) = self._staging.database.execute(short, values).fetchall()
        return report

    def _compare_with_download(self, days: Sequence[date | None], latest: date | None) -> None:
        """Count the rows of days after `latest`. Raises ExportError if there are no others."""
        if latest is None:
            return
        known = [(day, count) for day, count in zip(days, self._counts, strict=True) if day and count]
        self._report.in_future = sum(count for day, count in known if day > latest)
        if known and self._report.in_future == sum(count for _, count in known):
            made, first = latest - timedelta(days=1), min(day for day, _ in known)
            raise ExportError(
                "future",
                f"{self._name}: every date in it lies after {in_words(made)}, when the file was made; the first is "
                f"{in_words(first)}. Correct the years in the file. If only the file's own day is wrong, save it again "
                "today, or upload it with the right day.",
            )

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
            yield self._file, self._date_code(day, number), *self._title(self._repaired(title))

    def _activity_rows(self) -> Iterator[tuple]:  # type: ignore[type-arg]
        shortest, profiles = self._options.shortest_seconds, self._profiles
        for number, cells in self._source.rows(self._damaged):
            profile, start, duration, attributes, title, supplemental, device = cells
            if self._doubled:
                profile, title = repaired(profile, self._doubled), self._repaired(title)
            day, second = split_start(start)
            profile = profile[:LONGEST_NAME]
            one = profiles.get(profile)
            if one is None:
                one = profiles[profile] = _NetflixProfile(self._options.keep_profile(profile))
            one.rows += 1
            columns = self._title(title)
            # The type column is not always filled in.
            is_extra = is_supplemental(supplemental) or columns[2] == "supplemental"
            seconds = duration_seconds(duration)
            one.plays += not is_extra and second is not None and (seconds is None or seconds >= shortest)
            if is_extra or second is None or not one.may_count:
                self._drop(day, number)
                one.supplemental += is_extra
                if second is None and not is_extra:
                    one.undated += 1
                    problem = f"row {number}: {start[:40]!r} is not a time such as 2024-03-02 23:50:12"
                    one.problems += [problem] if len(one.problems) <= _NAMED_ROWS else []
                continue
            one.durations += seconds is not None
            one.unknown_durations += seconds is None
            code = self._date_code(day, number)
            yield self._file, code, *columns, profile, second, seconds, device, is_autoplayed(attributes)

    def _decide_profiles(self) -> Counter[int]:
        """Decide which Netflix profiles count, and delete the rows of the others.

        Returns the number of deleted rows by date code. Raises ExportError if the person has to say which.
        """
        report = self._report
        report.netflix_rows = {name: one.rows for name, one in self._profiles.items()}
        report.played = frozenset(name for name, one in self._profiles.items() if one.plays)
        candidates = {name: one.rows for name, one in self._profiles.items() if one.may_count}
        try:
            kept = self._options.decide_profiles(candidates, report.played)
        except UndecidedProfiles as undecided:
            raise self._profile_question(undecided.question) from None
        for name, one in self._profiles.items():
            if name not in kept:
                report.dropped_profiles += one.rows
                continue
            report.supplemental += one.supplemental
            report.undated += one.undated
            report.durations += one.durations
            report.unknown_durations += one.unknown_durations
            for problem in one.problems:
                self._problem(problem)
        report.profiles = sorted(kept)
        unwanted = [name for name in candidates if name not in kept]
        if not unwanted:
            return Counter()
        found = "select date_code, count(*) from staged where file = ? and profile in (select unnest(?)) group by 1"
        values = [self._file, unwanted]
        counts = Counter(dict(self._staging.database.execute(found, values).fetchall()))
        self._staging.database.execute("delete from staged where file = ? and profile in (select unnest(?))", values)
        return counts

    def _profile_question(self, question: ProfileQuestion) -> ExportError:
        report = self._report
        return ExportError(
            "netflix_profile",
            f"{self._name}: which of its {len(question.rows)} Netflix profiles is you? Nothing of the file counts for "
            f"you before you say it: on the page Start, or ./run.sh whose NAME. They are {question}.",
            {
                "kind": report.kind,
                "encoding": report.encoding,
                "delimiter": report.delimiter,
                "rows": report.rows + report.damaged,
                "profiles": sorted(question.rows),
            },
            question,
        )

    def _drop(self, text: str, number: int) -> None:
        """Skip a row; its date still counts as evidence for the order of dates."""
        self._dropped[self._date_code(text, number)] += 1

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

    def _repaired(self, title: str) -> str:
        if not self._doubled:
            return title
        right = repaired(title, self._doubled)
        self._report.repaired += right != title
        return right

    def _title(self, title: str) -> tuple:  # type: ignore[type-arg]
        known = self._titles.get(title)
        if known is None:
            if len(self._titles) >= _BLOCK:
                self._titles.clear()
            known = self._titles[title] = (title_key(title), title, *self._staging.codes(self._staging.parse(title)))
        return known

    def _damaged(self, number: int, problem: str) -> None:
        self._report.damaged += 1
        self._problem(f"row {number}: {problem}")

    def _problem(self, problem: str) -> None:
        if len(self._report.problems) < _NAMED_ROWS:
            self._report.problems.append(problem)
        else:
            self._report.problems[_NAMED_ROWS:] = ["and more"]

    def _decide_days(self, newest: date | None, unwanted: Counter[int]) -> list[date | None]:
        """Return the day of every date code. unwanted: rows that were deleted; their dates still count as evidence."""
        report = self._report
        codes = np.frombuffer(self._dates, dtype=np.int32)
        self._dropped += unwanted
        counts = np.bincount(codes, minlength=len(self._codes)).tolist()
        self._counts = [count - self._dropped[code] for code, count in enumerate(counts)]
        try:
            order = decide_order(self._codes, self._options.date_order, newest, codes)
        except UndecidableOrder as undecidable:
            question = undecidable.question
            raise ExportError(
                "date_order",
                f"{self._name}: the date {question}, and nothing else in the file decides. Say which: --date-order "
                f"{'|'.join(question.orders)} on import, or DATE_ORDER={'|'.join(question.orders)} for all files.",
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
        report.date_example, report.ascents, report.descents = order.example, order.ascents, order.descents
        for text, (code, number) in self._codes.items():
            if days[code] is None and self._counts[code]:
                report.undated += self._counts[code]
                self._problem(f"row {number}: {text[:40]!r} is not a date")
        return days
