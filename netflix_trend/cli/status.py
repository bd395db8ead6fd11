"""The verb `status`: one table of everything that has to work, and the one next step."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time

import click

from netflix_trend.cli.alone import Lock
from netflix_trend.cli.frame import Failure, Verb
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import NOTHING_YET, Place, place_of
from netflix_trend.cli.subscribing import needed_rules
from netflix_trend.cli.volumes import begin
from netflix_trend.status_table import CODES, Row, as_json, as_text, from_json, worst
from netflix_trend.syftbox.generations.base import START

# Without these two, nothing is imported and nothing published.
_ALWAYS = ("processor", "publisher")
_LARGEST_ANSWER = 1_000_000


@click.command(cls=Verb, examples=["status", "status --json"])
@click.option("--json", "is_json", is_flag=True, help="The same as JSON.")
@click.pass_context
def status(context: click.Context, is_json: bool) -> None:
    """Show what works, what does not, and the one next step.

    Each row is fine, to be looked at, wrong, or cannot be told. The exit code is 0 if everything is fine: SyftBox
    syncs, an aggregator is chosen, and what you chose is carried out. It is 3 if something is to be looked at, 1 if
    something is wrong, and 4 if it cannot be told, such as while Docker does not run.
    """
    place = place_of(context)
    rows = _rows_of_participant(has_queues=True) if place.is_inside else all_rows(place)
    click.echo(as_json(rows) if is_json else as_text(rows, shutil.get_terminal_size((100, 24)).columns))
    sys.exit(CODES[worst(rows)])


def all_rows(place: Place) -> list[Row]:
    """Return the rows about SyftBox, this installation and the participant."""
    from netflix_trend.syftbox.client_rows import client_rows

    machine = place.machine
    in_container = "syftbox" in machine.setting("COMPOSE_PROFILES").split(",")
    if in_container:
        rows = [Row("SyftBox", "0.4.0 in a container, see services"), Row("address", machine.email)]
    else:
        datasites, needed = machine.folder("DATASITES_DIR"), needed_rules(machine)
        rows = client_rows(machine.syftbox, machine.email, datasites, needed, time.time())
    try:
        is_on_folders = begin(place, keeps=False)
    except Failure as problem:
        return [*rows, Row("mode", problem.message, "wrong", "change what the row mode says")]
    if is_on_folders:
        folders = [machine.folder(name) for name in ("PRIVATE_DIR", "PUBLISHER_DIR")]
        mode = Row("mode", f"folders of this machine: {folders[0]} and {folders[1]}")
        return [*rows, mode, *app_rows(machine), *_rows_of_participant()]
    if place.is_new():
        said, _, step = NOTHING_YET.partition(". Next: ")
        return [*rows, Row("mode", f"not decided; {said}", "wrong", step)]
    rows.append(Row("mode", "containers: Docker's services and volumes"))
    if place.docker.problem:
        return [*rows, Row("services", place.docker.problem, "unknown", "start Docker, then ./run.sh up")]
    wanted = {*_ALWAYS, *(["syftbox"] if in_container else [])}
    return [*rows, services_row(place.docker.states(), wanted), *_rows_of_publisher(place)]


def app_rows(machine: Machine) -> list[Row]:
    """Return whether the app that stays runs; nothing where it never has, such as with cron."""
    lock = Lock(machine.home)
    if not lock.path.is_file():
        return []
    if lock.is_held():
        holder = lock.holder()
        has_page = holder is not None and holder.page.startswith("http://127.0.0.1:")
        return [Row("app", f"it runs, its page is {holder.page}" if holder and has_page else "it runs")]
    if machine.is_started_by_syftbox:
        return [Row("app", "it does not run, although SyftBox starts it", "look here", START)]
    return [Row("app", "it does not run; ./run.sh starts it, and ./run.sh once does what is due once")]


def _rows_of_participant(*, has_queues: bool = False) -> list[Row]:
    """Return the rows of this process. It needs packages that a machine with Docker does not have."""
    from services.publisher.status import rows

    return rows(has_queues=has_queues)


def services_row(states: dict[str, str], wanted: set[str]) -> Row:
    """Return whether the services run. states: by service, as Docker says it, such as `Up 2 hours (healthy)`."""
    said = "; ".join(f"{name}: {state}" for name, state in sorted(states.items())) or "none was started"
    running = {name for name, state in states.items() if state.startswith("Up") and "unhealthy" not in state}
    ends_by_itself = {name for name, state in states.items() if state.startswith("Exited (0)")}
    if not running.issuperset(wanted) or set(states) - running - ends_by_itself:
        return Row("services", said, "wrong", "./run.sh up")
    return Row("services", said)


def _rows_of_publisher(place: Place) -> list[Row]:
    """Ask the publisher's container, which alone sees its volumes."""
    with tempfile.TemporaryFile() as output:
        try:
            place.docker.in_service("publisher", "status", "--json", stdout=output.fileno())
        except Failure as problem:
            return [Row("publisher", problem.message, "unknown", "see the row above, then ./run.sh up")]
        output.seek(0)
        try:
            return from_json(output.read(_LARGEST_ANSWER))
        except ValueError:
            said = "its container does not answer, or is of an earlier version"
            return [Row("publisher", said, "unknown", "./run.sh up")]
