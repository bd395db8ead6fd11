"""Searching one's own history: titles and shows that contain all words."""

from __future__ import annotations

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

    A title also matches by the name of its show. database: from `open_profiles`.
    """
    if not find(database, words):
        return []
    return [
        Match(what, name, views, tuple(days))
        for what, column, same in _GROUPS
        for name, views, days in database.execute(
            f"""select min({column}), count(*), list_sort(list(distinct day), 'desc')
                from found where is_{what} group by {same} order by 2 desc, 1"""
        ).fetchall()
    ]


_GROUPS: tuple[tuple[What, str, str], ...] = (("show", "show_name", "show_words"), ("title", "title", "key"))


def find(database: duckdb.DuckDBPyConnection, words: str) -> bool:
    """Make the table `found`: the rows of `seen` whose title, or show, contains every one of `words`.

    Its further columns: show_words (the name of the show as it is compared), is_show (that name alone contains all
    words), is_title (the title does, with the help of that name). Returns False, without a table, for no words.
    """
    wanted = [key for word in words.split() if (key := title_key(word))]
    if not wanted:
        return False
    names = [name for (name,) in database.execute("select distinct show_name from show_names").fetchall()]
    database.execute(
        "create or replace temp table compared as select unnest(?::varchar[]) as show_name, "
        "unnest(?::varchar[]) as show_words",
        [names, [title_key(name) for name in names]],
    )
    is_title = " and ".join(["(contains(key, ?) or contains(coalesce(show_words, ''), ?))"] * len(wanted))
    is_show = " and ".join(["contains(coalesce(show_words, ''), ?)"] * len(wanted))
    database.execute(
        f"""create or replace temp table found as
            from (select seen.*, show_words, key <> '' and {is_title} as is_title, {is_show} as is_show
                  from seen left join compared using (show_name))
            where is_title or is_show""",
        [*(word for word in wanted for _ in range(2)), *wanted],
    )
    return True
