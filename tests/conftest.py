"""What all tests share: real parts, started once, and the starter vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import wait_for

from netflix_trend.catalogues import starter_vocabulary
from netflix_trend.vocabulary import Vocabulary

ROOT = Path(__file__).parent.parent


# Tests that share what is slow to make, or what this machine has once: they stay together, one after the other.
TOGETHER = ("tests/browser", "tests/services/dashboard", "tests/e2e")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests one process runs; `./run.sh test` starts as many as there are processors."""
    for item in items:
        file = item.path.relative_to(ROOT).as_posix()
        together = next((place for place in TOGETHER if file.startswith(place)), file)
        item.add_marker(pytest.mark.xdist_group("containers" if together.startswith("tests/e2e/") else together))


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return starter_vocabulary()


@pytest.fixture(name="wait_for")
def _wait_for() -> Callable[..., object]:
    return wait_for
