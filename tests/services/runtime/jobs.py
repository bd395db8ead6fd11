"""Functions that other processes run in the tests of executors."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from netflix_trend.executor import Job, Result


def squared(number: int) -> tuple[int, int]:
    if number == 13:
        raise ValueError("thirteen")
    return number * number, os.getpid()


def handled(_job: int) -> tuple[object, object]:
    return signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)


def killed(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def killed_once(mark: Path, number: int) -> int:
    """Kill the process that does number 2, the first time."""
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def plus(more: int, number: int) -> int:
    return more + number


def told(email: str) -> str:
    raise FileNotFoundError(2, "No such file", f"/datasites/{email}")


def done_and_killed_once(mark: Path, function: Callable[[Job], Result], job: Job) -> Result:
    """Kill the process that has done the first job."""
    found = function(job)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return found
