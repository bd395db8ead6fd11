"""One's own history and its insights as pandas tables, for a notebook.

    from pathlib import Path
    from netflix_trend.history.frames import insight_frames, views_frame

    views = views_frame(Path("private"))
    views[views.kind == "episode"].groupby("show").size().nlargest(10)

Nothing else in this project loads pandas: it takes longer to import than a verb takes to run.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from netflix_trend.history.insights import InsightTable, all_insights
from netflix_trend.history.opened import open_profiles
from netflix_trend.history.watched import watched

_DTYPES = {
    "profile": "category",
    "day": "datetime64[s]",
    "title": "str",
    "kind": "category",
    "certainty": "category",
    "show": "str",
    "season": "str",
    "season_number": "Int32",
    "episode": "str",
    "episode_number": "Int32",
    "seconds": "Int32",
    "times": "Int32",
}


def views_frame(private: Path, profile: str | None = None) -> pd.DataFrame:
    """Return every view without trailers and the like, a row each, by profile and day.

    private: the private volume. profile: only of this stored profile. The columns are those of `watched.Watched`, with
    the parts of an episode's title as `season_number`, `episode` and `episode_number`; what is not known is missing
    (NA). Raises as `watched`.
    """
    rows = []
    for view in watched(private, profile):
        row = asdict(view)
        parts = row.pop("episode")
        row |= {"season_number": parts["season_number"], "episode": parts["name"] or None}
        rows.append(row | {"episode_number": parts["number"]})
    return pd.DataFrame(rows, columns=list(_DTYPES)).astype(_DTYPES)


def insight_frames(private: Path) -> dict[str, pd.DataFrame]:
    """Return all tables of insights by name, as `./run.sh insights` prints them. Raises FileNotFoundError without any
    import, or DamagedTables.
    """
    with closing(open_profiles(private)) as database:
        return {table.name: insight_frame(table) for table in all_insights(database)}


def insight_frame(table: InsightTable) -> pd.DataFrame:
    """Return a table of insights; its days are datetime64[s]."""
    frame = pd.DataFrame(list(table.rows), columns=list(table.columns))
    days = [name for name in ("day", "first_day", "last_day") if name in table.columns]
    return frame.astype(dict.fromkeys(days, "datetime64[s]"))
