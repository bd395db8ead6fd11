"""Runs several child processes in one container: all of them, or none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from netflix_trend.layout import heartbeat

_HEARTBEAT = Path(os.environ.get("HEARTBEAT_DIR", "/tmp"))  # noqa: S108 (a tmpfs in the containers)


def supervise(commands: Sequence[Sequence[str]], grace_seconds: float = 300) -> int:
    """Run the commands until one ends or a signal arrives; then end the others. Returns the exit code.

    Children get SIGTERM, so that a worker can finish its job; after `grace_seconds` they are killed. The code is 0
    after a signal and 1 if a child ended by itself, for the container's restart policy.
    """
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # In process groups of their own: Ctrl-C in the terminal reaches only this process, which ends them.
    children = [subprocess.Popen(list(command), start_new_session=True) for command in commands]
    while not stopping and all(child.poll() is None for child in children):
        time.sleep(0.1)
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + grace_seconds
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return 0 if stopping else 1


def beat(name: str, shared: Path | None = None, *, seconds: float | None = None, problem: str = "") -> None:
    """Record a heartbeat of the process `name`; `python -m services.runtime.supervisor NAME...` checks it.

    shared: a folder where other services see it, too. seconds: how long the pass took that has ended. problem: why it
    failed, for `problem_of`.
    """
    (_HEARTBEAT / f"{name}.heartbeat").write_text(json.dumps([seconds, problem]), "utf-8")
    if shared is not None:
        with suppress(OSError):  # a disk that is full must not end the process; it is said elsewhere
            heartbeat(shared, name).touch()


def last_beat(name: str) -> tuple[float, float | None] | None:
    """Return the age of the last heartbeat and how long its pass took, in seconds; None before the first."""
    try:
        age = time.time() - (_HEARTBEAT / f"{name}.heartbeat").stat().st_mtime
    except OSError:
        return None
    return max(0.0, age), _content(name)[0]


def problem_of(name: str) -> str:
    """Return why the last pass of a process failed, empty when it did not or there was none."""
    return _content(name)[1]


def _content(name: str) -> tuple[float | None, str]:
    try:
        seconds, problem = json.loads((_HEARTBEAT / f"{name}.heartbeat").read_text("utf-8"))
    except (OSError, ValueError, TypeError):  # also while it is being written
        return None, ""
    return seconds, problem


def alive(names: Sequence[str], seconds: float = 60) -> bool:
    """Return whether every named process had a heartbeat in the last `seconds`."""
    try:
        return all(time.time() - (_HEARTBEAT / f"{name}.heartbeat").stat().st_mtime < seconds for name in names)
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(0 if alive(sys.argv[1:]) else 1)
