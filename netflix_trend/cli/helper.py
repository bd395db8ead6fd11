"""The verb `helper`: be the second operator of somebody else's aggregator, with Docker or without."""

from __future__ import annotations

import sys

import click

from netflix_trend.cli.aggregator import Starting, ask_service, on_folders, start_stack
from netflix_trend.cli.frame import Failure
from netflix_trend.cli.mode import Place, place_of
from netflix_trend.cli.subscribing import subscribe

FILES = ("-f", "docker-compose.helper.yml")
FOLDER = "./helper"


@click.group(
    cls=Starting,
    invoke_without_command=True,
    context_settings={"ignore_unknown_options": True},
    epilog="Without Docker it works on folders, in the foreground: HELPER_DIR (./helper) and DATASITES_DIR. Options "
    "that are not listed go to docker compose up, such as --detach.",
)
@click.pass_context
def helper(context: click.Context) -> None:
    """Be the helper of somebody else's aggregator (page on http://127.0.0.1:8652)."""
    if context.invoked_subcommand is None:
        sys.exit(_start(place_of(context)))


def _start(place: Place, *options: str) -> int:
    _need_names(place)
    subscribe(place.machine, "helper")
    return (
        on_folders(place, "helper", FOLDER, ("collect",))
        if place.docker.problem
        else start_stack(place, FILES, options)
    )


def _ask(context: click.Context, *words: str) -> int:
    place = place_of(context)
    _need_names(place)
    return (
        on_folders(place, "helper", FOLDER, words)
        if place.docker.problem
        else ask_service(place, FILES, "helper", words)
    )


def _need_names(place: Place) -> None:
    if not place.machine.setting("HELPER_DATASITE"):
        raise Failure("HELPER_DATASITE is not set: put the address of your own datasite into .env")


@helper.command("start", context_settings={"ignore_unknown_options": True}, examples=["helper", "helper --detach"])
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def start(context: click.Context, options: tuple[str, ...]) -> None:
    """Start the helper; this is the default verb. Options go to docker compose up."""
    sys.exit(_start(place_of(context), *options))


@helper.command("key", examples=["helper key"])
@click.pass_context
def key(context: click.Context) -> None:
    """Show the helper's key, in words and as others write it into their settings."""
    sys.exit(_ask(context, "key"))


@helper.command("status", examples=["helper status"])
@click.pass_context
def status(context: click.Context) -> None:
    """Show what the helper answered and refused, and what the year has cost."""
    sys.exit(_ask(context, "status"))


@helper.command("enrol", examples=["helper enrol ann@example.org"])
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.pass_context
def enrol(context: click.Context, addresses: tuple[str, ...]) -> None:
    """Put somebody on the helper's own list (HELPER_ENROLMENT=list counts nobody else)."""
    sys.exit(_ask(context, "enrol", *addresses))


@helper.command("remove", examples=["helper remove bob@example.net"])
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.pass_context
def remove(context: click.Context, addresses: tuple[str, ...]) -> None:
    """Exclude somebody: nothing of theirs is counted."""
    sys.exit(_ask(context, "remove", *addresses))
