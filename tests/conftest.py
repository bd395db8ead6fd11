"""What all tests share: real parts, started once, and the starter vocabulary."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from tests.waiting import wait_for

ROOT = Path(__file__).parent.parent
# Files and folders below tests/ that take seconds of processor time: statistics, whole histories, whole networks.
# `./run.sh test --fast` leaves them out.
SLOW = (
    "bench",
    "browser",
    "netflix_trend/cli/test_foreground.py",
    "netflix_trend/cli/test_stay.py",
    *(f"netflix_trend/history/test_{name}.py" for name in ("insights", "properties", "report", "staging", "tables")),
    "netflix_trend/operators",
    *(f"netflix_trend/participant/test_{name}.py" for name in ("participant", "publishing", "releases")),
    *(f"netflix_trend/privacy/test_{name}.py" for name in ("accounting", "discrete_gaussian", "noisy_sums", "zcdp")),
    "netflix_trend/privacy/test_subset_selection.py",
    *(f"netflix_trend/questions/test_{name}.py" for name in ("sums", "toy_question")),
    "netflix_trend/simulation",
    "netflix_trend/vdaf",
    "services/aggregator",
    "services/dashboard",
    "services/demo",
    "services/local",
    "services/processor",
    "services/publisher",
    "services/test_images.py",
    "services/test_one_participant.py",
    "services/test_said_once.py",
    "test_run_sh.py",
    "test_wheel.py",
)


# How long an example takes depends on what else the machine does.
settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores Ctrl-C for what it starts in the background, and so would every process that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in a slow place."""
    for item in items:
        place = item.path.relative_to(ROOT / "tests")
        if any(place.is_relative_to(slow) for slow in SLOW):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return starter_vocabulary()


@pytest.fixture(name="wait_for")
def _wait_for() -> Callable[..., object]:
    return wait_for


@pytest.fixture(autouse=True)
def _log_level_as_it_was() -> Iterator[None]:
    """A service that a test starts in its own process sets the level of all logs; the next test would read more."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
