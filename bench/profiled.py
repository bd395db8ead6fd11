"""`python -m bench profile`: where the processor time of an import goes, function by function."""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.commands import COMMANDS, READY
from bench.measuring import ROOT
from bench.tasks import TASKS

# Whole commands run in processes of their own, of which a profile here would show nothing.
HERE = tuple(name for name in TASKS if name not in COMMANDS)


@contextmanager
def one_processor() -> Iterator[None]:
    """Let this process have one processor for a while: a task with as many processes as processors runs in it alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def main(arguments: list[str]) -> int:
    """Profile one run and print the functions of this app with the largest share, what they call included."""
    parser = argparse.ArgumentParser(prog="python -m bench profile", description=__doc__)
    parser.add_argument("task", nargs="?", default="processor_real", choices=HERE, help="(%(default)s)")
    parser.add_argument("--size", type=int, default=100_000, help="rows, or what the task counts (%(default)s)")
    parser.add_argument("--lines", type=int, default=25, help="functions (%(default)s)")
    options = parser.parse_args(arguments)
    task = TASKS[options.task]
    with tempfile.TemporaryDirectory(prefix="netflix-trend-profile-") as folder:
        task.prepare(Path(folder), options.size)
        for name in task.modules:
            __import__(name)
        if options.task in READY:
            READY[options.task][0](Path(folder), options.size)
        profile = cProfile.Profile(time.process_time)
        with one_processor():
            profile.runcall(task.run, Path(folder), options.size)
    # Of each function: calls, and seconds in itself and in all that it calls.
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(own for _, _, own, _, _ in stats.values())
    print(f"{total:.2f} s of processor time with the profiler, which takes a part of them itself.")
    ours = [(key, value) for key, value in stats.items() if key[0].startswith(str(ROOT / "netflix_trend"))]
    ours += [(key, value) for key, value in stats.items() if key[0].startswith(str(ROOT / "services"))]
    print(f"{'share':>7}{'alone':>8}{'calls':>11}  function")
    for (file, line, name), (_, calls, own, together, _) in sorted(ours, key=lambda one: -one[1][3])[: options.lines]:
        place = Path(file).relative_to(ROOT)
        print(f"{100 * together / total:>6.1f}%{100 * own / total:>7.1f}%{calls:>11,}  {place}:{line} {name}")
    return 0
