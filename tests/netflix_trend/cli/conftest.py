"""A clone and a PATH, for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.netflix_trend.cli.front_door import make_clone, make_path


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path / "clone")


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_path(tmp_path_factory.mktemp("bin"))
