"""The different titles of a history, as its files write them: each has a code, and is parsed once.

The titles themselves and their keys go to the temporary database. What their words say is a column of whole numbers
here, by code.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import duckdb
import numpy as np

from netflix_trend.catalogue.keys import title_keys
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history.database import BLOCK, append, objects
from netflix_trend.history.exports import ExportKind
from netflix_trend.history.file_rows import Ints
from netflix_trend.history.repetition import Show
from netflix_trend.history.titles import CERTAINTIES, KINDS, Kind, ParsedTitle, TitleParser

# So many titles are remembered, so that the same ones of another file are not parsed again.
_KNOWN = 20_000
_PLACES: dict[Kind | None, int] = {None: -1, **{kind: place for place, kind in enumerate(KINDS)}}
_CERTAINTY_PLACES = {certainty: place for place, certainty in enumerate(CERTAINTIES)}
_SCHEMA = "create table texts (text_id integer, title varchar, key varchar)"

# What a title is: places in KINDS, `Texts.shows`, `Texts.seasons` and CERTAINTIES; -1 is none, an open title has no
# certainty.
Said = tuple[int, int, int, int]
SAID = ("kind", "show", "season", "certainty")


def place_of(kind: Kind) -> int:
    """Return the place of a kind in KINDS."""
    return _PLACES[kind]


class Texts:
    """Gives codes from 0 to `count` - 1 to titles; a title may have several."""

    def __init__(self, database: duckdb.DuckDBPyConnection, vocabulary: Vocabulary) -> None:
        """Create the table `texts` (text_id, title, key)."""
        self._database, self._parser = database, TitleParser(vocabulary)
        self.count = 0
        self.shows: dict[Show, int] = {}
        self.seasons: dict[str, int] = {}
        # Of every code, the place of what is said of it, and whether it is of ViewingActivity.csv.
        self._places, self._are_archive = array("i"), array("b")
        self._said: dict[Said, int] = {}
        self._kinds: list[int] = []
        self._known: dict[ExportKind, dict[str, int]] = {"viewing_history": {}, "viewing_activity": {}}
        self._titles: list[str] = []
        self._keys: list[str] = []
        database.execute(_SCHEMA)

    def codes(self, titles: Sequence[str], kind: ExportKind) -> Sequence[int]:
        """Return the codes of titles of an export."""
        known = self._known[kind]
        codes = list(map(known.get, titles))
        new = list(dict.fromkeys(title for title, code in zip(titles, codes, strict=True) if code is None))
        if new:
            is_archive = kind == "viewing_activity"
            parsed = self._parser.parse(new, is_archive=is_archive)
            given = dict(zip(new, self.take(new, parsed, [is_archive] * len(new)), strict=True))
            if len(known) >= _KNOWN:
                known.clear()
            known.update(given)
            codes = [given[title] if code is None else code for title, code in zip(titles, codes, strict=True)]
        return codes  # type: ignore[return-value]

    def take(self, titles: Sequence[str], parsed: Sequence[ParsedTitle], are_archive: Sequence[int]) -> range:
        """Return new codes for titles, from what was parsed of them. are_archive: whether of ViewingActivity.csv."""
        codes = range(self.count, self.count + len(titles))
        places = {id(one): self._place(one) for one in {id(one): one for one in parsed}.values()}
        self._places.extend([places[id(one)] for one in parsed])
        self._are_archive.extend(are_archive)
        self.count = codes.stop
        self._titles += titles
        self._keys += title_keys(titles)
        if len(self._titles) >= BLOCK:
            self.store()
        return codes

    def _place(self, parsed: ParsedTitle) -> int:
        said = self.said(parsed)
        place = self._said.setdefault(said, len(self._said))
        if place == len(self._kinds):
            self._kinds.append(said[0])
        return place

    def said(self, parsed: ParsedTitle) -> Said:
        """Return what was parsed as whole numbers."""
        show = season = -1
        if parsed.show is not None:
            show = self.shows.setdefault((parsed.show, parsed.index), len(self.shows))
        if parsed.season is not None:
            season = self.seasons.setdefault(parsed.season, len(self.seasons))
        certainty = _CERTAINTY_PLACES[parsed.certainty] if parsed.kind else -1
        return _PLACES[parsed.kind], show, season, certainty

    def are_supplemental(self, codes: Sequence[int]) -> list[bool]:
        """Return of each title whether its words say that it is a trailer or the like."""
        kinds, places, supplemental = self._kinds, self._places, _PLACES["supplemental"]
        return [kinds[places[code]] == supplemental for code in codes]

    def columns(self) -> dict[str, Ints]:
        """Return for every code what is said of it, as SAID, and `archive`: 1 if it is of ViewingActivity.csv."""
        places = np.array(self._places, np.int32)
        said = np.array([*self._said, (-1, -1, -1, -1)], np.int32)  # of two dimensions even without any
        columns = {name: said[:, number][places] for number, name in enumerate(SAID)}
        return {**columns, "archive": np.array(self._are_archive, np.int32)}

    def store(self) -> None:
        """Put the titles that wait into the table."""
        if self._titles:
            codes = np.arange(self.count - len(self._titles), self.count, dtype=np.int32)
            append(self._database, "texts", text_id=codes, title=objects(self._titles), key=objects(self._keys))
            self._titles, self._keys = [], []

    def take_back(self, count: int, shows: int, seasons: int) -> None:
        """Take back all codes but so many, of titles, shows and seasons."""
        self.store()
        self._database.execute("delete from texts where text_id >= ?", [count])
        self.count = count
        del self._places[count:], self._are_archive[count:]
        places = max(self._places, default=-1) + 1
        del self._kinds[places:]
        for names, left in ((self.shows, shows), (self.seasons, seasons), (self._said, places)):
            while len(names) > left:
                names.popitem()
        self.forget()

    def forget(self) -> None:
        """Forget which titles have codes, for the memory."""
        for known in self._known.values():
            known.clear()
