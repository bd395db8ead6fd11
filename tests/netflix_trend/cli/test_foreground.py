"""No verb: what SyftBox starts, with Docker and without."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.netflix_trend.cli.front_door import fake_docker, fake_python, lines, make_clone, run

CONFIG = """{"data_dir": "/data/ann/SyftBox", "server_url": "https://example.org/", "email": "ann@example.org",
 "client_url": "http://127.0.0.1:8080/", "email_token": "x"}"""
SAY_WHO = 'echo "$SYFTBOX_EMAIL $DATASITES_DIR" >>"$HOME/who"'
NO_VOLUME = 'case "$*" in "compose version"|info) exit 0;; "volume inspect"*) exit 1;; esac; '
DOCKER_UP = 'case "$*" in "compose version"|info) exit 0;; "volume inspect"*) exit 1;; esac; '


def test_without_docker_it_says_one_sentence_and_exits_0(clone: Path, path: Path) -> None:
    """SyftBox starts an app that fails again every five seconds."""
    result = run(clone, path)
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 2, "that this is a trial, and one sentence"
    assert result.stdout.splitlines()[1].startswith("Netflix Trend is not running. Docker is not installed")
    assert not result.stderr
    assert not (clone / ".env").exists(), "nothing was decided"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[ "$1" != compose ]', "no Compose plugin"),
        ('[ "$1" != info ]', "engine does not run"),
    ],
)
def test_docker_without_compose_is_explained(clone: Path, path: Path, body: str, said: str) -> None:
    fake_docker(path, body)
    result = run(clone, path)
    assert result.returncode == 0
    assert said in result.stdout


def test_with_docker_the_services_run_in_the_foreground(clone: Path, path: Path) -> None:
    fake_docker(path, f'{DOCKER_UP} echo "$*" >>"$HOME/called"; exit 7')
    result = run(clone, path)
    assert result.returncode == 7
    assert lines(clone / "called") == ["compose up --build"]
    example = (clone / ".env.example").read_text()
    assert (clone / ".env").read_text() == example.replace("\nMODE=\n", "\nMODE=containers\n")


@pytest.mark.parametrize(
    "environment",
    [
        {"SYFTBOX_DATA_DIR": "/data/ann/SyftBox", "SYFTBOX_EMAIL": "ann@example.org"},
        {"SYFTBOX_CLIENT_CONFIG_PATH": "config.json"},
        {"SYFTBOX_CLIENT_CONFIG_PATH": "config.json", "SYFTBOX_APP_ID": "x", "SYFTBOX_ASSIGNED_PORT": "7001"},
        {},
    ],
    ids=["variables", "Python generation", "Go generation", "only the place"],
)
def test_address_and_datasites_come_from_syftbox(tmp_path: Path, path: Path, environment: dict[str, str]) -> None:
    """Every kind of start: variables of the client, its configuration, or nothing but lying in its folder apps/."""
    app = make_clone(tmp_path / "SyftBox" / "apps" / "netflix_trend")
    (tmp_path / ".syftbox").mkdir()
    for config in (app / "config.json", tmp_path / ".syftbox" / "config.json"):
        config.write_text(CONFIG if environment else CONFIG.replace("/data/ann", str(tmp_path)))
    fake_docker(path, f"{DOCKER_UP} {SAY_WHO}")
    result = run(app, path, **{"HOME": str(tmp_path), **environment})
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "who").read_text() == (
        f"ann@example.org {'/data/ann' if environment else tmp_path}/SyftBox/datasites\n"
    )


@pytest.mark.parametrize("config", ["", "[1]", "{", None], ids=["empty", "a list", "cut", "missing"])
def test_an_empty_configuration_of_syftbox_is_accepted(clone: Path, path: Path, config: str | None) -> None:
    if config is not None:
        (clone / "config.json").write_text(config)
    fake_docker(path, f"{DOCKER_UP} {SAY_WHO}")
    assert run(clone, path, SYFTBOX_CLIENT_CONFIG_PATH="config.json").returncode == 0
    assert (clone / "who").read_text() == " \n"


def test_env_takes_precedence_over_syftbox(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("SYFTBOX_EMAIL=bob@example.net\nDATASITES_DIR=/elsewhere\n")
    fake_docker(path, f"{DOCKER_UP} {SAY_WHO}")
    run(clone, path, SYFTBOX_DATA_DIR="/data/ann/SyftBox")
    assert (clone / "who").read_text() == "bob@example.net /elsewhere\n"


# Lines of .env, each with the value that docker compose config (2.26) makes of it.
READ_AS_COMPOSE_DOES = [
    ('DATASITES_DIR="/x/Syft Box/datasites"', "/x/Syft Box/datasites"),
    ("DATASITES_DIR='/x/Syft Box'   # where SyftBox is", "/x/Syft Box"),
    ('DATASITES_DIR="/x/# 1"', "/x/# 1"),
    ("DATASITES_DIR=/plain/a b   # comment", "/plain/a b"),
    ("DATASITES_DIR=/x/a#b", "/x/a#b"),
    ("export DATASITES_DIR = /spaced ", "/spaced"),
    ("DATASITES_DIR=/first\nDATASITES_DIR='/it is the last'", "/it is the last"),
    ("DATASITES_DIR=/from/windows\r", "/from/windows"),
    ("DATASITES_DIR=~/SyftBox/datasites", "{home}/SyftBox/datasites"),
    ("DATASITES_DIR=$HOME/SyftBox/datasites", "{home}/SyftBox/datasites"),
    ("DATASITES_DIR=${HOME}/SyftBox/datasites", "{home}/SyftBox/datasites"),
]


@pytest.mark.parametrize(("line", "value"), READ_AS_COMPOSE_DOES)
def test_env_is_read_as_compose_reads_it(
    clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch, line: str, value: str
) -> None:
    """What is exported goes before .env: a quote too many would publish into another folder."""
    monkeypatch.setenv("HOME", str(clone))
    (clone / ".env").write_text(f"SYFTBOX_EMAIL=bob@example.net\n{line}\n", newline="")
    fake_docker(path, f"{DOCKER_UP} {SAY_WHO}")
    run(clone, path, SYFTBOX_DATA_DIR="/data/ann/SyftBox")
    assert (clone / "who").read_text() == f"bob@example.net {value.format(home=clone)}\n"


def test_under_syftbox_a_failure_is_not_retried_every_five_seconds(clone: Path, path: Path) -> None:
    """The Python generation starts an app that fails again every five seconds, and it would build each time."""
    fake_docker(path, f"{DOCKER_UP} exit 7")
    result = run(clone, path, SYFTBOX_DATA_DIR="/data", SYFTBOX_EMAIL="ann@example.org")
    assert result.returncode == 0
    assert "stopped with an error" in result.stdout


@pytest.mark.parametrize("password", ["planted", "'two words'"])
def test_under_syftbox_a_refused_file_is_not_retried(clone: Path, path: Path, password: str) -> None:
    (clone / ".env").write_text(f"NETFLIX_PASSWORD={password}\n")
    fake_docker(path, f'{DOCKER_UP} echo "$*" >>"$HOME/called"')
    result = run(clone, path, SYFTBOX_DATA_DIR="/data")
    assert (result.returncode, "NETFLIX_PASSWORD" in result.stderr) == (0, True)
    assert not (clone / "called").exists()


# The clone's interpreter ends the loop at its second run, as SyftBox does: with a signal to its parent.
AT_THE_SECOND = (
    '[ "$1" = once ] || exit 0; [ -e "$HOME/again" ] && kill -TERM $PPID; : >"$HOME/again"; [ ! -e "$HOME/fail" ]'
)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an hour between two runs."""
    monkeypatch.setattr("netflix_trend.cli.services.look_hourly.__defaults__", (0.0,))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("is_failing", [False, True])
