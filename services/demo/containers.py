"""`./run.sh demo --network`: a whole SyftBox network in containers, from invented exports to statistics and back."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.names import APP_NAME
from netflix_trend.plain_text import counted
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.simulation.histories import NAME, invented_history
from netflix_trend.storage.files import write_atomically
from netflix_trend.terminal import screen

PROJECT = "netflix-trend-demo"
AGGREGATOR, HELPER = "trend@example.net", "helper@example.net"
SERVER = "http://server:5001"
PARTICIPANTS = ("alice", "bob", "carol")
# The participants' pages follow on the aggregator's, unless DEMO_<NAME>_PORT says otherwise.
FIRST_PORT = 8660
Mode = Literal["local", "two"]
STEPS: Mapping[Mode, tuple[str, ...]] = {
    "local": ("export read", "taking part", "asked", "answered", "statistics are back"),
    "two": ("export read", "taking part", "asked", "answered", "sums are back", "round is closed"),
}
# The operators' round begins when everybody has come as far as this.
_READY = 2
# Seconds until a round's early batch closes. Who is late makes it too small, and all are in the late one.
_ROUND_SECONDS = 75
# Folders of a participant's machine, by the settings that name them.
FOLDERS = {"OUTPUT_DIR": "drop", "DATASITES_DIR": "datasites", "SECRETS_DIR": "secrets", "SYFTBOX_TOKEN_DIR": "token"}
_SHARED = f"/datasites/{AGGREGATOR}/app_data/{APP_NAME}/shared"
_UP = ("up", "--detach", "--build", "--quiet-pull")


class NetworkError(Exception):
    """The network does not get on; the message says what to look at."""


@dataclass(frozen=True)
class Project:
    """One machine of the network: a Compose project with settings of its own, whatever those of the user are.

    name: of the project; by it `--down` removes the network and nothing of the user's own.
    """

    root: Path
    name: str
    files: tuple[str, ...]
    settings: Mapping[str, str]

    def command(self, *arguments: str) -> list[str]:
        """Return a command of docker compose. Raises NetworkError without Docker."""
        files = [part for name in self.files for part in ("--file", str(self.root / name))]
        # The user's own .env is not read.
        return [docker(), "compose", "--project-name", self.name, "--env-file", os.devnull, *files, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands, in which every setting is this project's."""
        return {**os.environ, **self.settings}

    def run(self, *arguments: str) -> int:
        """Run docker compose with its output on the terminal. Returns the exit code."""
        return subprocess.run(self.command(*arguments), env=self.environment, check=False).returncode

    def output(self, *arguments: str) -> bytes:
        """Return what docker compose prints; nothing when it fails."""
        command = self.command(*arguments)
        result = subprocess.run(command, env=self.environment, capture_output=True, check=False)
        return result.stdout if result.returncode == 0 else b""

    def inside(self, service: str, *command: str) -> bytes:
        """Return what a command prints in a container; nothing when the container is not up yet or it fails."""
        return self.output("exec", "--no-TTY", service, *command)

    def address(self, service: str, port: int) -> str:
        """Return where a container's port is served on this machine."""
        return f"http://{self.output('port', service, str(port)).decode().strip()}"


