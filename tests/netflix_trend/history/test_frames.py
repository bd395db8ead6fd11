"""A history as pandas tables: the rows of the tables, with types that a notebook computes with."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from netflix_trend.history.frames import insight_frame, insight_frames, views_frame
from netflix_trend.history.insights import all_insights
from netflix_trend.history.opened import open_profiles
from netflix_trend.history.watched import watched
from tests.netflix_trend.history.imported_profiles import imported

EXPORT = (
    b'Title,Date\n"Dark: Season 1: Secrets","3/14/26"\n"Dark: Season 2: Lies","3/13/26"\nRoma,3/13/26\n'
    b'" : ","3/12/26"\n'
)


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return imported(tmp_path, {"Ann": EXPORT, "Bob": EXPORT[:60]})


def test_every_view_is_a_row_with_types(private: Path) -> None:
    views = views_frame(private)
    assert len(views) == len(watched(private)) == 5
    assert list(views.day.dt.year.unique()) == [2026]
    assert views.seconds.isna().all()
    assert views.kind.astype(str).tolist() == [view.kind for view in watched(private)]
    assert views.season_number.dropna().tolist() == [2, 1, 1]
    assert views[views.kind == "episode"].groupby("show").size().to_dict() == {"Dark": 3}
    assert views_frame(private, "Bob").title.tolist() == ["Dark: Season 1: Secrets"]
    with pytest.raises(ValueError, match="no profile"):
        views_frame(private, "Eve")


def test_insights_are_frames_with_days(private: Path) -> None:
    frames = insight_frames(private)
    with closing(open_profiles(private)) as database:
        tables = all_insights(database)
    assert list(frames) == [table.name for table in tables]
    for table in tables:
        frame = frames[table.name]
        assert frame.shape == (len(table.rows), len(table.columns))
        for name in {"day", "first_day", "last_day"} & set(table.columns):
            assert pd.api.types.is_datetime64_any_dtype(frame[name])
    assert insight_frame(tables[0]).equals(frames[tables[0].name])


def test_before_an_import_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        views_frame(tmp_path)
    with pytest.raises(FileNotFoundError):
        insight_frames(tmp_path)
