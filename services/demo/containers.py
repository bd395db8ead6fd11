"""`./run.sh demo --network`: a whole SyftBox network in containers, from invented exports to statistics and back."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.names import APP_NAME
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.simulation.histories import NAME, invented_history
from netflix_trend.storage.files import write_atomically

PROJECT = "netflix-trend-demo"
AGGREGATOR = "trend@example.net"
SERVER = "http://server:5001"
PARTICIPANTS = ("alice", "bob", "carol")
# The participants' pages follow on the aggregator's, unless DEMO_<NAME>_PORT says otherwise.
FIRST_PORT = 8660
STEPS = ("export read", "taking part", "asked", "answered", "statistics are back")
# Folders of a participant's machine, by the settings that name them.
FOLDERS = {"OUTPUT_DIR": "drop", "DATASITES_DIR": "datasites", "SECRETS_DIR": "secrets", "SYFTBOX_TOKEN_DIR": "token"}
_SHARED = f"/datasites/{AGGREGATOR}/app_data/{APP_NAME}/shared"


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
    """A server with an aggregator, and participants who each run the participant's own Compose file.

    root: the clone. settings: every setting that Compose files name, with its default.
    """

    root: Path
    settings: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Where the participants' folders lie."""
        return self.root / "demo-network"

    @property
    def middle(self) -> Project:
        """The server and the aggregator."""
        own = {"AGGREGATOR_PORT": port_of("aggregator", 0), "AGGREGATOR_POLL_SECONDS": "5"}
        return Project(self.root, PROJECT, ("docker-compose.demo.yml",), {**self._shared, **own})

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
            "SYFTBOX_SERVER_URL": SERVER,
            "COMPOSE_PROFILES": "",
            "SYFTBOX_ASSIGNED_PORT": "",
            "PARTICIPANT_UID": str(user),
            "PARTICIPANT_GID": str(group),
        }

    def remove(self) -> int:
        """Remove the network and everything it holds. Returns the exit code."""
        down = ("down", "--volumes", "--remove-orphans", "--timeout", "20")
        codes = [self.participant(person).run(*down) for person in PARTICIPANTS]
        codes.append(self.middle.run(*down))
        if self.folder.is_dir():
            shutil.rmtree(self.folder)
        return max(codes)

    def start(self, seconds: float) -> int:
        """Start the network, show what happens and print the result. Returns the exit code.

        seconds: give up when nothing came back by then.
        """
        console = Console(highlight=False, soft_wrap=False)
        console.print(
            "Building and starting a server, three participants and an aggregator (minutes at the first time) ..."
        )
        try:
            self._start()
            self.wait_for_statistics(console, seconds)
            self.print_result(console)
        except NetworkError as problem:
            console.print(f"demo: {problem}", style="red", markup=False, soft_wrap=True)
            return 1
        return 0

    def _start(self) -> None:
        up = ("up", "--detach", "--build", "--quiet-pull")
        codes = [self.middle.run(*up, "--wait")]
        for number, person in enumerate(PARTICIPANTS, 1):
            if not any(codes):
                self.invent(person, number)
                codes.append(self.participant(person).run(*up))
        if any(codes):
            raise NetworkError("the containers did not start; the lines above say why")

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
        mine = f"/datasites/{person}@example.org/app_data/{APP_NAME}"
        places = (
            "/private/profiles/*/encodings.json",
            f"{mine}/manifest.json",
            f"{_SHARED}/survey.json",
            f"{mine}/releases/*.json",
            f"{_SHARED}/statistics/latest.json",
        )
        script = "; ".join(f"ls {place} >/dev/null 2>&1 && echo {number}" for number, place in enumerate(places, 1))
        found = {
            int(line) for line in self.participant(person).inside("publisher", "sh", "-c", f"{script}; true").split()
        }
        return next((number for number in range(len(STEPS)) if number + 1 not in found), len(STEPS))

    def wait_for_statistics(self, console: Console, seconds: float) -> None:
        """Show everybody's steps until statistics have come back to all. Raises NetworkError when they do not."""
        deadline = time.monotonic() + seconds
        columns = (TextColumn("{task.fields[person]:<6}"), BarColumn(), TextColumn("{task.description:<20}"))
        with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
            tasks = {person: bar.add_task("starting", total=len(STEPS), person=person) for person in PARTICIPANTS}
            waiting = set(PARTICIPANTS)
            while waiting:
                for person in sorted(waiting):
                    done = self.steps_done(person)
                    bar.update(tasks[person], completed=done, description=STEPS[done - 1] if done else "starting")
                    if done == len(STEPS):
                        waiting.discard(person)
                if waiting and time.monotonic() > deadline:
                    raise NetworkError(
                        f"nothing came back in {seconds:.0f} s; look at: docker compose -p {PROJECT} logs"
                    )
                time.sleep(1)

    def print_result(self, console: Console) -> None:
        """Print what the aggregator has found, and where its page is. Raises NetworkError when it has found nothing."""
        data = self.middle.inside("aggregator", "cat", f"{_SHARED}/statistics/latest.json")
        if not data:
            raise NetworkError("the aggregator has no statistics")
        latest = RoundStatistics.from_bytes(data)
        console.print(
            f"\n{latest.round}: {latest.participants} participants, {latest.reports} were asked and answered. With so "
            "few answers every number is noise, and the page says so; ./run.sh demo shows thousands."
        )
        console.print(f"\nEverybody's page:  {self.middle.address('aggregator', 8650)}", markup=False)
        for person in PARTICIPANTS:
            project = self.participant(person)
            address = project.address("dashboard", int(project.settings["DASHBOARD_PORT"]))
            console.print(f"{person.capitalize()}'s page: {address}", markup=False)
        console.print("\nRemove all of it: ./run.sh demo --network --down", markup=False)


def port_of(name: str, number: int) -> str:
    """Return the port of a page on this machine."""
    return os.environ.get(f"DEMO_{name.upper()}_PORT", str(FIRST_PORT + number))


def docker() -> str:
    """Return the path of docker. Raises NetworkError without it."""
    found = shutil.which("docker")
    if found is None:
        raise NetworkError("Docker is not installed; without it: ./run.sh demo")
    return found
