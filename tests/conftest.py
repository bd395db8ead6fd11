"""What all tests share: real parts, started once, and the starter vocabulary."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from tests.templates import compile_once
from tests.waiting import wait_for

ROOT = Path(__file__).parent.parent
# Files and folders below tests/ that take seconds of processor time: statistics, whole histories, whole networks.
# `./run.sh test --fast` leaves them out.
SLOW = (
    "bench",
    "browser",
    "netflix_trend/cli/test_foreground.py",
    "netflix_trend/cli/test_stay.py",
    "netflix_trend/cli/test_streams.py",
    *(f"netflix_trend/history/test_{name}.py" for name in ("insights", "properties", "report", "staging", "tables")),
    "netflix_trend/operators",
    *(f"netflix_trend/participant/test_{name}.py" for name in ("participant", "publishing", "releases")),
    *(f"netflix_trend/privacy/test_{name}.py" for name in ("accounting", "discrete_gaussian", "noisy_sums", "zcdp")),
    "netflix_trend/privacy/test_subset_selection.py",
    *(f"netflix_trend/questions/test_{name}.py" for name in ("sums", "toy_question")),
    "netflix_trend/simulation",
    "netflix_trend/storage/test_every_model.py",
    "netflix_trend/vdaf",
    "services/aggregator",
    "services/dashboard",
    "services/demo",
    "services/local",
    "services/processor",
    "services/publisher",
    "services/runtime/test_cluster.py",
    "services/test_images.py",
    "services/test_loaded.py",
    "services/test_one_participant.py",
    "services/test_said_once.py",
    "simulation",
    "test_run_sh.py",
    "test_wheel.py",
)
# What waits for other programs most of the time: servers, browsers, processes that watch. These files take turns with
# the others that are slow, so that no processor is idle while one waits, and all of them come before the quick ones, so
# that none is left over at the end.
WAITING = (
    *("browser", "e2e", "services/local", "services/publisher", "services/runtime", "services/scraper"),
    *(f"netflix_trend/cli/test_{name}.py" for name in ("fetch", "foreground", "interrupts", "stay")),
    *("test_run_sh.py", "test_wheel.py"),
)
# Tests that run very often what others run once. `./run.sh test --coverage` does not measure them, which would double
# their time.
REPEATING = (
    "bench",
    "netflix_trend/history/test_properties.py",
    "netflix_trend/operators/test_budget.py::test_a_year_in_the_budget_costs_what_an_independent_accountant_says",
    "netflix_trend/operators/test_crashes.py::test_a_kill_at_every_position",
    "netflix_trend/participant/test_one_week.py",
    "netflix_trend/test_fuzzed_input.py",
    "netflix_trend/vdaf/test_vectors.py::test_every_altered_byte_of_an_expectation_is_noticed",
    "services/aggregator/test_batches.py::test_all_versions_of_a_random_history_are_apart_and_as_near_as_that_allows",
    "services/aggregator/test_batches.py::test_networks_that_differ_by_one_person_look_the_same_until_ten_more_answers_and_a_day",
    "services/aggregator/test_batches.py::test_over_a_fortnight_no_two_versions_differ_by_fewer_than_ten_answers",
    "services/aggregator/test_poisoning.py",
    "simulation/test_histories.py::test_everything_holds_in_every_history",
)
# What starts containers is in a process of its own, and is looked for here only.
CONTAINERS = "e2e"


# How long an example takes depends on what else the machine does. CI looks at the same examples each time, so that what
# it says is about the change; everybody else draws new ones, which find what those did not.
settings.register_profile(
    "any speed",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any speed")

compile_once()

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores Ctrl-C for what it starts in the background, and so would every process that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected: all 12,000 stay, and every look at them takes longer."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their place, and put them into the order of their files: see WAITING."""
    # Otherwise pytest-cov fails at its own mark.
    is_measured = config.getoption("cov_source", default=None) and not config.getoption("no_cov", default=False)
    for item in items:
        place = place_of(item)
        if is_in(place, SLOW):
            item.add_marker("slow")
        if is_measured and is_in(place, REPEATING):
            item.add_marker("no_cover")
        if item.get_closest_marker("docker") and not is_in(place, (CONTAINERS,)):
            raise pytest.UsageError(
                f"{place}: tests with containers are in tests/{CONTAINERS}, where CI looks for them"
            )
    items[:] = in_turns(items)


def place_of(item: pytest.Item) -> str:
    """Return the file of a test below tests/, and its name."""
    return f"{item.path.relative_to(ROOT / 'tests').as_posix()}::{item.name}"


def is_in(place: str, places: Iterable[str]) -> bool:
    """Return whether a test is in one of these folders or files, or one of these tests with any parameters."""
    return any(place == one or place.startswith((f"{one}/", f"{one}::", f"{one}[")) for one in places)


def in_turns(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return tests in the order of their files: slow ones that wait and that compute in turns, then others."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting, computing, quick = list[list[pytest.Item]](), list[list[pytest.Item]](), list[list[pytest.Item]]()
    for own in files.values():
        place = place_of(own[0])
        (waiting if is_in(place, WAITING) else computing if is_in(place, SLOW) else quick).append(own)
    pairs = zip_longest(waiting, computing, fillvalue=list[pytest.Item]())
    return [item for own in (*chain.from_iterable(pairs), *quick) for item in own]


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
