"""Every row of every export, from which the tables are built.

Rows are whole numbers: each different title and name is stored once, and rows have its code. The kind of a title may
depend on every other title of the history (`repetition`), so titles are decided after all files are read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, tzinfo
from functools import lru_cache
from itertools import pairwise
from math import prod
from typing import Any, BinaryIO

import duckdb
import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history import staging_sql as sql
from netflix_trend.history.attempts import too_large
from netflix_trend.history.database import BLOCK, create, expect, insert
from netflix_trend.history.exclusions import Rows
from netflix_trend.history.exports import ExportError, open_export
from netflix_trend.history.file_reader import FileReader
from netflix_trend.history.file_rows import FileRows, Ints, ReadFile, day_of, joined, local_times, number_of, places_of
from netflix_trend.history.kept_rows import KeptFile, KeptRows
from netflix_trend.history.memory import needed
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.repetition import Repetition, Show, WithSeason
from netflix_trend.history.texts import SAID, Texts, place_of
from netflix_trend.history.titles import CERTAINTIES, KINDS, ParsedTitle, match_key, parse_title, show_key

# So many names are remembered.
_KNOWN = 20_000
_EPISODE, _FILM, _CERTAIN, _OPEN = place_of("episode"), place_of("film"), CERTAINTIES.index("certain"), -1
_WITHOUT_NAME = [place_of("blank"), place_of("unnamed")]


_EARLIEST, _LATEST = np.iinfo(np.int32).min, np.iinfo(np.int32).max


class TooLarge(Exception):
    """What was read takes more memory than there is."""


class Staging:
    """Collects files (`add`, `take`), then decides all titles (`decide_titles`)."""

    def __init__(self, database: duckdb.DuckDBPyConnection, vocabulary: Vocabulary, budget: int | None = None) -> None:
        """budget: bytes of memory that a rebuild may use; None for any number."""
        self.database, self.texts = database, Texts(database, vocabulary)
        self._vocabulary, self._budget = vocabulary, budget
        self._rows = self._names = 0
        # The rows of each file that was read, by its number; None for one that cannot be used.
        self.files: list[FileRows | None] = []
        self._zones: list[tzinfo | None] = []
        self._made: list[tuple[int, int]] = []
        self._known_names: dict[str, int] = {}
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
        before = self.texts.count
        try:
            with self._undone_if_refused(name, zone) as number:
                rows = kept.rows(file, self.texts.take, self.name)
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
        texts = self.texts
        number, rows, before = len(self.files), self._rows, (texts.count, len(texts.shows), len(texts.seasons))
        self.files.append(None)
        self._zones.append(zone)
        try:
            yield number
        except (ExportError, TooLarge) as refusal:
            self.files[number], self._rows = None, rows
            texts.take_back(*before)
            if isinstance(refusal, TooLarge):
                raise too_large(name, self._budget or 0) from None
            raise

    def count_rows(self, rows: int) -> None:
        """Count rows that were read. Raises TooLarge if the memory is not enough for what was read."""
        self._rows += rows
        names = len(self.texts.shows) + len(self.texts.seasons)
        if self._budget is not None and needed(names, self._rows) > self._budget:
            raise TooLarge

    def name(self, text: str) -> int:
        """Return the code of the name of a Netflix profile or a device."""
        code = self._known_names.get(text)
        if code is None:
            if len(self._known_names) >= _KNOWN:
                self._known_names.clear()
            code = self._known_names[text] = self._names
            self._names += 1
            self._new_names.append(text)
            if len(self._new_names) >= BLOCK:
                self._store_names()
        return code

    def _store_names(self) -> None:
        first = self._names - len(self._new_names)
        insert(self.database, "names", ((first + place, name) for place, name in enumerate(self._new_names)))
        self._new_names = []

    def stored_titles(self, codes: Ints) -> Iterator[str]:
        """Yield the titles of sorted codes, many at a time, one a line: in no title is a line break."""
        create(self.database, "wanted_texts", text_id=codes)
        for begin in range(0, len(codes), BLOCK):
            block = codes[begin : begin + BLOCK]
            ((lines,),) = self.database.execute(sql.LINES, [int(block[0]), int(block[-1])]).fetchall()
            yield lines

    def stored_names(self, codes: Ints) -> list[str]:
        """Return names of Netflix profiles and devices, sorted by code."""
        create(self.database, "wanted_names", name_code=codes)
        found = "select name from names semi join wanted_names using (name_code) order by name_code"
        return [name for (name,) in self.database.execute(found).fetchall()]

    # --- titles

    def collect(self) -> None:
        """Create the tables of rows, and give every text of a row its title, once all files are read."""
        expect(self.database, self._rows)
        self.texts.store()
        self._store_names()
        insert(self.database, "made", self._made)
        self._made = []
        self.texts.forget()  # for the memory
        read = [(number, rows) for number, rows in enumerate(self.files) if rows is not None]
        self._sort(places_of(*(rows.texts for _, rows in read), size=self.texts.count))
        histories = [(number, rows) for number, rows in read if not rows.is_archive]
        archives = [(number, rows) for number, rows in read if rows.is_archive]
        self._history = {**self._columns(histories), "day": joined(rows.days for _, rows in histories)}
        create(self.database, "history_rows", **self._history)
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
        create(self.database, "play_columns", **self._columns(archives), **plays)
        self.database.execute(sql.ROWS)

    def _sort(self, used: Ints) -> None:
        """Sort the used texts by their keys, and number the titles: texts of one key are one title."""
        if len(used) < self.texts.count:
            create(self.database, "rows_texts", text_id=used)
        of_rows = "semi join rows_texts using (text_id)" if len(used) < self.texts.count else ""
        self.database.execute(sql.SORTED.format(of_rows=of_rows))
        found = self.database.execute(sql.FIRST_OF_KEYS).fetchnumpy()
        # Of each text in `sorted`: its code, whether it is the first of its title, and its title.
        self._sorted, self._is_first = found["text_id"], found["is_first"]
        self._titles = np.cumsum(self._is_first, dtype=np.int32) - 1
        self._count = int(self._is_first.sum())
        self._title_of = np.full(self.texts.count, -1, np.int32)
        self._title_of[self._sorted] = self._titles

    def _columns(self, files: Sequence[tuple[int, FileRows]]) -> dict[str, Ints]:
        texts = joined(rows.texts for _, rows in files)
        numbers = [np.full(len(rows.texts), number, np.int32) for number, rows in files]
        return {"file": joined(numbers), "text_id": texts, "title_id": self._title_of[texts]}

    def decide_titles(self) -> None:
        """Create the tables `titles` and `show_names`, in which every title has a kind, and `match_keys`, by which a
        title is found in other files; it stays empty if there is one file.
        """
        self.collect()
        said = self.texts.columns()
        self._match_keys(said["kind"][self._sorted])
        # What the words say in either export, and nothing else; netflix_full.npy has only that.
        is_archive = said["archive"][self._sorted] == 1
        history, activity = self._first_texts(~is_archive), self._first_texts(is_archive)
        self._own = history, activity, said["kind"], said["show"]
        # A title of both exports has its kind from ViewingActivity.csv, in which words decide every title.
        titles = {name: said[name][np.where(activity >= 0, activity, history)] for name in SAID}
        undecided = np.flatnonzero((activity < 0) & (titles["certainty"] != _CERTAIN)).astype(np.int32)
        if len(undecided):
            decided = self._decided(undecided, {name: column[undecided] for name, column in titles.items()}, said)
            for name, column in zip(SAID, decided, strict=True):
                titles[name][undecided] = column
        self.kinds = titles["kind"]
        ids = self._name_shows()
        create(
            self.database,
            "title_columns",
            title_id=np.arange(self._count, dtype=np.int32),
            show_id=_chosen(ids, titles["show"]),
            **titles,
        )
        self._want(self._is_first)
        self.database.execute(sql.TITLES, [list(self.texts.seasons)])
        self.database.execute(sql.DROPPED)

    def _first_texts(self, are_wanted: NDArray[np.bool_]) -> Ints:
        """Return the first of the wanted texts of each title, -1 without one; they are by their places in `sorted`."""
        places = np.flatnonzero(are_wanted)[::-1]
        texts = np.full(self._count, -1, np.int32)
        texts[self._titles[places]] = self._sorted[places]  # of several, the last one stays: the first of the title
        return texts

    def _want(self, are_wanted: NDArray[np.bool_]) -> None:
        """Create the table `wanted`, for `sql.WANTED`."""
        create(self.database, "wanted", is_wanted=are_wanted, title_id=self._titles)

    def _decided(self, undecided: Ints, own: Mapping[str, Ints], said: Mapping[str, Ints]) -> Sequence[Ints]:
        """Decide titles by all the others. own: what they say, said: what all texts say, both as `SAID`."""
        is_open = np.zeros(self._count, bool)
        is_open[undecided] = True
        self._want(self._is_first & is_open[self._titles])
        self.database.execute(sql.UNDECIDED)
        names, seasons = list(self.texts.shows), list(self.texts.seasons)
        are_episodes, are_certain = said["kind"] == _EPISODE, said["certainty"] == _CERTAIN
        are_episodes &= self._title_of >= 0
        proof = said["show"][are_episodes & (are_certain | (said["season"] >= 0))]
        proved = [names[code] for code in places_of(proof, size=len(names)).tolist()]
        self._want(np.isin(said["kind"], [_OPEN, _FILM])[self._sorted])
        films = {key for (key,) in self.database.execute(sql.BEGINNINGS).fetchall()}
        with_season: dict[str, Mapping[int, int]] = {}
        repetition = Repetition(proved, with_season, self._vocabulary.film_beginnings | films)
        twins = self._twins(np.flatnonzero(are_episodes & are_certain), said["show"])

        @lru_cache(maxsize=BLOCK)
        def parsed(*codes: int) -> ParsedTitle:
            kind, show, season, certainty = codes
            name, index = names[show] if show >= 0 else (None, -1)
            part = seasons[season] if season >= 0 else None
            return ParsedTitle(KINDS[kind] if kind >= 0 else None, name, part, index, CERTAINTIES[max(certainty, 0)])

        def words() -> Iterator[tuple[int, str, ParsedTitle]]:
            titles = self._stream("select title_id, title from undecided order by title_id")
            codes = zip(*(column.tolist() for column in own.values()), strict=True)
            return ((title_id, title, parsed(*one)) for (title_id, title), one in zip(titles, codes, strict=True))

        first, last, files = self._seen(undecided)
        for (_, title, one), begin, end, of_title in zip(words(), first.tolist(), last.tolist(), files, strict=True):
            repetition.add(title, one, day_of(begin), day_of(end), of_title)
        with_season.update(self._with_season(names, repetition.open_shows, said))
        decided = (
            self.texts.said(repetition.decide(title, one, of_title, [names[code] for code in twins.get(title_id, ())]))
            for (title_id, title, one), of_title in zip(words(), files, strict=True)
        )
        return [np.array(column, np.int32) for column in zip(*decided, strict=True)]

    def _twins(self, certain: NDArray[np.int64], shows: Ints) -> dict[int, list[int]]:
        """Return the shows of which a file has an episode for certain that is called like an undecided title, by title.

        certain: the codes of texts that are such episodes. shows: the code of every text's show.
        """
        create(self.database, "certain", title_id=self._title_of[certain], show_code=shows[certain])
        return dict(self.database.execute(sql.TWINS).fetchall())

    def _seen(self, undecided: Ints) -> tuple[Ints, Ints, list[list[int]]]:
        """Return of titles, which viewing histories have, the first and the last day and the numbers of their files."""
        place = np.full(self._count, -1, np.int32)
        place[undecided] = np.arange(len(undecided))
        rows = np.flatnonzero(place[self._history["title_id"]] >= 0).astype(np.int32)
        places, days = place[self._history["title_id"][rows]], self._history["day"][rows]
        first, last = np.full(len(undecided), _LATEST), np.full(len(undecided), _EARLIEST)
        np.minimum.at(first, places, days)
        np.maximum.at(last, places, days)
        (of_title, files), _counts = _different(places, self._history["file"][rows])
        ends = np.searchsorted(of_title, np.arange(len(undecided)), "right").tolist()
        return first, last, [files[begin:end].tolist() for begin, end in pairwise([0, *ends])]

    def _with_season(self, names: Sequence[Show], wanted: Collection[str], said: Mapping[str, Ints]) -> WithSeason:
        """Return how many titles of each viewing history name a season of these shows (`show_key`)."""
        keys = {code: key for code, show in enumerate(names) if (key := show_key(*show)) in wanted}
        is_wanted = np.zeros(len(names) + 1, bool)  # the last one is that of no show
        is_wanted[np.array(list(keys), np.int32)] = True
        are_wanted = (said["kind"] == _EPISODE) & (said["season"] >= 0) & is_wanted[said["show"]]
        rows = np.flatnonzero(are_wanted[self._history["text_id"]]).astype(np.int32)
        file, text, title = (self._history[name][rows] for name in ("file", "text_id", "title_id"))
        (files, codes, _titles), _counts = _different(file, said["show"][text], title)
        found = defaultdict[str, Counter[int]](Counter)
        for file, code in zip(files.tolist(), codes.tolist(), strict=True):
            found[keys[code]][file] += 1
        return found

    def _match_keys(self, kinds: Ints) -> None:
        if sum(rows is not None and len(rows.texts) > 0 for rows in self.files) > 1:
            named = self._first_texts(~np.isin(kinds, _WITHOUT_NAME))
            self._want(np.isin(self._sorted, named))
            self.database.execute(sql.MATCHED)
            rows = self._stream("select title_id, title from matched where not is_plain")
            insert(self.database, "match_keys", ((title_id, match_key(title)) for title_id, title in rows))

    def _name_shows(self) -> Ints:
        """Create the table `show_names`. Returns the id of each show by its code."""
        shows = [(name, show_key(name, index), index) for name, index in self.texts.shows]
        ids = {key: number for number, key in enumerate(sorted({key for _, key, _ in shows}))}
        rows = ((code, name, title_key(name), key, index, ids[key]) for code, (name, key, index) in enumerate(shows))
        insert(self.database, "show_names", rows)
        return np.array([ids[key] for _, key, _ in shows], np.int32)

    # --- what tables and encodings are made of

    def views(self) -> tuple[Ints, Ints]:
        """Return (day, title) of the views in viewing histories, sorted.

        A blank title can stand for several views of a day, any other title counts once a day.
        """
        rows = self._history["day"], self._history["title_id"], self._history["file"]
        is_nameless = np.isin(self.kinds[rows[1]], _WITHOUT_NAME)
        named, _counts = _different(*(column[~is_nameless] for column in rows[:2]))
        nameless = _most_of_a_file(*(column[is_nameless] for column in rows))
        (days, titles), counts = _different(*map(np.concatenate, zip(named, nameless, strict=True)))
        return np.repeat(days, counts), np.repeat(titles, counts)

    def own_words(self, titles: Ints, are_plays: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Return the kinds of titles and the vocabulary indices of their shows by their own words, -1 for none.

        are_plays: whether they are plays of ViewingActivity.csv, which writes a title in its own way.
        """
        history, activity, kinds, shows = self._own
        texts = np.where(are_plays, activity[titles], history[titles])
        indices = np.array([index for _name, index in self.texts.shows], np.int32)
        return kinds[texts], _chosen(indices, shows[texts])

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
            season = parse_title(name, self._vocabulary).season
            alike.setdefault(match_key(name), []).append((key, day, season))
        titles = self._stream("select title_id, key, title, season from titles")
        found = (
            (title_id, None if day is None else number_of(day))
            for title_id, key, title, season in titles
            for wanted_key, day, wanted_season in alike.get(match_key(title), ())
            if key == wanted_key or (season or "").lower() in ("", (wanted_season or season or "").lower())
        )
        insert(self.database, "wanted_titles", found)
        insert(self.database, "wanted_shows", zip(keys, (rows.key for rows in shows), strict=True))
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
        while block := cursor.fetchmany(BLOCK):
            yield from block


