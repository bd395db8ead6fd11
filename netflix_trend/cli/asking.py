"""Questions at a terminal, and answers that are checked."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from netflix_trend.delivery.file_kinds import why_not_opened
from netflix_trend.names import DATASITE_NAME
from netflix_trend.plain_text import printable

if TYPE_CHECKING:
    from netflix_trend.history.household import Choose

# Answers about an export: not now, or into the drop folder.
LATER, DROP = "later", "drop"
# Every Netflix profile.
ALL = "all"
_Value = TypeVar("_Value")


def has_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def title(text: str) -> None:
    """Print the title of a step."""
    click.secho(f"\n{text}", bold=True)


def say(text: str, indent: int = 3) -> None:
    """Print text in lines that fit the terminal, without breaking words."""
    width = max(20, min(100, shutil.get_terminal_size().columns))
    start, text = " " * indent, text.replace(" %", "\u00a0%")
    click.echo(textwrap.fill(text, width, initial_indent=start, subsequent_indent=start,
                             break_long_words=False, break_on_hyphens=False))  # fmt: skip


def ask(question: str, default: str | None, read: Callable[[str], _Value]) -> _Value:
    """Ask until the answer can be read; `read` raises UsageError with what is expected."""
    found: _Value = click.prompt(f"   {question}", default=default, value_proc=lambda text: read(text.strip()))
    return found


def an_address(text: str) -> str:
    """Return an address. Raises UsageError, as all of these do."""
    address = text.strip().lower()
    if not DATASITE_NAME.fullmatch(address):
        raise click.UsageError("expected an e-mail address in plain ASCII, such as me@example.org")
    return address


def a_folder(text: str) -> str:
    """Return the absolute path of a folder that is there."""
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is not a folder; SyftBox's datasites are in SyftBox/datasites")
    return str(folder.absolute())


def an_export(text: str) -> str:
    """Return the path of a file that is there, or one of the other answers."""
    if text in (LATER, DROP):
        return text
    path = Path(text).expanduser()
    if not path.is_file():
        raise click.UsageError(why_not_opened(path, FileNotFoundError()))
    return text


def a_netflix_profile(text: str) -> str:
    """Return the name of a Netflix profile."""
    if not text.strip() or not text.isprintable() or len(text) > 100:
        raise click.UsageError("expected the name of a Netflix profile")
    return text


def chooser() -> Choose | None:
    """Return what asks a person which Netflix profiles are theirs; None where nobody can be asked."""
    return netflix_profiles if has_terminal() else None


def netflix_profiles(rows: Mapping[str, int]) -> list[str]:
    """Ask which Netflix profiles count. rows: number of rows of each. Returns one or several of their names."""
    title("Whose viewing counts")
    names = list(rows)
    for number, name in enumerate(names, 1):
        say(f"{number}) {printable(name)} ({rows[name]} row{'s' * (rows[name] != 1)})")
    say(f"You take part as one person. Several count only if you name all of them, such as 1 2, or {ALL}.")
    return ask("Which of these is you, by number or name", None, lambda text: chosen_of(names, text))


def chosen_of(names: Sequence[str], text: str) -> list[str]:
    """Return the names that an answer means: numbers from 1, a name, or `all`. Raises UsageError for anything else."""
    numbers = text.replace(",", " ").split()
    if numbers and all(one.isdecimal() and 1 <= int(one) <= len(names) for one in numbers):
        return list(dict.fromkeys(names[int(one) - 1] for one in numbers))
    for name in names:
        if text and text.casefold() in (name.casefold(), printable(name).casefold()):
            return [name]
    if text == ALL:
        return list(names)
    raise click.UsageError(f"expected numbers from 1 to {len(names)}, a name, or {ALL}")
