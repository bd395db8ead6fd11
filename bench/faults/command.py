"""`python -m bench faults`: histories of the whole network with faults, each a pure function of its seed.

Prints a line for each history that something did not hold in, and how to replay it.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.faults.history import History, play


def replay(seed: int) -> str:
    """Return the command that prints a history."""
    return f"python -m bench faults --seed {seed} -v"


def main(arguments: list[str]) -> int:
    """Play histories; returns 1 if something did not hold in one of them."""
    parser = argparse.ArgumentParser(prog="python -m bench faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many histories (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first one (%(default)s)")
    parser.add_argument("--seed", type=int, help="play this history only")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="(%(default)s)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what happened in every history")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
    else:
        seeds = range(options.first, options.first + options.seeds)
    begin, operations, faults, failed = time.monotonic(), 0, Counter[str](), 0
    with ProcessPoolExecutor(min(options.processes, len(seeds)), mp_context=get_context("spawn")) as pool:
        for history in pool.map(play, seeds):
            operations += history.operations
            faults += history.faults
            failed += bool(history.violation)
            _print(history, verbose=options.verbose)
    seconds = time.monotonic() - begin
    print(f"{len(seeds):,} histories, {operations:,} operations, {faults.total():,} faults in {seconds:.0f} s:")
    print("  " + ", ".join(f"{count:,} {name}" for name, count in faults.most_common()))
    print(f"{failed} failed" if failed else "everything held")
    return int(failed > 0)


def _print(history: History, *, verbose: bool) -> None:
    if verbose:
        print(f"seed {history.seed}")
        for line in history.lines:
            print(f"  {line}")
    if history.violation:
        print(f"seed {history.seed}: {history.violation}\n  replay: {replay(history.seed)}", flush=True)
