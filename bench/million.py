"""`python -m bench million`: what a million people cost an aggregator, and a hundred thousand reports two operators.

Local mode: everybody's answer is drawn by the participant's code and packed into shards on this machine's disk. Then a
pass of the aggregator without datasites is measured: shards, counts, batch, estimates and the statistics' file. Sums of
two operators: everybody's report is a file in a datasite, and leader and helper verify all of them. Every step runs in
a process of its own, with two worker processes: seconds, seconds of processor time, and the peak memory of all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from bench.measuring import Measured, taken
from bench.operators import EARLY, LATE, SLACK, SURVEYS, World
from bench.tasks import everybody_answers
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.operators.report import build
from netflix_trend.operators.transport import REPORT
from netflix_trend.participant.contributions import answer
from netflix_trend.simulation.population import person, seeded_randomness, watched
from netflix_trend.storage.kept import write_kept
from netflix_trend.survey.release import build_release, parse_release
from netflix_trend.survey.survey import Survey
from services.aggregator.batches import Batches
from services.aggregator.collect import Division, Findings, findings_of, together
from services.aggregator.kept_statistics import KeptStatistics
from services.aggregator.shards import FOLDER, bits_for, packed_shard, read_shard, shard_path, write_shard
from services.runtime.executors import LocalProcesses

PROCESSES = 2
# What a pass of so many people may cost: seconds by the clock, and MiB.
TARGET = (1_000_000, 60.0, 500.0)
_PEOPLE_A_SHARD = 500
# Reports are written by so many people a job.
_WRITERS = 500


# Local mode


def _write_shard(own: Path, bits: int, job: tuple[int, tuple[str, ...]]) -> int:
    number, addresses = job
    survey, randbelow, answers = everybody_answers(), seeded_randomness(number), []
    for address in addresses:
        at = int(address[len("person") : address.index("@")])
        question = survey.question_for(address)
        assert question is not None
        payload = answer(watched(frozenset({at % 50}), at % 30), survey, question, randbelow)
        if address == addresses[0]:
            assert parse_release(build_release(survey, question, payload), survey, question) == payload
        answers.append((address, survey, survey.questions.index(question), payload))
    write_shard(shard_path(own, bits, number), packed_shard(answers, [survey]))
    return len(addresses)


def make_shards(folder: Path, size: int) -> None:
    """Draw everybody's answer with the participant's code, and pack all of them into shards."""
    bits = bits_for(size, _PEOPLE_A_SHARD)
    jobs = Division.of(tuple(person(number) for number in range(size)), bits).shards
    assert sum(LocalProcesses(PROCESSES).map(partial(_write_shard, folder, bits), jobs)) == size


def forget_pages(folder: Path, _size: int) -> None:
    """Ask the system to read the shards from the disk the next time."""
    os.sync()
    for path in (folder / FOLDER).glob("*.bin"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _read(surveys: tuple[Survey, ...], path: Path) -> Findings:
    shard = read_shard(path)
    assert shard is not None and all(shard.holds(survey) for survey in surveys)
    return findings_of(shard, surveys)


def aggregate(folder: Path, size: int) -> None:
    """Do a pass of the aggregator that finds all datasites as its shards have them: from shards to statistics."""
    survey, vocabulary = everybody_answers(), starter_vocabulary()
    paths = sorted((folder / FOLDER).glob("*.bin"))
    found = LocalProcesses(PROCESSES).map(partial(_read, (survey,)), paths)
    (releases,) = together([survey], found).releases
    reports = releases.count()
    assert reports.reports.total() == reports.participants == size
    kept = KeptStatistics(folder, folder / "shared", folder / "public", durable=False)
    batches = Batches(folder, kept, durable=False)
    batch = batches.advance(survey, releases, reports, vocabulary, survey.week.sunday + timedelta(days=1))
    statistics = batches.statistics(survey, batch, vocabulary)
    assert statistics.reports == size
    write_kept(folder, f"statistics/{survey.round}.json", statistics.to_bytes(), durable=False)


# Two operators


def _blocks_and_answers() -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    blocks, answers = zip(*SURVEYS["survey"], strict=True)
    return blocks, answers


def _write_reports(folder: Path, numbers: Sequence[int]) -> int:
    world, (_, answers) = World(folder), _blocks_and_answers()
    asked = world.asked()
    for number in numbers:
        path = world.path(person(number), REPORT)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(build(asked, person(number), answers))
    return len(numbers)


def make_reports(folder: Path, size: int) -> None:
    """Agree on a round, and write everybody's report as the participant's code makes it."""
    World(folder).agree(_blocks_and_answers()[0])
    numbers = iter(range(size))
    jobs: Iterator[list[int]] = iter(lambda: list(islice(numbers, _WRITERS)), [])
    assert sum(LocalProcesses(PROCESSES).map(partial(_write_reports, folder), jobs)) == size


def _operate(party: str, now: int, folder: Path, _size: int) -> None:
    getattr(World(folder, LocalProcesses(PROCESSES)), party).run(now)


def check_sums(folder: Path, size: int) -> None:
    """Check that everybody's report is in the sums."""
    sums = World(folder).sums()
    assert {block.count for block in sums.values()} == {size}
    assert abs(sums["shows"].sums[0] - size) < 100


