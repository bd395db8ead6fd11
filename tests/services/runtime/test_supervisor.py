"""All children of a container run, or none does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.runtime import supervisor
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[3]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def supervised(*commands: list[str], grace_seconds: float = 5) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from services.runtime.supervisor import supervise; "
        f"sys.exit(supervise({list(commands)!r}, {grace_seconds}))"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)


def test_when_one_child_ends_the_others_are_ended_and_the_code_is_1(wait_for: Callable[..., None]) -> None:
    process = supervised(SLEEP, [sys.executable, "-c", "raise SystemExit(0)"])
    assert process.wait(PATIENCE) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_the_code_is_0(
    tmp_path: Path, wait_for: Callable[..., None], number: signal.Signals
) -> None:
    """The child finishes what it does after SIGTERM, as a worker finishes its job."""
    child = (
        "import signal, sys, pathlib, threading\n"
        "done = threading.Event()\n"
        "signal.signal(signal.SIGTERM, lambda *_: done.set())\n"
        f"pathlib.Path({str(tmp_path / 'up')!r}).touch()\n"
        "done.wait(150)\n"
        f"pathlib.Path({str(tmp_path / 'finished')!r}).touch()\n"
    )
    process = supervised([sys.executable, "-c", child], SLEEP)
    wait_for((tmp_path / "up").exists, "the child is up")
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    assert (tmp_path / "finished").exists()


def test_a_child_that_does_not_end_is_killed(tmp_path: Path, wait_for: Callable[..., None]) -> None:
    up = tmp_path / "up"
    stubborn = (
        "import signal, time, pathlib\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(up)!r}).touch()\ntime.sleep(60)"
    )
    process = supervised([sys.executable, "-c", stubborn], grace_seconds=0.5)
    wait_for(up.exists, "the child is up")
    process.terminate()
    assert process.wait(PATIENCE) == 0


def test_signs_of_life_grow_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_HEARTBEAT", tmp_path)
    assert not supervisor.alive(["one"])
    supervisor.beat("one")
    assert supervisor.alive(["one"])
    assert not supervisor.alive(["one", "two"])
    os.utime(tmp_path / "one.heartbeat", (1, 1))
    assert not supervisor.alive(["one"])
