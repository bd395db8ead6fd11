"""Rows are read many at a time, with the same result as one at a time."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netflix_trend.history import records as module
from netflix_trend.history.records import MAX_CELL, THREE_NUMBERS, csv_records, from_first_line, line_blocks

_MOST = 1000


def slow_lines(data: bytes) -> Iterator[str]:
    """Lines one at a time, cut off behind so many characters."""
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", errors="replace", newline=None)
    while line := text.readline():
        yield line[:_MOST]


class Recorder:
    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.number, self.record = lines, 0, list[str]()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.number += 1
        self.record.append(line)
        return line


def slow_records(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records one at a time: one that takes several lines is a row only if it is one beyond doubt."""
    recorder = Recorder(lines)
    reader, width = csv.reader(recorder, delimiter=delimiter), 0
    while True:
        recorder.record.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = []
        first = recorder.number - len(recorder.record) + 1
        is_alone = len(recorder.record) == 1
        if cells and (is_alone or (len(cells) == width and is_one_row(recorder.record, delimiter))):
            width = width or len(cells)
            yield first, cells
            continue
        for number, line in enumerate(recorder.record, first):
            found = ["x" * (MAX_CELL + 1)] * 2
            with suppress(csv.Error):
                found = next(csv.reader([line.rstrip("\n")], delimiter=delimiter), [])
            yield number, found


def is_one_row(lines: list[str], delimiter: str) -> bool:
    if len(lines) >= 20 or any(delimiter in line and THREE_NUMBERS.search(line) for line in lines[1:-1]):
        return False
    with suppress(csv.Error):
        return len(list(csv.reader(lines, delimiter=delimiter, strict=True))) == 1
    return False


@pytest.fixture(name="small_blocks", autouse=True, params=[7, 200, 1 << 17])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records and lines cross the borders of blocks, as they do in large files."""
    monkeypatch.setattr(module, "_CHARACTERS", request.param)
    monkeypatch.setattr(module, "_MAX_LINE", _MOST)


def assert_same(data: bytes, delimiter: str = ",") -> None:
    blocks = line_blocks(io.BytesIO(data), "utf-8")
    assert [line for block in blocks for line in block] == list(slow_lines(data))
    found = list(csv_records(line_blocks(io.BytesIO(data), "utf-8"), delimiter, 0))
    assert found == list(slow_records(slow_lines(data), delimiter))


_PIECES = [
    '"',
    '""',
    ",",
    ";",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\0",
    "\ufeff",
    "\u2028",
    "\x0b",
    "é",
    "🎬",
    "1/2/24",
    "Show: A",
]
_ROWS = [
    '"Show: Pilot","1/2/24"\n',
    '"two\nlines","1/2/24"\n',
    'The "Show","1/2/24"\n',
    '"open,1/2/24\n',
    "x" * 1200 + "\n",
]


@given(st.lists(st.sampled_from([*_PIECES, *_ROWS]), max_size=25).map("".join))
@example('"')
@example('"a\n')
@example("a\r")
@example("x" * _MOST)
@example("x" * _MOST + "\n" + "y" * (_MOST - 1) + "\n")
@example('Title,Date\n"a\nb","1/2/24"\n')
def test_any_pieces(text: str) -> None:
    assert_same(text.encode())


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert_same(data)


def test_large_files_with_some_damaged_rows() -> None:
    source = random.Random(1)
    for delimiter in ",;":
        rows = [f'"Show {number}: Pilot"{delimiter}"1/2/24"\n' for number in range(3000)]
        for _ in range(30):
            rows[source.randrange(len(rows))] = source.choice([*_ROWS, "\n", '"', '"\n'])
        assert_same(f"Title{delimiter}Date\n{''.join(rows)}".encode(), delimiter)


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    data = b'Title,Date\n"open,1/2/24\n' + b'Show,"1/2/24"\n' * 20_000
    rows = list(csv_records(line_blocks(io.BytesIO(data), "utf-8"), ",", 0))
    assert len(rows) == 20_002
    assert [cells for _, cells in rows[2:]] == [["Show", "1/2/24"]] * 20_000


@pytest.mark.parametrize(("text", "before", "first"), [("\n \n\ufeff\na\nb", 3, "a\n"), ("a", 0, "a"), ("\n\n", 2, "")])
def test_the_first_line_with_content(text: str, before: int, first: str) -> None:
    blocks = line_blocks(io.BytesIO(text.encode()), "utf-8")
    number, block = from_first_line(blocks)
    assert (number, block[:1]) == (before, [first] if first else [])