@dataclass(frozen=True)
class ContainerNetwork:
    """A server with an aggregator, a helper, and participants who each run the participant's own Compose file.

    root: the clone. settings: every setting that Compose files name, with its default. mode: who adds the noise, two
    operators or, in local mode, every participant; then there is no helper. keys: the operators' keys as settings,
    none before there are any.
    """

    root: Path
    settings: Mapping[str, str]
    mode: Mode = "two"
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the participants' folders lie."""
        return self.root / "demo-network"

    @property
    def middle(self) -> Project:
        """The server and the aggregator."""
        own = {
            "AGGREGATOR_PORT": port_of("aggregator", 0),
            "AGGREGATOR_POLL_SECONDS": "3",
            "SURVEY_MODE": self.mode,
            # Three people are no batch: every answer is published at once, and the page says so.
            "SMALLEST_CHANGE": "1",
            "SMALLEST_ANSWERS": "1",
            "DEMO_ROUND_SECONDS": str(_ROUND_SECONDS),
        }
        return Project(self.root, PROJECT, ("docker-compose.demo.yml",), {**self._shared, **own})

    @property
    def helper(self) -> Project:
        """The helper's machine."""
        own = {
            "HELPER_DATASITE": HELPER,
            "HELPER_PORT": port_of("helper", 1 + len(PARTICIPANTS)),
            "HELPER_POLL_SECONDS": "3",
        }
        return Project(self.root, f"{PROJECT}-helper", ("docker-compose.demo-helper.yml",), {**self._shared, **own})

    @property
    def projects(self) -> list[Project]:
        """All machines."""
        return [self.middle, *([self.helper] if self.mode == "two" else []), *map(self.participant, PARTICIPANTS)]

    def participant(self, person: str) -> Project:
        """A participant's machine."""
        own = {
            "SYFTBOX_EMAIL": f"{person}@example.org",
            "COMPOSE_PROFILES": "syftbox",
            "SCRAPER_TARGET": "import",
            "DASHBOARD_PORT": port_of(person, 1 + PARTICIPANTS.index(person)),
            **{name: str(self.folder / person / folder) for name, folder in FOLDERS.items()},
        }
        files = ("docker-compose.yml", "docker-compose.demo-participant.yml")
        return Project(self.root, f"{PROJECT}-{person}", files, {**self._shared, **own})

    @property
    def _shared(self) -> dict[str, str]:
        user, group = os.getuid() or 1000, os.getgid() or 1000
        return {
            **self.settings,
            "AGGREGATOR_DATASITE": AGGREGATOR,
            **(self._operators if self.mode == "two" else {}),
            "SYFTBOX_SERVER_URL": SERVER,
            "COMPOSE_PROFILES": "",
            "SYFTBOX_ASSIGNED_PORT": "",
            "PARTICIPANT_UID": str(user),
            "PARTICIPANT_GID": str(group),
        }

    @property
    def _operators(self) -> dict[str, str]:
        """What everybody's settings say of the operators. Nobody is left out of a sum, so everybody is in the same."""
        fewest = dict.fromkeys(("SMALLEST_BATCH", "HELPER_SMALLEST_BATCH", "LIMIT_BATCH"), str(len(PARTICIPANTS)))
        return {"HELPER_DATASITE": HELPER, **self.keys, **fewest}

    def remove(self) -> int:
        """Remove the network of either mode and everything it holds. Returns the exit code."""
        down = ("down", "--volumes", "--remove-orphans", "--timeout", "20")
        # The middle last: it has the network that all of them are in.
        codes = [project.run(*down) for project in reversed(replace(self, mode="two").projects)]
        if self.folder.is_dir():
            shutil.rmtree(self.folder)
        return max(codes)

    def start(self, seconds: float) -> int:
        """Start the network, show what happens and print the result. Returns the exit code.

        seconds: give up when nothing came back by then.
        """
        console = screen()
        who = "an aggregator and a helper" if self.mode == "two" else "and an aggregator"
        console.print(f"Building and starting a server, three participants, {who} (minutes at the first time) ...")
        try:
            (self._start_two if self.mode == "two" else self._start_local)(console, seconds)
        except NetworkError as problem:
            console.print(f"demo: {problem}", style="red", markup=False, soft_wrap=True)
            return 1
        return 0

    def _start_local(self, console: Console, seconds: float) -> None:
        _check(self.middle.run(*_UP, "--wait"))
        self._start_participants()
        self.wait_for_steps(console, seconds, len(STEPS[self.mode]))
        self.print_result(console)

    def _start_two(self, console: Console, seconds: float) -> None:
        """Let operators make their keys and everybody write them into settings; the round begins when all are there."""
        _check(self.middle.run(*_UP, "--wait", "syftbox"))
        _check(self.helper.run(*_UP, "--wait", "syftbox"))
        known = replace(self, keys=self.operators_keys())
        _check(known.helper.run(*_UP, "--wait"))
        known._start_participants()
        known.wait_for_steps(console, seconds, _READY)
        console.print("The aggregator opens a round that closes soon; on a real network it takes weeks.")
        _check(known.middle.run(*_UP, "--wait"))
        known.wait_for_steps(console, seconds, len(STEPS[self.mode]))
        known.print_result(console)

    def operators_keys(self) -> dict[str, str]:
        """Return both operators' keys as settings: on a real network people tell them, by another way than SyftBox.

        Raises NetworkError when an operator shows none.
        """
        found = {}
        for project, service in ((self.middle, "aggregator"), (self.helper, "helper")):
            show = ("python", "-m", "services.aggregator", "key")
            lines = project.output("run", "--rm", "--build", "--no-deps", "--no-TTY", service, *show).decode()
            name = f"{service.upper()}_KEY"
            key = next((line.partition("=")[2] for line in lines.splitlines() if line.startswith(f"{name}=")), "")
            if not key:
                raise NetworkError(f"the {service} shows no key; look at: docker compose -p {project.name} logs")
            found[name] = key
        return found

    def _start_participants(self) -> None:
        for number, person in enumerate(PARTICIPANTS, 1):
            self.invent(person, number)
            _check(self.participant(person).run(*_UP))

    def invent(self, person: str, seed: int) -> None:
        """Make a participant's folders, with an invented export in the drop folder."""
        for name in FOLDERS.values():
            (self.folder / person / name).mkdir(parents=True, exist_ok=True)
        drop = self.folder / person / "drop"
        if not any(drop.rglob("*.csv")):
            history = invented_history(starter_vocabulary(), seed, date.today() - timedelta(days=1))
            write_atomically(drop / NAME, history.encode())

    def steps_done(self, person: str) -> int:
        """Return how many of STEPS a participant has behind them."""
        app = f"app_data/{APP_NAME}"
        mine = f"/datasites/{person}@example.org/{app}"
        asked: Sequence[str] = (f"{_SHARED}/survey.json", f"{mine}/releases/*.json")
        closed: Sequence[str] = ()
        if self.mode == "two":
            asked = (f"/datasites/{HELPER}/{app}/rounds/*/accept.json", f"{mine}/rounds/*/report.bin")
            closed = (f"/datasites/{AGGREGATOR}/{app}/rounds/*/close.json",)
        places = (
            "/private/profiles/*/encodings.json",
            f"{mine}/manifest.json",
            *asked,
            f"{_SHARED}/statistics/latest.json",
            *closed,
        )
        script = "; ".join(f"ls {place} >/dev/null 2>&1 && echo {number}" for number, place in enumerate(places, 1))
        found = {
            int(line) for line in self.participant(person).inside("publisher", "sh", "-c", f"{script}; true").split()
        }
        return next((number for number in range(len(places)) if number + 1 not in found), len(places))

    def wait_for_steps(self, console: Console, seconds: float, last: int) -> None:
        """Show everybody's steps until all have `last` of them behind.

        Raises NetworkError when they have not in time.
        """
        deadline = time.monotonic() + seconds
        columns = (TextColumn("{task.fields[person]:<6}"), BarColumn(), TextColumn("{task.description:<20}"))
        steps = STEPS[self.mode]
        with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
            tasks = {person: bar.add_task("starting", total=len(steps), person=person) for person in PARTICIPANTS}
            waiting = set(PARTICIPANTS)
            while waiting:
                for person in sorted(waiting):
                    done = self.steps_done(person)
                    bar.update(tasks[person], completed=done, description=steps[done - 1] if done else "starting")
                    if done >= last:
                        waiting.discard(person)
                if waiting and time.monotonic() > deadline:
                    raise NetworkError(
                        f"nothing came back in {seconds:.0f} s; look at: docker compose -p {PROJECT} logs"
                    )
                time.sleep(1)

    def print_result(self, console: Console) -> None:
        """Print what came out, and where the pages are. Raises NetworkError when nothing did."""
        data = self.middle.inside("aggregator", "cat", f"{_SHARED}/statistics/latest.json")
        if not data:
            raise NetworkError("the aggregator has no statistics")
        latest = RoundStatistics.from_bytes(data)
        what = "were asked and answered"
        if self.mode == "two":
            what = "sealed reports were added up by two operators, of whom neither can read one"
        console.print(
            f"\n{latest.round}: {counted(latest.participants, 'participant')}, {latest.reports} {what}. With so "
            "few answers every number is noise, and the page says so; ./run.sh demo shows thousands."
        )
        console.print(f"\nEverybody's page:  {self.middle.address('aggregator', 8650)}", markup=False)
        if self.mode == "two":
            console.print(f"The helper's page: {self.helper.address('helper', 8650)}", markup=False)
        for person in PARTICIPANTS:
            project = self.participant(person)
            address = project.address("dashboard", int(project.settings["DASHBOARD_PORT"]))
            console.print(f"{person.capitalize()}'s page: {address}", markup=False)
        console.print("\nRemove all of it: ./run.sh demo --network --down", markup=False)


def _check(code: int) -> None:
    if code:
        raise NetworkError("the containers did not start; the lines above say why")


def port_of(name: str, number: int) -> str:
    """Return the port of a page on this machine."""
    return os.environ.get(f"DEMO_{name.upper()}_PORT", str(FIRST_PORT + number))


def docker() -> str:
    """Return the path of docker. Raises NetworkError without it."""
    found = shutil.which("docker")
    if found is None:
        raise NetworkError("Docker is not installed; without it: ./run.sh demo")
    return found