_AT_EARLY, _AT_LATE = EARLY + SLACK, LATE + SLACK
SUMS: dict[str, Callable[[Path, int], None]] = {
    "write the reports (prepared)": make_reports,
    "leader: read, verify, send": partial(_operate, "leader", _AT_EARLY),
    "helper: read, verify, answer": partial(_operate, "helper", _AT_EARLY),
    "leader: finish": partial(_operate, "leader", _AT_EARLY),
    "helper: give its share": partial(_operate, "helper", _AT_EARLY),
    "leader: publish the sums": partial(_operate, "leader", _AT_EARLY),
    "check the sums": check_sums,
    "leader: nothing to do": partial(_operate, "leader", _AT_EARLY),
    "leader: close the round": partial(_operate, "leader", _AT_LATE),
    "helper: close the round": partial(_operate, "helper", _AT_LATE),
}
LOCAL: dict[str, Callable[[Path, int], None]] = {
    "draw and pack (prepared)": make_shards,
    "forget what is in memory": forget_pages,
    "shards to statistics, cold": aggregate,
    "shards to statistics, warm": aggregate,
}
TABLES = {"local": LOCAL, "sums": SUMS}


def measured(table: str, size: int, folder: Path) -> dict[str, Measured]:
    """Run all steps of a table one after another, each in a process of its own, and print their costs."""
    found = {}
    for step in TABLES[table]:
        command = [sys.executable, "-m", "bench", "million", "--step", table, step, str(size), str(folder)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        found[step] = cost = Measured(**json.loads(output))
        print(f"{step:<36}{size:>10,}{cost.seconds:>10.2f}{cost.processor:>11.2f}{cost.mebibytes:>8.0f}", flush=True)
    return found


def main(arguments: list[str]) -> int:
    """Print a row for each step; returns 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench million", description=__doc__)
    parser.add_argument("--people", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="in local mode")
    parser.add_argument("--reports", type=int, nargs="*", default=[10_000, 100_000], help="to two operators")
    parser.add_argument("--folder", type=Path, help="where to work; some gigabytes (the system's temporary folder)")
    parser.add_argument("--step", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step:
        table, step, size, folder = options.step
        os.setpgid(0, 0)
        print(json.dumps(vars(taken(partial(TABLES[table][step], Path(folder), int(size))))))
        return 0
    print(f"{'step':<36}{'people':>10}{'seconds':>10}{'processor':>11}{'MiB':>8}")
    missed = False
    for table, sizes in (("local", options.people), ("sums", options.reports)):
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="netflix-trend-million-", dir=options.folder) as folder:
                found = measured(table, size, Path(folder))
            if (table, size) == ("local", TARGET[0]):
                passes = [cost for step, cost in found.items() if step.startswith("shards")]
                missed = any(cost.seconds > TARGET[1] or cost.mebibytes > TARGET[2] for cost in passes)
                print(f"target: {TARGET[1]:.0f} s, {TARGET[2]:.0f} MiB: {'MISSED' if missed else 'met'}")
    return int(missed)
