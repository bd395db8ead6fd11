"""Lists of shows, films, views and episodes, and the choice of days, viewer, device and show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import duckdb
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history import opened
from netflix_trend.history.insights import by_month, devices, whole_insight
from netflix_trend.history.listing import (
    COLUMNS,
    Part,
    by_season,
    by_viewer,
    device_names,
    listing,
    months_by_viewer,
    show_names,
    shows_by_viewer,
    totals,
)
from netflix_trend.history.opened import Choice, Viewer, apart, narrow, open_profiles, viewers
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawStore
from netflix_trend.history.search import find
from netflix_trend.history.tables import rebuild
from tests.netflix_trend.history.invented import history

HEADER = (
    "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,Bookmark,"
    "Latest Bookmark,Country"
)
# Profile, day in January 2024, title, device, minutes.
PLAYS = [
    ("Ann", 1, "Ozark: Season 1: Sugarwood (Episode 1)", "TV", 60),
    ("Ann", 2, "Ozark: Season 1: Blue Cat (Episode 2)", "TV", 30),
    ("Ann", 2, "Ozark: Season 1: Blue Cat (Episode 2)", "iPad's", 15),
    ("Ann", 3, "Ozark: Season 2: Reparations (Episode 1)", "iPad's", 60),
    ("Ann", 4, "Roma", "TV", 120),
    ("O'Neil", 5, "Ozark: Season 1: Sugarwood (Episode 1)", "TV", 60),
    ("O'Neil", 6, "Peppa Pig: Season 1: Puddles (Episode 1)", "", 6),
]


def activity(*plays: tuple[str, int, str, str, int]) -> bytes:
    lines = [
        f'{who},2024-01-{day:02} {12 + (device != "TV")}:00:00,0{minutes // 60}:{minutes % 60:02}:00,,"{title}"'
        f",,{device},0,0,DE"
        for who, day, title, device, minutes in plays
    ]
    return "\n".join([HEADER, *lines, ""]).encode()


def take(private: Path, data: bytes, profile: str = "me", only: tuple[str, ...] = ()) -> None:
    delivery = Delivery(profile=profile, source="test", name=f"{len(data)}.csv", received=date(2024, 2, 1), only=only)
    RawStore(private).save(delivery, [data])
    rebuild(private, profile, starter_vocabulary(), ReadOptions(zone=UTC))


@pytest.fixture
def household(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Ann and O'Neil count for `me`, with a film of the short file; Cleo is a stored profile of her own."""
    take(tmp_path, activity(*PLAYS), only=("Ann", "O'Neil"))
    take(tmp_path, history(("Bird Box", date(2024, 1, 9))))
    take(tmp_path, history(("Roma", date(2024, 1, 10)), ("Roma", date(2024, 1, 12))), profile="Cleo's")
    with open_profiles(tmp_path) as database:
        yield database


def named(database: duckdb.DuckDBPyConnection, name: str, sort: str, **more: object) -> list[object]:
    return [row[0] for row in listing(database, name, Part(sort, **more)).rows]  # type: ignore[arg-type]


def test_lists_have_a_row_for_each_show_film_view_and_episode(household: duckdb.DuckDBPyConnection) -> None:
    assert listing(household, "shows", Part("last_day")).rows == (
        ("Peppa Pig", 1, 1, date(2024, 1, 6), date(2024, 1, 6), 0.1),
        ("Ozark", 3, 4, date(2024, 1, 1), date(2024, 1, 5), 3.75),
    )
    assert listing(household, "films", Part("film")).rows == (
        ("Bird Box", 1, date(2024, 1, 9), date(2024, 1, 9), "2024-01-09", None),
        ("Roma", 3, date(2024, 1, 4), date(2024, 1, 12), "2024-01-04, 2024-01-10, 2024-01-12", None),
    )
    views = listing(household, "views", Part("day", turned=True)).rows
    assert len(views) == 9
    assert views[1] == (
        *(date(2024, 1, 2), "Ozark: Season 1: Blue Cat (Episode 2)", "Ozark", "Season 1", "episode", 0.75),
        *("me", "Ann"),
    )
    assert views[-1] == (date(2024, 1, 12), "Roma", None, None, "film", None, "Cleo's", None)
    assert listing(household, "episodes", Part("views")).rows[0][2] == 2
    assert totals(household) == {"shows": 2, "films": 2, "views": 9, "episodes": 4}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_sorts_both_ways_and_parts_make_the_whole(household: duckdb.DuckDBPyConnection, name: str) -> None:
    for column in COLUMNS[name]:
        place = COLUMNS[name].index(column)
        for turned in (False, True):
            whole = listing(household, name, Part(column, turned)).rows
            assert len(whole) == totals(household)[name]
            parts = [listing(household, name, Part(column, turned, offset, 2)).rows for offset in range(0, 10, 2)]
            assert tuple(row for part in parts for row in part) == whole
            known = [row[place] for row in whole if row[place] is not None]
            falls = column in {"day", "first_day", "last_day", "dates", "hours", "views", "episodes"}
            assert known == sorted(known, reverse=falls != turned)
    with pytest.raises(KeyError):
        listing(household, name, Part("1; drop table chosen"))


