"""The folder of a run: what is swept, and what is not."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from services.scraper import run_folder as module
from services.scraper.run_folder import MARK, PREFIX, end_processes, run_folder, sweep
from tests.waiting import PATIENCE


def started(folder: Path) -> subprocess.Popen[bytes]:
    """A process that names a folder in its environment, as ChromeDriver does."""
    return subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: str(folder)})


def test_afterwards_the_folder_and_its_processes_are_gone(temporary: Path) -> None:
    with run_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "cookies").touch()
        child = started(folder)
    assert child.wait(PATIENCE) == -signal.SIGKILL
    assert list(temporary.iterdir()) == []


def test_a_run_that_is_going_on_is_not_swept(temporary: Path) -> None:
    """Another clone of the same person has a lock of its own for its runs."""
    with run_folder() as folder:
        child = started(folder)
        assert sweep() == 0
        assert child.poll() is None
        assert folder.is_dir()
    child.wait(PATIENCE)


def test_what_a_killed_run_left_is_swept(temporary: Path) -> None:
    left = temporary / f"{PREFIX}left"
    (left / "user").mkdir(parents=True)
    child = started(left)
    assert sweep() == 1
    assert child.wait(PATIENCE) == -signal.SIGKILL
    assert list(temporary.iterdir()) == []


def test_what_is_another_user_s_is_left_alone(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = temporary / f"{PREFIX}left"
    left.mkdir()
    owner = left.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    assert sweep() == 0
    assert left.exists()


def test_a_link_with_the_name_of_a_folder_is_not_followed(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    (temporary / f"{PREFIX}link").symlink_to(tmp_path)
    assert sweep() == 0
    assert (tmp_path / "kept").exists()


def test_a_folder_that_was_swept_before_it_was_locked_is_made_anew(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    make = tempfile.mkdtemp

    def swept_at_once(prefix: str) -> str:
        made.append(make(prefix=prefix))
        if len(made) == 1:
            assert sweep() == 1
        return made[-1]

    monkeypatch.setattr("tempfile.mkdtemp", swept_at_once)
    with run_folder() as folder:
        assert [str(folder)] == made[1:]
        assert folder.is_dir()


def test_without_proc_the_list_of_processes_is_read(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, whose ps this is not: only what is made of its list is tested."""
    folder = temporary / "a run"
    child = started(folder)
    (tmp_path / "ps").write_text(
        f'#!/bin/sh\n[ -d /proc/{child.pid} ] && echo "  {child.pid} chromedriver {MARK}={folder}"\necho "1 init"\n'
    )
    (tmp_path / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert module._processes(folder, tmp_path / "no proc") == [child.pid]
    end_processes(folder)
    assert child.wait(PATIENCE) == -signal.SIGKILL
