"""How a verb ends: in one line after Ctrl-C, and with the right code when nobody reads what it prints.

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
from typing import TextIO

# The exit codes of shells for a process that Ctrl-C has ended, and for one that wrote to a closed pipe.
INTERRUPTED, UNREAD = 130, 141
SAID = "Ended with Ctrl-C."

_noted = False


def open_streams() -> None:
    """Open the standard streams that this process was started without, on nothing.

    Otherwise the next file, such as a database, would get their number, and a child's message would be written into it.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def note_interrupts() -> None:
    """Note Ctrl-C in this process from now on, unless it was started to ignore it, as with & in a script."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _note)


def was_interrupted() -> bool:
    """Return whether Ctrl-C was pressed."""
    return _noted


def say_interrupted() -> None:
    """Say that Ctrl-C has ended the verb, if anybody reads it."""
    with suppress(OSError):
        print(SAID, file=sys.stderr, flush=True)  # noqa: T201


def is_unread(end: BaseException) -> bool:
    """Return whether a verb ended because nobody reads its output any more, such as before `| head`."""
    one: BaseException | None = end
    while one is not None and not isinstance(one, BrokenPipeError):
        one = one.__context__
    return one is not None


def end(code: int) -> None:
    """Leave the process with an exit code, another one if what was printed last cannot be written. Another Ctrl-C,
    while threads and files are closed, ends it at once.

    Where nobody else works in it, it leaves without taking all its objects apart, which takes as long as some verbs.
    What was registered to happen at the end, such as removing temporary folders, happens.
    """
    if code == INTERRUPTED:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        atexit._run_exitfuncs()
        os._exit(_flushed(code))
    sys.exit(_flushed(code))


def _flushed(code: int) -> int:
    """Write what waits in the streams. Returns the code; of a verb that was well until now, why stdout failed."""
    problem = _flush(sys.stdout)
    if problem is not None and code == 0:
        code = UNREAD if isinstance(problem, BrokenPipeError) else 1
        if code == 1:
            from netflix_trend.causes import why

            with suppress(OSError):
                print(why(problem), file=sys.stderr, flush=True)  # noqa: T201
    _flush(sys.stderr)
    return code


def _flush(stream: TextIO) -> OSError | None:
    """Write what waits in a stream; return why that failed. Then it goes nowhere: Python would try once more while it
    ends, and choose a code of its own.
    """
    try:
        stream.flush()
    except OSError as problem:
        with suppress(OSError), open(os.devnull, "wb") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), stream.fileno())
        return problem
    return None


def _note(_number: int, _frame: FrameType | None) -> None:
    global _noted  # noqa: PLW0603, a signal belongs to the whole process
    _noted = True
    raise KeyboardInterrupt
