"""Measures a task in a process of its own: seconds, and the most memory that it and its helpers had together."""

from __future__ import annotations

import importlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tasks import TASKS


@dataclass(frozen=True)
class Measured:
    """Medians of several runs."""

    seconds: float
    mebibytes: float


def measure(name: str, size: int, folder: Path) -> None:
    """Run a task once on a prepared folder and print its seconds and peak memory as JSON.

    Helpers are counted as if each were as large as the largest, and as if nothing were shared: rather too much.
    """
    task = TASKS[name]
    for module in task.modules:
        importlib.import_module(module)
    before = time.perf_counter()
    task.run(folder, size)
    seconds = time.perf_counter() - before
    own, helper = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": seconds, "mebibytes": (own + task.helpers() * helper) / 1024}))


def measured(name: str, size: int, runs: int) -> Measured:
    """Prepare the input once and measure several times."""
    task = TASKS[name]
    with tempfile.TemporaryDirectory(prefix="netflix-trend-bench-") as root:
        prepared = Path(root) / "input"
        prepared.mkdir()
        task.prepare(prepared, size)
        found = [_run(name, size, prepared, Path(root) / f"run{number}") for number in range(runs)]
    return median(found)


def median(found: Sequence[Measured]) -> Measured:
    """Return the medians of both figures."""
    return Measured(statistics.median(one.seconds for one in found), statistics.median(one.mebibytes for one in found))


def _run(name: str, size: int, prepared: Path, own: Path) -> Measured:
    # A task that writes gets a folder of its own each time; large inputs are only read and shared.
    folder = prepared
    if TASKS[name].unit == "rows" or name == "publisher":
        folder = own
        folder.mkdir()
        for path in prepared.glob("*.csv"):
            (folder / path.name).hardlink_to(path)
    command = [sys.executable, "-m", "bench", "--measure", name, str(size), str(folder)]
    return Measured(**json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
