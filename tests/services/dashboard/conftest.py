"""A small network, played once, and a copy of it for each test that changes something."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.made_once import made_once
from tests.services.dashboard.participant import Person, make_network


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "network-of-300", make_network)


@pytest.fixture
def person(network: Path, tmp_path: Path) -> Person:
    """Somebody in the network."""
    shutil.copytree(network, tmp_path / "network")
    return Person(tmp_path / "network")


@pytest.fixture
def newcomer(tmp_path: Path) -> Person:
    """Somebody who has done nothing yet."""
    (tmp_path / "datasites").mkdir()
    return Person(tmp_path)
