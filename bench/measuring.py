"""Measures a task in its own process: seconds, and the peak memory of it and its child processes."""

from __future__ import annotations

import importlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
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

    The memory is summed over the process group, with shared pages counted several times: an upper bound.
    """
    task = TASKS[name]
    for module in task.modules:
        importlib.import_module(module)
    os.setpgid(0, 0)
    together, stopped = [0], threading.Event()

    def look() -> None:
        while not stopped.wait(0.05):
            together[0] = max(together[0], group_memory(os.getpgrp()))

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    before = time.perf_counter()
    task.run(folder, size)
    seconds = time.perf_counter() - before
    stopped.set()
    watch.join()
    own = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "mebibytes": max(own, together[0]) / 2**20}))


def group_memory(group: int) -> int:
    """Return the resident bytes of all processes of a group, added up."""
    pages = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # has ended
            continue
        if int(fields[2]) == group:
            pages += int(fields[21])
    return pages * os.sysconf("SC_PAGE_SIZE")


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
    elif name == "weekly":
        folder = own
        shutil.copytree(prepared, own)
    command = [sys.executable, "-m", "bench", "--measure", name, str(size), str(folder)]
    return Measured(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
