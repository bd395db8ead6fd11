"""The verbs `next`, what to watch next, and `model`, what a group publishes for it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netflix_trend.cli.frame import Verb
from netflix_trend.cli.mode import place_of
from netflix_trend.cli.volumes import on_volumes


@click.command(
    "next",
    cls=Verb,
    examples=["next", "next --number 20 --json", 'next --not-for-me "Squid Game"', "next --list"],
)
@click.option("--number", type=click.IntRange(1, 100), default=10, help="How many shows, by default 10.")
@click.option("--not-for-me", "aside", metavar="TITLE", help="Never recommend this show again.")
@click.option("--again", metavar="TITLE", help="Recommend it again.")
@click.option("--list", "is_list", is_flag=True, help="Show which shows are never recommended.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@on_volumes("processor")
def next_(number: int, aside: str | None, again: str | None, is_list: bool, is_json: bool) -> int:
    """Show what to watch next, from your own history and what the group shares; nothing leaves this machine."""
    if (aside is not None) + (again is not None) + is_list > 1:
        raise click.UsageError("expected one of: --not-for-me, --again, --list")
    from services.processor import next_shows

    if aside is not None:
        return next_shows.put_aside(aside)
    if again is not None:
        return next_shows.take_back(again)
    if is_list:
        return next_shows.list_aside()
    return next_shows.show_next(number, is_json=is_json)


@click.command(cls=Verb, examples=["model", "model model.json --json"])
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False)
@click.option("--number", type=click.IntRange(1, 2000), default=20, help="How many shows are printed.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object with all of it.")
@click.pass_context
def model(context: click.Context, file: Path | None, number: int, is_json: bool) -> None:
    """Show and check a published model: FILE, or the one of your aggregator. Says by name what is wrong with it."""
    if file is not None:
        place = place_of(context)
        if not place.is_inside:
            place.machine.use_folders()
        from services.processor.published_model import show_file

        sys.exit(show_file(file, number, is_json=is_json))
    _of_aggregator(number, is_json)


@on_volumes("processor")
def _of_aggregator(number: int, is_json: bool) -> int:
    from services.processor.published_model import show_shared

    return show_shared(number, is_json=is_json)
