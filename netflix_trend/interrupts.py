"""Ctrl-C ends a verb in one line, wherever it is.

A library that is interrupted may raise something of its own: DuckDB says that a query was interrupted, an extension
that its import has failed. So Ctrl-C is also noted, and whatever ends a verb then counts as Ctrl-C.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType

# The exit code of shells for a process that Ctrl-C has ended.
INTERRUPTED = 130
SAID = "Ended with Ctrl-C."

_noted = False


def note_interrupts() -> None:
    """Note Ctrl-C in this process from now on, unless it was started to ignore it, as with & in a script."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _note)


def was_interrupted() -> bool:
    """Return whether Ctrl-C was pressed."""
    return _noted


def end(code: int) -> None:
    """Leave the process with an exit code. Another Ctrl-C, while threads and files are closed, ends it at once.

    Where nobody else works in it, it leaves without taking all its objects apart, which takes as long as some verbs.
    What was registered to happen at the end, such as removing temporary folders, happens.
    """
    if code == INTERRUPTED:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        atexit._run_exitfuncs()
        with suppress(OSError, ValueError):  # nobody reads any more: sys.exit says so, with an exit code of its own
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    sys.exit(code)


def _note(_number: int, _frame: FrameType | None) -> None:
    global _noted  # noqa: PLW0603, a signal belongs to the whole process
    _noted = True
    raise KeyboardInterrupt