def test_without_docker_syftbox_gets_a_run_an_hour(clone: Path, path: Path, is_failing: bool) -> None:
    """A failed run is not repeated sooner."""
    (clone / "private" / "profiles" / "me").mkdir(parents=True)
    if is_failing:
        (clone / "fail").touch()
    fake_python(clone, f'echo "$JOIN $MODE $DATASITES_DIR" >>"$HOME/who"; {AT_THE_SECOND}')
    result = run(clone, path, SYFTBOX_DATA_DIR=str(clone / "Syft Box"), SYFTBOX_EMAIL="ann@example.org")
    assert result.returncode == 0
    assert result.stdout.count("run failed") == int(is_failing), "the second one was told to stop"
    assert lines(clone / "python.log") == ["once"] * 2
    assert lines(clone / "who")[0] == f"ask folders {clone}/Syft Box/datasites", "nobody has asked for it yet"


@pytest.mark.usefixtures("at_once")
def test_a_run_asks_no_more_once_something_was_published(clone: Path, path: Path) -> None:
    (clone / "private" / "profiles" / "me").mkdir(parents=True)
    publish = "mkdir -p publisher/trial; : >publisher/trial/ledger.jsonl"
    (path / "mkdir").symlink_to(shutil.which("mkdir") or "")
    fake_python(clone, f'cd "$HOME"; echo "<$JOIN>" >>who; {publish}; {AT_THE_SECOND}')
    run(clone, path)
    assert lines(clone / "who") == ["<ask>", "<>"]


