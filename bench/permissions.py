"""`python -m bench permissions`: what it costs to let many people read what an aggregator shares.

With `--server` also on a real server and clients of SyftBox 0.4.0, which `./run.sh test` installs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import (
    LARGEST_FILE,
    MOST_NAMED,
    named_or_everybody,
    permission_rules,
    readers_of,
    write_permissions,
)
from services.aggregator.enrolment import SHARED

SIZES = (100, MOST_NAMED, 10_000, 100_000, 1_000_000)
# People named and files beside: by the server's own code alone.
BY_ITS_CODE = (
    (MOST_NAMED, 13),
    (MOST_NAMED, 63),
    (500, 13),
    (500, 63),
    (1000, 63),
    (6200, 13),
    (6200, 63),
    (50_000, 13),
)
LOOKS = (1_000, 10_000, 100_000)
ON_A_SERVER = (100, MOST_NAMED, 500, 1000)
# A year of rounds, and what stands beside them.
STATISTICS = 60
AGGREGATOR, READER, LATE = "aggregator@example.org", "reader@example.org", "late@example.org"
_CONTENT = {
    "vocabulary.json": b"v" * 184_000,
    "survey.json": b"s" * 4_000,
    "trends.json": b"t" * 30_000,
    **{f"statistics/2026-W{number:02}.json": b"x" * 20_000 for number in range(1, STATISTICS + 1)},
}
_LAST = f"statistics/2026-W{STATISTICS}.json"


def main(arguments: list[str]) -> int:
    """Print a table of sizes; with `--server` a second one."""
    parser = argparse.ArgumentParser(prog="python -m bench permissions", description=__doc__)
    parser.add_argument("--server", action="store_true", help="measure on a real server of SyftBox 0.4.0, too")
    parser.add_argument(
        "--named", nargs="*", type=int, default=ON_A_SERVER, help="how many people rules name there (%(default)s)"
    )
    options = parser.parse_args(arguments)
    print("Rules of a shared folder, processor time; in brackets, if each person were named:")
    print(
        f"{'people':>10}{'bytes':>10}{'first ms':>10}{'one more':>10}"
        f"{'[bytes':>14}{'files of 8 MB':>15}{'first ms]':>11}"
    )
    for size in SIZES:
        print_rules(size)
    if options.server:
        print_its_code()
        print(f"\nSyftBox 0.4.0 with {len(_CONTENT)} shared files: seconds until a reader has it, processor seconds")
        print(f"{'named':>10}  {'step':<14}{'arrived':>9}{'server':>9}{'owner':>9}{'server MiB':>12}")
        for size in options.named:
            print_on_a_server([person(number) for number in range(size)])
        print_on_a_server(["*"])
    return 0


def person(number: int) -> str:
    """Return an invented address of 60 letters."""
    return f"{number:07}-of-a-million-people-with-long-names@mail.example.org"


def print_rules(size: int) -> None:
    """Measure rules for so many people, then for one more."""
    with tempfile.TemporaryDirectory(prefix="netflix-trend-permissions-") as root:
        folder = Path(root) / "shared"

        def share(people: int) -> None:
            named = named_or_everybody(map(person, range(people)), readers_of(folder, SHARED[0]))
            write_permissions(folder, dict.fromkeys(SHARED, named), durable=False)

        first = processor_time(lambda: share(size))
        written = sum(path.stat().st_size for path in folder.iterdir())
        more = processor_time(lambda: share(size + 1))
    everybody = [person(number) for number in range(size)]
    before = time.process_time()
    named = permission_rules(dict.fromkeys(SHARED, everybody))
    seconds = time.process_time() - before
    largest, total = max(map(len, named.values())), sum(map(len, named.values()))
    files = -(-largest // LARGEST_FILE)
    print(
        f"{size:>10,}{written:>10,}{1000 * first:>10.1f}{1000 * more:>10.1f}"
        f"{total:>14,}{files:>15,}{1000 * seconds:>11,.0f}",
        flush=True,
    )


def print_its_code() -> None:
    """Measure how the server's own code takes permission files, and what clients ask of it every second."""
    from tests.e2e.syftbox_network import BIN

    def measured(*arguments: object) -> dict[str, float]:
        command = [str(BIN / "python"), str(Path(__file__).with_name("syftbox_rules.py")), *map(str, arguments)]
        found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return found

    print("\nSyftBox 0.4.0's own code: processor seconds for one permission file, then for a look of one client")
    print(f"{'named':>10}{'files':>7}{'MB':>8}{'seconds':>9}{'look':>8}{'MiB':>7}")
    for people, files in BY_ITS_CODE:
        one = measured("rules", people, files)
        figures = f"{one['megabytes']:>8.2f}{one['seconds']:>9.1f}{one['look']:>8.3f}{one['mebibytes']:>7.0f}"
        print(f"{people:>10,}{files:>7}{figures}", flush=True)
    print(f"\n{'datasites':>10}{'a look':>9}, with one rule for everybody")
    for people in LOOKS:
        print(f"{people:>10,}{measured('looks', people)['seconds']:>9.2f}", flush=True)


