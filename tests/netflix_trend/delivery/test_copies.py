"""Copies in the drop folder are found by their content."""

from __future__ import annotations

import hashlib
import time
import zipfile
from pathlib import Path

from netflix_trend.delivery.copies import content_of, remove_copies

EXPORT = b"Title,Date\nRoma,2026-11-11\n"
SHA256 = hashlib.sha256(EXPORT).hexdigest()


def test_copies_are_removed_by_their_content_and_nothing_else_is(tmp_path: Path) -> None:
    done = tmp_path / "done"
    (done / "folder.csv").mkdir(parents=True)
    (done / "a.csv").write_bytes(EXPORT)
    (done / "another name.csv").write_bytes(EXPORT)
    (done / "other.csv").write_bytes(EXPORT + b"more")
    (tmp_path / "mine.csv").write_bytes(EXPORT)
    (done / "link.csv").symlink_to(tmp_path / "mine.csv")
    with zipfile.ZipFile(done / "report.zip", "w") as archive:
        archive.writestr("CONTENT_INTERACTION/ViewingActivity.csv", EXPORT)
    (done / "damaged.zip").write_bytes(b"PK\x03\x04 no archive")

    assert remove_copies(tmp_path, {SHA256}) == 3

    assert {path.name for path in done.iterdir()} == {"folder.csv", "other.csv", "link.csv", "damaged.zip"}
    assert (tmp_path / "mine.csv").read_bytes() == EXPORT


def test_what_killed_uploads_left_goes_too_and_an_upload_that_runs_stays(tmp_path: Path) -> None:
    (tmp_path / ".upload-a1.part").write_bytes(EXPORT[:20])
    (tmp_path / ".upload-b2").mkdir()
    (tmp_path / ".upload-b2" / "a.csv").write_bytes(EXPORT)
    (tmp_path / "mine.csv").write_bytes(EXPORT)
    (tmp_path / ".upload-c3").symlink_to(tmp_path / "done")

    assert remove_copies(tmp_path, {SHA256}, time.time() + 3_000) == 0
    assert len(list(tmp_path.iterdir())) == 4
    assert remove_copies(tmp_path, {SHA256}, time.time() + 4_000) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_without_a_drop_folder_there_are_no_copies(tmp_path: Path) -> None:
    assert remove_copies(tmp_path / "drop", {SHA256}) == 0
    assert content_of(tmp_path / "a.csv") is None
