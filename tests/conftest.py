"""What all tests share: real parts, started once, and the starter vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from tests.waiting import wait_for

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return starter_vocabulary()


@pytest.fixture(name="wait_for")
def _wait_for() -> Callable[..., object]:
    return wait_for
