"""Verbs about your own history: read, import, insights and event."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from netflix_trend.causes import cause
from netflix_trend.cli.asking import chooser
from netflix_trend.cli.frame import Failure, Verb, VerbGroup, Words
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place, place_of
from netflix_trend.cli.volumes import begin, on_volumes
from netflix_trend.delivery.copies import options_beside, options_of_copy
from netflix_trend.delivery.file_kinds import why_not_opened
from netflix_trend.delivery.settled import WANTED


class Day(click.ParamType[date]):
    """A day such as 2026-02-01."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Parse the day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            return self.fail(f"{value!r} is not a day such as 2026-02-01", param, ctx)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for reading exports."""
    order = click.option(
        "--date-order",
        type=Words(["mdy", "dmy", "ymd"]),
        help="Order of day, month and year, for a file whose dates are ambiguous.",
    )
    only = click.option(
        "--only",
        multiple=True,
        metavar="NETFLIX_PROFILE",
        help="You are this Netflix profile of a ViewingActivity.csv, also of later ones; may be given several times.",
    )
    return order(only(command))


profile_option = click.option(
    "--profile",
    metavar="NAME",
    help="Name to store the files under, for several people on one account; importing a file again under another name "
    "moves it.",
)


# Whether a file can be read is found file by file, so one that cannot does not stop the others.
files_argument = click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(readable=False, path_type=Path)
)


@click.command(cls=Verb, examples=["read NetflixViewingHistory.csv", "read --json ViewingActivity.csv"])
@files_argument
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line, one line a file.")
@reading_options
@click.pass_context
def read(
    context: click.Context, files: tuple[Path, ...], is_json: bool, date_order: str | None, only: tuple[str, ...]
) -> None:
    """Print what is in exports, without storing anything."""
    place = place_of(context)
    if not place.is_inside:
        place.machine.use_folders()
    from services.processor.importing import read_files

    sys.exit(read_files(files, is_json=is_json, date_order=date_order, only=only))


@click.command(
    "import",
    cls=Verb,
    examples=[
        "import NetflixViewingHistory.csv",
        "import --profile Anna --only Anna netflix-report.zip",
        "import --date-order dmy NetflixViewingHistory.csv",
    ],
)
@files_argument
@profile_option
@reading_options
@click.pass_context
def import_(
    context: click.Context,
    files: tuple[Path, ...],
    profile: str | None,
    date_order: str | None,
    only: tuple[str, ...],
) -> None:
    """Import exports: NetflixViewingHistory.csv, ViewingActivity.csv, or the zip that Netflix sends.

    In a zip ViewingActivity.csv is read, or without it NetflixViewingHistory.csv. With Docker's services the files are
    copied into the drop folder.
    """
    place = place_of(context)
    if begin(place, keeps=True):
        from services.processor.importing import import_files

        sys.exit(import_files(files, profile=profile, date_order=date_order, only=only, choose=chooser()))
    drop_exports(place, files, profile=profile, date_order=date_order, only=only)
    click.echo(
        "Next: ./run.sh status shows what was read and published; ./run.sh up starts the services if they do not run."
    )


def drop_exports(
    place: Place,
    files: Sequence[Path],
    *,
    profile: str | None = None,
    date_order: str | None = None,
    only: Sequence[str] = (),
) -> None:
    """Copy exports into the drop folder, from where Docker's services import them. Raises Failure."""
    asked = [("profile", profile), ("date_order", date_order), *(("only", name) for name in only)]
    for file in files:
        if not file.is_file():
            raise Failure(why_not_opened(file, FileNotFoundError()))
    several = [file.name for file in files if _has_several(file, only)]
    place.docker.prepare()
    for file in files:
        click.echo(f"{deliver(place.machine, file, options_of_copy(asked))} is in the drop folder.")
    for name in several:
        click.echo(
            f"{name} has several Netflix profiles. ./run.sh whose shows who counts, and asks if nobody does yet."
        )


def _has_several(file: Path, only: Sequence[str]) -> bool:
    """Return whether a file has several Netflix profiles and none is named. Raises Failure for a wrong name."""
    from netflix_trend.history.exports import ExportError
    from netflix_trend.history.household import check_names

    names = profiles_of(file)
    try:
        check_names(file.name, only, names)
    except ExportError as problem:
        raise Failure(str(problem)) from None
    return len(names) > 1 and not only


