"""A table of what was found: each row is fine, asks to be looked at, is wrong, or cannot be told. For terminals, pages
and scripts.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from netflix_trend.plain_text import printable

Mark = Literal["fine", "look here", "wrong", "unknown"]
# Exit codes of `status`, the worst first; 2 is that of a wrong option.
CODES: Mapping[Mark, int] = {"wrong": 1, "unknown": 4, "look here": 3, "fine": 0}
NEXT_STEP = "next step"
_NARROWEST = 24
_MOST_ROWS = 100
_LONGEST_TEXT = 20_000


@dataclass(frozen=True)
class Row:
    """A row. step: what to do, unless it is fine."""

    name: str
    text: str
    mark: Mark = "fine"
    step: str = ""


def works(rows: Sequence[Row]) -> bool:
    """Return whether nothing is wrong, as far as everything can be told."""
    return worst(rows) in ("look here", "fine")


def worst(rows: Sequence[Row]) -> Mark:
    """Return the worst mark of some rows; what is wrong is worse than what cannot be told."""
    marks = {row.mark for row in rows}
    return next((mark for mark in CODES if mark in marks), "fine")


def next_step(rows: Sequence[Row]) -> Row:
    """Return the last row: the one step for the first row of the worst kind."""
    for mark in CODES:
        if step := next((row.step for row in rows if row.mark == mark and row.step), ""):
            return Row(NEXT_STEP, step, mark)
    return Row(NEXT_STEP, "see what is wrong above", "wrong") if not works(rows) else Row(NEXT_STEP, "none, it works")


def as_text(rows: Sequence[Row], width: int) -> str:
    """Return the rows in two columns, wrapped at `width` characters, with the next step as the last row."""
    rows = [*rows, next_step(rows)]
    margin = max(len(row.name) for row in rows) + 2
    if width < margin + _NARROWEST:
        margin = 2
    return "\n".join(_wrapped(row, margin, max(width, _NARROWEST)) for row in rows)


def _wrapped(row: Row, margin: int, width: int) -> str:
    space = " " * margin
    # A name that was read somewhere must not move the cursor.
    text = printable(f"{row.mark}: {row.text}", instead="?")
    lines = textwrap.wrap(text, width, initial_indent=space, subsequent_indent=space, break_on_hyphens=False)
    if len(row.name) + 2 > margin:
        return "\n".join([row.name, *lines])
    return "\n".join([row.name + lines[0][len(row.name) :], *lines[1:]])


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as JSON, with the next step, whether it works, and the exit code."""
    everything = [asdict(row) for row in rows]
    found = {"works": works(rows), "code": CODES[worst(rows)], "next_step": next_step(rows).text, "rows": everything}
    return json.dumps(found, indent=2)


def from_json(data: bytes) -> list[Row]:
    """Return the rows that `as_json` has written elsewhere. Raises ValueError for anything else."""
    found = json.loads(data)
    rows = found.get("rows") if isinstance(found, dict) else None
    if not isinstance(rows, list) or len(rows) > _MOST_ROWS:
        raise ValueError("not a list of rows")
    return [_row(one) for one in rows]


def _row(one: Any) -> Row:
    if not isinstance(one, dict) or set(one) != {"name", "text", "mark", "step"}:
        raise ValueError("not a row")
    if not all(isinstance(value, str) and len(value) <= _LONGEST_TEXT for value in one.values()):
        raise ValueError("not a row of texts")
    if one["mark"] not in get_args(Mark):
        raise ValueError("not a mark")
    return Row(**one)
