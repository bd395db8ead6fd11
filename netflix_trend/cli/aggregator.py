"""The verb `aggregator`: start one, decide who takes part, and give it public charts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

import click

from netflix_trend.cli.frame import FAILED, Failure, VerbGroup
from netflix_trend.cli.mode import Place, place_of
from netflix_trend.cli.subscribing import subscribe

FILES = ("-f", "docker-compose.aggregator.yml")
FOLDER = "./aggregator"
_STDERR = 2


class Starting(VerbGroup):
    """A group whose default verb is `start`; its options, such as --detach, go to `docker compose up`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; options without a verb belong to `start`."""
        if args[0].startswith("-"):
            return "start", self.commands["start"], args
        return super().resolve_command(ctx, args)


@click.group(
    cls=Starting,
    invoke_without_command=True,
    context_settings={"ignore_unknown_options": True},
    epilog="Options that are not listed go to docker compose up, such as --detach.",
)
@click.pass_context
def aggregator(context: click.Context) -> None:
    """Start an aggregator (page on http://127.0.0.1:8650), or decide who takes part."""
    if context.invoked_subcommand is None:
        sys.exit(_start(place_of(context)))


def _start(place: Place, *options: str) -> int:
    subscribe(place.machine, "aggregator")
    return start_stack(place, FILES, options)


def start_stack(place: Place, files: tuple[str, ...], options: tuple[str, ...]) -> int:
    """Start an operator's services in the foreground; options go to docker compose up. Returns the exit code."""
    place.docker.need()
    place.docker.prepare()
    return place.docker.compose(*files, "up", "--build", *options)


def ask_service(
    place: Place, files: tuple[str, ...], service: str, words: tuple[str, ...], stdin: IO[bytes] | None = None
) -> int:
    """Run a verb in the operator's container, or in a new one if it is not running. Returns the exit code."""
    docker = place.docker
    docker.need()
    docker.prepare()
    command = (service, "python", "-m", "services.aggregator", *words)
    if docker.is_running(service, *files):
        return int(docker.compose(*files, "exec", "--no-TTY", *command, stdin=stdin))
    if docker.compose(*files, "run", "--rm", "--quiet-pull", "prepare", stdout=_STDERR):
        return FAILED
    return int(docker.compose(*files, "run", "--rm", "--no-deps", "--no-TTY", *command, stdin=stdin))


def on_folders(place: Place, role: str, folder: str, words: tuple[str, ...]) -> int:
    """Run a verb of an operator in this process, on folders. folder: its default volume. Returns the exit code."""
    machine, name = place.machine, f"{role.upper()}_DIR"
    machine.use_folders()
    os.environ["ROLE"] = role
    os.environ[name] = str(machine.absolute(machine.setting(name, folder)))
    from netflix_trend.settings import SettingsError
    from services.aggregator.__main__ import main

    try:
        return main(list(words))
    except SettingsError as problem:
        raise Failure(str(problem)) from None


def _ask(context: click.Context, *words: str) -> int:
    return ask_service(place_of(context), FILES, "aggregator", words)


@aggregator.command(
    "start", context_settings={"ignore_unknown_options": True}, examples=["aggregator", "aggregator --detach"]
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def start(context: click.Context, options: tuple[str, ...]) -> None:
    """Start the aggregator; this is the default verb. Options go to docker compose up."""
    sys.exit(_start(place_of(context), *options))


@aggregator.command("enrol", examples=["aggregator enrol ann@example.org"])
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.pass_context
def enrol(context: click.Context, addresses: tuple[str, ...]) -> None:
    """Let somebody take part."""
    sys.exit(_ask(context, "enrol", *addresses))


@aggregator.command("remove", examples=["aggregator remove bob@example.net"])
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.pass_context
def remove(context: click.Context, addresses: tuple[str, ...]) -> None:
    """Exclude somebody: nothing is shared with them, and nothing of theirs is counted."""
    sys.exit(_ask(context, "remove", *addresses))


@aggregator.command("participants", examples=["aggregator participants"])
@click.pass_context
def participants(context: click.Context) -> None:
    """List who takes part."""
    sys.exit(_ask(context, "participants"))


@aggregator.command("key", examples=["aggregator key"])
@click.pass_context
def key(context: click.Context) -> None:
    """Show the aggregator's key, in words and as others write it into their settings (SURVEY_MODE one or two)."""
    sys.exit(_ask(context, "key"))


@aggregator.command("chart", examples=["aggregator chart all-weeks-global.tsv"])
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def chart(context: click.Context, files: tuple[Path, ...]) -> None:
    """Keep public charts: Netflix's weekly lists (TSV or Excel), or What We Watched (Excel or CSV).

    A week's list of shows begins with its chart. It prints what was read, and what is refused and why. With Docker the
    files are copied into the aggregator's volume; without, it works on the folder AGGREGATOR_DIR (./aggregator).
    """
    place = place_of(context)
    for file in files:
        if not file.is_file():
            raise Failure(f"{file}: no such file")
    if place.docker.problem:
        sys.exit(on_folders(place, "aggregator", FOLDER, ("chart", *map(str, files))))
    sys.exit(max(_copy(place, file) for file in files))


def _copy(place: Place, file: Path) -> int:
    with file.open("rb") as opened:
        return ask_service(place, FILES, "aggregator", ("chart", "--name", file.name, "-"), opened)
