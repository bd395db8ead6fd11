"""`python -m bench kills`: kills containers while exports are on their way, and counts what is missing in the end.

Real containers of `docker-compose.yml`. Before every kill new exports come into the drop folder; afterwards what was
killed is started again, as a machine does that was switched on. After every few kills it only waits until all titles
are in the tables: no other file comes, and nobody queues anything.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
SERVICES = ("redis", "scraper", "processor")
# How often each kind of kill comes among a hundred. `worker`: a process inside of a container that goes on.
KILLS = {
    ("kill", ("redis",)): 25,
    ("stop", ("redis",)): 10,
    ("kill", ("processor",)): 20,
    ("worker", ("processor",)): 15,
    ("kill", ("scraper",)): 15,
    ("kill", SERVICES): 10,
    ("down", SERVICES): 5,
}
# What the project promises (docs/operations.md).
PROMISED_SECONDS = 120.0
_ROWS = 200
_TITLES = """
import duckdb, glob, json
found = []
for path in glob.glob("/private/profiles/*/viewing.duckdb"):
    with duckdb.connect(path, read_only=True) as tables:
        found += [title for (title,) in tables.execute("select title from titles").fetchall()]
print(json.dumps(found))
"""
_KILL_WORKER = """
import os, pathlib, signal
for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    if path.read_bytes().split(b"\\0")[-2:] == [b"work", b""]:
        os.kill(int(path.parent.name), signal.SIGKILL)
"""


@dataclass
class Result:
    """What a run found. waits: seconds until the tables were complete, after each group of kills."""

    kills: Counter[str] = field(default_factory=Counter)
    exports: int = 0
    missing: set[str] = field(default_factory=set)
    waits: list[float] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the result for people."""
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        longest = f", the longest wait for complete tables {max(self.waits):.0f} s" if self.waits else ""
        return [f"{self.kills.total()} kills ({kinds})", f"{self.exports} exports, {len(self.missing)} lost{longest}"]


class Machine:
    """A participant's machine in containers of its own. folder: for its drop folder and datasites."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self.drop = folder / "drop"
        # Images of their own names: others build theirs meanwhile.
        images = {one: {"image": f"{name}/{one}"} for one in SERVICES if one != "redis"}
        (folder / "images.json").write_text(json.dumps({"services": images}))

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run Compose. Raises CalledProcessError."""
        files = ("-f", str(ROOT / "docker-compose.yml"), "-f", str(self._folder / "images.json"))
        folders = {"OUTPUT_DIR": "drop", "DATASITES_DIR": "datasites", "SECRETS_DIR": "secrets"}
        environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "DOCKER_HOST")},
            **{name: str(self._folder / value) for name, value in folders.items()},
            "SCRAPER_TARGET": "import",
        }
        command = ["docker", "compose", "-p", self._name, "--env-file", str(ROOT / ".env.example"), *files, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=check, text=True, capture_output=True)
        return done.stdout

    def up(self) -> None:
        """Start everything, and wait until it is healthy."""
        self.compose("up", "--detach", "--wait", *SERVICES)

    def remove(self) -> None:
        """Remove the containers and all their data."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)

    def kill(self, how: str, services: tuple[str, ...]) -> None:
        """Kill services, and start again what does not start by itself."""
        if how == "down":
            self.compose("down", "--timeout", "10")
            self.compose("up", "--detach", *SERVICES)
        elif how == "worker":
            self.compose("exec", "-T", "processor", "python", "-c", _KILL_WORKER, check=False)
        else:
            self.compose(how, *services)
            self.compose("start", *services)

    def put(self, number: int) -> str:
        """Put an export into the drop folder. Returns a title that no other one has."""
        title = f"Film number {number}"
        rows = "".join(f'"Dark: Season 1: Episode {row}","{row % 12 + 1}/{row % 28 + 1}/25"\n' for row in range(_ROWS))
        part = self.drop / f".{number}.part"
        part.write_text(f'Title,Date\n"{title}","3/14/26"\n{rows}')
        part.rename(self.drop / f"{number}.csv")
        return title

    def titles(self) -> set[str]:
        """Return the titles in the tables; none while these cannot be asked."""
        answer = self.compose("exec", "-T", "processor", "python", "-c", _TITLES, check=False)
        try:
            return set(json.loads(answer))
        except ValueError:
            return set()


def kill_and_wait(machine: Machine, kills: list[tuple[str, tuple[str, ...]]], random: Random, group: int) -> Result:
    """Kill as listed, and wait for complete tables after every `group` kills."""
    result, wanted = Result(), set[str]()
    for number, (how, services) in enumerate(kills, 1):
        for _ in range(random.randint(1, 3)):
            result.exports += 1
            wanted.add(machine.put(result.exports))
        time.sleep(random.uniform(0, 5))  # any moment between the drop folder and the tables
        machine.kill(how, services)
        result.kills[f"{how} {'all' if services == SERVICES else services[0]}"] += 1
        if number % group == 0 or number == len(kills):
            began = time.monotonic()
            while (left := wanted - machine.titles()) and time.monotonic() - began < 2 * PROMISED_SECONDS:
                time.sleep(1)  # before looking again: containers tell of nothing
            result.waits.append(time.monotonic() - began)
            result.missing = left
            print(f"{number} kills: complete after {result.waits[-1]:.0f} s, {len(left)} missing", flush=True)
    return result


def run(count: int, seed: int, group: int, name: str = "netflix-trend-kills") -> Result:
    """Build and start a machine, kill it so many times, and remove it."""
    random = Random(seed)
    kinds = list(KILLS)
    kills = kinds[:count] + random.choices(kinds, list(KILLS.values()), k=max(0, count - len(kinds)))
    random.shuffle(kills)
    with tempfile.TemporaryDirectory(prefix="netflix-trend-kills-") as folder:
        machine = Machine(Path(folder), name)
        machine.remove()
        try:
            machine.compose("build", *(one for one in SERVICES if one != "redis"))
            machine.up()
            return kill_and_wait(machine, kills, random, group)
        finally:
            machine.remove()


def main(arguments: list[str]) -> int:
    """Kill, and print what is missing. Returns 1 if anything is, or if it took longer than promised."""
    parser = argparse.ArgumentParser(prog="python -m bench kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="number of kills (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of their order and moments (%(default)s)")
    parser.add_argument("--group", type=int, default=10, help="kills between two waits (%(default)s)")
    options = parser.parse_args(arguments)
    result = run(options.rounds, options.seed, options.group)
    print("\n".join(result.lines()))
    return int(bool(result.missing) or max(result.waits, default=0) > PROMISED_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
