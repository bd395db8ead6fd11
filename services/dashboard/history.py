"""The person's history for the pages: queried once for each state of the files, then cached in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

import duckdb

from netflix_trend.history.encodings import DESCRIPTION
from netflix_trend.history.insights import InsightTable, all_insights, open_profiles
from netflix_trend.history.review import Review, review
from netflix_trend.history.search import Match, search
from netflix_trend.history.whose import Whose, whose
from netflix_trend.language import language
from netflix_trend.layout import DATABASE, PrivateVolume
from netflix_trend.participant.contributions import ProfileSet, load_profiles
from netflix_trend.participant.event_effects import EventEffect
from netflix_trend.participant.life_events import LifeEvent
from netflix_trend.participant.own_effects import effects_of, is_thinned
from netflix_trend.periods.weeks import Week
from services.dashboard.imports import ImportedFile, imported_files

_Result = TypeVar("_Result")
_KEPT = 32
_READ_FILES = (DATABASE, DESCRIPTION)


@dataclass(frozen=True)
class Span:
    """Number of views, and the first and last day with one. covered: the last day that all exports cover completely."""

    views: int
    first: date
    last: date
    covered: date


@dataclass(frozen=True)
class History:
    """The private volume's tables and encodings. Safe to use from several threads."""

    private: Path
    _kept: OrderedDict[tuple[Hashable, Hashable], Any]
    _lock: Lock

    @classmethod
    def of(cls, private: Path) -> History:
        """Return the history on a private volume, without reading it yet."""
        return cls(private, OrderedDict(), Lock())

    def mark(self) -> tuple[Hashable, ...]:
        """Return a value that changes whenever the processor replaces a file."""
        files = sorted(path / name for path in PrivateVolume(self.private).profile_folders() for name in _READ_FILES)
        found = []
        for path in files:
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((str(path), status.st_ino, status.st_mtime_ns, status.st_size))
        return tuple(found)

    def changed(self) -> float | None:
        """Return when the processor last replaced a file, in seconds since 1970; None while there is none."""
        times = [path.stat().st_mtime for path in PrivateVolume(self.private).databases()]
        return max(times, default=None)

    def span(self) -> Span | None:
        """Return the extent of the history; None without views."""
        row = self._asked(
            "span",
            lambda database: database.execute(
                "select count(*), min(day), max(day), (select min(covered_through) from coverage) from seen"
            ).fetchone(),
        )
        return None if row is None or not row[0] else Span(row[0], row[1], row[2], row[3] or row[2])

    def tables(self, first: date = date.min, last: date = date.max) -> dict[str, InsightTable]:
        """Return the insights of a range of days, by name; empty while nothing was imported."""
        found = self._asked(
            ("tables", first, last),
            lambda database: {table.name: table for table in all_insights(database)},
            first,
            last,
        )
        return found or {}

    def review(self, first: date, last: date) -> Review | None:
        """Return the review of a range of days; None while nothing was imported."""
        return self._asked(("review", first, last), lambda database: review(database, first, last))

    def weekly(self) -> dict[Week, int]:
        """Return the views of each week that has any."""
        rows = self._asked(
            "weekly",
            lambda database: database.execute(
                "select date_trunc('week', day)::date, count(*) from seen group by 1 order by 1"
            ).fetchall(),
        )
        return {Week.of(monday): views for monday, views in rows or ()}

    def search(self, words: str) -> tuple[Match, ...]:
        """Return the shows and titles that contain all words; none while nothing was imported."""
        return tuple(self._asked(("search", words), lambda database: search(database, words)) or ())

    def is_thinned(self) -> bool:
        """Return whether older weeks look emptier than they were, because only the last view of a title is known."""
        return bool(self._asked("thinned", is_thinned))

    def daily(self) -> dict[date, int]:
        """Return the views of each day that has any."""
        return dict(self.tables()["calendar"].rows) if self.tables() else {}  # type: ignore[arg-type]

    def imports(self) -> tuple[ImportedFile, ...]:
        """Return the files that were imported, newest first."""
        return self._keep("imports", lambda: tuple(imported_files(self.private)))

    def whose(self) -> tuple[Whose, ...]:
        """Return which Netflix profiles count for each stored profile that can choose."""
        return self._keep("whose", lambda: tuple(whose(self.private)))

    def effects(self, events: Sequence[LifeEvent]) -> list[EventEffect]:
        """Return the effect of each event; empty while nothing was imported."""
        found = self._asked(("effects", tuple(events)), lambda database: list(effects_of(database, events)))
        return found or []

    def profiles(self) -> ProfileSet | None:
        """Return the encodings and events, as the publisher reads them."""
        return load_profiles(self.private)

    def week(self, week: Week) -> tuple[frozenset[int], int, str] | None:
        """Return shows, number of titles started, and vocabulary of a week; None without encodings, or if an
        export does not cover the whole week.
        """

        def read() -> tuple[frozenset[int], int, str] | None:
            profiles = load_profiles(self.private)
            if profiles is None or profiles.covered_through < week.sunday:
                return None
            mine = profiles.contribution(week)
            return mine["top_shows"], mine["volume"], profiles.vocabulary

        return self._keep(("week", week), read)

    def _asked(
        self,
        name: Hashable,
        ask: Callable[[duckdb.DuckDBPyConnection], _Result],
        first: date = date.min,
        last: date = date.max,
    ) -> _Result | None:
        def read() -> _Result | None:
            try:
                database = open_profiles(self.private, first, last)
            except FileNotFoundError:
                return None
            with database:
                return ask(database)

        return self._keep(name, read)

    def _keep(self, name: Hashable, read: Callable[[], _Result]) -> _Result:
        with self._lock:
            # Sentences are kept, too: in each language that is asked for.
            key = ((language(), name), mark := self.mark())
            if any(of != mark for _, of in self._kept):  # what was read before is not kept either
                self._kept.clear()
            if key not in self._kept:
                self._kept[key] = read()
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return cast(_Result, self._kept[key])
