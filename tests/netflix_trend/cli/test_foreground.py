"""No verb: what SyftBox starts, and what Docker's services are told. How it stays: test_stay.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.netflix_trend.cli.front_door import fake_docker, lines, make_clone, run

CONFIG = """{"data_dir": "/data/ann/SyftBox", "server_url": "https://example.org/", "email": "ann@example.org",
 "client_url": "http://127.0.0.1:8080/", "email_token": "x"}"""
# Then it ends the app, as SyftBox does: with a signal to its process.
SAY_WHO = 'echo "$SYFTBOX_EMAIL $DATASITES_DIR" >>"$HOME/who"; kill -TERM $PPID'
NO_VOLUME = 'case "$*" in "compose version"|info) exit 0;; "volume inspect"*) exit 1;; esac; '


def test_with_docker_the_services_run_in_the_foreground(clone: Path, path: Path) -> None:
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; exit 7')
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
    fake_docker(path, f"{NO_VOLUME} {SAY_WHO}")
    result = run(app, path, **{"HOME": str(tmp_path), **environment})
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "who").read_text() == (
        f"ann@example.org {'/data/ann' if environment else tmp_path}/SyftBox/datasites\n"
    )


@pytest.mark.parametrize("config", ["", "[1]", "{", None], ids=["empty", "a list", "cut", "missing"])
def test_an_empty_configuration_of_syftbox_is_accepted(clone: Path, path: Path, config: str | None) -> None:
    if config is not None:
        (clone / "config.json").write_text(config)
    fake_docker(path, f"{NO_VOLUME} {SAY_WHO}")
    assert run(clone, path, SYFTBOX_CLIENT_CONFIG_PATH="config.json").returncode == 0
    assert (clone / "who").read_text() == " \n"


def test_env_takes_precedence_over_syftbox(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("SYFTBOX_EMAIL=bob@example.net\nDATASITES_DIR=/elsewhere\n")
    fake_docker(path, f"{NO_VOLUME} {SAY_WHO}")
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
    fake_docker(path, f"{NO_VOLUME} {SAY_WHO}")
    run(clone, path, SYFTBOX_DATA_DIR="/data/ann/SyftBox")
    assert (clone / "who").read_text() == f"bob@example.net {value.format(home=clone)}\n"
