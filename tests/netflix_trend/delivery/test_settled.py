"""Which files of a drop folder are complete, and how another process is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netflix_trend.delivery.settled import SETTLED_SECONDS, Settling, as_word, from_word
from netflix_trend.storage.files import file_state


def test_a_file_that_changes_begins_to_settle_again(tmp_path: Path) -> None:
    now = [0.0]
    settling, file = Settling(tmp_path, lambda: now[0]), tmp_path / "a.csv"
    file.write_text("Title,")
    assert settling.complete() == []
    now[0] += SETTLED_SECONDS
    file.write_text("Title,Date\n")
    assert settling.complete() == []
    now[0] += SETTLED_SECONDS - 0.1
    assert settling.complete() == []
    now[0] += 0.1
    assert settling.complete() == [(file, file_state(file.lstat()))]
    settling.forget(file)
    assert settling.complete() == []


def test_a_file_that_came_back_begins_to_settle_again(tmp_path: Path) -> None:
    now = [0.0]
    settling, file = Settling(tmp_path, lambda: now[0]), tmp_path / "a.csv"
    file.write_text("x")
    settling.complete()
    status = file.stat()
    file.rename(tmp_path / "a.part")
    now[0] += SETTLED_SECONDS
    assert settling.complete() == []
    (tmp_path / "a.part").rename(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    now[0] += SETTLED_SECONDS
    assert settling.complete() == []


def test_who_watches_another_folder_says_which_files(tmp_path: Path) -> None:
    now = [0.0]
    settling = Settling(tmp_path, lambda: now[0], lambda entry: entry.name.endswith(".txt"))
    for name in ("a.csv", "b.txt"):
        (tmp_path / name).write_text("x")
    settling.complete()
    now[0] += SETTLED_SECONDS
    assert [path.name for path, _ in settling.complete()] == ["b.txt"]


@pytest.mark.parametrize("name", ["a.csv", "a:b: c.csv", os.fsdecode(b"\xff.csv")])
def test_a_word_says_file_and_state(tmp_path: Path, name: str) -> None:
    state = (17, 3, 1_700_000_000_123_456_789)
    assert from_word(tmp_path, as_word(tmp_path / name, state)) == (tmp_path / name, state)


@pytest.mark.parametrize("word", ["", "1:2:3", "1:2:3:../a.csv", "1:2:3:/etc/passwd", "1:2:3:", "a:2:3:a.csv"])
def test_other_words_are_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(ValueError, match=r"values to unpack|not a file's name|invalid literal"):
        from_word(tmp_path, word)
