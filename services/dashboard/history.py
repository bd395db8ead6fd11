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

from netflix_trend.history.encodings import DESCRIPTION, EncodingsError
from netflix_trend.history.freshness import damaged_tables
from netflix_trend.history.insights import InsightTable, all_insights, is_thinned, whole_insight
from netflix_trend.history.listing import device_names, show_names
from netflix_trend.history.opened import EVERYTHING, Choice, Viewer, narrow, open_profiles, viewers
from netflix_trend.history.review import Review, review
from netflix_trend.history.search import Match, search
from netflix_trend.history.seen import seen_films, seen_shows
from netflix_trend.history.whose import Whose, whose
from netflix_trend.language import language
from netflix_trend.layout import DATABASE, PrivateVolume
from netflix_trend.participant.contributions import ProfileSet, load_profiles
from netflix_trend.participant.event_effects import EventEffect
from netflix_trend.participant.life_events import LifeEvent
from netflix_trend.participant.own_effects import effects_of
from netflix_trend.periods.weeks import Week
from services.dashboard.imports import ImportedFile, imported_files

_Result = TypeVar("_Result")
_KEPT = 32
_OPEN = "open tables"
_READ_FILES = (DATABASE, DESCRIPTION)


@dataclass(frozen=True)
class Span:
    """Number of views, and the first and last day with one. covered: the last day that all exports cover completely."""

    views: int
    first: date
    last: date
    covered: date


@dataclass
class _Tables:
    """Tables that are open. chosen: which of their rows `seen` and `played` have now."""

    database: duckdb.DuckDBPyConnection
    chosen: Choice = EVERYTHING

    def narrowed(self, choice: Choice) -> duckdb.DuckDBPyConnection:
        """Return the tables with the chosen rows only."""
        if choice != self.chosen:
            narrow(self.database, choice)
            self.chosen = choice
        return self.database


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
        row = self.asked(
            "span",
            lambda database: database.execute(
                "select count(*), min(day), max(day), (select min(covered_through) from coverage) from seen"
            ).fetchone(),
        )
        return None if row is None or not row[0] else Span(row[0], row[1], row[2], row[3] or row[2])

    def tables(self, first: date = date.min, last: date = date.max) -> dict[str, InsightTable]:
        """Return the insights of a range of days, by name; empty while nothing was imported."""
        return self.chosen_tables(Choice(first, last))

    def chosen_tables(self, choice: Choice) -> dict[str, InsightTable]:
        """Return the insights of chosen rows, by name; empty while nothing was imported."""
        return self.asked("tables", lambda database: {one.name: one for one in all_insights(database)}, choice) or {}

    def whole_table(self, name: str, choice: Choice) -> InsightTable | None:
        """Return an insight with all its rows; None while nothing was imported. Raises KeyError for an unknown name."""
        return self.asked(("whole", name), lambda database: whole_insight(database, name), choice)

    def viewers(self) -> tuple[Viewer, ...]:
        """Return whose rows can be told apart."""
        return self.asked("viewers", viewers) or ()

    def devices(self) -> tuple[str, ...]:
        """Return the devices with plays, the most used first."""
        return self.asked("devices", device_names) or ()

    def show_names(self) -> dict[str, list[str]]:
        """Return the names of each show by its key."""
        return self.asked("show names", show_names) or {}

    def review(self, first: date, last: date, viewer: Viewer | None = None) -> Review | None:
        """Return the review of a range of days; None while nothing was imported. viewer: whose, None for all."""
        # Not only these days: what is new, and what was before, is known from the others.
        chosen = Choice(viewer=viewer)
        return self.asked(("review", first, last), lambda database: review(database, first, last), chosen)

    def weekly(self) -> dict[Week, int]:
        """Return the views of each week that has any."""
        rows = self.asked(
            "weekly",
            lambda database: database.execute(
                "select date_trunc('week', day)::date, count(*) from seen group by 1 order by 1"
            ).fetchall(),
        )
        return {Week.of(monday): views for monday, views in rows or ()}

    def seen(self) -> tuple[dict[str, int], list[str]]:
        """Return how many episodes of each show were seen, and which films; nothing before the first import."""
        return self.asked("seen titles", lambda database: (seen_shows(database), seen_films(database))) or ({}, [])

    def search(self, words: str) -> tuple[Match, ...]:
        """Return the shows and titles that contain all words; none while nothing was imported."""
        return tuple(self.asked(("search", words), lambda database: search(database, words)) or ())

    def is_thinned(self) -> bool:
        """Return whether older weeks look emptier than they were, because only the last view of a title is known."""
        return bool(self.asked("thinned", is_thinned))

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
        found = self.asked(("effects", tuple(events)), lambda database: list(effects_of(database, events)))
        return found or []

    def profiles(self) -> ProfileSet | None:
        """Return the encodings and events, as the publisher reads them; None while they are damaged."""
        try:
            return load_profiles(self.private)
        except EncodingsError:  # they are built again
            return None

    def week(self, week: Week) -> tuple[frozenset[int], int, str] | None:
        """Return shows, number of titles started, and vocabulary of a week; None without encodings, or if an
        export does not cover the whole week.
        """

        def read() -> tuple[frozenset[int], int, str] | None:
            profiles = self.profiles()
            if profiles is None or profiles.covered_through < week.sunday:
                return None
            mine = profiles.contribution(week)
            return mine["top_shows"], mine["volume"], profiles.vocabulary

        return self._keep(("week", week), read)

    def asked(
        self,
        name: Hashable,
        ask: Callable[[duckdb.DuckDBPyConnection], _Result],
        choice: Choice = EVERYTHING,
        *,
        is_kept: bool = True,
    ) -> _Result | None:
        """Return what `ask` gives for chosen rows, kept under `name` and the choice; None before an import.

        is_kept: whether it may be asked for again soon.
        """

        def read() -> _Result | None:
            tables = self._tables()
            try:
                return None if tables is None else ask(tables.narrowed(choice))
            except duckdb.Error:
                if not self._are_damaged():
                    raise
                self._kept.clear()  # of damaged tables nothing is answered until they are built again
                return None

        if is_kept:
            return self._keep((name, choice), read)
        with self._lock:
            return read()

    def _are_damaged(self) -> bool:
        return any(damaged_tables(folder) for folder in PrivateVolume(self.private).profile_folders())

    def _tables(self) -> _Tables | None:
        """Return the open tables, None if there are none. Opening them takes longer than most questions."""
        try:
            tables: _Tables = self._kept_now(_OPEN, lambda: _Tables(open_profiles(self.private)))
        except FileNotFoundError:
            return None
        return tables

    def _keep(self, name: Hashable, read: Callable[[], _Result]) -> _Result:
        with self._lock:
            return self._kept_now(name, read)

    def _kept_now(self, name: Hashable, read: Callable[[], _Result]) -> _Result:
        """Return what is kept under a name, or read it. Only while the lock is held."""
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
