"""Searching one's own history: titles and shows that contain all words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

from netflix_trend.catalogue.keys import title_key
from netflix_trend.history.exclusions import Rows, What


@dataclass(frozen=True)
class Match:
    """A title, or a show with all its episodes (what), and its views. days: the days with a view, the newest first."""

    what: What
    name: str
    views: int
    days: tuple[date, ...]

    def rows(self, day: date | None = None) -> Rows:
        """Return the rows to exclude: all, or those of a day."""
        return Rows(self.what, self.name, day)


def search(database: duckdb.DuckDBPyConnection, words: str) -> list[Match]:
    """Return the shows, then the titles, that contain every one of `words` in any case; each with most views first.

    A title also matches by the name of its show. database: from `insights.open_profiles`.
    """
    wanted = [key for word in words.split() if (key := title_key(word))]
    if not wanted:
        return []
    rows = database.execute("select title, show_name, day, count(*) from seen group by all").fetchall()
    shows: dict[str, list[tuple[str, date, int]]] = {}
    titles: dict[str, list[tuple[str, date, int]]] = {}
    for title, show, day, views in rows:
        key, show_key = title_key(title), title_key(show or "")
        if key and all(word in key or word in show_key for word in wanted):
            titles.setdefault(key, []).append((title, day, views))
        if show_key and all(word in show_key for word in wanted):
            shows.setdefault(show_key, []).append((show, day, views))
    return [*_matches("show", shows.values()), *_matches("title", titles.values())]


def _matches(what: What, groups: Iterable[list[tuple[str, date, int]]]) -> list[Match]:
    found = [
        Match(
            what,
            min(name for name, _, _ in group),
            sum(views for _, _, views in group),
            tuple(sorted({day for _, day, _ in group}, reverse=True)),
        )
        for group in groups
    ]
    return sorted(found, key=lambda match: (-match.views, match.name))
