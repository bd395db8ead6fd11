"""Waiting for a condition with a name and a deadline, instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")

# How many seconds a test waits for what must happen. Only a fault uses them up: how long a start or an answer takes is
# a matter of the machine, and of what else it does.
PATIENCE = 150


def wait_for(condition: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """Return the first true result of `condition`; fail by name when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s for: {what}")
        time.sleep(0.05)
    return result


def stays(condition: Callable[[], object], what: str, seconds: float = 2.5) -> None:
    """Fail by name when `condition` stops being true within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), what
        time.sleep(0.05)
