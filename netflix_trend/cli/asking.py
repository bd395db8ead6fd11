"""Questions at a terminal, and answers that are checked."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from netflix_trend.delivery.file_kinds import why_not_opened
from netflix_trend.names import DATASITE_NAME

# Answers about an export: not now, or into the drop folder.
LATER, DROP = "later", "drop"
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


def ask(question: str, default: str, read: Callable[[str], _Value]) -> _Value:
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
    if not text.strip() or ";" in text or not text.isprintable() or len(text) > 60:
        raise click.UsageError("expected the name of a Netflix profile")
    return text