def test_words_find_titles_and_shows(household: duckdb.DuckDBPyConnection) -> None:
    def found(words: str) -> dict[str, int]:
        assert find(household, words)
        return totals(household, is_search=True)

    assert found("OZARK") == {"shows": 1, "films": 0, "views": 4, "episodes": 3}
    assert found("blue ozark") == {"shows": 0, "films": 0, "views": 1, "episodes": 1}
    assert found("%' or 1=1 --") == dict.fromkeys(("shows", "films", "views", "episodes"), 0)
    assert not find(household, "  ")
    for name, words, titles in (("films", "rom", ["Roma"]), ("shows", "zark", ["Ozark"]), ("films", "ozark", [])):
        find(household, words)
        assert [row[0] for row in listing(household, name, Part(name[:-1]), is_search=True).rows] == titles


def test_a_choice_of_viewer_device_days_and_show_narrows_every_table(household: duckdb.DuckDBPyConnection) -> None:
    narrow(household, Choice(viewer=Viewer("me", "O'Neil")))
    assert named(household, "shows", "show") == ["Ozark", "Peppa Pig"]
    narrow(household, Choice(viewer=Viewer("Cleo's")))
    assert totals(household) == {"shows": 0, "films": 1, "views": 2, "episodes": 0}
    narrow(household, Choice(viewer=Viewer("nobody'); drop table chosen; --")))
    assert totals(household)["views"] == 0

    narrow(household, Choice(device="iPad's"))
    assert listing(household, "views", Part("day")).rows[-1][5] == 0.25, "what was played on this device"
    assert totals(household)["views"] == 2
    narrow(household, Choice(device="unknown"))
    assert named(household, "shows", "show") == ["Peppa Pig"]
    assert [row[0] for row in devices(household).rows] == ["unknown"]
    assert set(device_names(household)) == {"TV", "iPad's", "unknown"}, "whatever was chosen"

    narrow(household, Choice(first=date(2024, 1, 4), last=date(2024, 1, 9)))
    assert totals(household) == {"shows": 2, "films": 2, "views": 4, "episodes": 2}

    (ozark,) = (key for key, names in show_names(household).items() if names == ["Ozark"])
    narrow(household, Choice(show=ozark, viewer=Viewer("me", "Ann")))
    assert totals(household) == {"shows": 1, "films": 0, "views": 3, "episodes": 3}
    assert by_month(household).rows == (("2024-01", 3, 3, 0, 2.75),)
    assert whole_insight(household, "hours").rows[0][2] == 2.75
    assert by_season(household).rows == (
        ("Season 1", 2, 2, date(2024, 1, 1), date(2024, 1, 2), 1.75),
        ("Season 2", 1, 1, date(2024, 1, 3), date(2024, 1, 3), 1.0),
    )

    narrow(household, Choice())
    assert totals(household)["views"] == 9


def test_viewers_are_told_apart_as_far_as_the_files_do(household: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = viewers(household)
    assert found == (Viewer("Cleo's"), Viewer("me"), Viewer("me", "Ann"), Viewer("me", "O'Neil"))
    assert apart(found) == (Viewer("Cleo's"), Viewer("me", "Ann"), Viewer("me", "O'Neil"))
    rows = {row[:2]: row[2:7] for row in by_viewer(household).rows}
    assert rows == {
        ("Cleo's", None): (2, 2, 0, 2, 0),
        ("me", "Ann"): (4, 4, 3, 1, 1),
        ("me", "O'Neil"): (2, 2, 2, 0, 2),
        ("me", None): (1, 1, 0, 1, 0),
    }


def test_one_netflix_profile_is_the_stored_profile(tmp_path: Path) -> None:
    take(tmp_path, activity(*PLAYS), only=("Ann",))
    with open_profiles(tmp_path) as database:
        assert viewers(database) == apart(viewers(database)) == (Viewer("me"),)
        assert totals(database)["views"] == 4, "rows of others are not in the tables"


def test_a_history_too_large_for_memory_is_asked_on_disk(
    household: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices = [Choice(), Choice(viewer=Viewer("me")), Choice(device="TV"), Choice(first=date(2024, 1, 9))]

    def found(database: duckdb.DuckDBPyConnection) -> list[object]:
        rows: list[object] = []
        for choice in choices:
            narrow(database, choice)
            rows += [listing(database, name, Part(COLUMNS[name][0])) for name in COLUMNS]
            rows += [totals(database), by_viewer(database), months_by_viewer(database), shows_by_viewer(database, 1)]
        return rows

    monkeypatch.setattr(opened, "_MAX_KEPT", 3)
    with open_profiles(tmp_path) as database:
        kept = {name for (name,) in database.execute("select table_name from duckdb_tables()").fetchall()}
        assert not any(name.startswith("rows_of_") for name in kept)
        assert found(database) == found(household)


def test_profiles_have_the_same_months_and_their_own_shows(household: duckdb.DuckDBPyConnection) -> None:
    take_months = months_by_viewer(household).rows
    assert {row[2] for row in take_months} == {"2024-01"}
    assert {row[:2]: row[3] for row in take_months} == {row[:2]: row[2] for row in by_viewer(household).rows}
    assert shows_by_viewer(household, 1).rows == (("me", "Ann", "Ozark", 3), ("me", "O'Neil", "Ozark", 1))
