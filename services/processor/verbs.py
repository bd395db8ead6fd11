"""What the verbs about a person's own history share in the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from netflix_trend.causes import why
from netflix_trend.participant.life_events import EventError
from netflix_trend.plain_text import counted, printable
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.terminal import screen

if TYPE_CHECKING:
    from netflix_trend.history.tables import History


def answered(verb: str, act: Callable[[Settings, Console], int]) -> int:
    """Run a verb with settings and a console. Returns its exit code, or 1 after printing what is wrong."""
    console = screen()
    try:
        return act(load_settings(), console)
    except (EventError, SettingsError, FileNotFoundError, ValueError) as error:
        print(f"{verb}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        print(f"{verb}: {why(error)}", file=sys.stderr)  # noqa: T201
        return 1


def rebuilt(settings: Settings, console: Console) -> list[History]:
    """Rebuild the tables of all profiles, and return what each has now."""
    from netflix_trend.participant import participant  # verbs that build nothing do not need it

    with console.status("Rebuilding the tables ..."):
        return participant.refresh(settings, everything=True)


def print_histories(histories: Sequence[History], console: Console) -> None:
    """Print in a line each how much the profiles have."""
    for history in histories:
        views, files = counted(history.views, "view"), counted(len(history.files), "file")
        console.print(f"{printable(history.profile)}: {views} of {files}", markup=False)


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value, ensure_ascii=False))  # noqa: T201
