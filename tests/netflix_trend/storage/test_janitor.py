"""Leftovers of killed processes go after a day; nothing else ever does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from netflix_trend.storage import files
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.janitor import DAY, tidy_daily

LATER = time.time() + 2 * DAY
KEPT = (
    *("raw/0a.csv", "raw/.0a.csv.tmp", ".raw.lock", "x.0123abcd.tmp", ".x.0123ABCD.tmp", ".x.0123abc.tmp"),
    *(".bashrc", ".x.csv.options", ".incoming.tmp", ".upload-abcd1234", ".x.csv.part"),
)
GONE = (".x.json.0123abcd.tmp", "raw/.incoming.77.tmp", ".ledger.jsonl.restoring", "a/b/.y.0123abcd.tmp")


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def there(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {".tidied"}


def test_only_our_temporary_names_are_removed_and_only_after_a_day(tmp_path: Path) -> None:
    put(tmp_path, *KEPT, *GONE, ".restore.0123abcd.tmp/private/raw/0a.csv")
    assert tidy_daily(tmp_path, time.time() + DAY / 2) == 0
    (tmp_path / ".tidied").unlink()
    assert tidy_daily(tmp_path, LATER) == len(GONE) + 1
    assert there(tmp_path) == set(KEPT)


def test_it_is_done_once_a_day_and_again_when_the_clock_was_set_back(tmp_path: Path) -> None:
    tidy_daily(tmp_path, LATER)
    put(tmp_path, GONE[0])
    assert tidy_daily(tmp_path, LATER + DAY - 1) == 0
    assert tidy_daily(tmp_path, LATER + DAY) == 1
    put(tmp_path, GONE[0])
    assert tidy_daily(tmp_path, LATER) == 1


def test_in_the_drop_folder_people_s_files_stay(tmp_path: Path) -> None:
    own, drop = tmp_path / "own", tmp_path / "drop"
    own.mkdir()
    mine = ("NetflixViewingHistory.csv", "big.part", "x.csv.part", ".x.0123abcd.tmp", ".note.part", "done/.x.csv.part")
    put(drop, *mine, ".NetflixViewingHistory.csv.part", ".upload-abc_1234.part", ".upload-abc_1234/export.csv")
    assert tidy_daily(own, LATER, drop=drop) == 3
    assert there(drop) == set(mine)


def test_links_are_neither_followed_nor_removed(tmp_path: Path) -> None:
    own, elsewhere = tmp_path / "own", tmp_path / "elsewhere"
    own.mkdir()
    put(elsewhere, GONE[0])
    (own / "linked").symlink_to(elsewhere)
    (own / ".x.0123abcd.tmp").symlink_to(elsewhere)
    assert tidy_daily(own, LATER) == 0
    assert there(elsewhere) == {GONE[0]}


def test_what_an_atomic_write_leaves_when_it_is_killed_has_such_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", lambda *_, **__: None)
        killed.setattr(files.os, "fsync", lambda _: 1 / 0)  # type: ignore[attr-defined]
        with pytest.raises(ZeroDivisionError):
            write_atomically(tmp_path / "choices.json", b"{}")
    assert len(there(tmp_path)) == 1
    assert tidy_daily(tmp_path, LATER) == 1


def test_a_folder_that_cannot_be_read_or_written_stops_nothing(tmp_path: Path) -> None:
    assert tidy_daily(tmp_path / "missing", LATER, folders=[tmp_path / "other"], drop=tmp_path / "drop") == 0
