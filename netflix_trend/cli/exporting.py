"""The verb `export`: what was watched as a file for another program."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from netflix_trend.causes import cause
from netflix_trend.cli.frame import Failure, Verb, Words
from netflix_trend.cli.mode import NOTHING_YET, Place, place_of
from netflix_trend.cli.volumes import begin

# As `history.other_tools.FORMATS`, which needs packages that help must not need.
NAMES = ("trakt", "letterboxd", "simkl", "yamtrack", "csv", "json")


@click.command(
    cls=Verb,
    examples=[
        "export --format letterboxd films.csv",
        "export --format json | less",
        "export --format simkl --profile Anna --force simkl.csv",
    ],
)
@click.option(
    "--format", "name", type=Words(NAMES), required=True, help="Which program imports it; csv and json have all."
)
@click.option("--profile", metavar="NAME", help="Only what is stored under this name.")
@click.option("--guesses", is_flag=True, help="Also titles of which it is a guess that they are films.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.pass_context
def export(
    context: click.Context, name: str, profile: str | None, guesses: bool, force: bool, file: Path | None
) -> None:
    """Write what you watched into FILE, for another program to import; without FILE it is printed.

    Only you can read FILE. What a program cannot take is left out and counted. Netflix's files have no ids, so titles
    are matched by their names: docs/other-tools.md says how each program does it, and what to check there.
    """
    place = place_of(context)
    if file is None:
        sys.exit(_export(place, name, profile, guesses=guesses))
    with new_file(file, replaces=force) as output:
        if code := _export(place, name, profile, guesses=guesses, output=output):
            sys.exit(code)
    click.echo(f"{file} was written. Only you can read it.", err=True)


def _export(place: Place, name: str, profile: str | None, *, guesses: bool, output: BinaryIO | None = None) -> int:
    """Run the export here, or in the processor's container. Returns the exit code. output: None for stdout."""
    if begin(place, keeps=False):
        from services.processor.exporting import export_history

        return export_history(name, output or sys.stdout.buffer, profile=profile, guesses=guesses)
    if place.is_new():
        raise Failure(NOTHING_YET)
    words = ["export", "--format", name, *(["--profile", profile] if profile else []), *(["--guesses"] * guesses)]
    return place.docker.in_service("processor", *words, stdout=output.fileno() if output else None)


@contextmanager
def new_file(file: Path, *, replaces: bool) -> Iterator[BinaryIO]:
    """Open a file that appears under its name when it is whole, readable by this user only. Raises Failure if it is
    there already and must not be replaced, or cannot be written.
    """
    if not file.parent.is_dir():
        raise Failure(f"there is no folder {file.parent}. Make it, or name another file")
    if file.exists() and not (replaces and file.is_file()):
        raise Failure(f"{file} is there already; nothing was changed. Name another file, or replace it with --force")
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=file.parent)  # of mode 0600
    except OSError as problem:
        raise Failure(f"{file} cannot be written: {cause(problem)}") from None
    try:
        with os.fdopen(descriptor, "wb") as output:
            yield output
            output.flush()
            os.fsync(descriptor)
        if replaces:
            Path(temporary).replace(file)
        else:
            os.link(temporary, file)  # fails if the file has appeared meanwhile
    except FileExistsError:
        raise Failure(f"{file} is there already; nothing was changed. Name another file") from None
    except OSError as problem:
        raise Failure(f"{file} cannot be written: {cause(problem)}") from None
    finally:
        Path(temporary).unlink(missing_ok=True)
