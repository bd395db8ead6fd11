"""`python -m bench scale`: what many people cost, in this process, in two, and on a cluster of one or two workers.

Processor seconds of all processes together, seconds on the clock, and the peak memory; starting a cluster is not
counted, starting local processes is. `datasites`: every file is read. `shards`: what the first look of a new process
costs, for which every file was read before. A cluster is real processes with TLS on this machine, so it shows what a
cluster costs, and not how much faster several machines are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.measuring import Measured, processor_seconds, taken
from bench.tasks import everybody_answers, make_datasites
from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.syftbox.datasite import datasite_names
from services.aggregator.collect import LookMemory, RoundReports, collect, look
from services.runtime.executors import LocalProcesses

PLACES = ("this process", "2 processes", "1 worker", "2 workers")
_PORT = 18_786


@contextmanager
def place(name: str, folder: Path) -> Iterator[Executor]:
    """Yield an executor. folder: for certificates."""
    if name == PLACES[0]:
        yield ThisProcess()
    elif name == PLACES[1]:
        yield LocalProcesses(2)
    else:
        with cluster(folder, int(name[0])) as found:
            yield found


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Executor]:
    """Start a cluster of this machine and yield its executor."""
    from services.runtime.cluster.certificates import ensure_certificates
    from services.runtime.cluster.executor import Cluster

    names = ["scheduler", "client", *(f"worker-{number}" for number in range(1, workers + 1))]
    certificates = {name: folder / f"{workers}" / name for name in names}
    for one in certificates.values():
        one.mkdir(parents=True, exist_ok=True)
    ensure_certificates(list(certificates.values()))
    address, processes = f"tls://127.0.0.1:{_PORT}", []

    def start(role: str, name: str, *options: str) -> None:
        command = [sys.executable, "-m", "services.runtime.cluster", role, "--certificates", str(certificates[name])]
        environment = {**os.environ, "HEARTBEAT_DIR": str(certificates[name])}
        processes.append(subprocess.Popen([*command, *options], env=environment, stdout=subprocess.DEVNULL))

    executor = Cluster(address, certificates["client"])
    try:
        start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", str(_PORT))
        for name in names[2:]:
            start("worker", name, "--scheduler", address, "--name", name, "--scratch", str(folder))
        while len(executor.names()) < workers:
            if any(process.poll() is not None for process in processes):
                raise RuntimeError("a process of the cluster has ended")
            time.sleep(0.1)  # before looking again: the scheduler tells of no worker by itself
        yield executor
    finally:
        executor.close()
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def measured(run: Callable[[Executor], str], executor: Executor) -> tuple[Measured, str]:
    """Return what a run takes, and the hash of everything that it found."""
    found = list[str]()
    return taken(lambda: found.append(run(executor))), found[0]


def digest(found: RoundReports) -> str:
    """Return a hash of what a round holds."""
    told: list[Any] = [found.participants, found.asked, found.reports, found.waiting, found.refusals]
    return sha256(canonical_json([*told, {name: some.tolist() for name, some in found.counts.items()}])).hexdigest()


def idle(seconds: float) -> float:
    """Return the part of a processor that all processes use while there is nothing to do."""
    before = processor_seconds()
    time.sleep(seconds)  # the time that is measured
    return (processor_seconds() - before) / seconds


def main(arguments: list[str]) -> int:
    """Print a row for each size and place; returns 1 when two places do not find the same."""
    parser = argparse.ArgumentParser(prog="python -m bench scale", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[1_000, 10_000], help="(%(default)s)")
    parser.add_argument("--places", nargs="+", default=list(PLACES), choices=PLACES, help="(%(default)s)")
    parser.add_argument("--folder", type=Path, help="where `datasites` of one size are, or will be kept")
    parser.add_argument("--idle", type=float, default=20, help="seconds of waiting for the cost of it (%(default)s)")
    options = parser.parse_args(arguments)
    os.setpgid(0, 0)  # before a cluster starts, whose processes count
    print(f"{'from':<12}{'people':>9}  {'where':<14}{'processor s':>12}{'clock s':>9}{'MiB':>7}{'ratio':>7}")
    is_same = True
    for people in options.people:
        with tempfile.TemporaryDirectory(prefix="netflix-trend-bench-") as folder:
            root = options.folder or Path(folder)
            for source, run in sources(root, people).items():
                found, results = dict[str, Measured](), set[str]()
                for name in options.places:
                    with place(name, root / "certificates") as executor:
                        run(executor)  # so that files are in memory and modules imported
                        found[name], result = measured(run, executor)
                    results.add(result)
                    cost, first = found[name], found[options.places[0]]
                    print(
                        f"{source:<12}{people:>9,}  {name:<14}{cost.processor:>12.2f}{cost.seconds:>9.2f}"
                        f"{cost.mebibytes:>7.0f}{cost.processor / first.processor:>7.2f}",
                        flush=True,
                    )
                is_same &= len(results) == 1
    if options.idle and PLACES[3] in options.places:
        with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), 2) as executor:
            assert executor.workers == 2
            print(f"idle, scheduler and 2 workers: {100 * idle(options.idle):.1f} % of a processor")
    print("all places find the same" if is_same else "PLACES FIND DIFFERENT THINGS")
    return 0 if is_same else 1


def sources(root: Path, people: int) -> dict[str, Callable[[Executor], str]]:
    """Write everybody's files below a folder, and return the runs by where they read from."""
    survey = everybody_answers()
    datasites = root / "datasites"
    if not datasites.exists():
        datasites.mkdir()
        make_datasites(datasites, people)

    def from_datasites(executor: Executor) -> str:
        return digest(collect(datasites, sorted(datasite_names(datasites)), survey, executor=executor))

    def from_shards(executor: Executor) -> str:
        names = sorted(datasite_names(datasites))
        looked = look(datasites, root / "own", names, [survey], memory=LookMemory(), executor=executor)
        return digest(looked.releases[0].count())

    return {"datasites": from_datasites, "shards": from_shards}
