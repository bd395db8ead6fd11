"""The verb `helper`: be the second operator of somebody else's aggregator, with Docker or without."""

from __future__ import annotations

import sys

import click

from netflix_trend.cli.frame import Failure
from netflix_trend.cli.mode import place_of
from netflix_trend.cli.operators import Operator, Starting

PORT = 8652


@click.group(
    cls=Starting,
    invoke_without_command=True,
    context_settings={"ignore_unknown_options": True},
    epilog="Without Docker it works on folders, in the foreground: HELPER_DIR (./helper) and DATASITES_DIR. With "
    "Docker, options that are not listed go to docker compose up, such as --detach. Which: HELPER_MODE in .env, "
    "written at first use.",
)
@click.pass_context
def helper(context: click.Context) -> None:
    """Be the helper of somebody else's aggregator (page on http://127.0.0.1:8652)."""
    if context.invoked_subcommand is None:
        sys.exit(_operator(context).start())


def _operator(context: click.Context) -> Operator:
    """Return the helper. Raises Failure when nobody has said which datasite is its own."""
    place = place_of(context)
    if not place.machine.setting("HELPER_DATASITE"):
        raise Failure("HELPER_DATASITE is not set: put the address of your own datasite into .env")
    return Operator(place, "helper", PORT)


@helper.command("start", context_settings={"ignore_unknown_options": True}, examples=["helper", "helper --detach"])
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def start(context: click.Context, options: tuple[str, ...]) -> None:
    """Start the helper; this is the default verb. Options go to docker compose up."""
    sys.exit(_operator(context).start(options))


@helper.command("key", examples=["helper key"])
@click.pass_context
def key(context: click.Context) -> None:
    """Show the helper's key, in words and as others write it into their settings."""
    sys.exit(_operator(context).ask("key"))


@helper.command("status", examples=["helper status"])
@click.pass_context
def status(context: click.Context) -> None:
    """Show what the helper answered and refused, and what the year has cost."""
    sys.exit(_operator(context).ask("status"))


@helper.command("enrol", examples=["helper enrol ann@example.org"])
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.pass_context
def enrol(context: click.Context, addresses: tuple[str, ...]) -> None:
    """Put somebody on the helper's own list (HELPER_ENROLMENT=list counts nobody else)."""
    sys.exit(_operator(context).ask("enrol", *addresses))


@helper.command("remove", examples=["helper remove bob@example.net"])
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.pass_context
def remove(context: click.Context, addresses: tuple[str, ...]) -> None:
    """Exclude somebody: nothing of theirs is counted."""
    sys.exit(_operator(context).ask("remove", *addresses))
