"""Where an operator works: containers or folders, decided once."""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.cli.operators import operator_environment
from tests.netflix_trend.cli.front_door import fake_docker, lines, place_in, run

CALLED = 'echo "$*" >>"$HOME/called"; '
NO_VOLUME = f'case "$*" in "compose version"|info) exit 0;; "volume inspect"*) exit 1;; esac; {CALLED}'
VOLUME = (
    f'case "$*" in "compose version"|info|"volume inspect netflix-trend-aggregator_aggregator") exit 0;; esac; {CALLED}'
)
# Its plugin is installed, and its engine does not run.
OFF = f'case "$*" in "compose version") exit 0;; esac; {CALLED} exit 1'
HELPER = {"HELPER_DATASITE": "helper@example.net"}


def give_state(clone: Path, role: str = "aggregator") -> None:
    (clone / role).mkdir()
    (clone / role / "identity.key").write_bytes(bytes(32))


def recorded(clone: Path) -> list[str]:
    return [line for line in lines(clone / ".env") if "_MODE=" in line and not line.startswith(("#", "SURVEY_"))]


def test_with_docker_it_is_containers_and_stays_so(clone: Path, path: Path) -> None:
    fake_docker(path, NO_VOLUME)
    assert run(clone, path, "aggregator", "participants").returncode == 0
    assert recorded(clone) == ["AGGREGATOR_MODE=containers", "HELPER_MODE="]
    fake_docker(path, OFF)
    said = run(clone, path, "aggregator", "participants")
    assert said.returncode == 1
    assert "The Docker engine does not run" in said.stderr
    assert "AGGREGATOR_MODE=containers" in said.stderr
    (path / "docker").unlink()
    assert "Docker is not installed" in run(clone, path, "aggregator").stderr
    assert not (clone / "aggregator").exists()


def test_without_docker_it_is_folders_and_stays_so(clone: Path, path: Path) -> None:
    key = run(clone, path, "aggregator", "key")
    assert key.returncode == 0
    assert recorded(clone) == ["AGGREGATOR_MODE=folders", "HELPER_MODE="]
    fake_docker(path, VOLUME)
    assert run(clone, path, "aggregator", "key") == key
    assert not (clone / "called").exists()


def test_a_folder_from_before_is_kept_to(clone: Path, path: Path) -> None:
    give_state(clone)
    fake_docker(path, NO_VOLUME)
    assert run(clone, path, "aggregator", "key").returncode == 0
    assert recorded(clone) == ["AGGREGATOR_MODE=folders", "HELPER_MODE="]
    assert not (clone / "called").exists()


def test_an_empty_folder_decides_nothing(clone: Path, path: Path) -> None:
    (clone / "aggregator").mkdir()
    fake_docker(path, NO_VOLUME)
    assert run(clone, path, "aggregator", "key").returncode == 0
    assert recorded(clone)[0] == "AGGREGATOR_MODE=containers"


def test_a_folder_and_a_volume_are_one_too_many(clone: Path, path: Path) -> None:
    give_state(clone)
    fake_docker(path, VOLUME)
    said = run(clone, path, "aggregator", "key")
    assert said.returncode == 1
    assert f"both the folder {clone / 'aggregator'} and Docker's volume aggregator" in said.stderr
    assert recorded(clone) == []
    assert not (clone / "called").exists()


def test_while_docker_is_off_a_volume_may_be_there(clone: Path, path: Path) -> None:
    fake_docker(path, OFF)
    said = run(clone, path, "aggregator", "key")
    assert said.returncode == 1
    assert "AGGREGATOR_MODE=folders in .env" in said.stderr
    give_state(clone)
    assert run(clone, path, "aggregator", "key").returncode == 0
    assert recorded(clone) == [], "what is certain is recorded, nothing else"


