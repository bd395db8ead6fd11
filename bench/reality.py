"""`python -m bench reality`: what each mode tells N participants, as markdown tables, in populations of invented people
and in Netflix's own weeks.

N counts participants, not answers: local mode hears one sixth of them a week about shows, one twelfth about viewing
volume. Everything goes through the product's own functions. `--chart FILE` replays the weekly global lists that Netflix
offers for download (a TSV); nothing of that file is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench import cohorts
from bench.claims import Told, event_errors, median_liars, needed_numbers
from bench.cohorts import Look
from bench.populations import LISTINGS, Listing, Replayable, invented, replayed
from bench.rounds import Mode


@dataclass(frozen=True)
class Scale:
    """How much is simulated. people: participants. cohorts: of each population; each plays `weeks` weeks and is looked
    at after those numbered in `looks`. compared: sizes for which lists of other charts are played, too. liars,
    quarters, rounds: repetitions of the other figures. most: participants up to which needed numbers are tested.
    """

    people: Sequence[int] = (100, 300, 1_000, 3_000, 10_000)
    cohorts: int = 8
    weeks: int = 8
    looks: Sequence[int] = (4, 5, 6, 7)
    compared: Sequence[int] = (1_000,)
    liars: int = 7
    quarters: int = 24
    rounds: int = 200
    most: int = 25_000


FULL = Scale()
QUICK = Scale(
    (100, 1_000), cohorts=2, weeks=6, looks=(4, 5), compared=(1_000,), liars=3, quarters=4, rounds=15, most=7_000
)


@dataclass(frozen=True)
class Cell:
    """What was seen of one population at one size, with lists made from one kind of chart: looks by cohort."""

    population: str
    people: int
    listing: Listing
    looks: Sequence[Sequence[Look]]


@dataclass(frozen=True)
class Reality:
    """All figures. liars: by population and size; events: root mean square errors by size."""

    cells: Sequence[Cell]
    liars: Mapping[tuple[str, int], Mapping[Mode, float]]
    events: Mapping[int, Mapping[Mode, float]]
    told: Sequence[Told]

    def cell(self, population: str, people: int, listing: Listing = "in time") -> Cell:
        """Return one cell."""
        return next(
            one for one in self.cells if (one.population, one.people, one.listing) == (population, people, listing)
        )

    @property
    def populations(self) -> list[str]:
        """Names of the populations, in order."""
        return list(dict.fromkeys(cell.population for cell in self.cells))

    @property
    def sizes(self) -> list[int]:
        """Numbers of participants, smallest first."""
        return sorted({cell.people for cell in self.cells})


@lru_cache(maxsize=1)
def populations(chart: Path | None) -> Mapping[str, Replayable]:
    """Return the populations by name: invented ones, and the weeks of a chart file where there is one."""
    return {one.name: one for one in [*invented(), *(replayed(chart) if chart else [])]}


@dataclass(frozen=True)
class Job:
    """One piece of work for a process. kind: cohort, liars, events or needed."""

    kind: str
    scale: Scale
    chart: Path | None
    population: str = ""
    people: int = 0
    listing: Listing = "in time"
    cohort: int = 0

    def run(self) -> Any:
        """Do it. The same job always has the same result."""
        if self.kind == "events":
            return event_errors(self.people, self.scale.quarters)
        if self.kind == "needed":
            return list(needed_numbers(self.scale.rounds, self.scale.most))
        population = populations(self.chart)[self.population]
        if self.kind == "liars":
            return median_liars(population, self.people, self.scale.liars)
        weeks, looks = self.scale.weeks, self.scale.looks
        return cohorts.play(population, self.people, self.cohort, weeks=weeks, looks=looks, listing=self.listing)


def jobs(scale: Scale, chart: Path | None) -> list[Job]:
    """Return all work, the longest pieces first."""
    found = [Job("needed", scale, chart)]
    for people in sorted(scale.people, reverse=True):
        found.append(Job("events", scale, chart, people=people))
        for name, population in populations(chart).items():
            listings = LISTINGS if population.charts.weekly and people in scale.compared else LISTINGS[:1]
            found.append(Job("liars", scale, chart, name, people))
            found += [
                Job("cohort", scale, chart, name, people, listing, cohort)
                for listing in listings
                for cohort in range(scale.cohorts)
            ]
    return found


def measure(scale: Scale, chart: Path | None, processes: int = 1, progress: Callable[[str], None] = print) -> Reality:
    """Simulate everything. The result does not depend on the number of processes."""
    work = jobs(scale, chart)
    results: dict[Job, Any] = {}
    began = time.monotonic()
    for job, result in _done(work, processes):
        results[job] = result
        what = f"{job.kind} {job.population} {job.people or ''}".strip()
        progress(f"{len(results)} of {len(work)}, {time.monotonic() - began:.0f} s: {what}")
    cells: dict[tuple[str, int, Listing], list[Sequence[Look]]] = {}
    for job in work:
        if job.kind == "cohort":
            cells.setdefault((job.population, job.people, job.listing), []).append(results[job])
    return Reality(
        cells=[Cell(*key, looks) for key, looks in cells.items()],
        liars={(job.population, job.people): results[job] for job in work if job.kind == "liars"},
        events={job.people: results[job] for job in work if job.kind == "events"},
        told=results[work[0]],
    )


def _done(work: Sequence[Job], processes: int) -> Iterator[tuple[Job, Any]]:
    """Yield jobs with their results, in the order in which they end."""
    if processes == 1:
        yield from ((job, job.run()) for job in work)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running: dict[Future[Any], Job] = {pool.submit(job.run): job for job in work}
        for future in as_completed(running):
            yield running[future], future.result()


def main(arguments: Sequence[str] = ()) -> int:
    """Print the tables."""
    from bench.reality_tables import tables

    parser = argparse.ArgumentParser(
        prog="python -m bench reality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chart", type=Path, metavar="FILE", help="Netflix's weekly global lists, a TSV")
    parser.add_argument("--quick", action="store_true", help="a tenth of it, in less than a minute")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="(%(default)s)")
    options = parser.parse_args(list(arguments))
    if options.chart and not options.chart.is_file():
        parser.error(f"{options.chart}: no such file; Netflix offers it for download at netflix.com/tudum/top10")

    def progress(line: str) -> None:
        print(line.ljust(70), end="\r", file=sys.stderr, flush=True)

    found = measure(QUICK if options.quick else FULL, options.chart, options.processes, progress)
    print(file=sys.stderr)
    print("\n\n".join(tables(found)))
    return 0
