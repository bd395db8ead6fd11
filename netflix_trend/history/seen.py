"""Which shows and films a person has seen, on all profiles that count."""

from __future__ import annotations

import duckdb

_SHOWS = """
select show_name, count(distinct key)::integer from every_seen where kind = 'episode' and show_name is not null
group by show_name order by 2 desc, 1
"""
_FILMS = "select distinct title from every_seen where kind = 'film' order by 1"


def seen_shows(database: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many different episodes of each show were seen, by its name; the most first.

    database: from `open_profiles`.
    """
    return dict(database.execute(_SHOWS).fetchall())


def seen_films(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of all films that were seen, sorted. database: from `open_profiles`."""
    return [title for (title,) in database.execute(_FILMS).fetchall()]
