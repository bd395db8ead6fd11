"""The loop of an operator: it looks again and again, and what goes wrong in one look ends neither it nor the page."""

from __future__ import annotations

import logging
import signal
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from netflix_trend.causes import reason_of
from netflix_trend.operators.identity import WrongKey
from services.runtime.supervisor import beat

_ROOT = Path(__file__).parents[2]


def look_again_and_again(name: str, look: Callable[[], None], pause: float) -> None:
    """Look until a signal arrives, every `pause` seconds.

    name: of the heartbeat, which says what was wrong with the last look; the log says it once.
    """
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    told = ""
    while not stopped.is_set():
        began = time.monotonic()
        problem = tried(look)
        if problem and problem != told:
            logging.getLogger(name).error("nothing was done in this look: %s", problem)
        told = problem
        beat(name, seconds=time.monotonic() - began, problem=problem)
        stopped.wait(pause)


def tried(look: Callable[[], object]) -> str:
    """Look once. Returns what was wrong, empty when nothing was: neither a title nor an address is in it."""
    try:
        look()
    except WrongKey as problem:
        return str(problem)
    except OSError as problem:
        return f"{reason_of(problem)} ({_place(problem)})"
    except Exception as problem:  # whatever it is, what was published stays to be seen
        return f"{type(problem).__name__} ({_place(problem)})"
    return ""


def _place(problem: BaseException) -> str:
    """Return file and line of our code in which something went wrong."""
    frames = [one for one in traceback.extract_tb(problem.__traceback__) if Path(one.filename).is_relative_to(_ROOT)]
    return f"{Path(frames[-1].filename).relative_to(_ROOT)}:{frames[-1].lineno}" if frames else "in a library"