def test_aggregator_and_helper_are_decided_apart(clone: Path, path: Path) -> None:
    give_state(clone, "helper")
    fake_docker(path, NO_VOLUME)
    assert run(clone, path, "aggregator", "key").returncode == 0
    assert run(clone, path, "helper", "key", **HELPER).returncode == 0
    assert recorded(clone) == ["AGGREGATOR_MODE=containers", "HELPER_MODE=folders"]


def test_the_environment_goes_first_and_is_not_recorded(clone: Path, path: Path) -> None:
    fake_docker(path, NO_VOLUME)
    assert run(clone, path, "aggregator", "key", AGGREGATOR_MODE="folders").returncode == 0
    assert (clone / "aggregator" / "identity.key").is_file()
    assert recorded(clone) == []


def test_a_mode_that_is_none_is_named(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("AGGREGATOR_MODE=docker\n")
    said = run(clone, path, "aggregator", "key")
    assert (said.returncode, "AGGREGATOR_MODE is containers" in said.stderr) == (1, True)


def test_options_of_compose_are_none_on_folders(clone: Path, path: Path) -> None:
    said = run(clone, path, "aggregator", "--detach")
    assert said.returncode == 2
    assert "--detach is an option of docker compose" in said.stderr


@pytest.mark.parametrize("verb", ["key", "participants", "start"])
def test_a_key_is_never_put_where_it_would_be_uploaded(clone: Path, path: Path, verb: str) -> None:
    folder = clone / "sites" / "trends@example.net" / "aggregator"
    said = run(clone, path, "aggregator", verb, DATASITES_DIR=str(clone / "sites"), AGGREGATOR_DIR=str(folder))
    assert said.returncode == 1
    assert "AGGREGATOR_DIR" in said.stderr
    assert "would be uploaded" in said.stderr
    assert not folder.exists()


def test_a_folder_is_private_also_if_it_was_not(clone: Path, path: Path) -> None:
    give_state(clone)
    (clone / "aggregator").chmod(0o755)
    assert run(clone, path, "aggregator", "key").returncode == 0
    assert (clone / "aggregator").stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_folders_place_is_named(clone: Path, path: Path) -> None:
    (clone / "aggregator").touch()
    said = run(clone, path, "aggregator", "key")
    assert (said.returncode, "AGGREGATOR_DIR: " in said.stderr) == (1, True)


def test_wrong_settings_end_in_a_line(clone: Path, path: Path) -> None:
    said = run(clone, path, "aggregator", "key", SURVEY_ODDS="0.5")
    assert (said.returncode, said.stderr.startswith("aggregator key: SURVEY_ODDS")) == (1, True)


@pytest.mark.parametrize(
    ("environment", "is_set_up"),
    [({}, True), ({"SYFTBOX_DATA_DIR": "/data/ann/SyftBox"}, False), ({"SYFTBOX_SERVER_URL": "http://x"}, False)],
)
def test_where_a_client_syncs_the_example_is_no_trial(
    clone: Path, path: Path, environment: dict[str, str], is_set_up: bool
) -> None:
    (clone / ".env").write_text(f"DATASITES_DIR={clone / 'sites'}\n")
    assert run(clone, path, "aggregator", "key", **environment).returncode == 0
    assert (clone / "sites" / "aggregator@example.org" / "syftperm.yaml").is_file() is is_set_up


def test_paths_of_env_begin_at_the_clone(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("CATALOGUE=mine.csv\nHELPER_PORT=9000\nOPERATOR_TOKEN_FILE=~/token\n")
    machine = place_in(clone, path).machine
    found = operator_environment(machine, "helper", clone / "helper", 8652)
    assert (found["CATALOGUE"], found["CHARTS_DIR"]) == (str(clone / "mine.csv"), str(clone / "charts"))
    assert found["OPERATOR_TOKEN_FILE"] == str(clone / "token")
    assert (found["WEB_PORT"], found["POLL_SECONDS"], found["WEB_HOST"]) == ("9000", "30", "127.0.0.1")
    assert operator_environment(machine, "aggregator", clone, 8650)["WEB_PORT"] == "8650"