def profiles_of(file: Path) -> dict[str, int]:
    """Return the number of rows by Netflix profile; none of another file, and of one that cannot be read: whoever takes
    it says what is wrong with it.
    """
    from netflix_trend.delivery.archive import ArchiveError, open_csv
    from netflix_trend.history.exports import ExportError
    from netflix_trend.history.household import profiles_in

    try:
        with file.open("rb") as stream, open_csv(stream, file.name) as (csv, _):
            return profiles_in(csv, file.name)
    except (ArchiveError, ExportError, OSError):
        return {}


def deliver(machine: Machine, file: Path, options: bytes) -> str:
    """Copy an export into the drop folder, with the file of its options. Returns its name there."""
    drop = machine.folder("OUTPUT_DIR")
    drop.mkdir(parents=True, exist_ok=True)
    name = free_name(drop, file.name)
    part, beside = drop / f".{name}.part", options_beside(drop / name)
    # First under a hidden name, so that the watcher takes complete files only, and after the options.
    try:
        beside.unlink(missing_ok=True)
        beside.write_bytes(options)
        # The time of the file says which weeks it covers; the scraper runs as another user.
        shutil.copy2(file, part)
        part.chmod(0o644)
        part.rename(drop / name)
    except OSError as error:
        part.unlink(missing_ok=True)
        beside.unlink(missing_ok=True)
        raise Failure(f"{file} could not be copied to {drop}: {cause(error)}") from None
    return name


def free_name(drop: Path, name: str) -> str:
    """Return a free name without a leading dot: exports have equal names, and the watcher ignores hidden files."""
    name = name.lstrip(".") or "export"
    stem, dot, kind = name.rpartition(".")
    if f"{dot}{kind}".lower() not in WANTED:
        stem, kind = name, "csv"
    name, number = f"{stem}.{kind}", 1
    while (drop / name).exists():
        number += 1
        name = f"{stem}-{number}.{kind}"
    return name


@click.command(cls=Verb, examples=["whose", "whose Sam", 'whose Sam "Mia, the boss"', "whose --profile Anna Anna"])
@click.argument("names", metavar="[NETFLIX_PROFILE]...", nargs=-1)
@click.option("--profile", metavar="NAME", help="Of the files that are stored under this name.")
@click.option("--all", "everybody", is_flag=True, help="Everybody in the file together is you.")
@on_volumes("processor", keeps=True)
def whose(names: tuple[str, ...], profile: str | None, everybody: bool) -> int:
    """Show or say which Netflix profiles of a ViewingActivity.csv are yours; with names, only these count."""
    from services.processor.whose import show_whose

    return show_whose(names, profile=profile, everybody=everybody)


@click.command(cls=Verb, examples=["insights", "insights --json"])
@click.option("--json", "is_json", is_flag=True, help="One JSON object with all tables.")
@on_volumes("processor")
def insights(is_json: bool) -> int:
    """Show insights into your own history; nothing leaves this machine."""
    from services.processor.cli import show_insights

    return show_insights(is_json=is_json)


@click.group(cls=VerbGroup)
def event() -> None:
    """Note life events, and see whether you watched more or less during them."""


@event.command("add", examples=["event add sick 2026-02-01 2026-02-09"])
@click.argument("label")
@click.argument("first_day", type=Day())
@click.argument("last_day", type=Day())
@on_volumes("processor", keeps=True)
def add(label: str, first_day: date, last_day: date) -> int:
    """Note an event and show what changed."""
    from services.processor.events import note_event

    return note_event(label, first_day, last_day)


@event.command("list", examples=["event list", "event list --json"])
@click.option("--json", "is_json", is_flag=True, help="One JSON object an event.")
@on_volumes("processor")
def list_(is_json: bool) -> int:
    """Show all events and what changed."""
    from services.processor.events import list_events

    return list_events(is_json=is_json)


@event.command("remove", examples=["event remove 1"])
@click.argument("number", type=int)
@on_volumes("processor", keeps=True)
def remove(number: int) -> int:
    """Remove an event; `event list` shows the numbers."""
    from services.processor.events import forget_event

    return forget_event(number)
