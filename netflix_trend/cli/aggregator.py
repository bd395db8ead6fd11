"""The verb `aggregator`: start one, and decide who takes part."""

from __future__ import annotations

import sys

import click

from netflix_trend.cli.frame import FAILED, VerbGroup
from netflix_trend.cli.mode import Place, place_of

FILES = ("-f", "docker-compose.aggregator.yml")
_STDERR = 2


class _Starting(VerbGroup):
    """Whatever is no verb goes to `docker compose up`, such as --detach."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0].startswith("-"):
            return "start", self.commands["start"], args
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Starting,
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
    place.docker.need()
    place.docker.prepare()
    return place.docker.compose(*FILES, "up", "--build", *options)


def _ask(context: click.Context, *words: str) -> int:
    """Ask the running aggregator, or one in a container of its own. Returns the exit code."""
    docker = place_of(context).docker
    docker.need()
    docker.prepare()
    command = ("aggregator", "python", "-m", "services.aggregator", *words)
    if docker.is_running("aggregator", *FILES):
        return docker.compose(*FILES, "exec", "--no-TTY", *command)
    if docker.compose(*FILES, "run", "--rm", "--quiet-pull", "prepare", stdout=_STDERR):
        return FAILED
    return docker.compose(*FILES, "run", "--rm", "--no-deps", "--no-TTY", *command)


@aggregator.command(
    "start", context_settings={"ignore_unknown_options": True}, examples=["aggregator", "aggregator --detach"]
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def start(context: click.Context, options: tuple[str, ...]) -> None:
    """Start the aggregator; without a verb, too. Options go to docker compose up."""
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
    """Let somebody never take part: nothing is shared with them, nothing of theirs is counted."""
    sys.exit(_ask(context, "remove", *addresses))


@aggregator.command("participants", examples=["aggregator participants"])
@click.pass_context
def participants(context: click.Context) -> None:
    """List who takes part."""
    sys.exit(_ask(context, "participants"))
