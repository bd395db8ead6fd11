"""run.sh as SyftBox and people start it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = (
    "sh",
    "dirname",
    "basename",
    "cat",
    "cp",
    "mv",
    "mkdir",
    "chmod",
    "id",
    "sed",
    "tail",
    "printf",
    "ls",
    "wc",
    "rm",
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What run.sh needs without Python or Docker."""
    for name in ("run.sh", ".env.example"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PATH without Docker, as SyftBox may hand over."""
    folder = tmp_path_factory.mktemp("bin")
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (folder / tool).symlink_to(found)
    return folder


def run(clone: Path, path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "run.sh", *arguments],
        cwd=clone,
        env={"PATH": str(path), "HOME": str(clone), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_docker(path: Path, body: str) -> None:
    (path / "docker").write_text(f"#!/bin/sh\n{body}\n")
    (path / "docker").chmod(0o755)


def test_without_docker_it_says_one_sentence_and_exits_0(clone: Path, path: Path) -> None:
    """SyftBox starts an app that fails again every five seconds."""
    result = run(clone, path)
    assert result.returncode == 0
    assert result.stdout.startswith("Netflix Trend is not running. Docker is not installed")
    assert len(result.stdout.splitlines()) == 1
    assert not result.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[ "$1" != compose ]', "no Compose plugin"),
        ('[ "$1" != info ]', "engine does not run"),
    ],
)
def test_half_a_docker_is_explained_too(clone: Path, path: Path, body: str, said: str) -> None:
    fake_docker(path, body)
    result = run(clone, path)
    assert result.returncode == 0
    assert said in result.stdout


def test_with_docker_it_becomes_compose_up_in_the_foreground(clone: Path, path: Path) -> None:
    fake_docker(path, 'case "$*" in "compose version"|info) exit 0;; esac; echo "$0 $*" >>"$HOME/called"; exit 7')
    result = run(clone, path, SYFTBOX_DATA_DIR="/data", SYFTBOX_EMAIL="ann@example.org")
    assert result.returncode == 7, "exec: the process is docker compose itself"
    assert (clone / "called").read_text().split(" ", 1)[1] == "compose up --build\n"
    assert (clone / ".env").read_text() == (clone / ".env.example").read_text()


def test_an_existing_env_file_is_kept(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("OUTPUT_DIR=./mine\n")
    fake_docker(path, "exit 0")
    run(clone, path)
    assert (clone / ".env").read_text() == "OUTPUT_DIR=./mine\n"


def test_an_unknown_verb_says_which_exist_and_fails(clone: Path, path: Path) -> None:
    result = run(clone, path, "dance")
    assert result.returncode == 2
    assert "there is no verb dance" in result.stderr
    for verb in ("demo", "test", "up", "down", "import", "status", "aggregator", "help"):
        assert f"  {verb}" in result.stderr


def test_help_lists_the_verbs(clone: Path, path: Path) -> None:
    result = run(clone, path, "help")
    assert result.returncode == 0
    assert "import FILE" in result.stdout


@pytest.mark.parametrize("verb", ["up", "down", "status", "aggregator"])
def test_verbs_that_need_docker_fail_with_the_reason(clone: Path, path: Path, verb: str) -> None:
    result = run(clone, path, verb)
    assert result.returncode == 1
    assert "Docker is not installed" in result.stderr
    assert "./run.sh demo" in result.stderr


def test_import_copies_whole_files_into_the_drop_folder(clone: Path, path: Path) -> None:
    export = clone / "My History (1).csv"
    export.write_bytes(b"Title,Date\n")
    export.chmod(0o600)
    os.utime(export, (1_700_000_000, 1_700_000_000))
    result = run(clone, path, "import", str(export), OUTPUT_DIR=str(clone / "here"))
    assert result.returncode == 0, result.stderr
    copy = clone / "here" / "My History (1).csv"
    assert copy.read_bytes() == b"Title,Date\n"
    assert copy.stat().st_mtime == 1_700_000_000, "the time tells which weeks the file covers"
    assert copy.stat().st_mode & 0o444 == 0o444, "the scraper is another user"
    assert [entry.name for entry in (clone / "here").iterdir()] == ["My History (1).csv"]


@pytest.mark.parametrize("arguments", [(), ("missing.csv",)])
def test_import_without_a_file_says_so(clone: Path, path: Path, arguments: tuple[str, ...]) -> None:
    result = run(clone, path, "import", *arguments)
    assert result.returncode == 1
    assert "import:" in result.stderr


def test_a_missing_python_is_named(clone: Path, path: Path) -> None:
    shutil.copytree(ROOT / "requirements", clone / "requirements")
    for tool in ("cksum", "grep"):
        (path / tool).symlink_to(shutil.which(tool) or "")
    result = run(clone, path, "demo")
    assert result.returncode == 1
    assert "Python 3.11" in result.stderr
