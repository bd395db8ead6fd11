"""The network of containers, as far as it can be told without Docker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netflix_trend.cli.demo import container_network
from netflix_trend.cli.machine import Machine
from netflix_trend.simulation.histories import NAME
from services.demo.containers import FOLDERS, PARTICIPANTS, ContainerNetwork


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
