"""The network of containers, as far as it can be told without Docker."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from netflix_trend.cli.demo import container_network
from netflix_trend.cli.machine import Machine
from netflix_trend.simulation.histories import NAME
from services.demo.containers import AGGREGATOR, FOLDERS, HELPER, PARTICIPANTS, PROJECT, ContainerNetwork
from tests.e2e.containers import ROOT


@pytest.fixture
def network(tmp_path: Path) -> ContainerNetwork:
    return container_network(Machine(tmp_path, {}))


def test_everybody_gets_folders_and_an_invented_export_of_their_own(network: ContainerNetwork) -> None:
    for number, person in enumerate(PARTICIPANTS, 1):
        network.invent(person, number)
    texts = {(network.folder / person / "drop" / NAME).read_text() for person in PARTICIPANTS}
    assert len(texts) == len(PARTICIPANTS)
    assert all(text.startswith("Title,Date\n") for text in texts)
    assert {path.name for path in (network.folder / "bob").iterdir()} == set(FOLDERS.values())


def test_an_existing_export_is_kept(network: ContainerNetwork) -> None:
    done = network.folder / "alice" / "drop" / "done"
    done.mkdir(parents=True)
    (done / "mine.csv").touch()
    network.invent("alice", 1)
    assert not (network.folder / "alice" / "drop" / NAME).exists()


def test_nobody_is_root_and_ports_can_be_chosen(network: ContainerNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setenv("DEMO_CAROL_PORT", "9000")
    settings = [network.participant(person).settings for person in PARTICIPANTS]
    assert {one["PARTICIPANT_UID"] for one in settings} == {"1000"}
    assert [one["DASHBOARD_PORT"] for one in settings] == ["8661", "8662", "9000"]
    assert network.middle.settings["AGGREGATOR_PORT"] == "8660"
    assert network.helper.settings["HELPER_PORT"] == "8664"


def test_everybody_knows_both_operators_and_nobody_is_left_out_of_a_sum(network: ContainerNetwork) -> None:
    keys = {"AGGREGATOR_KEY": "a" * 64, "HELPER_KEY": "b" * 64}
    known = replace(network, keys=keys)
    assert len(known.projects) == 2 + len(PARTICIPANTS)
    fewest = dict.fromkeys(("SMALLEST_BATCH", "HELPER_SMALLEST_BATCH", "LIMIT_BATCH"), str(len(PARTICIPANTS)))
    expected = {**keys, **fewest, "AGGREGATOR_DATASITE": AGGREGATOR, "HELPER_DATASITE": HELPER}
    for project in known.projects:
        assert expected.items() <= project.settings.items(), project.name
    assert known.middle.settings["SURVEY_MODE"] == "two"


def test_in_local_mode_there_is_no_helper(tmp_path: Path) -> None:
    network = container_network(Machine(tmp_path, {}), "local")
    assert [project.name for project in network.projects] == [PROJECT, *(f"{PROJECT}-{name}" for name in PARTICIPANTS)]
    assert network.middle.settings["SURVEY_MODE"] == "local"
    assert network.middle.settings["SMALLEST_CHANGE"] == "1", "three answers are shown"
    for project in network.projects:
        assert (project.settings["HELPER_DATASITE"], project.settings["HELPER_KEY"]) == ("", "")
        assert project.settings["LIMIT_BATCH"] == "20"


def test_only_the_demo_network_lets_rounds_close_early() -> None:
    files = [ROOT / ".env.example", *ROOT.glob("docker-compose*.yml")]
    assert [path.name for path in files if "DEMO_ROUND_SECONDS" in path.read_text()] == ["docker-compose.demo.yml"]
