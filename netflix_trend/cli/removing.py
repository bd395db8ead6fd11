"""The verbs forget and exclude: they take imports and single titles out of a history."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date
from pathlib import Path

import click

from netflix_trend.causes import cause
from netflix_trend.cli.asking import has_terminal
from netflix_trend.cli.frame import Failure, Verb, words_of
from netflix_trend.cli.history import Day
from netflix_trend.cli.mode import NOTHING_YET, Place, place_of
from netflix_trend.cli.volumes import begin
from netflix_trend.delivery.copies import content_of, remove_copies, removed_in_words

_LARGEST_ANSWER = 10_000_000


@click.command(
    cls=Verb,
    examples=["forget NetflixViewingHistory.csv", "forget --profile Anna", "forget --list", "forget --undo"],
)
@click.argument("file", metavar="FILE", required=False, default="")
@click.option("--profile", metavar="NAME", help="Forget all files that were imported under this name.")
@click.option("--undo", "is_undo", is_flag=True, help="Bring back what was forgotten last.")
@click.option("--list", "is_list", is_flag=True, help="Show what can be brought back, and until when.")
@click.option("--json", "is_json", is_flag=True, help="With --list: one JSON object a line.")
@click.option("--content", hidden=True, help="SHA-256 of the file at this path.")
@click.pass_context
def forget(
    context: click.Context,
    file: str,
    profile: str | None,
    is_undo: bool,
    is_list: bool,
    is_json: bool,
    content: str | None,
) -> None:
    """Take an imported file out of your history, also out of the drop folder's done/.

    FILE is its name in the list of files, a path to the same file, or the beginning of its SHA-256. Answers that have
    left stay as they are; later ones are without it. It can be undone until a later round is answered, for 7 days at
    most.
    """
    if (bool(file) + bool(profile) + is_undo + is_list) != 1:
        raise click.UsageError("expected one of: FILE, --profile NAME, --undo, --list")
    place = place_of(context)
    path = Path(file).expanduser()
    if file and content is None and path.is_file():
        file, content = path.name, content_of(path)
    words = words_of(context)
    if content:
        words = ["forget", "--content", content, "--", file]
    if begin(place, keeps=False):
        from services.processor import removing

        if is_list:
            code = removing.list_removals(is_json=is_json)
        elif is_undo:
            code = removing.bring_back()
        else:
            code = removing.forget(file, content=content, profile=profile)
    elif place.is_new():
        raise Failure(NOTHING_YET)
    else:
        code = place.docker.in_service("processor", *words)
    if not (code or is_list or is_undo or place.is_inside):
        _forget_copies(place)
    sys.exit(code)


@click.command(
    cls=Verb,
    examples=[
        "exclude dark",
        "exclude --show dark",
        "exclude roma --on 2026-02-01",
        "exclude --list",
        "exclude --undo 3",
    ],
)
@click.argument("words", metavar="WORDS...", nargs=-1)
@click.option("--show", "is_show", is_flag=True, help="Exclude shows that are called so, also their later episodes.")
@click.option("--on", "day", type=Day(), help="Only on this day, such as 2026-02-01.")
@click.option("--yes", "is_sure", is_flag=True, help="Exclude what matches, without asking.")
@click.option("--list", "is_list", is_flag=True, help="Show what is excluded, with numbers.")
@click.option("--undo", metavar="NUMBER", type=int, help="Include it again; --list shows the numbers.")
@click.pass_context
def exclude(
    context: click.Context,
    words: tuple[str, ...],
    is_show: bool,
    day: date | None,
    is_sure: bool,
    is_list: bool,
    undo: int | None,
) -> None:
    """Leave titles out of your history before anything is answered.

    Shows the titles with all of WORDS, then asks. What is excluded is in no table, chart or answer, also when it is
    imported again; --undo includes it again. Answers that have left stay as they are.
    """
    if (bool(words) + is_list + (undo is not None)) != 1 or (is_show and day):
        raise click.UsageError("expected one of: WORDS, --list, --undo NUMBER; and --show without --on")
    place = place_of(context)
    is_here = begin(place, keeps=False)
    if not is_here and place.is_new():
        raise Failure(NOTHING_YET)

    def run(is_sure: bool) -> int:
        if not is_here:
            typed = words_of(context)
            return place.docker.in_service(
                "processor", *typed, *(["--yes"] if is_sure and "--yes" not in typed else [])
            )
        from services.processor import excluding

        if is_list:
            return excluding.list_exclusions()
        if undo is not None:
            return excluding.include_again(undo)
        return excluding.exclude(" ".join(words), is_show=is_show, day=day, is_sure=is_sure)

    code = run(is_sure)
    # Nobody can be asked inside of a container.
    if not code and words and not is_sure and not place.is_inside:
        if not has_terminal():
            click.echo("Nothing was excluded yet: --yes excludes them.")
        elif click.confirm("Exclude them?"):
            code = run(True)
    sys.exit(code)


def _forget_copies(place: Place) -> None:
    """Remove copies of what can be brought back from the drop folder, and say so."""
    try:
        removed = remove_copies(place.machine.folder("OUTPUT_DIR"), _forgotten(place))
    except OSError as error:
        reason = cause(error)
        raise Failure(f"a copy in the drop folder's done/ cannot be removed: {reason}. Remove it yourself") from None
    if removed:
        click.echo(removed_in_words(removed))


def _forgotten(place: Place) -> set[str]:
    """Return the SHA-256 of everything that can be brought back."""
    if begin(place, keeps=False):
        from services.processor.removing import forgotten

        return forgotten()
    with tempfile.TemporaryFile() as output:
        if place.docker.in_service("processor", "forget", "--list", "--json", stdout=output.fileno()):
            raise Failure("the copies in the drop folder's done/ are not known; look there yourself")
        output.seek(0)
        lines = output.read(_LARGEST_ANSWER).decode("utf-8", "replace").splitlines()
    return {one["sha256"] for line in lines if line.startswith("{") for one in json.loads(line)["exports"]}
