"""`python -m bench vdaf`: processor time and bytes of Prio3 for one report, by circuit; a few seconds."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from netflix_trend.vdaf.circuits import Circuit, Histogram, L1BoundSum, MultihotCountVec, SumVec
from netflix_trend.vdaf.prio3 import Prio3

KEY = bytes(32)
# Targets in milliseconds: shard, and one aggregator's verification.
TARGETS = {"MultihotCountVec(50, weight 4)": (1.0, 0.3)}


def circuits() -> dict[str, tuple[Circuit[Any], Any]]:
    """Return the measured circuits with a measurement each."""
    return {
        "Histogram(16)": (Histogram(16, 3), 5),
        "SumVec(8, 5 bits)": (SumVec(8, 6, 31), list(range(8))),
        "L1BoundSum(24, 30)": (L1BoundSum(24, 9, 30), [1] * 24),
        **{
            f"MultihotCountVec({length}, weight 4)": (
                MultihotCountVec(length, chunk, 4),
                [True] * 4 + [False] * (length - 4),
            )
            for length, chunk in ((50, 4), (200, 7), (1000, 16), (3000, 48))
        },
    }


def milliseconds(call: Callable[[], object], seconds: float) -> float:
    """Return the processor time of a call, the best of five rounds that together take about this many seconds."""
    times, begin = 1, time.process_time()
    call()
    times = max(1, int(seconds / 5 / max(time.process_time() - begin, 1e-6)))
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        for _ in range(times):
            call()
        best = min(best, (time.process_time() - begin) / times)
    return 1000 * best


def main(arguments: list[str]) -> int:
    """Print a row for each circuit; returns 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench vdaf", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement (%(default)s)")
    options = parser.parse_args(arguments)
    columns = f"{'shard ms':>10}{'leader ms':>11}{'helper ms':>11}{'end ms':>9}{'share B':>9}{'verifier B':>12}"
    print(f"{'circuit':<36}{columns}")
    missed = False
    for name, (circuit, measurement) in circuits().items():
        prio3 = Prio3(circuit, b"bench")
        report = prio3.shard(measurement)

        def start(number: int, prio3: Prio3[Any] = prio3, report: Any = report) -> tuple[Any, bytes]:
            return prio3.verify_init(KEY, number, report.nonce, report.public_share, report.input_shares[number])

        (state, first), (_, second) = start(0), start(1)

        def end(prio3: Prio3[Any] = prio3, state: Any = state, shares: tuple[bytes, bytes] = (first, second)) -> object:
            return prio3.verify_next(state, prio3.verifier_shares_to_message(shares))

        shard = milliseconds(partial(prio3.shard, measurement), options.seconds)
        leader, helper = (milliseconds(partial(start, number), options.seconds) for number in (0, 1))
        finish = milliseconds(end, options.seconds)
        sizes = f"{prio3.leader_share_size:>9,}{prio3.verifier_share_size:>12,}"
        print(f"{name:<36}{shard:>10.3f}{leader:>11.3f}{helper:>11.3f}{finish:>9.3f}{sizes}")
        if name in TARGETS and (shard > TARGETS[name][0] or max(leader, helper) > TARGETS[name][1]):
            missed = True
            print(f"{'':<36}target: shard {TARGETS[name][0]} ms, verify {TARGETS[name][1]} ms")
    return int(missed)
