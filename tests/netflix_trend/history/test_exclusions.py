"""What is excluded is in no table, array or answer, and comes back byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.history.encodings import load_encodings
from netflix_trend.history.exclusions import (
    MAX_EXCLUSIONS,
    ExclusionError,
    Rows,
    digest_of_exclusions,
    exclude,
    include_again,
    read_exclusions,
)
from netflix_trend.history.insights import all_insights, open_profiles
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.search import search
from netflix_trend.history.tables import History, rebuild_all
from netflix_trend.layout import KEPT_ROWS, PrivateVolume
from netflix_trend.participant import participant
from netflix_trend.participant.contributions import load_profiles
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import load_settings
from tests.netflix_trend.history.invented import activity, history
from tests.netflix_trend.history.test_tables import encoded, keep, query, seen, tables, watched

OPTIONS = ReadOptions(zone=UTC)
DARK = [(f"Dark: Season 1: Episode {number}", f"2024-01-1{number}") for number in range(3)]
ROWS = [*DARK, ("Roma", "2024-01-12"), ("Roma", "2024-01-14"), ("Ozark: Season 1: A", "2024-01-15")]
PLAYS = [
    ("Ann", "2024-02-01 20:00:00", "00:40:00", "Dark: Season 2: Episode 1"),
    ("Ann", "2024-02-02 20:00:00", "00:50:00", "Okja"),
]


def rebuilt(private: Path, vocabulary=None) -> list[History]:  # type: ignore[no-untyped-def]
    return rebuild_all(private, vocabulary or starter_vocabulary(), OPTIONS)


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A history of both kinds of export."""
    keep(tmp_path, history(*ROWS))
    keep(tmp_path, activity(*PLAYS), name="ViewingActivity.csv")
    rebuilt(tmp_path)
    return tmp_path


def nothing_has(private: Path, *words: bytes) -> bool:
    """Whether no file but the exports, their rows as they were read, and the list of exclusions has these words."""
    volume = PrivateVolume(private)
    files = [path for path in volume.profiles.rglob("*") if path.is_file() and path.name != KEPT_ROWS]
    return not any(word in path.read_bytes() for path in files for word in words)


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([Rows("title", "roma")], 6),
        ([Rows("title", "Roma", date(2024, 1, 14))], 7),
        ([Rows("title", "Roma", date(2024, 1, 13))], 8),
        ([Rows("show", "Dark")], 4),
        ([Rows("show", "Dark"), Rows("title", "ROMA"), Rows("title", "Okja")], 1),
        ([Rows("show", "Roma")], 8),
        ([Rows("title", "Nothing of this kind")], 8),
    ],
)
def test_excluded_rows_are_left_out(private: Path, rows: Sequence[Rows], left: int) -> None:
    assert len(watched(private)) == 8
    exclude(private, rows)
    (found,) = rebuilt(private)
    assert (found.views, len(watched(private))) == (left, left)
    full = load_encodings(PrivateVolume(private).profile("me")).full
    assert len(full) == left
    ids = [number for (number,) in query(private, "select title_id from titles order by 1")]
    assert ids == list(range(len(ids)))
    assert set(full["title"]) <= set(ids)
    assert set(ids) == {number for (number,) in query(private, "select distinct title_id from views")}


def encoded_views(private: Path) -> list[tuple[Any, ...]]:
    """Return what the array of all views says of each, with the title in the place of its number."""
    titles = dict(query(private, "select title_id, title from titles"))
    full = load_encodings(PrivateVolume(private).profile("me")).full
    return [(day, titles[title], show, kind) for day, title, show, kind in full.tolist()]


def test_what_is_left_keeps_its_kind_and_its_show(private: Path) -> None:
    """Titles are numbered anew, so each has another number than when its kind was decided."""
    before = encoded_views(private)
    exclude(private, [Rows("show", "Dark")])
    rebuilt(private)
    assert encoded_views(private) == [view for view in before if "Dark" not in view[1]]
    assert len({kind for *_, kind in encoded_views(private)}) > 1


def test_everything_is_as_it_was_once_nothing_is_excluded(private: Path) -> None:
    before = encoded(private), tables(private)
    added = exclude(private, [Rows("show", "Dark"), Rows("title", "Roma"), Rows("title", "Okja", date(2024, 2, 2))])
    rebuilt(private)
    assert (encoded(private), tables(private)) != before
    for one in added:
        include_again(private, one.number)
    rebuilt(private)
    assert (encoded(private), tables(private)) == before
    assert read_exclusions(private) == ()