@pytest.mark.usefixtures("at_once")
def test_without_docker_the_drop_folder_is_imported_and_kept_in_done(clone: Path, path: Path) -> None:
    drop = clone / "drop"
    (drop / "done").mkdir(parents=True)
    (drop / "done" / "a b.csv").write_text("earlier")
    for name in ("a b.csv", "damaged.ZIP", "fresh.csv", "notes.txt"):
        (drop / name).write_text(name)
        os.utime(drop / name, (1_700_000_000, 1_700_000_000))
    os.utime(drop / "fresh.csv")
    fake_python(clone, f'case "$*" in *damaged*) exit 1;; esac; {AT_THE_SECOND}')
    run(clone, path)
    assert {path.name for path in drop.iterdir()} == {"damaged.ZIP", "fresh.csv", "notes.txt", "done"}
    assert sorted(path.read_text() for path in (drop / "done").iterdir()) == ["a b.csv", "earlier"]
    imported = [line for line in lines(clone / "python.log") if line.startswith("import ")]
    assert [line.rsplit("/", 1)[1] for line in imported] == ["a b.csv", "damaged.ZIP", "damaged.ZIP"]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("is_recorded", [True, False])
def test_mode_folders_starts_runs_and_no_services_even_with_docker(clone: Path, path: Path, is_recorded: bool) -> None:
    (clone / "publisher").mkdir()
    (clone / "private" / "profiles" / "me").mkdir(parents=True)
    if is_recorded:
        (clone / ".env").write_text("MODE=folders\n")
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/docker.log"')
    fake_python(clone, AT_THE_SECOND)
    result = run(clone, path, SYFTBOX_DATA_DIR="/data")
    assert result.returncode == 0
    assert not (clone / "docker.log").exists()
    assert lines(clone / "python.log") == ["once"] * 2
    assert "MODE=folders" in lines(clone / ".local" / "share" / "netflix-trend" / ".env")


@pytest.mark.parametrize("folder", ["private/profiles/me", "publisher"])
def test_docker_that_is_not_running_yet_is_waited_for(clone: Path, path: Path, folder: str) -> None:
    """SyftBox may start before Docker does: files in the drop folder are for the services."""
    (clone / folder).mkdir(parents=True)
    (clone / "drop").mkdir()
    (clone / "drop" / "a.csv").touch()
    fake_docker(path, '[ "$1" = compose ]')
    fake_python(clone)
    result = run(clone, path, SYFTBOX_DATA_DIR="/data")
    assert result.returncode == 0
    assert "Netflix Trend is not running. The Docker engine does not run" in result.stdout
    assert not (clone / "python.log").exists()
    assert not (clone / ".env").exists(), "nothing was decided"
