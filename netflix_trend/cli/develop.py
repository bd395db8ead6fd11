"""Verbs for those who work on the project: test and docs."""

from __future__ import annotations

import sys

import click

from netflix_trend.cli.frame import Failure, Verb
from netflix_trend.cli.mode import place_of


@click.command(
    cls=Verb,
    context_settings={"ignore_unknown_options": True},
    examples=["test", "test --fast", "test tests/services/publisher -k ledger"],
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def test(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Install what the tests need and run everything. ARGUMENTS go to pytest."""
    machine = place_of(context).machine
    if not (machine.root / "tests" / "run.sh").is_file():
        raise Failure("an installed package has no tests; they need a clone of the repository")
    sys.exit(machine.run(["sh", str(machine.root / "run.sh"), "test", *arguments]))