def test_excluded_rows_are_in_no_table_insight_or_file(private: Path) -> None:
    exclude(private, [Rows("show", "Dark"), Rows("title", "Okja")])
    rebuilt(private)
    everything = str(tables(private))
    with open_profiles(private) as database:
        everything += str([insight.to_json() for insight in all_insights(database)])
    for word in ("Dark", "dark", "Okja", "okja"):
        assert word not in everything
    assert "Roma" in everything
    assert query(private, "select count(*) from plays") == [(0,)]
    assert nothing_has(private, b"Okja", b"okja", b"Dark")


def test_the_import_report_counts_what_was_excluded(private: Path) -> None:
    exclude(private, [Rows("show", "Dark"), Rows("title", "Roma", date(2024, 1, 14))])
    (found,) = rebuilt(private)
    reports = {file.raw.name: file.report for file in found.files if file.report}
    assert {name: (one.excluded, one.views) for name, one in reports.items()} == {
        "history.csv": (4, 2),
        "ViewingActivity.csv": (1, 1),
    }
    assert "4 excluded by you" in reports["history.csv"].dropped()
    assert "Dark" not in reports["history.csv"].shows
    assert sorted(query(private, "select excluded, rows = views + excluded from exports")) == [(1, True), (4, True)]


def test_later_episodes_of_an_excluded_show_are_excluded_too(private: Path) -> None:
    exclude(private, [Rows("show", "Dark")])
    keep(private, history(("Dark: Season 3: Episode 9", "2024-03-01"), ("Tenet", "2024-03-02")), name="later.csv")
    rebuilt(private)
    assert ("Tenet", "2024-03-02") in seen(private)
    assert not [title for title, _ in seen(private) if "Dark" in title]


def test_an_excluded_show_stays_excluded_with_another_vocabulary(private: Path) -> None:
    """The number of a show changes with the vocabulary, its name does not."""
    exclude(private, [Rows("show", "Dark")])
    whole = starter_vocabulary()
    index = whole.show("Dark")
    assert index is not None
    fewer = type(whole)(whole.shows[index : index + 1], whole.films)
    assert fewer.show("Dark") == 0
    for vocabulary in (fewer, type(whole)((), whole.films), whole):
        rebuilt(private, vocabulary)
        assert not [title for title, _ in seen(private) if "Dark" in title]
        assert len(watched(private)) == 4


def test_a_row_of_the_other_export_does_not_take_the_place_of_an_excluded_view(tmp_path: Path) -> None:
    keep(tmp_path, activity(("Ann", "2024-02-01 20:00:00", "00:40:00", "Dark: Season 1: Secrets (Episode 1)")))
    keep(tmp_path, history(("Dark: Season 1: Secrets", "2024-02-02"), ("Roma", "2024-02-02")), name="b.csv")
    rebuilt(tmp_path)
    assert len(watched(tmp_path)) == 2
    exclude(tmp_path, [Rows("title", "Dark: Season 1: Secrets (Episode 1)")])
    rebuilt(tmp_path)
    assert [title for _, title, _ in watched(tmp_path)] == ["Roma"]


@pytest.mark.parametrize("name", ["Dark: Season 1: Secrets (Episode 1)", "Dark: Season 1: Secrets"])
def test_the_other_export_brings_no_excluded_title_back_under_its_own_spelling(tmp_path: Path, name: str) -> None:
    exclude(tmp_path, [Rows("title", name)])
    keep(tmp_path, activity(("Ann", "2024-02-01 20:00:00", "00:40:00", "Dark: Season 1: Secrets (Episode 1)")))
    later = (("Dark: Season 1: Secrets", "2024-03-02"), ("Dark: Season 2: Secrets", "2024-03-02"))
    keep(tmp_path, history(*later, ("Dark: Season 1: Lies", "2024-03-02")), name="b.csv")
    rebuilt(tmp_path)
    assert [title for _, title, _ in watched(tmp_path)] == ["Dark: Season 1: Lies", "Dark: Season 2: Secrets"]


def test_everything_can_be_excluded_and_the_answer_is_that_of_somebody_who_watched_nothing(private: Path) -> None:
    before = load_profiles(private)
    exclude(
        private, [Rows("show", name) for name in ("Dark", "Ozark")] + [Rows("title", "Roma"), Rows("title", "Okja")]
    )
    assert load_profiles(private) is None, "not from tables that still hold it"
    rebuilt(private)
    profiles = load_profiles(private)
    assert before is not None
    assert profiles is not None
    assert profiles.covered_through == before.covered_through, "a file covers its days whatever is excluded"
    week = Week.of(date(2024, 1, 11))
    assert (before.contribution(week)["volume"], profiles.contribution(week)["volume"]) == (5, 0)
    assert profiles.contribution(week)["top_shows"] == frozenset()


