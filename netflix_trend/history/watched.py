"""Every view of a person with all that its title says, in the order of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from netflix_trend.history.episodes import EpisodeParts, parts_of
from netflix_trend.history.opened import DamagedTables
from netflix_trend.layout import PrivateVolume
from netflix_trend.plain_text import printable

_VIEWS = """
select day, title, t.kind::varchar, t.certainty::varchar, show_name, season, sum(v.seconds)::integer, count(*)
from views v join titles t using (title_id) left join shows using (show_id) where t.kind <> 'supplemental'
group by all order by day, title
"""
_NOTHING = EpisodeParts("", None, None)


@dataclass(frozen=True)
class Watched:
    """A title on a day.

    profile: the stored profile. kind: `episode`, `film`, or `unknown` for a title that is blank or has no show.
    certainty: `certain`, `likely` or `guess`. show, season: of episodes, as Netflix writes them. seconds: None where
    only NetflixViewingHistory.csv tells. times: how many views it is, more than 1 only where the title is unknown.
    """

    profile: str
    day: date
    title: str
    kind: str
    certainty: str
    show: str | None = None
    season: str | None = None
    episode: EpisodeParts = _NOTHING
    seconds: int | None = None
    times: int = 1


def watched(private: Path, profile: str | None = None) -> list[Watched]:
    """Return all views without trailers and the like, by profile and day.

    profile: only of this stored profile. Raises FileNotFoundError if nothing was imported, and ValueError if there is
    no such profile.
    """
    databases = {path.parent.name: path for path in PrivateVolume(private).databases()}
    if not databases:
        raise FileNotFoundError("nothing was imported yet. Next: ./run.sh fetch, or ./run.sh import FILE")
    if profile is not None and profile not in databases:
        names = ", ".join(printable(name) for name in databases)
        raise ValueError(f"there is no profile of this name. Profiles: {names}")
    found = []
    for name, path in databases.items():
        if profile in (None, name):
            found += [_watched(name, *row) for row in _views(path)]
    return found


def _views(path: Path) -> list[Any]:
    try:
        with duckdb.connect(config={"threads": 2, "memory_limit": "256MB"}) as database:
            quoted = str(path).replace("'", "''")
            database.execute(f"attach '{quoted}' as tables (read_only)")
            database.execute("use tables")
            return database.execute(_VIEWS).fetchall()
    except duckdb.Error:
        raise DamagedTables("your tables are damaged; they are built again within minutes") from None


def _watched(
    profile: str,
    day: date,
    title: str,
    kind: str,
    certainty: str,
    show: str | None,
    season: str | None,
    seconds: int | None,
    times: int,
) -> Watched:
    episode = parts_of(title, show, season) if kind == "episode" and show else _NOTHING
    kind = kind if kind in ("episode", "film") else "unknown"
    times = times if kind == "unknown" else 1
    return Watched(profile, day, title, kind, certainty, show, season, episode, seconds, times)
