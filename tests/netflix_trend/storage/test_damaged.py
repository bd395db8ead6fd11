"""What is damaged is kept out of the way, and never lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netflix_trend.storage.damaged import (
    Damaged,
    digest_of_file,
    keep_copy,
    make_way,
    read_file,
    set_aside,
    was_set_aside,
    were_set_aside,
)


def contents(volume: Path) -> list[str]:
    return sorted(path.read_text() for path in (volume / "damaged").rglob("*") if path.is_file())


def test_what_is_set_aside_twice_in_a_second_is_there_twice(tmp_path: Path) -> None:
    path = tmp_path / "raw" / "a.csv"
    path.parent.mkdir()
    for text in ("one", "two"):
        path.write_text(text)
        set_aside(path, tmp_path)
    assert not path.exists()
    assert contents(tmp_path) == ["one", "two"]
    assert all(name.startswith("damaged/raw+a.csv.") for name in were_set_aside(tmp_path))
    assert was_set_aside(path, tmp_path)
    assert not was_set_aside(tmp_path / "raw" / "a.cs", tmp_path)


def test_a_copy_is_kept_and_the_file_is_never_missing(tmp_path: Path) -> None:
    path = tmp_path / "choices.json"
    path.write_text("{")
    keep_copy(path, tmp_path)
    assert path.read_text() == "{"
    assert contents(tmp_path) == ["{"]
    keep_copy(tmp_path / "none", tmp_path)
    assert len(were_set_aside(tmp_path)) == 1


def test_a_folder_makes_way_and_a_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "note").write_text("mine")
    make_way(path, tmp_path)
    assert contents(tmp_path) == ["mine"]
    path.write_text("file")
    make_way(path, tmp_path)
    assert path.read_text() == "file"


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_damaged_and_not_missing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    with pytest.raises(FileNotFoundError):
        read_file(path)
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(Damaged):
        read_file(path)
    assert digest_of_file(path) == ""


def test_a_digest_follows_every_change_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert digest_of_file(path) == ""
    path.write_bytes(b"abc")
    assert digest_of_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    path.write_bytes(b"")
    assert digest_of_file(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
