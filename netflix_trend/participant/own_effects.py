"""The effects of all life events on one's own history, for the terminal and the dashboard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
from numpy.typing import NDArray

from netflix_trend.language import marked
from netflix_trend.participant.event_effects import EventEffect, event_effect
from netflix_trend.participant.life_events import LifeEvent

THINNED = marked(
    "Note: a viewing-history file shows only the last time a title was seen, so older weeks "
    "look emptier than they were (about 18 % of the last month is missing, 35 % of what is "
    "older than two years). ViewingActivity.csv, or importing a new file every month, avoids "
    "that."
)


def effects_of(database: duckdb.DuckDBPyConnection, events: Sequence[LifeEvent]) -> Iterator[EventEffect]:
    """Yield the effect of each event. database: from `open_profiles`."""
    views, first_day = daily_views(database)
    thinned = is_thinned(database)
    for event in events:
        yield replace(event_effect(views, first_day, event), is_thinned=thinned)


def daily_views(database: duckdb.DuckDBPyConnection) -> tuple[NDArray[np.int64], date]:
    """Return int64[days], the views from the first day with any to the last day that all exports cover, and the first
    day.
    """
    counts = dict(database.execute("select day, count(*) from seen group by day").fetchall())
    if not counts:
        return np.zeros(0, dtype=np.int64), date.min
    ((covered,),) = database.execute("select min(covered_through) from coverage").fetchall()
    first, last = min(counts), covered or max(counts)
    views = np.zeros(max(0, (last - first).days + 1), dtype=np.int64)
    for day, count in counts.items():
        if day <= last:
            views[(day - first).days] = count
    return views, first


def is_thinned(database: duckdb.DuckDBPyConnection) -> bool:
    """Return whether views come from NetflixViewingHistory.csv alone, which has only the last view of each title."""
    return database.execute("select 1 from seen where seconds is null limit 1").fetchall() != []