def _chosen(values: Ints, places: Ints) -> Ints:
    """Return the values at these places, -1 at place -1."""
    return np.append(values, np.int32(-1))[places]


def _different(*columns: Ints) -> tuple[list[Ints], Ints]:
    """Return the different rows of columns, sorted, and how often each is there.

    A row is sorted as one number: days, titles, shows and files of a history have at most 22, 24, 24 and 16 bits.
    """
    firsts = [int(column.min(initial=0)) for column in columns]
    widths = [int(column.max(initial=0)) - first + 1 for column, first in zip(columns, firsts, strict=True)]
    assert prod(widths) < 1 << 63
    numbers = np.zeros(len(columns[0]), np.int64)
    for column, first, width in zip(columns, firsts, widths, strict=True):
        numbers *= width
        numbers += column
        numbers -= first
    numbers.sort()
    is_new = np.ones(len(numbers), bool)
    np.not_equal(numbers[1:], numbers[:-1], out=is_new[1:])
    begins = np.flatnonzero(is_new).astype(np.int32)
    counts, numbers = np.diff(begins, append=np.int32(len(numbers))), numbers[begins]
    found = []
    for first, width in zip(reversed(firsts), reversed(widths), strict=True):
        numbers, rest = np.divmod(numbers, width)
        found.append((rest + first).astype(np.int32))
    return found[::-1], counts


def _most_of_a_file(days: Ints, titles: Ints, files: Ints) -> list[Ints]:
    """Return the days and titles of rows as often as in the file that has them most, sorted."""
    (days, titles, _files), of_files = _different(days, titles, files)
    rows, files_of_row = _different(days, titles)
    begins = np.cumsum(files_of_row) - files_of_row
    most = np.maximum.reduceat(of_files, begins) if len(begins) else of_files
    return [np.repeat(column, most) for column in rows]
