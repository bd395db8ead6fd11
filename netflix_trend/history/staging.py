"""Every row of every export in a temporary database, from which the tables are built.

Rows are whole numbers: each different title and name is stored once, and rows have its code. The kind of a title may
depend on every other title of the history (`repetition`), so titles are decided after all files are read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Any, BinaryIO

import duckdb
import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history import staging_sql as sql
from netflix_trend.history.attempts import too_large
from netflix_trend.history.exclusions import Rows
from netflix_trend.history.exports import ExportError, ExportKind, open_export
from netflix_trend.history.file_reader import FileReader
from netflix_trend.history.file_rows import FileRows, Ints, ReadFile, day_of, joined, local_times, number_of, places_of
from netflix_trend.history.kept_rows import KeptFile, KeptRows
from netflix_trend.history.memory import needed, of_database
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.repetition import Repetition, Show, WithSeason
from netflix_trend.history.titles import Certainty, Kind, ParsedTitle, TitleParser, match_key, show_key

# So many texts wait to be stored, and so many rows of a result are looked at together.
_BLOCK = 20_000
# So many different texts are remembered, so that the same ones of another file are not parsed again.
_KNOWN = 20_000
# Kind, show, season and certainty of a title, as the tables have them.
Codes = tuple[Kind | None, int | None, int | None, Certainty | None]


class TooLarge(Exception):
    """What was read takes more memory than there is."""


class Staging:
    """Collects files (`add`, `take`), then decides all titles (`decide_titles`)."""

    def __init__(self, database: duckdb.DuckDBPyConnection, vocabulary: Vocabulary, budget: int | None = None) -> None:
        """budget: bytes of memory that a rebuild may use; None for any number."""
        self.database = database
        self._vocabulary = vocabulary
        self._parser = TitleParser(vocabulary)
        self._budget = budget
        self._rows = self.texts = self._names = 0
        self.shows: dict[Show, int] = {}
        self.seasons: dict[str, int] = {}
        # The rows of each file that was read, by its number; None for one that cannot be used. Their texts have codes
        # from 0 to texts - 1.
        self.files: list[FileRows | None] = []
        self._zones: list[tzinfo | None] = []
        self._made: list[tuple[int, int]] = []
        self._known: dict[ExportKind, dict[str, int]] = {"viewing_history": {}, "viewing_activity": {}}
        self._known_names: dict[str, int] = {}
        self._supplemental: set[int] = set()
        self._new_texts: list[tuple[Any, ...]] = []
        self._new_names: list[str] = []
        database.execute(sql.SCHEMA)

    # --- files

    def add(
        self,
        stream: BinaryIO,
        name: str,
        options: ReadOptions,
        newest: date | None = None,
        latest: date | None = None,
    ) -> tuple[int, ReadFile]:
        """Read a file. Returns its number and its content.

        `name` is used in messages only. newest: the last day that can be in the file, as evidence for the order of its
        dates. latest: the last day that it can have been made on, by default newest; a file whose every date is later
        is refused. Raises ExportError if the file cannot be used; then none of its rows stay.
        """
        with self._undone_if_refused(name, options.zone) as number:
            reader = FileReader(self, open_export(stream, name), name, options)
            self.files[number] = rows = reader.read(newest, latest or newest)
        return number, rows.report

    def take(self, kept: KeptRows, file: KeptFile, name: str, zone: tzinfo | None) -> tuple[int, ReadFile]:
        """Take the rows of a file as they were read before, as `add` would read them again. name: in messages.

        Raises ExportError if there is not enough memory for them; then none of them stay.
        """
        before = self.texts
        try:
            with self._undone_if_refused(name, zone) as number:
                rows = kept.rows(file, self._take_texts, self.name)
                self.files[number] = rows
                self.count_rows(rows.staged)
        except ExportError:
            kept.forget_codes(before)
            raise
        return number, rows.report

    def made(self, file: int, day: date) -> None:
        """Record on which day a file was made."""
        self._made.append((file, number_of(day)))

    @contextmanager
    def _undone_if_refused(self, name: str, zone: tzinfo | None) -> Iterator[int]:
        """Yield the number of a new file. If it cannot be used, its rows and the texts that came with it go."""
        number, before = len(self.files), (self._rows, self.texts, len(self.shows), len(self.seasons))
        self.files.append(None)
        self._zones.append(zone)
        try:
            yield number
        except (ExportError, TooLarge) as refusal:
            self.files[number] = None
            self._forget(*before)
            if isinstance(refusal, TooLarge):
                raise too_large(name, self._budget or 0) from None
            raise

    def _forget(self, rows: int, texts: int, shows: int, seasons: int) -> None:
        self._store_texts()
        self.database.execute("delete from texts where text_id >= ?", [texts])
        self._rows, self.texts = rows, texts
        for names, count in ((self.shows, shows), (self.seasons, seasons)):
            while len(names) > count:
                names.popitem()
        self._forget_texts()

    def _forget_texts(self) -> None:
        for known in self._known.values():
            known.clear()
        self._supplemental.clear()

    def count_rows(self, rows: int) -> None:
        """Count rows that were read. Raises TooLarge if the memory is not enough for what was read."""
        self._rows += rows
        if self._budget is not None and needed(len(self.shows) + len(self.seasons), self._rows) > self._budget:
            raise TooLarge

    # --- texts

    def known_texts(self, kind: ExportKind) -> Mapping[str, int]:
        """Return the codes of the titles that are remembered; it changes with every new one."""
        return self._known[kind]

    def text(self, title: str, kind: ExportKind) -> int:
        """Return the code of a title of an export."""
        code = self._known[kind].get(title)
        if code is None:
            parsed = self.parse(title, kind)
            code = self._new_text(title, title_key(title), self.codes(parsed), is_archive=kind == "viewing_activity")
        return code

    def _new_text(self, title: str, key: str, codes: Codes, *, is_archive: bool) -> int:
        code, known = self.texts, self._known["viewing_activity" if is_archive else "viewing_history"]
        self.texts += 1
        if len(known) >= _KNOWN:
            known.clear()
            if is_archive:
                self._supplemental.clear()
        known[title] = code
        if is_archive and codes[0] == "supplemental":
            self._supplemental.add(code)
        self._new_texts.append((title, key, *codes, is_archive))
        if len(self._new_texts) >= _BLOCK:
            self._store_texts()
        return code

    def is_supplemental(self, code: int) -> bool:
        """Return whether the words of the last title that was asked for say that it is a trailer or the like."""
        return code in self._supplemental

    def name(self, text: str) -> int:
        """Return the code of the name of a Netflix profile or a device."""
        code = self._known_names.get(text)
        if code is None:
            if len(self._known_names) >= _KNOWN:
                self._known_names.clear()
            code = self._known_names[text] = self._names
            self._names += 1
            self._new_names.append(text)
            if len(self._new_names) >= _BLOCK:
                self._store_names()
        return code

    def parse(self, title: str, kind: ExportKind) -> ParsedTitle:
        """Parse a title of an export on its own."""
        return self._parser.parse(title, is_archive=kind == "viewing_activity")

    def codes(self, parsed: ParsedTitle) -> Codes:
        """Return a parsed title as in the tables: kind, show, season, certainty."""
        show = season = None
        if parsed.show is not None:
            show = self.shows.setdefault((parsed.show, parsed.index), len(self.shows))
        if parsed.season is not None:
            season = self.seasons.setdefault(parsed.season, len(self.seasons))
        return parsed.kind, show, season, parsed.certainty if parsed.kind else None

    def _take_texts(self, texts: Iterable[tuple[str, ParsedTitle, bool]]) -> list[int]:
        """Return new codes for titles and what was parsed of them. The bool: of ViewingActivity.csv."""
        return [
            self._new_text(title, title_key(title), self.codes(parsed), is_archive=is_archive)
            for title, parsed, is_archive in texts
        ]

    def _store_texts(self) -> None:
        if self._new_texts:
            first = self.texts - len(self._new_texts)
            self.insert("texts", ((first + place, *text) for place, text in enumerate(self._new_texts)))
            self._new_texts = []

    def _store_names(self) -> None:
        first = self._names - len(self._new_names)
        self.insert("names", ((first + place, name) for place, name in enumerate(self._new_names)))
        self._new_names = []

    def stored_texts(self, codes: Ints) -> dict[str, Ints]:
        """Return what the words of titles say, by columns: kind, show, season, certainty, archive.

        kind and certainty are places in KINDS and CERTAINTIES; -1 is none.
        """
        columns = self.database.execute(
            """select coalesce(enum_code(kind)::integer, -1) as kind, coalesce(show_code, -1) as show,
                      coalesce(season_code, -1) as season, coalesce(enum_code(certainty)::integer, -1) as certainty,
                      is_archive::integer as archive
               from texts order by text_id"""
        ).fetchnumpy()
        return {name: column[codes] for name, column in columns.items()}

    def stored_titles(self, codes: Ints) -> Iterator[list[str]]:
        """Yield the titles of sorted codes, a block at a time."""
        for first in range(0, self.texts, _BLOCK):
            wanted = codes[slice(*np.searchsorted(codes, [first, first + _BLOCK]))] - first
            block = "select title from texts where text_id >= ? and text_id < ? order by text_id"
            yield self.database.execute(block, [first, first + _BLOCK]).fetchnumpy()["title"][wanted].tolist()

    def stored_names(self, codes: Ints) -> list[str]:
        """Return names of Netflix profiles and devices, sorted by code."""
        self._create("wanted_names", name_code=codes)
        found = "select name from names semi join wanted_names using (name_code) order by name_code"
        return [name for (name,) in self.database.execute(found).fetchall()]

    # --- titles

    def collect(self) -> None:
        """Create the tables of rows and of the keys of their titles, once all files are read."""
        self.database.execute(f"set memory_limit = '{of_database(self._rows)}'")
        self._store_texts()
        self._store_names()
        self.insert("made", self._made)
        self._made = []
        self._forget_texts()  # for the memory
        read = [(number, rows) for number, rows in enumerate(self.files) if rows is not None]
        self._create("rows_texts", text_id=places_of(*(rows.texts for _, rows in read), size=self.texts))
        self.database.execute(sql.KEYS)
        known = self.database.execute("select text_id, title_id from title_of").fetchnumpy()
        titles = np.full(self.texts, -1, np.int32)
        titles[known["text_id"]] = known["title_id"]
        histories = [(number, rows) for number, rows in read if not rows.is_archive]
        archives = [(number, rows) for number, rows in read if rows.is_archive]
        self._create("history_rows", **self._columns(histories, titles), day=joined(rows.days for _, rows in histories))
        local = [local_times(rows.days, rows.seconds, self._zones[number]) for number, rows in archives]
        plays = {
            "day": joined(day for day, _start, _shift in local),
            "start": joined((start for _day, start, _shift in local), np.int64),
            "shift": joined(shift for _day, _start, shift in local),
            "length": joined(rows.lengths for _, rows in archives),
            "profile": joined(rows.profiles for _, rows in archives),
            "device": joined(rows.devices for _, rows in archives),
            "autoplayed": joined(rows.autoplayed for _, rows in archives),
        }
        self._create("play_columns", **self._columns(archives, titles), **plays)
        self.database.execute(sql.ROWS)

    def _columns(self, files: Sequence[tuple[int, FileRows]], titles: Ints) -> dict[str, Ints]:
        texts = joined(rows.texts for _, rows in files)
        numbers = [np.full(len(rows.texts), number, np.int32) for number, rows in files]
        return {"file": joined(numbers), "text_id": texts, "title_id": titles[texts]}

    def decide_titles(self) -> None:
        """Create the tables `titles`, `show_names` and `season_names`, in which every title has a kind, and
        `match_keys`, by which a title is found in other files; it stays empty if there is one file.
        """
        self.collect()
        self._match_keys()
        self.database.execute(sql.UNDECIDED)
        names, seasons = list(self.shows), list(self.seasons)
        films = {key for (key,) in self.database.execute(sql.BEGINNINGS).fetchall()}
        proved = self.database.execute(
            "select distinct show_code from used where kind = 'episode' "
            "and (certainty = 'certain' or season_code is not null)"
        ).fetchall()
        with_season: dict[str, Mapping[int, int]] = {}
        beginnings = self._vocabulary.film_beginnings | films
        repetition = Repetition([names[code] for (code,) in proved], with_season, beginnings)

        @lru_cache(maxsize=_BLOCK)
        def own(*codes: Any) -> ParsedTitle:
            kind, show, season, certainty = codes
            name, index = (None, -1) if show is None else names[show]
            return ParsedTitle(kind, name, None if season is None else seasons[season], index, certainty or "certain")

        seen = "from undecided join seen using (title_id)"
        for title, first, last, files, *codes in self._stream(
            f"select title, first_day, last_day, files, kind, show_code, season_code, certainty {seen}"
        ):
            repetition.add(title, own(*codes), day_of(first), day_of(last), files)
        with_season.update(self._with_season(names, repetition.open_shows))
        self.insert(
            "decided",
            (
                (
                    title_id,
                    *self.codes(repetition.decide(title, own(*codes), files, [names[code] for code in twins])),
                )
                for title_id, title, files, twins, *codes in self._stream(
                    "select title_id, title, files, coalesce(twins, []), kind, show_code, season_code, certainty "
                    + seen
                )
            ),
        )
        shows = (
            (code, name, title_key(name), show_key(name, index), index) for (name, index), code in self.shows.items()
        )
        self.insert("show_names", shows)
        self.insert("season_names", ((code, name) for name, code in self.seasons.items()))
        self.database.execute(sql.TITLES)

    def _with_season(self, names: Sequence[Show], wanted: Collection[str]) -> WithSeason:
        """Return how many titles of each viewing history name a season of these shows (`show_key`)."""
        keys = {code: key for code, show in enumerate(names) if (key := show_key(*show)) in wanted}
        self._create("wanted_codes", show_code=np.array(list(keys), np.int32))
        found = defaultdict[str, Counter[int]](Counter)
        for file, code, titles in self.database.execute(sql.WITH_SEASON).fetchall():
            found[keys[code]][file] += titles
        return found

    def _match_keys(self) -> None:
        if sum(rows is not None and len(rows.texts) > 0 for rows in self.files) > 1:
            self.database.execute(sql.MATCHED)
            rows = self._stream("select title_id, title from matched where not is_plain")
            self.insert("match_keys", ((title_id, match_key(title)) for title_id, title in rows))

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
        self.database.execute("create temp table wanted_titles (title_id integer, day integer)")
        self.database.execute("create temp table wanted_shows (show_key varchar, name_key varchar)")
        alike: dict[str, list[tuple[str, date | None, str | None]]] = {}
        for key, name, day in ((rows.key, rows.name, rows.day) for rows in wanted if rows.what == "title"):
            alike.setdefault(match_key(name), []).append((key, day, self.parse(name, "viewing_history").season))
        titles = self._stream(
            "select title_id, key, title, season from titles left join season_names using (season_code)"
        )
        found = (
            (title_id, None if day is None else number_of(day))
            for title_id, key, title, season in titles
            for wanted_key, day, wanted_season in alike.get(match_key(title), ())
            if key == wanted_key or (season or "").lower() in ("", (wanted_season or season or "").lower())
        )
        self.insert("wanted_titles", found)
        self.insert("wanted_shows", zip(keys, (rows.key for rows in shows), strict=True))
        self.database.execute(
            """insert into excluded select distinct title_id, d.day
               from dated d join titles t using (title_id) left join show_names n on n.show_code = t.show_code
               where exists (
                      select 1 from wanted_titles w where w.title_id = t.title_id and coalesce(w.day = d.day, true))
                  or n.show_key in (select show_key from wanted_shows) or n.show_key in (
                      select s.show_key from show_names s join wanted_shows using (name_key))"""
        )

    # --- the database

    def _stream(self, query: str) -> Iterator[tuple[Any, ...]]:
        # A separate cursor: a running query is lost when its connection starts another one.
        cursor = self.database.cursor().execute(query)
        while block := cursor.fetchmany(_BLOCK):
            yield from block

    def insert(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Append rows to a table, a block at a time. A column has texts, or whole numbers, bools and None."""
        rest = iter(rows)
        while block := list(islice(rest, _BLOCK)):
            columns = {f"c{place}": _objects(cells) for place, cells in enumerate(zip(*block, strict=True))}
            self.database.register("block", columns)
            self.database.execute(f"insert into {table} from block")
            self.database.unregister("block")

    def _create(self, table: str, **columns: NDArray[Any]) -> None:
        self.database.register("block", columns)
        self.database.execute(f"create or replace table {table} as from block")
        self.database.unregister("block")


def _objects(cells: Sequence[Any]) -> NDArray[Any]:
    found = np.empty(len(cells), object)
    found[:] = cells
    return found
