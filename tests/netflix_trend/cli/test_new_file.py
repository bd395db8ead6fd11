"""A new file that a person names."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from netflix_trend.cli.frame import Failure
from netflix_trend.cli.new_file import new_file


def refused(*_: object) -> None:
    raise OSError(errno.EPERM, "no hard links here")


def write(file: Path, data: bytes = b"whole") -> None:
    with new_file(file) as output:
        output.write(data)


@pytest.mark.parametrize("has_links", [True, False], ids=["hard links", "a disk without hard links"])
def test_a_file_appears_whole_and_for_its_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", refused)
    file = tmp_path / "a.csv"
    with new_file(file) as output:
        output.write(b"whole")
        assert not file.exists()
    assert file.read_bytes() == b"whole"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("has_links", [True, False], ids=["hard links", "a disk without hard links"])
def test_a_file_that_appears_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", refused)
    file = tmp_path / "a.csv"
    with pytest.raises(Failure, match="there already"), new_file(file) as output:
        output.write(b"ours")
        file.write_bytes(b"theirs")
    assert file.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_that_leads_nowhere_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Failure, match="there already"):
        write(tmp_path / "a.csv")
    assert not (tmp_path / "nowhere").exists()


def test_an_exception_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(SystemExit), new_file(tmp_path / "a.csv") as output:
        output.write(b"half")
        raise SystemExit(1)
    assert not list(tmp_path.iterdir())


def test_a_refused_write_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "")))
    with pytest.raises(Failure, match=r"a\.csv cannot be written: the disk is full"):
        write(tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())
