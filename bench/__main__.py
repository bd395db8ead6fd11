"""`python -m bench`: a table of speed and peak memory, each figure the median of several runs; docs/performance.md.

`python -m bench privacy`: targets for privacy and use, against what is measured here.
`python -m bench displayed`: how often the intervals of the shows that a page picks out hold the truth.
`python -m bench app`: what the app costs on folders while there is nothing to do.
`python -m bench faults`: the whole network with faults, by seed; what must hold is checked, nothing is measured.
`python -m bench kills`: kills containers while exports are on their way, and counts what is missing in the end.
`python -m bench million`: a million people's answers on one machine, and a hundred thousand reports to two operators.
`python -m bench vdaf`: time and bytes of Prio3 for a report to two operators.
`python -m bench next`: how good recommendations are, by how many people take part.
`python -m bench operators`: the same for whole rounds, with sealing, databases and files.
`python -m bench profile`: where the processor time of an import, or of another task, goes.
`python -m bench reading`: how well and how fast exports are read whose truth is known.
`python -m bench year`: how long a year in review takes the first time, and other pages at the median.
`python -m bench reality`: what both modes tell N participants, also in Netflix's own weeks, beside the public chart.
`python -m bench scale`: what many people cost in this process, in several, and on the workers of a cluster.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import (
    app,
    displayed,
    kills,
    million,
    next_shows,
    operators,
    permissions,
    privacy,
    profiled,
    reading,
    reality,
    scale,
    vdaf,
    year,
)
from bench.faults import command as faults
from bench.measuring import ROOT, Figures, Revision, measured, revision
from bench.tasks import TASKS

# The tables that follow when no task is named: what else says how fast and how large.
MORE = ("operators", "app", "permissions", "scale", "million")
# Around the table in a document.
BEGIN, END = "<!-- python -m bench -->", "<!-- end -->"


def main(arguments: list[str]) -> int:
    """Run the chosen tasks, or a table of its own."""
    tables = {
        "app": app.main,
        "displayed": displayed.main,
        "faults": faults.main,
        "kills": kills.main,
        "million": million.main,
        "next": next_shows.main,
        "operators": operators.main,
        "permissions": permissions.main,
        "privacy": privacy.main,
        "profile": profiled.main,
        "reading": reading.main,
        "reality": reality.main,
        "scale": scale.main,
        "vdaf": vdaf.main,
        "year": year.main,
    }
    if arguments and arguments[0] in tables:
        return tables[arguments[0]](arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "tasks",
        nargs="*",
        help=f"{', '.join(tables)}, or any of {', '.join(TASKS)} (all of these, then {', '.join(MORE)})",
    )
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement (%(default)s)")
    parser.add_argument("--smallest", type=int, default=1, help="leave out smaller sizes (%(default)s)")
    parser.add_argument("--largest", type=int, default=1_000_000, help="leave out larger sizes (%(default)s)")
    parser.add_argument("--against", metavar="REVISION", help="measure it too, in turn with this one")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md and README.md")
    options = parser.parse_args(arguments)
    if unknown := set(options.tasks) - set(TASKS):
        parser.error(
            f"there is no task {', '.join(sorted(unknown))}; there are {', '.join(tables)}, {', '.join(TASKS)}"
        )
    with ExitStack() as stack:
        other = stack.enter_context(revision(options.against)) if options.against else None
        lines = [head(other)]
        print("\n".join(lines), flush=True)
        for line in rows(
            options.tasks or list(TASKS), options.runs, range(options.smallest, options.largest + 1), other
        ):
            print(line, flush=True)
            lines.append(line)
            if options.write:
                table = write(ROOT / "docs" / "performance.md", lines)
                write(ROOT / "README.md", summary(table), is_whole=True)
    if not options.tasks:
        for name in MORE:
            print(f"\npython -m bench {name}", flush=True)
            tables[name]([])
    return 0


def head(other: Revision | None) -> str:
    """Return the head of the table, two lines, in Markdown as all others."""
    columns = ["task", "size", "processor s", "per 1,000", "wall s", "cold: processor s", "wall s", "MiB", "x floor"]
    columns += [f"{other.name}: processor s", "MiB", "now / then"] if other else []
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return f"| {' | '.join(columns)} |\n|{'|'.join(rule)}|"


def rows(names: Sequence[str], runs: int, wanted: range, other: Revision | None) -> Iterator[str]:
    """Measure tasks and yield a line for each size. The floor is measured first, if a task of rows is."""
    shown = list(dict.fromkeys(one for name in names for one in (name, *TASKS[name].beside)))
    floor: dict[int, float] = {}
    for name in shown:
        for size in filter(wanted.__contains__, TASKS[name].sizes):
            if name == "floor" or (TASKS[name].run is TASKS["processor"].run and size not in floor):
                floor[size] = measured("floor", size, runs).warm.processor
            yield row(name, size, measured(name, size, runs, other), floor.get(size), is_compared=other is not None)


def row(name: str, size: int, found: Figures, floor: float | None, *, is_compared: bool) -> str:
    """Return a line of the table. floor: processor seconds of the plain csv loop over as many rows."""
    task, warm, cold, before = TASKS[name], found.warm, found.cold, found.before
    is_of_rows = task.run is TASKS["processor"].run
    cells = [task.title, f"{size:,} {task.unit}", _seconds(warm.processor)]
    cells += [_seconds(1000 * warm.processor / size) if size > 1 else "-", _seconds(warm.seconds)]
    cells += [_seconds(cold.processor), _seconds(cold.seconds)] if cold else ["-", "-"]
    cells += [f"{warm.mebibytes:.0f}", f"{warm.processor / floor:.1f}" if floor and is_of_rows else "-"]
    if is_compared:
        cells += [_seconds(before.processor), f"{before.mebibytes:.0f}"] if before else ["-", "-"]
        cells += [f"{warm.processor / before.processor:.2f}" if before else "-"]
    return f"| {' | '.join(cells)} |"


def _seconds(value: float) -> str:
    """Return seconds with two digits that count."""
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def write(path: Path, lines: Sequence[str], *, is_whole: bool = False) -> list[str]:
    """Put lines of a table between the marks of a document, and return the table. Unless it is the whole one, other
    lines of a table with the same head stay.

    lines: the head, and a line for each task and size. Raises ValueError when the document has no marks.
    """
    before, begin, rest = path.read_text("utf-8").partition(f"{BEGIN}\n")
    table, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{path.name}: {BEGIN} and {END} are missing")
    stays = table.strip().startswith(lines[0]) and not is_whole
    kept = table.strip().removeprefix(lines[0]).split("\n") if stays else []
    found = {tuple(line.split(" | ")[:2]): line for line in (*filter(None, kept), *lines[1:])}
    whole = [lines[0], *found.values()]
    path.write_text(f"{before}{begin}\n" + "\n".join(whole) + f"\n\n{end}{after}", "utf-8")
    return whole


def summary(table: Sequence[str]) -> list[str]:
    """Return the lines and columns of the table that the README shows: the largest size of each task."""
    cells = [line.strip("| ").split(" | ") for line in "\n".join(table).splitlines()]
    largest = {line[0]: line for line in cells[2:]}.values()
    shown = [place for place, name in enumerate(cells[0]) if place < 3 or name == "MiB" or ": processor" in name]
    shown = [place for place in shown if not cells[0][place].startswith("cold")]
    rows = ["| " + " | ".join(line[place] for place in shown) + " |" for line in (cells[0], *largest)]
    return [f"{rows[0]}\n|---|{'---:|' * (len(shown) - 1)}", *rows[1:]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
