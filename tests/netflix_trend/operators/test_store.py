"""The database of a party and its format: older ones are brought up to date, newer ones stay as they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from netflix_trend.operators import store
from netflix_trend.operators.store import Store
from netflix_trend.storage.migrations import NewerFormat


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as sql:
        return int(sql.execute("PRAGMA user_version").fetchone()[0])


def make(path: Path) -> None:
    with closing(Store(path)) as opened, opened.transaction():
        opened.put("2026-W46", "report.bin", b"report")


def test_a_new_database_has_the_newest_format(tmp_path: Path) -> None:
    make(tmp_path / "operators.sqlite")
    assert version(tmp_path / "operators.sqlite") == len(store._STEPS)


def test_a_database_from_before_there_were_numbers_gets_one_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "operators.sqlite"
    make(path)
    with closing(sqlite3.connect(path)) as sql:
        sql.execute("PRAGMA user_version=0")
    with closing(Store(path)) as opened:
        assert opened.file("2026-W46", "report.bin") == b"report"
    assert version(path) == 1


def test_files_that_are_dropped_give_their_room_back(tmp_path: Path) -> None:
    path = tmp_path / "operators.sqlite"
    with closing(Store(path)) as opened:
        with opened.transaction():
            for name in ("2026-W45", "2026-W46"):
                for file in ("agg-init-early-1.bin", "agg-init-early-2.bin", "agg_initial.bin", "manifest.json"):
                    opened.put(name, file, bytes(100_000))
        opened.erase()
        before = path.stat().st_size
        opened.drop("agg-init-", "agg-resp-")
        for name in ("2026-W45", "2026-W46"):
            assert opened.files(name) == ["agg_initial.bin", "manifest.json"]
            assert opened.file(name, "manifest.json") == bytes(100_000)
        assert path.stat().st_size < before - 390_000
        opened.drop("none")
        assert opened.files("2026-W46") == ["agg_initial.bin", "manifest.json"]


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "operators.sqlite"
    make(path)
    monkeypatch.setattr(store, "_STEPS", (*store._STEPS, "ALTER TABLE outbox ADD COLUMN later TEXT; DROP TABLE none"))
    with pytest.raises(sqlite3.OperationalError):
        Store(path)
    monkeypatch.undo()
    assert version(path) == 1
    with closing(Store(path)) as opened:
        assert opened.outbox("2026-W46") == {"report.bin": b"report"}
        assert "later" not in [row[1] for row in opened.sql.execute("PRAGMA table_info(outbox)")]


def test_a_step_is_taken_once_and_the_older_version_then_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "operators.sqlite"
    make(path)
    monkeypatch.setattr(store, "_STEPS", (*store._STEPS, "ALTER TABLE outbox ADD COLUMN later TEXT"))
    for _ in range(2):
        with closing(Store(path)) as opened:
            assert opened.sql.execute("SELECT data, later FROM outbox").fetchall() == [(b"report", None)]
    monkeypatch.undo()
    before = path.read_bytes()
    with pytest.raises(NewerFormat, match=r"/operators\.sqlite has format 2, and .* formats up to 1\."):
        Store(path)
    assert path.read_bytes() == before
