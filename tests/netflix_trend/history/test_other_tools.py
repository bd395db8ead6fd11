"""Files for other programs, read as those programs read them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.episodes import EpisodeParts, parts_of
from netflix_trend.history.other_tools import (
    BY_SHOW,
    EPISODES,
    FORMULAS,
    GUESSES,
    LETTERBOXD_BYTES,
    NO_EPISODES,
    PLAIN,
    TOO_MANY,
    UNKNOWN,
    FormatRefused,
    Reason,
    export,
)
from netflix_trend.history.raw import RawStore
from netflix_trend.history.tables import rebuild
from netflix_trend.history.watched import Watched, watched
from tests.netflix_trend.history import importers

FIXTURES = Path(__file__).parents[2] / "fixtures"
DAY = date(2024, 3, 1)
ANN = ("Ann", "Kids, room")


def film(title: str, day: date = DAY, certainty: str = "certain", profile: str = "me") -> Watched:
    return Watched(profile, day, title, "film", certainty)


def episode(show: str, season: str | None, name: str, day: date = DAY) -> Watched:
    title = ": ".join(part for part in (show, season, name) if part)
    return Watched("me", day, title, "episode", "certain", show, season, parts_of(title, show, season))


HISTORY = [
    film("Wicked"),
    film("Wicked", DAY + timedelta(days=30)),
    film("wicked", DAY - timedelta(days=30)),
    film('"Crocodile" Dundee, Part "II"'),
    film("Kill Bill: Vol. 1\n  (Uncut)\u202e"),
    film("Mission: Impossible", certainty="guess"),
    film('=HYPERLINK("http://x.example")'),
    film("-30-"),
    film("+1", DAY + timedelta(days=1)),
    episode("Dark", "Season 1", "Secrets (Episode 1)"),
    episode("Dark", "Season 2", "Endings and Beginnings (Episode 8)", DAY + timedelta(days=3)),
    episode("Dark", "Season 2", "Dark Matter", DAY + timedelta(days=2)),
    episode("Money Heist", "Part 3", "Episode 4"),
    Watched("me", DAY, "", "unknown", "certain", times=3),
    Watched("me", DAY, ": Season 1: Pilot", "unknown", "guess"),
]


def told(name: str, views: list[Watched] = HISTORY, *, guesses: bool = False) -> tuple[bytes, dict[Reason, int]]:
    found = export(name, views, guesses=guesses)
    return found.data, dict(found.left_out)


def test_letterboxd_gets_films_with_their_days_and_says_what_was_seen_again() -> None:
    data, left_out = told("letterboxd")

    rows = [(row["Title"], row["WatchedDate"], row["Rewatch"]) for row in importers.letterboxd(data)]
    assert rows == [
        ("wicked", "2024-01-31", "false"),
        ("“Crocodile” Dundee, Part “II”", "2024-03-01", "false"),
        ("-30-", "2024-03-01", "false"),
        ("Kill Bill: Vol. 1 (Uncut)", "2024-03-01", "false"),
        ("Wicked", "2024-03-01", "true"),
        ("+1", "2024-03-02", "false"),
        ("Wicked", "2024-03-31", "true"),
    ]
    assert left_out == {EPISODES: 4, UNKNOWN: 4, GUESSES: 1, FORMULAS: 1}


def test_a_file_for_letterboxd_has_the_newest_films_that_fit_into_a_megabyte() -> None:
    views = [film(f"Film {number:06} {'x' * 80}", DAY + timedelta(days=number % 999)) for number in range(12_000)]

    found = export("letterboxd", views)

    rows = importers.letterboxd(found.data)
    assert found.left_out == {TOO_MANY: len(views) - len(rows)}
    assert found.rows == len(rows)
    assert LETTERBOXD_BYTES - len(found.data) < 2_000, "hardly less than what fits"
    assert rows[-1]["WatchedDate"] == max(view.day for view in views).isoformat()


def test_simkl_gets_the_last_day_of_each_and_the_last_episode_whose_numbers_are_known() -> None:
    data, left_out = told("simkl")

    rows = {row["Title"]: row for row in importers.simkl(data)}
    assert list(rows) == [
        *("Wicked", "“Crocodile” Dundee, Part “II”".replace("“", '"').replace("”", '"'), "-30-"),
        *("Kill Bill: Vol. 1 (Uncut)", "+1", "Dark", "Money Heist"),
    ]
    assert rows["Wicked"]["WatchedDate"] == "2024-03-31"
    assert (rows["Wicked"]["Type"], rows["Wicked"]["Watchlist"]) == ("movie", "completed")
    dark, heist = rows["Dark"], rows["Money Heist"]
    assert (dark["Type"], dark["LastEpWatched"], dark["WatchedDate"], dark["Watchlist"]) == (
        *("tv", "s2e8", "2024-03-04"),
        "watching",
    )
    assert heist["LastEpWatched"] == "", "Part 3 is no season elsewhere"
    assert left_out == {BY_SHOW: 2, UNKNOWN: 4, GUESSES: 1, FORMULAS: 1}


def test_yamtrack_gets_each_day_of_a_film_and_each_show_once() -> None:
    data, left_out = told("yamtrack")

    rows = importers.yamtrack(data)
    films = [row for row in rows if row["media_type"] == "movie"]
    assert [row["end_date"] for row in films if row["title"].casefold() == "wicked"] == [
        "2024-01-31 12:00:00+00:00",
        "2024-03-01 12:00:00+00:00",
        "2024-03-31 12:00:00+00:00",
    ]
    shows = [row for row in rows if row["media_type"] == "tv"]
    assert [(row["title"], row["status"], row["end_date"]) for row in shows] == [
        ("Dark", "In progress", ""),
        ("Money Heist", "In progress", ""),
    ]
    assert left_out == {NO_EPISODES: 4, UNKNOWN: 4, GUESSES: 1, FORMULAS: 1}


@pytest.mark.parametrize("name", ["letterboxd", "simkl", "yamtrack"])
def test_nothing_is_lost_without_being_counted(name: str) -> None:
    for guesses in (False, True):
        found = export(name, HISTORY, guesses=guesses)
        assert (GUESSES in found.left_out) is not guesses
        assert (b"Mission: Impossible" in found.data) is guesses
    assert {reason.told(1)[:2] for reason in (EPISODES, UNKNOWN, GUESSES, FORMULAS, TOO_MANY, BY_SHOW)} == {"1 "}
    assert EPISODES.told(1) == "1 episode: it keeps films only"
    assert EPISODES.told(1_234) == "1,234 episodes: it keeps films only"


def test_two_profiles_that_watched_together_count_once_for_a_tool() -> None:
    together = [film("Wicked"), film("Wicked", profile="Sam")]

    assert export("letterboxd", together).rows == 1
    assert export("csv", together).rows == 2


def test_trakt_is_refused_with_the_reason_and_a_way() -> None:
    with pytest.raises(FormatRefused, match=r"id of Trakt, IMDb, TMDB or TVDB.*Next: import into Simkl"):
        export("trakt", HISTORY)


def test_csv_and_json_have_everything_and_the_same() -> None:
    data, left_out = told("csv")
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    views = json.loads(told("json")[0])["views"]

    assert left_out == {}
    assert tuple(rows[0]) == tuple(views[0]) == PLAIN
    assert len(rows) == len(views) == len(HISTORY)
    for row, view, had in zip(rows, views, HISTORY, strict=True):
        assert view["title"] == had.title
        assert view["episode_number"] == had.episode.number
        for column, value in view.items():
            assert row[column].removeprefix("'") == ("" if value is None else str(value)), column


@pytest.mark.parametrize("title", ["=1+1", "+1", "-30-", "@Zola", "\tx", "=HYPERLINK(1)"])
def test_no_cell_of_the_csv_is_a_formula(title: str) -> None:
    (row,) = csv.reader(io.StringIO(told("csv", [film(title)])[0].decode().partition("\r\n")[2], newline=""))
    assert f"'{title}" in row
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row)


@pytest.mark.parametrize("title", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0"])
@pytest.mark.parametrize("name", ["letterboxd", "simkl", "yamtrack"])
def test_no_title_for_a_tool_is_a_formula_that_does_something(name: str, title: str) -> None:
    data, left_out = told(name, [film(title), episode(title, "Season 1", "Pilot")])

    assert len(data.splitlines()) == 1
    assert left_out == {FORMULAS: 2}


@pytest.mark.parametrize(
    ("show", "season", "title", "parts"),
    [
        ("Dark", "Season 1", "Dark: Season 1: Secrets (Episode 1)", EpisodeParts("Secrets", 1, 1)),
        ("Dark", "Season 1", "Dark: Season 1: Secrets", EpisodeParts("Secrets", 1, None)),
        ("Dark", "Staffel 2", "Dark: Staffel 2: Folge 7", EpisodeParts("Folge 7", 2, 7)),
        ("Diriliş", "3. Sezon", "Diriliş: 3. Sezon: 12. Bölüm", EpisodeParts("12. Bölüm", 3, 12)),
        ("進撃の巨人", "シーズン2", "進撃の巨人: シーズン2: 獣の巨人", EpisodeParts("獣の巨人", 2, None)),
        ("Lupin", "Part 1", "Lupin: Part 1: Chapter 1", EpisodeParts("Chapter 1", None, None)),
        ("The Crown", "Limited Series", "The Crown: Limited Series: Pilot", EpisodeParts("Pilot", None, None)),
        ("Arcane", "Season 2 Act 1", "Arcane: Season 2 Act 1: Heavy (Episode 1)", EpisodeParts("Heavy", None, 1)),
        ("Star Trek: Voyager", "Season 4", "Star Trek: Voyager: Season 4: Scorpion: Part 2",
         EpisodeParts("Scorpion: Part 2", 4, None)),
        ("Horror", None, "Horror: Coven: Boy Parts", EpisodeParts("Coven: Boy Parts", None, None)),
        ("Horror", None, "Horror", EpisodeParts("", None, None)),
        ("Dark", "season 1", "DARK: Season 1: Episode 2019", EpisodeParts("Episode 2019", 1, None)),
        ("Dark", "Season 1", "Dark: Season 1: Episode 3 of 8", EpisodeParts("Episode 3 of 8", 1, None)),
    ],
)  # fmt: skip
def test_parts_of_an_episodes_title(show: str, season: str | None, title: str, parts: EpisodeParts) -> None:
    assert parts_of(title, show, season) == parts


def imported(private: Path, name: str, profile: str = "me", only: tuple[str, ...] = ()) -> None:
    """Import a fixture into the tables of a profile."""
    path = next(FIXTURES.glob(f"*/{name}"))
    delivery = Delivery(profile=profile, source="test", name=path.name, received=date(2026, 8, 1), only=only)
    RawStore(private).save(delivery, [path.read_bytes()])
    rebuild(private, profile, starter_vocabulary())


EXPORTS = (
    *("ViewingActivity.csv", "archive_films_two_days.csv", "turkish_archive.csv", "turkish_history.csv"),
    *("en_mdy_us.csv", "ja_ymd_ja.csv", "fr_mdy_us.csv", "season_compounds.csv", "two_digit_year_2008.csv"),
)


@pytest.mark.parametrize("export_", EXPORTS)
def test_every_export_of_netflix_becomes_files_that_are_accepted(tmp_path: Path, export_: str) -> None:
    imported(tmp_path, export_, only=ANN if export_ == "ViewingActivity.csv" else ())
    views = watched(tmp_path)
    wanted = [view for view in views if view.kind != "unknown"]
    films = [view for view in wanted if view.kind == "film"]

    for name, accepts in importers.IMPORTERS.items():
        found = export(name, views, guesses=True)
        assert len(accepts(found.data)) == found.rows
        assert found.left_out.get(UNKNOWN, 0) == sum(view.times for view in views if view.kind == "unknown")
    assert export("letterboxd", views, guesses=True).rows == len(films)
    assert len(json.loads(export("json", views).data)["views"]) == len(views)
    assert views == sorted(views, key=lambda view: view.day)
    assert all(view.show and view.episode.name for view in wanted if view.kind == "episode")


def test_numbers_of_episodes_come_from_the_archive(tmp_path: Path) -> None:
    imported(tmp_path, "ViewingActivity.csv", only=ANN)

    numbered = [view for view in watched(tmp_path) if view.episode.number is not None]

    assert numbered
    assert all(view.seconds for view in numbered)
    assert "(" not in "".join(view.episode.name for view in numbered)


def test_views_are_those_of_a_profile(tmp_path: Path) -> None:
    imported(tmp_path, "en_mdy_us.csv")
    imported(tmp_path, "ja_ymd_ja.csv", "Sam")

    everything, mine, theirs = watched(tmp_path), watched(tmp_path, "me"), watched(tmp_path, "Sam")

    assert len(everything) == len(mine) + len(theirs)
    assert {view.profile for view in theirs} == {"Sam"}
    assert sum(view.times for view in mine) == 48
    with pytest.raises(ValueError, match="Profiles: Sam, me"):
        watched(tmp_path, "Mia")


def test_without_an_import_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing was imported yet\. Next: "):
        watched(tmp_path)


def test_an_untidy_title_stays_one_line(tmp_path: Path) -> None:
    views = [replace(film("x"), title="One\r\nTwo\u2028Three\x00\x85 Four")]
    for name in ("letterboxd", "simkl", "yamtrack"):
        data = export(name, views).data
        assert len(data.decode().splitlines()) == 2
        assert b"One Two Three Four" in data
