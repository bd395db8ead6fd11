"""Waiting for conditions; nothing else in the scraper waits."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_SECONDS = 0.1


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until a condition is true, up to a limit. Returns whether it became true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(EVERY_SECONDS)
    return True
