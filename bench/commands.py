"""Tasks that are whole commands, from the start of Python to its end, and a pass of an aggregator with nothing to do.

Whatever revision of the app is measured runs them, so only its command line and `bench.idle` are used.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

# Seconds after which an aggregator recognizes a file: more than `sweep.SETTLED`, which earlier revisions may not have.
_SETTLED = 4
_EXPORT = "NetflixViewingHistory.csv"


def command(folder: Path, *arguments: str) -> None:
    """Run `./run.sh` with these arguments in a folder of its own. Raises CalledProcessError when it fails."""
    here = Path.cwd()
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(here), "MODE": "folders"}
    environ |= {"PRIVATE_DIR": str(folder / "private"), "PUBLISHER_DIR": str(folder / "publisher")}
    ran = [sys.executable, "-P", "-m", "netflix_trend", *arguments]
    subprocess.run(ran, check=True, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_row(folder: Path, rows: int) -> None:
    """Write an export of a few rows."""
    lines = [f'"Some Show: Season 1: Episode {row + 1}","11/{28 - row % 15}/26"\n' for row in range(rows)]
    (folder / _EXPORT).write_text("Title,Date\n" + "".join(lines), encoding="utf-8")


def run_read(folder: Path, _rows: int) -> None:
    """Say what is in an export."""
    command(folder, "read", _EXPORT)


def run_event(folder: Path, _rows: int) -> None:
    """Note a life event."""
    command(folder, "event", "add", "sick", "2026-02-01", "2026-02-09")


def run_demo(folder: Path, people: int) -> None:
    """Play a demo in local mode."""
    command(folder, "demo", "--mode", "local", "--people", str(people), "--output", str(folder / "out"))


def run_sealed_demo(folder: Path, people: int) -> None:
    """Play a demo with two operators."""
    command(folder, "demo", "--people", str(people), "--output", str(folder / "out"))


def settle() -> None:
    """Wait until what was just written is recognized. The clock decides that, so there is nothing else to wait for."""
    time.sleep(_SETTLED)


@cache
def _aggregator(folder: Path, people: int) -> Any:
    from bench.idle import TODAY, prepared

    here = prepared(folder, people)
    here.run(TODAY)
    settle()
    here.run(TODAY)
    return here


def make_idle(folder: Path, people: int) -> None:
    """Prepare an aggregator whose first pass is over."""
    _aggregator(folder, people)


def run_idle(folder: Path, people: int) -> None:
    """Let it look again."""
    from bench.idle import TODAY

    _aggregator(folder, people).run(TODAY)


# What an earlier revision runs, too, that has no such tasks: whole commands, and what is made ready and run.
COMMANDS: dict[str, Callable[[Path, int], None]] = {
    "read": run_read,
    "event": run_event,
    "demo": run_demo,
    "demo_two": run_sealed_demo,
}
READY: dict[str, tuple[Callable[[Path, int], None], Callable[[Path, int], None]]] = {"idle": (make_idle, run_idle)}
