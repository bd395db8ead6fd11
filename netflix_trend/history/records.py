"""The rows of a CSV file that people have opened and saved again: lines, and the cells of each."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

# No title is longer. Python's csv module refuses much longer cells itself.
MAX_CELL = 10_000
# A date has three.
THREE_NUMBERS = re.compile(r"\d+\D+\d+\D+\d+")
_MAX_LINE = 100_000
# So many characters are read at once.
_CHARACTERS = 1 << 17


def line_blocks(stream: BinaryIO, encoding: str) -> Iterator[list[str]]:
    """Yield lines, many at a time; only the beginning of a line that is too long for a row."""
    # "utf-8-sig" and "utf-16" remove the byte-order mark.
    text = io.TextIOWrapper(stream, encoding.replace("utf-8", "utf-8-sig"), errors="replace", newline=None)
    rest = ""
    try:
        while block := text.read(_CHARACTERS):
            lines = io.StringIO(rest + block).readlines()
            rest = "" if block.endswith("\n") else lines.pop()[:_MAX_LINE]
            yield [line[:_MAX_LINE] for line in lines]
        if rest:
            yield [rest]
    finally:
        with suppress(ValueError):  # closed already
            text.detach()  # the stream is the caller's to close


def from_first_line(blocks: Iterator[list[str]]) -> tuple[int, list[str]]:
    """Return the number of lines without content at the beginning, and the block behind them; no lines if there is no
    content.
    """
    before = 0
    for block in blocks:
        for place, line in enumerate(block):
            if line.strip("\ufeff\0 \t\r\n"):
                return before + place, block[place:]
        before += len(block)
    return before, []


class _Recorder:
    """Hands lines to the csv module, first those of a block, and remembers those of the current record."""

    def __init__(self, block: list[str], blocks: Iterator[list[str]], number: int) -> None:
        self.left, self.number, self.record = deque(block), number, list[str]()
        self._blocks = blocks

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self.left:
            self.left.extend(next(self._blocks))
        line = self.left.popleft()
        self.number += 1
        self.record.append(line)
        return line


def csv_records(blocks: Iterator[list[str]], delimiter: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells). Rows are lines at Netflix, so an unbalanced quote corrupts only its own line."""
    number, width = before, 0  # of the first record
    block = next(blocks, None)
    while block is not None:
        rows = _one_a_line(block, delimiter)
        if rows is not None:
            width = width or next(filter(None, map(len, rows)), 0)
            yield from enumerate(rows, number + 1)
            number += len(block)
            block = next(blocks, None)
            continue
        recorder = _Recorder(block, blocks, number)
        end = number + len(block)
        reader = csv.reader(recorder, delimiter=delimiter)
        while recorder.number < end:
            recorder.record.clear()
            try:
                cells = next(reader)
            except csv.Error:
                cells = []
            first, lines = recorder.number - len(recorder.record) + 1, recorder.record
            if cells and (len(lines) == 1 or (len(cells) == width and _is_one_row(lines, delimiter))):
                width = width or len(cells)
                yield first, cells
                continue
            for place, line in enumerate(lines, first):
                try:
                    yield place, next(csv.reader([line.rstrip("\n")], delimiter=delimiter), [])
                except csv.Error:
                    yield place, ["x" * (MAX_CELL + 1)] * 2
        number = recorder.number
        block = list(recorder.left) or next(blocks, None)


def _one_a_line(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """Return the cells of every line if each is a record by itself, as nearly all are, otherwise None."""
    try:
        # A quote that is open at the end of a line takes the next one, at the end the empty one.
        rows = list(csv.reader([*lines, ""], delimiter=delimiter))
    except csv.Error:
        return None
    return rows[:-1] if len(rows) == len(lines) + 1 else None


def _is_one_row(lines: list[str], delimiter: str) -> bool:
    """Return whether lines are one row with line breaks inside properly quoted cells."""
    try:
        # If a line in the middle is a complete row, two unrelated quotation marks enclose it.
        rows = any(delimiter in line and THREE_NUMBERS.search(line) for line in lines[1:-1])
        return not rows and len(lines) < 20 and len(list(csv.reader(lines, delimiter=delimiter, strict=True))) == 1
    except csv.Error:
        return False
