from __future__ import annotations

import pytest

from netflix_trend.plain_text import printable, without_name


def test_no_character_moves_the_cursor() -> None:
    assert printable("a\n\x1b[2Jb\udcff", "?") == "a??[2Jb?"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("a.csv: this is a picture.", "This is a picture."),
        ("in/a.csv: no such file.", "No such file."),
        ("a.csv, row 1: found the columns 'a'.", "Row 1: found the columns 'a'."),
        ("a.csv.zip: this zip is damaged.", "a.csv.zip: this zip is damaged."),
        ("nothing begins with a.csv: so it stays", "nothing begins with a.csv: so it stays"),
        ("a.csv: ", "a.csv: "),
        ("", ""),
    ],
)
def test_a_message_is_told_without_the_name_that_stands_before_it(message: str, told: str) -> None:
    assert without_name(message, "a.csv", "in/a.csv") == told
