"""The verb `exclude` in the terminal: search titles, leave them out, include them again."""

from __future__ import annotations

from datetime import date

from rich.console import Console

from netflix_trend.history import exclusions
from netflix_trend.history.exclusions import STAYS, Exclusion, ExclusionError, read_exclusions
from netflix_trend.history.insights import open_profiles
from netflix_trend.history.search import Match, search
from netflix_trend.participant.forgetting import between_runs
from netflix_trend.plain_text import counted, printable
from netflix_trend.settings import Settings
from services.processor.verbs import answered, print_histories, rebuilt

_PRINTED = 50


def exclude(words: str, *, is_show: bool, day: date | None, is_sure: bool) -> int:
    """Print what matches, and exclude it if `is_sure`. Returns the exit code: 1 if nothing matches.

    is_show: whole shows instead of titles. day: only the views of this day.
    """

    def act(settings: Settings, console: Console) -> int:
        with open_profiles(settings.private_dir) as database:
            found = search(database, words)
        wanted = [one for one in found if one.what == ("show" if is_show else "title")]
        if day is not None:
            wanted = [one for one in wanted if day in one.days]
        if not wanted:
            raise ExclusionError("nothing in your history matches. Next: fewer words, or a part of the title")
        if not is_sure:
            _print(console, wanted)
            if not is_show and (shows := [one for one in found if one.what == "show"]):
                named = ", ".join(printable(show.name) for show in shows[:3])
                console.print(f"--show would exclude whole shows, also later episodes: {named}", markup=False)
            return 0
        with between_runs(settings):
            added = exclusions.exclude(settings.private_dir, [one.rows(day) for one in wanted])
        for one in added:
            console.print(f"Excluded: {line_of(one)}", markup=False, soft_wrap=True)
        print_histories(rebuilt(settings, console), console)
        console.print(f"{STAYS} ./run.sh exclude --undo NUMBER includes it again.", soft_wrap=True)
        return 0

    return answered("exclude", act)


def list_exclusions() -> int:
    """Print what is excluded. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        found = read_exclusions(settings.private_dir)
        for one in found:
            console.print(line_of(one), markup=False, soft_wrap=True)
        if not found:
            console.print("Nothing is excluded.")
        return 0

    return answered("exclude", act)


def include_again(number: int) -> int:
    """Include something again. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        one = exclusions.include_again(settings.private_dir, number)
        console.print(f"Included again: {line_of(one)}", markup=False, soft_wrap=True)
        print_histories(rebuilt(settings, console), console)
        return 0

    return answered("exclude", act)


def line_of(one: Exclusion) -> str:
    """Return an exclusion in a line, with its number."""
    what = "the show " if one.what == "show" else ""
    return f"{one.number}  {what}{printable(one.name)}{f' on {one.day}' if one.day else ''}"


def _print(console: Console, wanted: list[Match]) -> None:
    for one in wanted[:_PRINTED]:
        days = f"{one.days[0]}" if len(one.days) == 1 else f"{len(one.days)} days, {one.days[-1]} to {one.days[0]}"
        views = counted(one.views, "view")
        console.print(f"  {printable(one.name)}  {views}, {days}", markup=False, soft_wrap=True)
    if len(wanted) > _PRINTED:
        console.print(f"  and {len(wanted) - _PRINTED} more")
    total = sum(one.views for one in wanted)
    noun = "title" if wanted[0].what == "title" else "show"
    console.print(f"{counted(len(wanted), noun)}, {counted(total, 'view')}.")
