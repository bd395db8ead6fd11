"""`python -m bench`: a table of speed and peak memory, each figure the median of several runs."""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.tasks import TASKS

# Upstream on a machine of this size, from the study of it: seconds of work and peak MiB.
UPSTREAM = {("processor", 100_000): (10.8, 389), ("aggregator", 10_000): (2.49, 663)}


def main(arguments: list[str]) -> int:
    """Run the chosen tasks, or one measurement (`--measure`, used by the runs themselves)."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("tasks", nargs="*", default=list(TASKS), help=f"any of {', '.join(TASKS)} (all)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement (%(default)s)")
    parser.add_argument("--largest", type=int, default=1_000_000, help="leave out larger sizes (%(default)s)")
    parser.add_argument("--measure", nargs=3, metavar=("TASK", "SIZE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        name, size, folder = options.measure
        return measure(name, int(size), Path(folder))
    unknown = set(options.tasks) - set(TASKS)
    if unknown:
        parser.error(f"there is no task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}")
    print(f"{'task':<32}{'size':>10}{'seconds':>10}{'per second':>13}{'peak MiB':>10}{'x upstream':>12}")
    for name in options.tasks:
        for size in TASKS[name].sizes:
            if size <= options.largest:
                print_row(name, size, options.runs)
    return 0


def measure(name: str, size: int, folder: Path) -> int:
    """Run a task once on a prepared folder and print its seconds and peak memory as JSON."""
    for module in TASKS[name].modules:
        importlib.import_module(module)
    before = time.perf_counter()
    TASKS[name].run(folder, size)
    seconds = time.perf_counter() - before
    print(json.dumps({"seconds": seconds, "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    return 0


def print_row(name: str, size: int, runs: int) -> None:
    """Prepare the input once, measure several times, print the medians."""
    task = TASKS[name]
    found = []
    with tempfile.TemporaryDirectory(prefix="netflix-trend-bench-") as root:
        prepared = Path(root) / "input"
        prepared.mkdir()
        print(f"{task.title:<32}{size:>10,}  preparing ...", end="\r", flush=True)
        task.prepare(prepared, size)
        for number in range(runs):
            # A task that writes gets a folder of its own each time; large inputs are only read and shared.
            folder = prepared
            if task.unit == "rows" or name == "publisher":
                folder = Path(root) / f"run{number}"
                folder.mkdir()
                for path in prepared.glob("*.csv"):
                    (folder / path.name).hardlink_to(path)
            command = [sys.executable, "-m", "bench", "--measure", name, str(size), str(folder)]
            found.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    seconds = statistics.median(one["seconds"] for one in found)
    mebibytes = statistics.median(one["mebibytes"] for one in found)
    ratio = ""
    if (name, size) in UPSTREAM:
        upstream_seconds, upstream_mebibytes = UPSTREAM[name, size]
        ratio = f"{seconds / upstream_seconds:.2f} {mebibytes / upstream_mebibytes:.2f}"
    print(f"{task.title:<32}{size:>10,}{seconds:>10.3f}{size / seconds:>13,.0f}{mebibytes:>10.0f}{ratio:>12}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
