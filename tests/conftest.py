"""What all tests share: real parts, started once, and the starter vocabulary."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from netflix_trend.catalogues import starter_vocabulary
from netflix_trend.vocabulary import Vocabulary

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return starter_vocabulary()


@pytest.fixture
def wait_for() -> Callable[..., None]:
    """Wait for a condition with a name and a deadline, instead of sleeping."""

    def wait(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
            time.sleep(0.05)

    return wait
