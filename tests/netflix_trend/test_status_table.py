"""The table of `status`: columns, the next step, JSON."""

from __future__ import annotations

import json

import pytest

from netflix_trend.status_table import CODES, Row, as_json, as_text, from_json, next_step, works, worst

FINE = Row("SyftBox", "SyftBox 0.4 (Python)")
LOOK = Row("taking part", "somebody should have a look at this", "look here", "look")
UNKNOWN = Row("services", "Docker does not run", "unknown", "start Docker")
WRONG = Row("token", "it ended on 2026-01-01", "wrong", "sign in again")


@pytest.mark.parametrize(
    ("rows", "step", "is_working"),
    [
        ([FINE], "none, it works", True),
        ([FINE, LOOK], "look", True),
        ([LOOK, WRONG], "sign in again", False),
        ([LOOK, UNKNOWN], "start Docker", False),
        ([WRONG, Row("disk", "full", "wrong", "free it")], "sign in again", False),
        ([Row("x", "broken", "wrong")], "see what is wrong above", False),
    ],
)
def test_there_is_one_next_step(rows: list[Row], step: str, is_working: bool) -> None:
    assert (next_step(rows).text, works(rows)) == (step, is_working)
    found = json.loads(as_json(rows))
    assert (found["next_step"], found["works"]) == (step, is_working)
    assert as_text(rows, 80).splitlines()[-1].split(":", 1)[1].strip() == step
    assert from_json(as_json(rows).encode()) == rows


@pytest.mark.parametrize(
    ("rows", "code"),
    [([FINE], 0), ([FINE, LOOK], 3), ([LOOK, UNKNOWN], 4), ([UNKNOWN, WRONG, LOOK], 1), ([], 0)],
)
def test_scripts_get_a_code_for_the_worst_row(rows: list[Row], code: int) -> None:
    assert CODES[worst(rows)] == code
    assert json.loads(as_json(rows))["code"] == code
    assert works(rows) == (code in (0, 3))


@pytest.mark.parametrize("width", [24, 33, 40, 60, 80, 200])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    text = as_text([FINE, LOOK, WRONG, Row("datasites", "/a" * 60)], width)
    assert max(len(line) for line in text.splitlines()) <= width
    for row in (FINE, LOOK, WRONG):
        assert row.name in text
        assert f"{row.mark}: {row.text}" in " ".join(text.split())


def test_rows_are_two_columns() -> None:
    assert as_text([FINE, LOOK], 40) == (
        "SyftBox      fine: SyftBox 0.4 (Python)\n"
        "taking part  look here: somebody should\n"
        "             have a look at this\n"
        "next step    look here: look"
    )


def test_what_was_read_somewhere_does_not_move_the_cursor() -> None:
    assert as_text([Row("datasite", "a\x1b[2Jb\nc")], 80).splitlines()[0] == "datasite   fine: a?[2Jb?c"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "[]",
        "{}",
        '{"rows": 1}',
        '{"rows": [1]}',
        '{"rows": [{"name": "a"}]}',
        '{"rows": [{"name": "a", "text": "b", "mark": "good", "step": ""}]}',
        '{"rows": [{"name": "a", "text": 1, "mark": "fine", "step": ""}]}',
        json.dumps({"rows": [{"name": "a", "text": "b" * 30_000, "mark": "fine", "step": ""}]}),
        json.dumps({"rows": [{"name": "a", "text": "b", "mark": "fine", "step": ""}] * 101}),
    ],
)
def test_other_answers_of_a_container_are_refused(data: str) -> None:
    with pytest.raises(ValueError):
        from_json(data.encode())
