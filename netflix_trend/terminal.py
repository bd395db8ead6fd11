"""The screen of a verb: as wide as the terminal, and with lines of any length where a file or a program reads them."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from netflix_trend.text_table import Line, TextTable, laid_out

# For a file or a pipe no line is broken; rich would break them at 80 characters.
_UNBROKEN = 1_000_000
_STYLES = {"heading": "bold", "row": "", "dim": "dim"}


def screen() -> Console:
    """Return the console of this process. NO_COLOR and a dumb terminal are respected, as rich does.

    Text stays what it is: rich would print a heart for `:heart:` in a title or the name of a file.
    """
    console = Console(highlight=False, soft_wrap=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=False, emoji=False, width=_UNBROKEN)


def width_of(console: Console) -> int | None:
    """Return the width that lines have to fit, in characters; None where nobody sees them on a screen."""
    return console.width if console.is_terminal else None


def has_blocks(console: Console) -> bool:
    """Return whether the output can hold the blocks that bars are drawn with."""
    return console.encoding.lower().startswith("utf")


def print_table(table: TextTable, console: Console) -> None:
    """Print a table as `laid_out` has it."""
    for line in laid_out(table, width_of(console), is_ascii=not has_blocks(console)):
        print_line(line, console)


def print_line(line: Line, console: Console) -> None:
    """Print a line of a table in its style, without breaking it."""
    console.print(Text(line.text, style=_STYLES[line.part]), soft_wrap=True)


def print_heading(text: str, console: Console) -> None:
    """Print the heading of a table, after an empty line."""
    console.print(f"\n{text}", style="bold", markup=False, soft_wrap=True)
