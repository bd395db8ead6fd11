"""The verb `next`: what to watch next, in the terminal."""

from __future__ import annotations

from contextlib import closing

from rich.console import Console

from netflix_trend.history.seen import seen_films, seen_shows
from netflix_trend.participant.next_shows import NextShows, next_shows
from netflix_trend.participant.next_words import about, because, share_in_words
from netflix_trend.participant.not_for_me import allow_again, leave_out, not_for_me
from netflix_trend.plain_text import printable
from netflix_trend.settings import Settings
from services.processor.cli import open_tables
from services.processor.verbs import answered, print_json


def show_next(number: int, *, is_json: bool) -> int:
    """Print what to watch next. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        with closing(open_tables(settings)) as database:
            shows, films = seen_shows(database), seen_films(database)
        found = next_shows(settings, shows, films, number)
        if is_json:
            print_json(found.to_json())
        else:
            _print(found, console)
        return 0

    return answered("next", act)


def _print(found: NextShows, console: Console) -> None:
    console.print("\nWhat to watch next", style="bold")
    for place, one in enumerate(found.suggestions, 1):
        year = f" ({one.year})" if one.year else ""
        console.print(f"{place:>2}. {printable(one.title)}{year}", markup=False, soft_wrap=True)
        for said in (because(one), share_in_words(one)):
            if said:
                console.print(f"    {said}", style="dim", markup=False, soft_wrap=True)
    for sentence in about(found):
        console.print(sentence, markup=False, soft_wrap=True)


def put_aside(title: str) -> int:
    """Never recommend a show again. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        is_new = leave_out(settings.private_dir, title)
        said = "will not be recommended any more." if is_new else "was on your list already."
        console.print(f"{printable(title)} {said}", markup=False, soft_wrap=True)
        return 0

    return answered("next", act)


def take_back(title: str) -> int:
    """Recommend a show again. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        if not allow_again(settings.private_dir, title):
            raise ValueError("this show is not on your list; ./run.sh next --list shows it")
        console.print(f"{printable(title)} may be recommended again.", markup=False, soft_wrap=True)
        return 0

    return answered("next", act)


def list_aside() -> int:
    """Print the shows that are never recommended. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        titles = not_for_me(settings.private_dir)
        for title in titles:
            console.print(printable(title), markup=False, soft_wrap=True)
        if not titles:
            console.print("Nothing is on your list.")
        return 0

    return answered("next", act)
