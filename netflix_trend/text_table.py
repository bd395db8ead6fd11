"""Tables as lines of text, for every table that the terminal prints.

Nothing is ever cut. A table that is too wide first gets shorter bars, then wraps its texts, and at last becomes a list
of its rows (docs/decisions/0144-one-layout-for-terminal-tables.md).
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

# What a cell without a value says. In a list of rows it is left out.
UNKNOWN = "-"
_GAP = "  "
_LONGEST_BAR, _SHORTEST_BAR = 20, 8
# A text is wrapped at no fewer characters than this, unless it is shorter by itself.
_NARROWEST_TEXT = 16
_NARROWEST = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"
Part = Literal["heading", "row", "dim"]


@dataclass(frozen=True)
class Column:
    """A column. is_number: to the right, and never wrapped; another one holds text."""

    title: str
    is_number: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table. bars: a length for each row, in any unit, 0 or more; none for no bars. dim: numbers of the rows that are
    printed faintly. Every row has a cell for each column, without control characters.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    bars: Sequence[float] = ()
    dim: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Line:
    """A line of a table, without its end."""

    text: str
    part: Part = "row"


def laid_out(table: TextTable, width: int | None, *, is_ascii: bool = False) -> list[Line]:
    """Return the lines of a table.

    width: in characters, None where any line may be as long as it is. is_ascii: draw bars of `#`, for an output that
    has no blocks.
    """
    natural = [
        max(map(text_width, (column.title, *(row[place] for row in table.rows))))
        for place, column in enumerate(table.columns)
    ]
    bars = [""] * len(table.rows)
    if width is None:
        bar = _LONGEST_BAR
    else:
        width = max(width, _NARROWEST)
        free = width - sum(natural) - len(_GAP) * (len(natural) - (not table.bars))
        if not table.bars or free < _SHORTEST_BAR:
            fitting = _fitted(table, natural, free - (_SHORTEST_BAR if table.bars else 0))
            if fitting is None:
                return list(_records(table, width, is_ascii=is_ascii))
            natural, free = fitting, _SHORTEST_BAR
        bar = min(free, _LONGEST_BAR)
    if table.bars:
        bars = bars_of(table.bars, bar, is_ascii=is_ascii)
    return list(_grid(table, natural, bars))


def _fitted(table: TextTable, natural: Sequence[int], free: int) -> list[int] | None:
    """Return the widths of columns when texts are wrapped, the widest first; None if even that is too wide.

    free: characters that are left over with natural widths, fewer than 0 when they are too many.
    """
    widths = list(natural)
    while free < 0:
        least = [
            column.is_number or widths[place] <= max(_NARROWEST_TEXT, text_width(column.title))
            for place, column in enumerate(table.columns)
        ]
        if all(least):
            return None
        widest = max((place for place, done in enumerate(least) if not done), key=lambda place: widths[place])
        widths[widest] -= 1
        free += 1
    return widths


def _grid(table: TextTable, widths: Sequence[int], bars: Sequence[str]) -> Iterator[Line]:
    """Yield headings and rows in columns."""
    if any(column.title for column in table.columns):
        yield Line(_joined(table, widths, [column.title for column in table.columns]), "heading")
    for number, (row, bar) in enumerate(zip(table.rows, bars, strict=True)):
        cells = [
            [cell] if column.is_number else wrapped(cell, width)
            for cell, column, width in zip(row, table.columns, widths, strict=True)
        ]
        for part in range(max(map(len, cells))):
            found = [cell[part] if part < len(cell) else "" for cell in cells]
            yield Line(_joined(table, widths, found, "" if part else bar), "dim" if number in table.dim else "row")


def _joined(table: TextTable, widths: Sequence[int], cells: Sequence[str], bar: str = "") -> str:
    padded = []
    for cell, column, width in zip(cells, table.columns, widths, strict=True):
        space = " " * (width - text_width(cell))
        padded.append(space + cell if column.is_number else cell + space)
    return _GAP.join([*padded, bar]).rstrip()


def _records(table: TextTable, width: int, *, is_ascii: bool) -> Iterator[Line]:
    """Yield each row as a few lines: its first text, its bar, and the other cells with their headings."""
    first = next((place for place, column in enumerate(table.columns) if not column.is_number), 0)
    bars = bars_of(table.bars, min(_LONGEST_BAR, width - len(_GAP)), is_ascii=is_ascii) or [""] * len(table.rows)
    for number, (row, bar) in enumerate(zip(table.rows, bars, strict=True)):
        part: Part = "dim" if number in table.dim else "row"
        for text in wrapped(row[first], width):
            yield Line(text, part)
        if bar:
            yield Line(_GAP + bar, part)
        pairs = [
            f"{column.title} {cell}".strip()
            for place, (column, cell) in enumerate(zip(table.columns, row, strict=True))
            if place != first and cell not in ("", UNKNOWN)
        ]
        for text in _filled(pairs, width - len(_GAP)):
            yield Line(_GAP + text, part)


def _filled(pairs: Sequence[str], width: int) -> Iterator[str]:
    """Yield lines with as many pairs as fit; a longer one has lines of its own."""
    line = ""
    for pair in pairs:
        longer = f"{line}{_GAP}{pair}" if line else pair
        if text_width(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        *whole, line = wrapped(pair, width)
        yield from whole
    if line:
        yield line


def bars_of(values: Sequence[float], length: int, *, is_ascii: bool = False) -> list[str]:
    """Return a bar for each value: `length` characters for the largest, in eighths of a character; one that is larger
    than 0 is never empty. Without a value above 0 all are empty.
    """
    largest = max(values, default=0)
    if largest <= 0:
        return [""] * len(values)
    if is_ascii:
        return ["#" * (max(1, round(length * value / largest)) if value > 0 else 0) for value in values]
    found = []
    for value in values:
        whole, rest = divmod(max(1, round(8 * length * value / largest)) if value > 0 else 0, 8)
        found.append(_EIGHTHS[8] * whole + (_EIGHTHS[rest] if rest else ""))
    return found


def wrapped(text: str, width: int) -> list[str]:
    """Return the lines of a text of at most `width` characters on the screen; none is empty but that of no text."""
    if text_width(text) == len(text):
        return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    lines, line = [], ""
    for word in text.split():
        for piece in _pieces(word, width):
            if line and text_width(line) + 1 + text_width(piece) > width:
                lines.append(line)
                line = piece
            else:
                line = f"{line} {piece}" if line else piece
    return [*lines, line]


def _pieces(word: str, width: int) -> Iterator[str]:
    """Yield a word, in pieces if it is longer than a line: Chinese and Japanese have no blanks."""
    piece = ""
    for character in word:
        if text_width(piece + character) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


def text_width(text: str) -> int:
    """Return how many characters a text takes on the screen: wide ones two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) or unicodedata.category(one) == "Cf"
        else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )  # fmt: skip
