"""The verb forget on a machine with Docker and without: copies in the drop folder go too."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.netflix_trend.cli.front_door import fake_docker, lines, run

EXPORT = 'Title,Date\n"Roma","1/13/26"\n'
SHA256 = hashlib.sha256(EXPORT.encode()).hexdigest()


def put(clone: Path) -> Path:
    copy = clone / "drop" / "done" / "a.csv"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(EXPORT)
    (copy.parent / "other.csv").write_text("other")
    return copy


def test_in_containers_the_processor_forgets_and_the_copy_goes_here(clone: Path, path: Path) -> None:
    copy = put(clone)
    (clone / "mine.csv").write_text(EXPORT)
    answer = json.dumps({"exports": [{"sha256": SHA256}]})
    log = 'echo "$*" >>"$HOME/docker.log"; '
    fake_docker(path, f"{log}case \"$*\" in *--list*) echo '{answer}';; *ps*) echo running;; esac")
    result = run(clone, path, "forget", "mine.csv", MODE="containers")
    assert result.returncode == 0, result.stderr
    asked = [line for line in lines(clone / "docker.log") if "netflix_trend forget" in line]
    assert asked[0].endswith(f"processor python -m netflix_trend forget --content {SHA256} -- mine.csv")
    assert asked[1].endswith("processor python -m netflix_trend forget --list --json")
    assert not copy.exists()
    assert (copy.parent / "other.csv").exists()
    assert "done/, too: 1 copy." in result.stdout


def test_what_failed_in_the_container_leaves_the_copy(clone: Path, path: Path) -> None:
    copy = put(clone)
    fake_docker(path, 'case "$*" in *netflix_trend*) exit 1;; *ps*) echo running;; esac')
    assert run(clone, path, "forget", "a.csv", MODE="containers").returncode == 1
    assert copy.exists()


def test_on_folders_both_happen_here(clone: Path, path: Path) -> None:
    copy = put(clone)
    (clone / "mine.csv").write_text(EXPORT)
    folders = {"MODE": "folders", "PRIVATE_DIR": str(clone / "private"), "PUBLISHER_DIR": str(clone / "publisher")}
    assert run(clone, path, "import", "mine.csv", **folders).returncode == 0
    result = run(clone, path, "forget", "mine.csv", **folders)
    assert result.returncode == 0, result.stderr
    assert not copy.exists()
    assert (clone / "mine.csv").exists()
    assert run(clone, path, "forget", "--undo", **folders).returncode == 0


def test_a_machine_without_anything_has_nothing_to_forget(clone: Path, path: Path) -> None:
    fake_docker(path, "exit 1")
    assert run(clone, path, "forget", "a.csv").returncode == 1


def test_excluding_is_asked_about_here_and_done_in_the_container(
    clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_docker(path, 'echo "$*" >>"$HOME/docker.log"; case "$*" in *ps*) echo running;; esac')
    result = run(clone, path, "exclude", "dark", MODE="containers")
    assert (result.returncode, "--yes excludes them" in result.stdout) == (0, True)
    monkeypatch.setattr("netflix_trend.cli.removing.has_terminal", lambda: True)
    for answer in (False, True):
        monkeypatch.setattr("netflix_trend.cli.removing.click.confirm", lambda _, answer=answer: answer)
        assert run(clone, path, "exclude", "dark", MODE="containers").returncode == 0
    asked = [line.partition("netflix_trend ")[2] for line in lines(clone / "docker.log") if "netflix_trend e" in line]
    assert asked == ["exclude dark", "exclude dark", "exclude dark", "exclude dark --yes"]
