"""Runs several child processes in one container: all of them, or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

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


def beat(name: str, problem: str = "") -> None:
    """Record a heartbeat of the process `name`; `python -m services.runtime.supervisor NAME...` checks it.

    problem: why its last work failed, for `problem_of`.
    """
    (_HEARTBEAT / f"{name}.heartbeat").write_text(problem, "utf-8")


def problem_of(name: str) -> str:
    """Return why the last work of a process failed, empty when it did not or there was none."""
    try:
        return (_HEARTBEAT / f"{name}.heartbeat").read_text("utf-8")
    except OSError:
        return ""


def alive(names: Sequence[str], seconds: float = 60) -> bool:
    """Return whether every named process had a heartbeat in the last `seconds`."""
    try:
        return all(time.time() - (_HEARTBEAT / f"{name}.heartbeat").stat().st_mtime < seconds for name in names)
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(0 if alive(sys.argv[1:]) else 1)
