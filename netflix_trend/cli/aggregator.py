"""The verb `aggregator`: start one, decide who takes part, and give it public charts."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netflix_trend.cli.frame import Failure
from netflix_trend.cli.mode import place_of
from netflix_trend.cli.operators import Operator, Starting

PORT = 8650


@click.group(
    cls=Starting,
    invoke_without_command=True,
    context_settings={"ignore_unknown_options": True},
    epilog="Without Docker it works on folders, in the foreground: AGGREGATOR_DIR (./aggregator) and DATASITES_DIR. "
    "With Docker, options that are not listed go to docker compose up, such as --detach. Which: AGGREGATOR_MODE "
    "in .env, written at first use.",
)
@click.pass_context
def aggregator(context: click.Context) -> None:
    """Start an aggregator (page on http://127.0.0.1:8650), or decide who takes part."""
    if context.invoked_subcommand is None:
        sys.exit(_operator(context).start())


def _operator(context: click.Context) -> Operator:
    return Operator(place_of(context), "aggregator", PORT)


@aggregator.command(
    "start", context_settings={"ignore_unknown_options": True}, examples=["aggregator", "aggregator --detach"]
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def start(context: click.Context, options: tuple[str, ...]) -> None:
    """Start the aggregator; this is the default verb. Options go to docker compose up."""
    sys.exit(_operator(context).start(options))


@aggregator.command("enrol", examples=["aggregator enrol ann@example.org"])
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.pass_context
def enrol(context: click.Context, addresses: tuple[str, ...]) -> None:
    """Let somebody take part."""
    sys.exit(_operator(context).ask("enrol", *addresses))


@aggregator.command("remove", examples=["aggregator remove bob@example.net"])
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.pass_context
def remove(context: click.Context, addresses: tuple[str, ...]) -> None:
    """Exclude somebody: nothing of theirs is counted, and no rule names them as a reader."""
    sys.exit(_operator(context).ask("remove", *addresses))


@aggregator.command("participants", examples=["aggregator participants"])
@click.pass_context
def participants(context: click.Context) -> None:
    """List who takes part."""
    sys.exit(_operator(context).ask("participants"))


@aggregator.command("status", examples=["aggregator status"])
@click.pass_context
def status(context: click.Context) -> None:
    """Say what was wrong with the last look, and which own files were damaged. Ends with 1 if there is any of it."""
    sys.exit(_operator(context).ask("status"))


@aggregator.command("key", examples=["aggregator key"])
@click.pass_context
def key(context: click.Context) -> None:
    """Show the aggregator's key, in words and as others write it into their settings (SURVEY_MODE one or two)."""
    sys.exit(_operator(context).ask("key"))


@aggregator.command("chart", examples=["aggregator chart all-weeks-global.tsv"])
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def chart(context: click.Context, files: tuple[Path, ...]) -> None:
    """Keep public charts: Netflix's weekly lists (TSV or Excel), or What We Watched (Excel or CSV).

    A week's list of shows begins with its chart. It prints what was read, and what is refused and why. With Docker the
    files are copied into the aggregator's volume.
    """
    for file in files:
        if not file.is_file():
            raise Failure(f"{file}: no such file")
    operator = _operator(context)
    if operator.mode() == "folders":
        sys.exit(operator.ask("chart", *map(str, files)))
    sys.exit(max(_copy(operator, file) for file in files))


def _copy(operator: Operator, file: Path) -> int:
    with file.open("rb") as opened:
        return operator.ask("chart", "--name", file.name, "-", stdin=opened)
