"""Backup and restore of an operator: the key and what was asked, never the database of open rounds."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from netflix_trend.backup.archive import BackupError, Manifest
from netflix_trend.backup.operators import back_up_operator, restore_operator
from netflix_trend.layout import OperatorVolume
from netflix_trend.operators.identity import Identity
from netflix_trend.storage.files import locked

WEEK = "sum_surveys/2026-W46.json"


def running(folder: Path) -> Path:
    Identity.load_or_create(OperatorVolume(folder).identity)
    (folder / "participants.txt").write_text("ann@home.net\n")
    (folder / "sum_surveys").mkdir()
    (folder / WEEK).write_text("{}")
    (folder / "batches").mkdir()
    (folder / "batches" / "2026-W46.json").write_text("{}")
    (folder / "operators.sqlite").write_bytes(b"keys of open rounds")
    (folder / "participants.txt.link").symlink_to("/etc/passwd")
    return folder


def backup(folder: Path) -> bytes:
    out = io.BytesIO()
    back_up_operator("aggregator", folder, out)
    return out.getvalue()


def restore(folder: Path, data: bytes, *, replace: bool = False) -> Manifest:
    return restore_operator("aggregator", folder, io.BytesIO(data), lambda _: "", replace=replace)


def test_what_makes_an_operator_comes_back_and_nothing_that_must_not_be_older(tmp_path: Path) -> None:
    before, after = running(tmp_path / "before"), tmp_path / "after"
    restore(after, backup(before))
    files = {path.relative_to(after).as_posix() for path in after.rglob("*") if path.is_file()}
    assert files == {"identity.key", "participants.txt", WEEK, ".loop.lock"}
    keys = [Identity.load_or_create(OperatorVolume(folder).identity) for folder in (before, after)]
    assert keys[0].fingerprint == keys[1].fingerprint


def test_an_operator_that_runs_is_not_restored(tmp_path: Path) -> None:
    folder = running(tmp_path / "own")
    data = backup(folder)
    with locked(OperatorVolume(folder).loop), pytest.raises(BackupError, match="is running"):
        restore(folder, data, replace=True)
    assert restore(folder, data, replace=True)


def test_what_is_replaced_is_kept_and_what_the_backup_has_not_goes(tmp_path: Path) -> None:
    folder = running(tmp_path / "own")
    data = backup(folder)
    (folder / "identity.key").write_bytes(bytes(32))
    (folder / "survey_plan.json").write_text("{}")
    with pytest.raises(BackupError, match="--replace"):
        restore(folder, data)
    assert (folder / "identity.key").read_bytes() == bytes(32)
    restore(folder, data, replace=True)
    assert (folder / "identity.key").read_bytes() != bytes(32)
    assert not (folder / "survey_plan.json").exists()
    (kept,) = (folder / "before_restore").iterdir()
    assert (kept / "identity.key").read_bytes() == bytes(32)
    assert (kept / "survey_plan.json").exists()
    assert (folder / "operators.sqlite").read_bytes() == b"keys of open rounds", "which no backup touches"


def test_there_is_no_empty_backup(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        backup(tmp_path)
