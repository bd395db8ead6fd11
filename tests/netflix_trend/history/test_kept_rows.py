"""Rows that were read before: tables, arrays and reports are the same with them as without, whatever happens."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history import kept_rows, tables
from netflix_trend.history.exclusions import Rows, exclude
from netflix_trend.history.file_reader import FileReader
from netflix_trend.history.household import keep_answer
from netflix_trend.history.kept_rows import KeptRows
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawStore
from netflix_trend.history.removed import forget
from netflix_trend.history.tables import rebuild_all
from netflix_trend.layout import KEPT_ROWS, PrivateVolume
from tests.mutations import flipped
from tests.netflix_trend.history.invented import activity, history
from tests.netflix_trend.history.test_tables import EXPORTS, encoded, keep
from tests.netflix_trend.history.test_tables import tables as tables_of

IN_UTC = ReadOptions(zone=UTC)
MADE = date(2024, 6, 1)
ONE = history(("Roma", "2023-12-30"), ("Ozark: Season 1: A", "2023-12-29"))
TWO = history(("Tenet", "2023-12-31"), ("Roma", "2023-12-30"))
TITLES = [
    *(
        "Roma",
        "ROMA",
        "",
        ": Episode 3",
        "Ozark: Season 1: A",
        "OZARK: SEASON 1: A",
        "Clay Hill: Dawn",
        "Clay Hill: Dusk",
    ),
    *("Clay Hill: Season 2: Dawn", "Clay Hill: Season 2: Dawn (Episode 3)", "Insidious", "Insidious: Chapter 2"),
    *("Lamp Street: Part 1: 1994", "Lamp Street: Part 2: 1978", "Legion: Season 1_hook_primary_16x9", "Ozark: Trailer"),
]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the exports that were read from their bytes."""
    names: list[str] = []
    really = FileReader.read

    def counted(self: FileReader, *days: Any) -> Any:
        names.append(self._name)
        return really(self, *days)

    monkeypatch.setattr(FileReader, "read", counted)
    return names


def rebuilt(
    private: Path, options: ReadOptions = IN_UTC, vocabulary: Vocabulary | None = None
) -> dict[str, tuple[Any, ...]]:
    """Rebuild everything; return by profile the tables, the bytes of the arrays, and the reports."""
    found = rebuild_all(private, vocabulary or starter_vocabulary(), options)
    return {
        one.profile: (
            tables_of(private, one.profile),
            encoded(private, one.profile) if one.encodings else None,
            [(file.report and (file.report, file.report.file), str(file.refusal)) for file in one.files],
        )
        for one in found
    }


def cache(private: Path, profile: str = "me") -> Path:
    return PrivateVolume(private).profile(profile) / KEPT_ROWS


def anew(private: Path, **change: Any) -> dict[str, tuple[Any, ...]]:
    """Return what a rebuild gives that reads every export."""
    copy = private.with_name(f"{private.name} anew")
    shutil.copytree(private, copy)
    for path in copy.rglob(KEPT_ROWS):
        path.unlink()
    try:
        return rebuilt(copy, **change)
    finally:
        shutil.rmtree(copy)


def some_history(random: Random) -> bytes:
    days = [date(2023, 12, 20) + timedelta(days=random.randrange(20)) for _ in range(random.randrange(1, 30))]
    return history(*((random.choice(TITLES), day if random.random() < 0.95 else "2024-13-50") for day in days))


def some_plays(random: Random) -> bytes:
    def play() -> tuple[str, ...]:
        day = date(2023, 12, 20) + timedelta(days=random.randrange(20))
        start = f"{day} {random.randrange(24):02}:00:00" if random.random() < 0.95 else "soon"
        length = random.choice(["00:40:00", "00:00:20", "?"])
        return random.choice(["Ann", "Bob"]), start, length, random.choice(TITLES), random.choice(["", "", "HOOK"])

    return activity(*(play() for _ in range(random.randrange(1, 30))))


# The same with and without


@pytest.mark.parametrize("seed", range(8))
def test_every_import_gives_the_same_with_and_without_kept_rows(tmp_path: Path, seed: int) -> None:
    """Both kinds of export, two profiles, whose answers change, and exclusions, one after the other."""
    random, private = Random(seed), tmp_path / "private"
    for _step in range(4):
        data = some_history(random) if random.random() < 0.6 else some_plays(random)
        keep(
            private, data, profile=random.choice(["me", "me", "Ann"]), received=random.choice([MADE, date(2024, 1, 3)])
        )
        if random.random() < 0.3:
            keep_answer(private, RawStore(private).exports(), "me", [random.choice(["Ann", "Bob"])], ["Ann", "Bob"])
        if random.random() < 0.3:
            exclude(private, [Rows("title", random.choice(TITLES[:1] + TITLES[4:])), Rows("show", "Ozark")])

        expected = anew(private)
        assert rebuilt(private) == expected
        assert rebuilt(private) == expected


