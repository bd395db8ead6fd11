"""`python -m bench`: a table of speed and peak memory, each figure the median of several runs.

`python -m bench privacy`: targets for privacy and use, against what is measured here.
`python -m bench displayed`: how often the intervals of the shows that a page picks out hold the truth.
`python -m bench app`: what the app costs on folders while there is nothing to do.
`python -m bench faults`: the whole network with faults, by seed; what must hold is checked, nothing is measured.
`python -m bench idle`: what a run of the aggregator costs in which nothing has changed.
`python -m bench kills`: kills containers while exports are on their way, and counts what is missing in the end.
`python -m bench vdaf`: time and bytes of Prio3 for a report to two operators.
`python -m bench operators`: the same for whole rounds, with sealing, databases and files.
`python -m bench reading`: how well and how fast exports are read whose truth is known.
`python -m bench year`: how long a year in review takes the first time, and other pages at the median.
`python -m bench reality`: what both modes tell N participants, also in Netflix's own weeks, beside the public chart.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import app, displayed, idle, kills, operators, privacy, reading, reality, vdaf, year
from bench.faults import command as faults
from bench.measuring import measure, measured
from bench.tasks import TASKS

# The first version on two cores (docs/method/statistics.md#the-first-version-of-this-app): seconds and peak MiB.
UPSTREAM = {("processor", 100_000): (10.8, 389), ("aggregator", 10_000): (2.49, 663)}


def main(arguments: list[str]) -> int:
    """Run the chosen tasks, a table of its own, or one measurement (`--measure`, used by the runs themselves)."""
    tables = {
        "app": app.main,
        "displayed": displayed.main,
        "faults": faults.main,
        "idle": idle.main,
        "kills": kills.main,
        "operators": operators.main,
        "privacy": privacy.main,
        "reading": reading.main,
        "reality": reality.main,
        "vdaf": vdaf.main,
        "year": year.main,
    }
    if arguments and arguments[0] in tables:
        return tables[arguments[0]](arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "tasks", nargs="*", default=list(TASKS), help=f"{', '.join(tables)}, or any of {', '.join(TASKS)} (all)"
    )
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement (%(default)s)")
    parser.add_argument("--largest", type=int, default=1_000_000, help="leave out larger sizes (%(default)s)")
    parser.add_argument("--measure", nargs=3, metavar=("TASK", "SIZE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        name, size, folder = options.measure
        measure(name, int(size), Path(folder))
        return 0
    unknown = set(options.tasks) - set(TASKS)
    if unknown:
        parser.error(
            f"there is no task {', '.join(sorted(unknown))}; there are {', '.join(tables)}, {', '.join(TASKS)}"
        )
    print(f"{'task':<32}{'size':>10}{'seconds':>10}{'per second':>13}{'peak MiB':>10}{'x upstream':>12}")
    for name in dict.fromkeys(shown for task in options.tasks for shown in (task, *TASKS[task].beside)):
        for size in TASKS[name].sizes:
            if size <= options.largest:
                print_row(name, size, options.runs)
    return 0


def print_row(name: str, size: int, runs: int) -> None:
    """Measure and print the medians."""
    task = TASKS[name]
    print(f"{task.title:<32}{size:>10,}  preparing ...", end="\r", flush=True)
    found = measured(name, size, runs)
    ratio = ""
    if (name, size) in UPSTREAM:
        upstream_seconds, upstream_mebibytes = UPSTREAM[name, size]
        ratio = f"{found.seconds / upstream_seconds:.2f} {found.mebibytes / upstream_mebibytes:.2f}"
    figures = f"{found.seconds:>10.3f}{size / found.seconds:>13,.0f}{found.mebibytes:>10.0f}{ratio:>12}"
    print(f"{task.title:<32}{size:>10,}{figures}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
