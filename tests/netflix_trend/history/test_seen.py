"""What a person has seen, as recommendations count it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from netflix_trend.history.opened import open_profiles
from netflix_trend.history.seen import seen_films, seen_shows
from tests.netflix_trend.history.imported_profiles import imported

ANN = (
    b'Title,Date\n"Dark: Season 1: Secrets","3/14/26"\n"Dark: Season 1: Lies","3/13/26"\n'
    b'"Dark: Season 1: Secrets","2/1/26"\n"Ozark: Season 1: Sugarwood","2/2/26"\nRoma,3/13/26\n'
)
BOB = (
    b'Title,Date\n"Dark: Season 1: Lies","1/1/26"\n"Dark: Season 2: Ghosts","1/2/26"\n'
    b'Roma,1/3/26\n"Big Fish","1/4/26"\n'
)


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return imported(tmp_path, {"Ann": ANN, "Bob": BOB})


def test_episodes_and_films_count_once_on_all_profiles(private: Path) -> None:
    with closing(open_profiles(private)) as database:
        shows, films = seen_shows(database), seen_films(database)
    assert list(shows.items()) == [("Dark", 3), ("Ozark", 1)], "the most first"
    assert films == ["Big Fish", "Roma"]
