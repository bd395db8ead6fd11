"""The verb `year`: a review of a year or another range of days, and a picture of it to share."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import click

from netflix_trend.cli.frame import Failure, Verb
from netflix_trend.cli.history import Day
from netflix_trend.cli.mode import NOTHING_YET, Place, place_of
from netflix_trend.cli.new_file import new_file
from netflix_trend.cli.volumes import begin

_FORMATS = ("svg", "png")
_STDOUT = Path("-")


@click.command(
    cls=Verb,
    examples=[
        "year",
        "year 2026 --json",
        "year --from 2026-01-01 --to 2026-06-30",
        "year 2026 --picture my-2026.png --shape wide --without-titles",
    ],
)
@click.argument("number", metavar="[YEAR]", type=click.IntRange(1, 9999), required=False)
@click.option("--from", "first", type=Day(), help="The first day of another range.")
@click.option("--to", "last", type=Day(), help="Its last day.")
@click.option(
    "--picture",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a picture to share into a new file, .svg or .png, after saying what it tells others; - prints it.",
)
@click.option("--shape", type=click.Choice(["story", "wide"]), help="1080 x 1920 (story) or 1200 x 630 pixels.")
@click.option("--without-titles", is_flag=True, help="Draw numbers only, no names of shows and films.")
@click.option("--format", "kind", type=click.Choice(_FORMATS), help="Of a picture that is printed.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object with all of the review.")
@click.pass_context
def year(
    context: click.Context,
    number: int | None,
    first: date | None,
    last: date | None,
    picture: Path | None,
    shape: str | None,
    without_titles: bool,
    kind: str | None,
    is_json: bool,
) -> None:
    """Show a year in review, the newest or another, or any range of days; nothing leaves this machine."""
    if (first is None) != (last is None) or (number is not None and first is not None):
        raise click.UsageError("expected a year, or --from and --to, or nothing for the newest year")
    if first and last and first > last:
        raise click.UsageError("--from is after --to")
    if picture is None and (shape or without_titles or kind):
        raise click.UsageError("--shape, --without-titles and --format are about a picture: add --picture FILE")
    if picture is not None and is_json:
        raise click.UsageError("expected --picture or --json")
    asked, place = _Asked(number, first, last), place_of(context)
    if picture is None:
        sys.exit(_show(place, asked, is_json=is_json))
    look = _Look(shape or "story", _format_of(picture, kind), not without_titles)
    if picture == _STDOUT:
        sys.exit(_draw(place, asked, look, sys.stdout.buffer))
    with new_file(picture) as output:
        if code := _draw(place, asked, look, output):
            sys.exit(code)
    click.echo(f"{picture} was written. It is only on this machine until you share it.")


@dataclass(frozen=True)
class _Asked:
    """Which days: a year, or two days, or None of all for the newest year."""

    number: int | None
    first: date | None
    last: date | None

    @property
    def words(self) -> list[str]:
        days = ["--from", str(self.first), "--to", str(self.last)] if self.first else []
        return [str(self.number)] if self.number else days


@dataclass(frozen=True)
class _Look:
    shape: str
    file_format: str
    titles: bool

    @property
    def words(self) -> list[str]:
        titles = [] if self.titles else ["--without-titles"]
        return ["--picture", "-", "--format", self.file_format, "--shape", self.shape, *titles]


def _show(place: Place, asked: _Asked, *, is_json: bool) -> int:
    if not _is_here(place):
        return place.docker.in_service("processor", "year", *asked.words, *(["--json"] if is_json else []))
    from services.processor.year import Wanted, show_year

    return show_year(Wanted(asked.number, asked.first, asked.last), is_json=is_json)


def _draw(place: Place, asked: _Asked, look: _Look, output: BinaryIO) -> int:
    if not _is_here(place):
        words = (*asked.words, *look.words)
        return place.docker.in_service("processor", "year", *words, stdout=output.fileno())
    from services.processor.year import Wanted, draw_year

    wanted = Wanted(asked.number, asked.first, asked.last)
    return draw_year(wanted, output, look.shape, look.file_format, titles=look.titles)


def _is_here(place: Place) -> bool:
    """Return whether this process runs the verb, and not a container. Raises Failure if nothing was imported yet."""
    is_here = begin(place, keeps=False)
    if not is_here and place.is_new():
        raise Failure(NOTHING_YET)
    return is_here


def _format_of(picture: Path, kind: str | None) -> str:
    if picture == _STDOUT:
        if kind is None:
            raise click.UsageError("--picture - needs --format svg or --format png")
        return kind
    ending = picture.suffix.lower().removeprefix(".")
    if ending not in _FORMATS or kind not in (None, ending):
        raise click.UsageError(f"the name of a picture ends in .svg or .png, not as {picture.name!r} does")
    return ending