def test_the_order_of_imports_changes_nothing(tmp_path: Path) -> None:
    files = [(EXPORTS / name).read_bytes() for name in ("en_mdy_us.csv", "fr_dmy_gb.csv", "ja_ymd_ja.csv")]
    found = []
    for number, order in enumerate([files, files[::-1]]):
        for data in order:
            keep(tmp_path / str(number), data)
            last = rebuilt(tmp_path / str(number))
        found.append(last)

    assert found[0] == found[1]


# What is read again


def test_an_import_reads_the_new_file_only(tmp_path: Path, read: list[str]) -> None:
    keep(tmp_path, ONE, name="one.csv")
    rebuilt(tmp_path)
    keep(tmp_path, TWO, name="two.csv")
    keep(tmp_path, activity(("Ann", "2024-01-01 20:00:00", "00:40:00", "Okja")), name="plays.csv")
    rebuilt(tmp_path)
    rebuilt(tmp_path)

    assert sorted(read) == ["one.csv", "plays.csv", "two.csv"]


def test_exclusions_and_the_zone_read_nothing_again(tmp_path: Path, read: list[str]) -> None:
    keep(tmp_path, ONE)
    keep(tmp_path, activity(("Ann", "2024-01-01 20:00:00", "00:40:00", "Okja")))
    rebuilt(tmp_path)
    read.clear()

    exclude(tmp_path, [Rows("title", "Roma")])
    options = ReadOptions(zone=ZoneInfo("Asia/Tokyo"))
    found = rebuilt(tmp_path, options)

    assert read == []
    assert found == anew(tmp_path, options=options)


def change_vocabulary(_private: Path) -> dict[str, Any]:
    known = starter_vocabulary()
    return {"vocabulary": Vocabulary.build([*known.shows[:9], *known.films])}


def change_date_order(_private: Path) -> dict[str, Any]:
    return {"options": ReadOptions(zone=UTC, date_order="dmy")}


def change_shortest(_private: Path) -> dict[str, Any]:
    return {"options": ReadOptions(zone=UTC, shortest_seconds=5)}


def import_again_later(private: Path) -> dict[str, Any]:
    keep(private, ONE, name="h.csv", received=date(2025, 1, 1))
    return {}


def say_the_order(private: Path) -> dict[str, Any]:
    keep(private, ONE, name="h.csv", date_order="dmy", received=MADE)
    return {}


@pytest.mark.parametrize(
    "change", [change_vocabulary, change_date_order, change_shortest, import_again_later, say_the_order]
)
def test_what_reading_depends_on_reads_an_export_again(
    tmp_path: Path, read: list[str], change: Callable[[Path], dict[str, Any]]
) -> None:
    private = tmp_path / "private"
    keep(private, ONE, name="h.csv", received=MADE)
    rebuilt(private)
    read.clear()

    with_options = change(private)
    expected = anew(private, **with_options)
    read.clear()

    assert rebuilt(private, **with_options) == expected
    assert read == ["h.csv"]


def test_another_answer_reads_plays_again_and_no_history(tmp_path: Path, read: list[str]) -> None:
    keep(tmp_path, ONE, name="h.csv")
    plays = activity(*((name, "2024-01-01 20:00:00", "00:40:00", "Okja") for name in ("Ann", "Bob")))
    keep(tmp_path, plays, name="p.csv")
    for name in ("Ann", "Bob"):
        keep_answer(tmp_path, RawStore(tmp_path).exports(), "me", [name], ["Ann", "Bob"])
        rebuilt(tmp_path)

    assert sorted(read) == ["h.csv", "p.csv", "p.csv"]


def test_a_history_of_another_profile_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    really = tables._kind
    monkeypatch.setattr(tables, "_kind", lambda store, raw: looked.append(raw.profile) or really(store, raw))
    keep(tmp_path, ONE, profile="me")
    keep(tmp_path, TWO, profile="Ann")
    for _ in range(3):
        rebuilt(tmp_path)

    assert sorted(looked) == ["Ann", "me"]


# A cache, and no more


