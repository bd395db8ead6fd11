"""`./run.sh demo --network`: a whole SyftBox network in containers, from invented exports to statistics and back."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from netflix_trend.names import APP_NAME
from netflix_trend.published.statistics import RoundStatistics

FILE = Path(__file__).parents[2] / "docker-compose.demo.yml"
PROJECT = "netflix-trend-demo"
AGGREGATOR = "trend@example.net"
PARTICIPANTS = ("alice", "bob", "carol")
# The participants' pages follow on the aggregator's, unless DEMO_<NAME>_PORT says otherwise.
FIRST_PORT = 8660
STEPS = ("export read", "taking part", "asked", "answered", "statistics are back")
_SHARED = f"/datasites/{AGGREGATOR}/app_data/{APP_NAME}/shared"


class NetworkError(Exception):
    """The network does not get on; the message says what to look at."""


def remove() -> int:
    """Remove the network and everything it holds. Returns the exit code."""
    return compose("down", "--volumes", "--remove-orphans")


def start(seconds: float) -> int:
    """Start the network, show what happens and print the result. Returns the exit code.

    seconds: give up when nothing came back by then.
    """
    console = Console(highlight=False, soft_wrap=False)
    console.print(
        "Building and starting a server, three participants and an aggregator (minutes at the first time) ..."
    )
    try:
        if compose("up", "--detach", "--build", "--quiet-pull"):
            raise NetworkError("the containers did not start; the lines above say why")
        wait_for_statistics(console, seconds)
        print_result(console)
    except NetworkError as problem:
        console.print(f"demo: {problem}", style="red", markup=False, soft_wrap=True)
        return 1
    return 0


def compose(*arguments: str) -> int:
    """Run docker compose on the network's file, with its output on the terminal. Returns the exit code."""
    return subprocess.run([*composing(), *arguments], check=False).returncode


def composing() -> list[str]:
    """Return the command up to the verb; by the name --down removes this network and nothing of the user's own."""
    return [docker(), "compose", "--project-name", PROJECT, "-f", str(FILE)]


def inside(service: str, *command: str) -> bytes:
    """Return what a command prints in a container; nothing when the container is not up yet or the command fails."""
    result = subprocess.run([*composing(), "exec", "--no-TTY", service, *command], capture_output=True, check=False)
    return result.stdout if result.returncode == 0 else b""


def docker() -> str:
    """Return the path of docker. Raises NetworkError without it."""
    found = shutil.which("docker")
    if found is None:
        raise NetworkError("Docker is not installed; without it: ./run.sh demo")
    return found


def steps_done(person: str) -> int:
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
    found = {int(line) for line in inside(f"{person}-publisher", "sh", "-c", f"{script}; true").split()}
    return next((number for number in range(len(STEPS)) if number + 1 not in found), len(STEPS))


def wait_for_statistics(console: Console, seconds: float) -> None:
    """Show every participant's steps until statistics have come back to all. Raises NetworkError when they do not."""
    deadline = time.monotonic() + seconds
    columns = (TextColumn("{task.fields[person]:<6}"), BarColumn(), TextColumn("{task.description:<20}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        tasks = {person: bar.add_task("starting", total=len(STEPS), person=person) for person in PARTICIPANTS}
        waiting = set(PARTICIPANTS)
        while waiting:
            for person in sorted(waiting):
                done = steps_done(person)
                bar.update(tasks[person], completed=done, description=STEPS[done - 1] if done else "starting")
                if done == len(STEPS):
                    waiting.discard(person)
            if waiting and time.monotonic() > deadline:
                raise NetworkError(f"nothing came back in {seconds:.0f} s; look at: docker compose -f {FILE.name} logs")
            time.sleep(1)


def print_result(console: Console) -> None:
    """Print what the aggregator has found, and where its page is. Raises NetworkError when it has found nothing."""
    data = inside("aggregator", "cat", f"{_SHARED}/statistics/latest.json")
    if not data:
        raise NetworkError("the aggregator has no statistics")
    latest = RoundStatistics.from_bytes(data)
    console.print(
        f"\n{latest.round}: {latest.participants} participants, {latest.reports} were asked and answered. With so few "
        "answers every number is noise, and the page says so; ./run.sh demo shows thousands."
    )
    console.print(f"\nEverybody's page:  {address('aggregator', 8650)}", markup=False)
    for number, person in enumerate(PARTICIPANTS, 1):
        port = os.environ.get(f"DEMO_{person.upper()}_PORT", str(FIRST_PORT + number))
        console.print(f"{person.capitalize()}'s page: {address(f'{person}-dashboard', int(port))}", markup=False)
    console.print("\nRemove all of it: ./run.sh demo --network --down", markup=False)


def address(service: str, port: int) -> str:
    """Return where a container's port is served on this machine."""
    command = [*composing(), "port", service, str(port)]
    result = subprocess.run(command, capture_output=True, check=False, text=True)
    return f"http://{result.stdout.strip()}"
