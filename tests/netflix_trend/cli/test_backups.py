"""The verbs backup and restore: on folders, through containers, and of operators."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from netflix_trend.backup import sealed_stream
from tests.netflix_trend.cli.front_door import fake_docker, lines, run

EXPORT = 'Title,Date\n"Roma","1/13/26"\n'
RUNNING = 'echo "$*" >>"$HOME/docker.log"; case "$*" in *ps*) echo running;; "volume inspect"*r) exit 1;; '


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_stream, "_COST", 1 << 4)


@pytest.fixture
def folders(clone: Path, path: Path) -> dict[str, str]:
    """A machine without Docker that has imported a file."""
    found = {"MODE": "folders", "PRIVATE_DIR": str(clone / "private"), "PUBLISHER_DIR": str(clone / "publisher")}
    (clone / "mine.csv").write_text(EXPORT)
    assert run(clone, path, "import", "mine.csv", **found).returncode == 0
    return found


def test_on_folders_a_backup_is_restored_after_everything_was_lost(
    clone: Path, path: Path, folders: dict[str, str]
) -> None:
    (clone / "secret").write_text("correct horse\n")
    made = run(clone, path, "backup", "mine.backup", "--passphrase-file", "secret", **folders)
    assert made.returncode == 0, made.stderr
    assert "2 files (0.0 MB) of this participant" in made.stderr
    assert (clone / "mine.backup").stat().st_mode & 0o777 == 0o600
    assert run(clone, path, "backup", "mine.backup", **folders).returncode == 1, "it is there already"
    refused = run(clone, path, "restore", "mine.backup", "--passphrase-file", "secret", **folders)
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    before = {file.name: file.read_bytes() for file in (clone / "private" / "raw").iterdir()}
    shutil.rmtree(clone / "private")
    (clone / "other").write_text("wrong horse\n")
    wrong = run(clone, path, "restore", "mine.backup", "--passphrase-file", "other", **folders)
    assert (wrong.returncode, "the passphrase is wrong" in wrong.stderr) == (1, True)
    nobody = run(clone, path, "restore", "mine.backup", **folders)
    assert (nobody.returncode, "--passphrase-file" in nobody.stderr) == (1, True)
    said = run(clone, path, "restore", "mine.backup", "--passphrase-file", "secret", **folders)
    assert said.returncode == 0, said.stderr
    assert "Restored: 2 files" in said.stderr
    assert {file.name: file.read_bytes() for file in (clone / "private" / "raw").iterdir()} == before


def test_in_containers_the_passphrase_and_the_file_go_through_stdin_only(clone: Path, path: Path) -> None:
    fake_docker(path, f'{RUNNING} *"backup --inside") cat >"$HOME/got"; printf "a backup";; esac')
    (clone / "secret").write_text("correct horse\nnot this\n")
    made = run(clone, path, "backup", "mine.backup", "--passphrase-file", "secret", MODE="containers")
    assert made.returncode == 0, made.stderr
    assert (clone / "mine.backup").read_text() == "a backup"
    assert (clone / "got").read_text() == "correct horse\n"
    (asked,) = [line for line in lines(clone / "docker.log") if "netflix_trend" in line]
    assert asked == "compose exec --no-TTY publisher python -m netflix_trend backup --inside"
    assert "horse" not in (clone / "docker.log").read_text()


def test_in_containers_the_dashboard_restores_and_the_publisher_takes_its_part(clone: Path, path: Path) -> None:
    fake_docker(path, f'{RUNNING} *"restore --inside --replace") cat >"$HOME/got";; esac')
    (clone / "mine.backup").write_bytes(b"netflix-trend-backup 1 participant plain\n" + bytes(200_000))
    said = run(clone, path, "restore", "--replace", "mine.backup", MODE="containers")
    assert said.returncode == 0, said.stderr
    assert (clone / "got").read_bytes() == b"\n" + (clone / "mine.backup").read_bytes()
    asked = [line.partition("--no-TTY ")[2] for line in lines(clone / "docker.log") if "netflix_trend" in line]
    assert asked == [
        "dashboard python -m netflix_trend restore --inside --replace",
        "publisher python -m netflix_trend look",
    ]


def test_what_failed_in_a_container_leaves_no_file_and_takes_nothing(clone: Path, path: Path) -> None:
    fake_docker(path, f"{RUNNING} *netflix_trend*) exit 1;; esac")
    assert run(clone, path, "backup", "mine.backup", MODE="containers").returncode == 1
    assert not list(clone.glob("*mine.backup*"))
    (clone / "mine.backup").write_bytes(b"netflix-trend-backup 1 participant plain\n" + bytes(2_000_000))
    assert run(clone, path, "restore", "mine.backup", MODE="containers").returncode == 1
    assert not [line for line in lines(clone / "docker.log") if line.endswith("look")]


def test_an_operator_is_backed_up_without_its_database_and_keeps_its_key(clone: Path, path: Path) -> None:
    assert run(clone, path, "aggregator", "key").returncode == 0
    own = clone / "aggregator"
    (own / "operators.sqlite").write_bytes(b"keys of open rounds")
    key = (own / "identity.key").read_bytes()
    made = run(clone, path, "backup", "operator.backup")
    assert made.returncode == 0, made.stderr
    assert b"operators.sqlite" not in (clone / "operator.backup").read_bytes()
    shutil.rmtree(own)
    said = run(clone, path, "restore", "operator.backup")
    assert said.returncode == 0, said.stderr
    assert (own / "identity.key").read_bytes() == key
    assert (own / "identity.key").stat().st_mode & 0o077 == 0
    again = run(clone, path, "restore", "operator.backup")
    assert (again.returncode, "aggregator/identity.key" in again.stderr) == (1, True)
    wrong = run(clone, path, "restore", "--role", "helper", "operator.backup")
    assert (wrong.returncode, "of the role aggregator, not of helper" in wrong.stderr) == (1, True)


def test_in_containers_an_operator_reads_the_passphrase_from_stdin(clone: Path, path: Path) -> None:
    fake_docker(path, f'{RUNNING} *"services.aggregator backup") cat >"$HOME/got"; printf "a backup";; esac')
    about = {"AGGREGATOR_MODE": "containers"}
    made = run(clone, path, "backup", "--role", "aggregator", "operator.backup", **about)
    assert made.returncode == 0, made.stderr
    assert (clone / "operator.backup").read_text() == "a backup"
    assert (clone / "got").read_text() == "\n"


def test_a_machine_that_is_two_is_asked_which(clone: Path, path: Path, folders: dict[str, str]) -> None:
    assert run(clone, path, "aggregator", "key").returncode == 0
    said = run(clone, path, "backup", "mine.backup", **folders)
    assert said.returncode == 1
    assert "this machine is participant and aggregator: say which with --role" in said.stderr
    assert not (clone / "mine.backup").exists()
    assert run(clone, path, "backup", "mine.backup", "--role", "participant", **folders).returncode == 0


def test_what_cannot_be_is_said_before_anything_is_done(clone: Path, path: Path) -> None:
    assert "nothing is stored yet" in run(clone, path, "backup", "mine.backup").stderr
    assert "cannot be read: it is not there" in run(clone, path, "restore", "missing.backup").stderr
    (clone / "mine.csv").write_text(EXPORT)
    assert "no backup of Netflix Trend" in run(clone, path, "restore", "mine.csv").stderr
    assert not (clone / "private").exists()


def test_check_names_what_does_not_agree_and_ends_with_1_only_then(
    clone: Path, path: Path, folders: dict[str, str]
) -> None:
    said = run(clone, path, "check", **folders)
    assert (said.returncode, said.stdout.splitlines()[-5:]) == (
        0,
        [f"{part:<9}agrees" for part in ("raw", "tables", "ledger", "datasite", "outlook")],
    )
    (export,) = (clone / "private" / "raw").glob("*.csv")
    export.write_text("another")
    said = run(clone, path, "check", **folders)
    assert (said.returncode, "csv is damaged. Next: import the same file again" in said.stdout) == (1, True)
    as_json = run(clone, path, "check", "--json", **folders)
    assert as_json.returncode == 1
    known = json.loads(as_json.stdout)
    assert known["agrees"] is False
    assert [one["about"] for one in known["findings"]] == ["raw"]