def with_another_byte(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(flipped(data, Random(1).randrange(len(data))))


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        with_another_byte,
        lambda path: path.write_bytes(path.read_bytes()[:-7]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[-32:]),
        lambda path: path.write_bytes(b"PK" + hashlib.sha256(b"PK").digest()),
        lambda path: path.unlink(),
        replaced_by_a_folder,
    ],
    ids=["another byte", "cut", "empty", "digest alone", "no arrays", "gone", "folder"],
)
def test_a_damaged_file_is_never_used_and_costs_only_time(
    tmp_path: Path, read: list[str], damage: Callable[[Path], Any]
) -> None:
    for data in (ONE, TWO):
        keep(tmp_path, data)
    expected = rebuilt(tmp_path)
    read.clear()
    damage(cache(tmp_path))

    assert rebuilt(tmp_path) == expected
    assert len(read) == 2
    read.clear()
    assert rebuilt(tmp_path) == expected
    assert not read


@pytest.mark.parametrize("seed", range(6))
def test_a_byte_changed_anywhere_is_found(tmp_path: Path, seed: int) -> None:
    keep(tmp_path, ONE)
    rebuilt(tmp_path)
    data, random = cache(tmp_path).read_bytes(), Random(seed)
    for _ in range(200):
        cache(tmp_path).write_bytes(flipped(data, random.randrange(len(data)), 1 + random.randrange(255)))
        assert not KeptRows.read(cache(tmp_path).parent).files


def test_rows_that_other_code_has_read_are_read_again(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, ONE)
    expected = rebuilt(tmp_path)
    monkeypatch.setattr(kept_rows, "code_version", lambda: "other")
    read.clear()

    assert rebuilt(tmp_path) == expected
    assert len(read) == 1


def test_the_version_of_the_code_changes_with_every_file_that_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "netflix_trend"
    for name in ("history", "catalogue"):
        shutil.copytree(Path(kept_rows.__file__).parents[1] / name, package / name)
    monkeypatch.setattr(kept_rows, "__file__", str(package / "history" / "kept_rows.py"))
    found = set()
    for path in (
        *(package / "history" / f"{name}.py" for name in ("dates", "exports", "file_reader", "titles", "staging")),
        *(package / "catalogue" / name for name in ("keys.py", "season_words.py", "data/season_words.csv")),
    ):
        found.add(kept_rows.code_version.__wrapped__())
        path.write_bytes(path.read_bytes() + b"\n")

    assert len(found | {kept_rows.code_version.__wrapped__()}) == 9


def test_a_full_disk_keeps_no_rows_and_the_tables_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    keep(tmp_path, ONE)
    monkeypatch.setattr(kept_rows, "write_atomically", full)

    assert rebuilt(tmp_path)["me"][0]["titles"]
    assert not cache(tmp_path).exists()


def test_too_many_titles_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, ONE)
    rebuilt(tmp_path)
    monkeypatch.setattr(kept_rows, "_MOST_TEXTS", 2)
    keep(tmp_path, TWO)
    expected = anew(tmp_path)

    assert rebuilt(tmp_path) == expected
    assert not cache(tmp_path).exists()


# What is forgotten


def test_nothing_of_a_forgotten_export_stays(tmp_path: Path, read: list[str]) -> None:
    kept = keep(tmp_path, ONE)
    gone = keep(tmp_path, history(("Okja: Secret Title", "2023-12-30"), ("Roma", "2023-12-29")))
    rebuilt(tmp_path)
    assert b"Secret Title" in cache(tmp_path).read_bytes()
    read.clear()

    forget(tmp_path, [gone], datetime.now(UTC), None)
    rebuilt(tmp_path)

    assert list(KeptRows.read(cache(tmp_path).parent).files) == [kept.sha256]
    assert b"Secret Title" not in cache(tmp_path).read_bytes()
    assert b"secret title" not in cache(tmp_path).read_bytes()
    assert not read


def test_nothing_stays_when_the_last_export_is_forgotten(tmp_path: Path) -> None:
    only = keep(tmp_path, ONE)
    rebuilt(tmp_path)

    forget(tmp_path, [only], datetime.now(UTC), None)
    rebuild_all(tmp_path, starter_vocabulary(), IN_UTC)

    assert not list(tmp_path.rglob(KEPT_ROWS))


def test_an_export_that_moves_to_another_profile_leaves_nothing_behind(tmp_path: Path) -> None:
    moved = keep(tmp_path, ONE, profile="me")
    keep(tmp_path, TWO, profile="me")
    rebuilt(tmp_path)

    keep(tmp_path, ONE, profile="Ann")
    rebuilt(tmp_path)

    assert moved.sha256 not in KeptRows.read(cache(tmp_path).parent).files
    assert b"Ozark" not in cache(tmp_path).read_bytes()