def test_exclusions_hold_in_all_profiles_and_are_part_of_what_tables_are_built_from(tmp_path: Path) -> None:
    settings = load_settings(private_dir=tmp_path, datasites_dir=tmp_path / "datasites", tz="UTC")
    keep(tmp_path, history(("Roma", "2024-01-12"), ("Tenet", "2024-01-12")))
    keep(tmp_path, history(("Roma", "2024-01-13")), profile="Zoe", name="hers.csv")
    participant.refresh(settings)
    assert participant.refresh(settings) == []
    (one,) = exclude(tmp_path, [Rows("title", "Roma")])
    assert participant.out_of_date(settings).outdated == ("Zoe", "me")
    participant.refresh(settings)
    assert (watched(tmp_path, "Zoe"), len(watched(tmp_path))) == ([], 1)
    assert participant.refresh(settings) == []
    include_again(tmp_path, one.number)
    participant.refresh(settings)
    assert len(watched(tmp_path, "Zoe")) == 1


def test_a_damaged_list_lets_nothing_be_used(private: Path) -> None:
    settings = load_settings(private_dir=private, datasites_dir=private / "datasites", tz="UTC")
    participant.refresh(settings)
    exclude(private, [Rows("title", "Roma")])
    PrivateVolume(private).exclusions.write_text("damaged")
    assert load_profiles(private) is None
    assert participant.refresh(settings) == []
    found = participant.out_of_date(settings)
    assert (found.outdated, "exclusions.json" in found.problem) == ((), True)
    with pytest.raises(ExclusionError, match="damaged"):
        participant.refresh(settings, everything=True)
    with pytest.raises(ExclusionError, match="damaged"):
        exclude(private, [Rows("title", "Okja")])


# The list


def test_exclusions_are_numbered_and_never_twice(tmp_path: Path) -> None:
    first = exclude(tmp_path, [Rows("title", "Roma"), Rows("show", "Dark")])
    assert [one.number for one in first] == [1, 2]
    assert exclude(tmp_path, [Rows("title", " ROMA "), Rows("title", "roma", date(2024, 1, 1))]) == []
    include_again(tmp_path, 2)
    assert [one.number for one in exclude(tmp_path, [Rows("show", "Dark")])] == [3]
    with pytest.raises(ExclusionError, match="number 2"):
        include_again(tmp_path, 2)


@pytest.mark.parametrize("name", ["", "  ", "x" * 10_001])
def test_a_row_needs_a_title(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExclusionError):
        exclude(tmp_path, [Rows("title", "Roma"), Rows("title", name)])
    assert read_exclusions(tmp_path) == ()


def test_there_is_a_maximum(tmp_path: Path) -> None:
    exclude(tmp_path, [Rows("title", f"Film {number}") for number in range(MAX_EXCLUSIONS)])
    with pytest.raises(ExclusionError, match="at most"):
        exclude(tmp_path, [Rows("title", "one more")])


def test_the_digest_is_that_of_the_rows_and_not_of_their_order_or_numbers(tmp_path: Path) -> None:
    day = date(2024, 1, 1)
    rows = [
        Rows("title", "Roma"),
        Rows("show", "Roma"),
        Rows("title", "Okja", day),
        Rows("title", "Okja", date(2024, 1, 2)),
    ]
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, order in ((one, rows), (other, rows[::-1])):
        folder.mkdir()
        exclude(folder, order)
    digests = {digest_of_exclusions(read_exclusions(folder)) for folder in (one, other)}
    assert len(digests) == 1
    assert digests.isdisjoint({digest_of_exclusions(read_exclusions(one)[:number]) for number in range(4)})
    assert digest_of_exclusions(()) == ""


# Searching


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("dark", [("show", "Dark", 4), *[("title", f"Dark: Season 1: Episode {n}", 1) for n in range(3)]]),
        ("EPISODE dark 2", [("title", "Dark: Season 1: Episode 2", 1), ("title", "Dark: Season 2: Episode 1", 1)]),
        ("rom", [("title", "Roma", 2)]),
        ("nothing", []),
        ("", []),
        (" \u200b ", []),
    ],
)
def test_all_words_must_occur(private: Path, words: str, found: list[tuple[str, str, int]]) -> None:
    with open_profiles(private) as database:
        matches = [(match.what, match.name, match.views) for match in search(database, words)]
    if words == "dark":
        found = [*found, ("title", "Dark: Season 2: Episode 1", 1)]
    assert matches == found


def test_days_are_the_newest_first_and_what_is_excluded_is_not_found(private: Path) -> None:
    with open_profiles(private) as database:
        (roma,) = search(database, "roma")
    assert roma.days == (date(2024, 1, 14), date(2024, 1, 14) - timedelta(days=2))
    exclude(private, [roma.rows(roma.days[0])])
    rebuilt(private)
    with open_profiles(private) as database:
        (roma,) = search(database, "roma")
    assert roma.days == (date(2024, 1, 12),)
    exclude(private, [roma.rows()])
    rebuilt(private)
    with open_profiles(private) as database:
        assert search(database, "roma") == []
