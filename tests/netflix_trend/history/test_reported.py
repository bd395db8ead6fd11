"""Titles that were read wrong, by kinds: small invented exports with their right values, after reports by people."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.catalogue import season_words
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawStore
from netflix_trend.history.tables import rebuild
from netflix_trend.layout import DATABASE, PrivateVolume
from tests.netflix_trend.history.database import rows_of
from tests.netflix_trend.history.invented import activity, history

REPORTED = Path(__file__).parents[2] / "fixtures" / "exports_reported"
SEASON_WORDS = list(
    csv.DictReader((Path(season_words.__file__).parent / "data" / "season_words.csv").read_text("utf-8").splitlines())
)
LANGUAGES = sorted({language for row in SEASON_WORDS for language in row["languages"].split("|")})
NAMES = ["Boat", "Car", "Train", "Plane", "Bridge"]


def save(private: Path, name: str, data: bytes) -> None:
    delivery = Delivery(profile="me", source="drop_folder", name=name, received=date(2025, 6, 1))
    RawStore(private).save(delivery, [data])


def imported(private: Path, *exports: bytes) -> None:
    for data in exports:
        save(private, "export.csv", data)
    rebuild(private, "me", starter_vocabulary(), ReadOptions(date_order="ymd"))


def reported(private: Path, *names: str) -> None:
    for name in names:
        save(private, name, (REPORTED / name).read_bytes())
    rebuild(private, "me", starter_vocabulary(), ReadOptions())


def query(private: Path, sql: str) -> list[tuple[Any, ...]]:
    return rows_of(PrivateVolume(private).profile("me") / DATABASE, sql)


def kinds(private: Path) -> dict[str, tuple[str, str | None]]:
    rows = query(private, "select title, kind::varchar, show_name from titles left join shows using (show_id)")
    return {title.replace("\u00a0", " "): (kind, show) for title, kind, show in rows}


def forms(strength: str, language: str) -> list[str]:
    return [
        row["form"]
        for row in SEASON_WORDS
        if row["strength"] == strength and language in row["languages"].split("|") and "#" in row["form"]
    ]


def test_both_turkish_exports_are_one_history(tmp_path: Path) -> None:
    reported(tmp_path, "turkish_history.csv", "turkish_archive.csv")

    assert query(tmp_path, "select count(*) from views") == [(10,)]
    assert query(tmp_path, "select show_name, episodes from shows") == [("Uydurma Dizi", 10)]


def test_empty_seasons_and_empty_names(tmp_path: Path) -> None:
    reported(tmp_path, "empty_season_and_episode.csv")

    assert query(tmp_path, "select show_name, episodes from shows order by 1") == [
        ("New Invention", 2),
        ("Other Invention", 1),
    ]
    counts = "select kind::varchar, count(*) from views join titles using (title_id) group by all order by 1"
    assert query(tmp_path, counts) == [("blank", 1), ("episode", 3), ("unnamed", 2)]


def test_chapters_inside_of_a_title(tmp_path: Path) -> None:
    reported(tmp_path, "chapter_inside.csv")

    assert kinds(tmp_path) == {
        "La vida inventada: Capítulo 2: La primera frontera": ("episode", "La vida inventada"),
        "Life on Our Invention: Chapter 1: The Rules": ("episode", "Life on Our Invention"),
        "Fariña inventada: Capítulo 1: 1981": ("episode", "Fariña inventada"),
        "Ancient Invention: The Americas: Chapter VI": ("episode", "Ancient Invention"),
        "John Invent: Chapter 2": ("film", None),
        "Star Inventions: Episode IV: A New Hope": ("film", None),
    }


def test_seasons_of_several_words(tmp_path: Path) -> None:
    reported(tmp_path, "season_compounds.csv")

    assert set(kinds(tmp_path).values()) == {
        ("episode", "The World's Most Invented Homes"),
        ("episode", "Las chicas inventadas"),
    }


def test_films_of_an_archive(tmp_path: Path) -> None:
    reported(tmp_path, "archive_films_two_days.csv")

    assert sorted(kinds(tmp_path).values(), key=str) == [("episode", "Invented Show"), *[("film", None)] * 4]


def test_films_of_known_shows(tmp_path: Path) -> None:
    reported(tmp_path, "film_of_known_show.csv")

    assert set(kinds(tmp_path).values()) == {("film", None)}
    assert len(kinds(tmp_path)) == 6


# Both exports of one account


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_exports_of_an_account_are_one_history_in_every_language(tmp_path: Path, language: str) -> None:
    """Every word for an episode, before and behind its number; every second title lacks its season in the history."""
    season = forms("strong", language)[0].replace("#", "1")
    words = forms("episode", language)
    days = [f"2024-03-{10 + number}" for number in range(len(NAMES))]
    rows, plays = [], []
    for number, (name, day) in enumerate(zip(NAMES, days, strict=True)):
        suffix = words[number % len(words)].replace("#", str(number + 1))
        rows.append((f"Some Show: {season}: {name}" if number % 2 else f"Some Show: {name}", day))
        plays.append(("Ann", f"{day} 12:00:00", "00:40:00", f"Some Show: {season}: {name} ({suffix})"))

    imported(tmp_path, history(*rows), activity(*plays))

    assert query(tmp_path, "select count(*), count(seconds) from views") == [(5, 5)]
    assert query(tmp_path, "select show_name, episodes from shows") == [("Some Show", 5)]


@pytest.mark.parametrize(
    "suffix",
    [
        *(
            "Bölüm 3",
            "Odcinek 3",
            "3. díl",
            "第3話",
            "odc. 3",
            "Díl 3",
            "Epizóda 3",
            "3. rész",
            "Епизод 3",
            "3-я серия",
        ),
        *("Епізод 3", "Серія 3", "Episod 3", "エピソード 3", "제3화", "第 3 集", "Episodi 3", "एपिसोड 3"),
        *("3. þáttur", "3. atala", "3 серия", "Odcinek\u00a03", "3화", "ตอนที่ 3", "الحلقة 3", "פרק 3"),
    ],
)
def test_the_number_of_an_episode_stands_on_either_side_of_its_word(tmp_path: Path, suffix: str) -> None:
    imported(
        tmp_path,
        history(("Some Show: Boat", "2024-03-10")),
        activity(
            ("Ann", "2024-03-10 12:00:00", "00:40:00", f"Some Show: Boat ({suffix})"),
            ("Ann", "2024-03-20 12:00:00", "00:40:00", f"Some Show: Car（{suffix}）"),
        ),
    )

    assert query(tmp_path, "select show_name, episodes from shows") == [("Some Show", 2)]


@pytest.mark.parametrize(
    ("in_history", "in_activity"),
    [
        ("Some Show: {}", "Some Show : Season 1: {} (Episode 1)"),
        ("Some\u00a0Show: Season\u00a01: {}", "Some Show: Season 1: {} (Episode 1)"),
        ("Chef’s Lake: {}", "Chef's Lake: Season 1: {} (Episode 1)"),
        ("Some Show：Season 1：{}", "Some Show: Season 1: {} (Episode 1)"),
        ("Some Show: Asylum: {}", "Some Show: Asylum: {} (Episode 1)"),
        ("Titre : sous-titre: {}", "Titre: sous-titre: Saison 1: {} (Épisode 1)"),
    ],
)
def test_a_show_of_both_exports_has_one_name(tmp_path: Path, in_history: str, in_activity: str) -> None:
    days = [f"2024-03-{10 + number}" for number in range(len(NAMES))]
    rows = [(in_history.format(name), day) for name, day in zip(NAMES, days, strict=True)]
    plays = [
        ("Ann", f"{day} 12:00:00", "00:40:00", in_activity.format(name)) for name, day in zip(NAMES, days, strict=True)
    ]

    imported(tmp_path, history(*rows, (in_history.format("Later"), "2024-09-01")), activity(*plays))

    assert query(tmp_path, "select sum(episodes), count(*) from shows") == [(6, 1)]


def test_a_title_of_both_exports_is_what_the_archive_says(tmp_path: Path) -> None:
    titles = ("Ozark: The Long Night", "Jo Doe: Let Me", "Jo Doe: What Now?")
    rows = [(title, "2024-03-10") for title in titles]
    imported(
        tmp_path,
        history(*rows, *((f"Ozark: {name}", "2024-03-11") for name in NAMES)),
        activity(*(("Ann", f"{day} 12:00:00", "01:40:00", title) for title, day in rows)),
    )

    found = kinds(tmp_path)
    assert [found[title] for title in titles] == [("film", None)] * 3
    assert found["Ozark: Boat"] == ("episode", "Ozark")


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_files_changes_nothing(tmp_path: Path, order: int) -> None:
    files = [
        history(("Some Show: Season 1: Boat", "2024-03-10"), ("Some Show: The End", "2024-03-11")),
        history(("Some Show: Boat", "2023-03-10"), ("Some Show: Car", "2023-03-11"), ("Jo Doe: A: B", "2023-03-11")),
        activity(("Ann", "2024-03-11 12:00:00", "00:40:00", "Some Show: Season 1: Car (Episode 2)")),
    ]

    imported(tmp_path, *files[::order])

    assert kinds(tmp_path) == {
        "Jo Doe: A: B": ("episode", "Jo Doe"),
        "Some Show: Boat": ("episode", "Some Show"),
        "Some Show: Car": ("episode", "Some Show"),
        "Some Show: Season 1: Boat": ("episode", "Some Show"),
        "Some Show: Season 1: Car (Episode 2)": ("episode", "Some Show"),
        "Some Show: The End": ("film", None),
    }