def processor_time(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that something takes in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def print_on_a_server(people: Sequence[str]) -> None:
    """Share a year with people on a real network: at first, with one more of them, and with a new survey."""
    from tests.e2e.syftbox_network import SyftBoxNetwork

    content, readers = dict(_CONTENT), list(people)
    if readers != ["*"]:
        readers = sorted([*readers, READER])
    with (
        tempfile.TemporaryDirectory(prefix="netflix-trend-permissions-") as root,
        SyftBoxNetwork(Path(root), [AGGREGATOR, READER, LATE]) as network,
    ):
        site = Datasite(network.datasites(AGGREGATOR), AGGREGATOR)
        shared = site.app_data / "shared"
        server, owner = network.server_process, network.client_process(AGGREGATOR)

        def at(who: str, name: str) -> Path:
            return network.datasites(who) / shared.relative_to(site.datasites) / name

        def steps() -> Iterator[tuple[str, Callable[[], bool]]]:
            yield "first", lambda: at(READER, _LAST).exists()
            if readers != ["*"]:
                readers.append(LATE)
                yield "one more", lambda: at(LATE, _LAST).exists()
            content["survey.json"] = b"S" * 4_100
            yield "a new survey", lambda: at(READER, "survey.json").read_bytes() == content["survey.json"]

        for step, is_there in steps():
            before, start = (processor_seconds(server), processor_seconds(owner)), time.monotonic()
            site.share(shared, content, dict.fromkeys(SHARED, readers), durable=False)
            arrived = waited(is_there, start)
            waited(lambda: is_quiet(server), time.monotonic())
            used = processor_seconds(server) - before[0], processor_seconds(owner) - before[1]
            size = f"{len(readers):,}" if readers != ["*"] else "everybody"
            print(
                f"{size:>10}  {step:<14}{arrived:>9}{used[0]:>9.1f}{used[1]:>9.1f}{peak_mebibytes(server):>12}",
                flush=True,
            )


def waited(condition: Callable[[], bool], start: float, most: float = 120) -> str:
    """Return the seconds since `start` when a condition holds; that it did not within `most`."""
    while time.monotonic() < start + most:
        if condition():
            return f"{time.monotonic() - start:.1f}"
        time.sleep(0.1)  # before looking again: other processes tell of nothing
    return f"not in {most:.0f}"


def is_quiet(process: int) -> bool:
    """Return whether a process does little for two seconds."""
    before = processor_seconds(process)
    time.sleep(2)  # the time that is measured
    return processor_seconds(process) - before < 0.3


def processor_seconds(process: int) -> float:
    """Return how much processor time a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mebibytes(process: int) -> int:
    """Return the largest resident memory that a process has had."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
