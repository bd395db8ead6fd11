"""Tables as CSV: read back by Python, and never a formula."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from netflix_trend.history.csv_table import to_csv
from netflix_trend.history.insights import Cell, InsightTable


def table(*rows: tuple[Cell, ...]) -> InsightTable:
    return InsightTable("a", "A", ("title", "day", "views", "hours"), rows)


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_table_is_read_back_as_it_was() -> None:
    rows = (('Ölüm, “so”\nsaid “Zoë” "x"', date(2024, 2, 29), 3, 1.25), ("", None, 0, None), ("日本", None, -1, 2.0))
    data = to_csv(table(*rows))

    assert data.startswith(b"\xef\xbb\xbftitle,day,views,hours\r\n")
    assert read(data)[1:] == [
        ['Ölüm, “so”\nsaid “Zoë” "x"', "2024-02-29", "3", "1.25"],
        ["", "", "0", ""],
        ["日本", "", "-1", "2.0"],
    ]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "\u00a0@", "\0="])
def test_a_title_is_never_a_formula(begin: str) -> None:
    title = f'{begin}HYPERLINK("http://evil.example")'
    assert read(to_csv(table((title, None, 1, None))))[1][0] == f"'{title}"


def test_other_titles_and_numbers_stay_as_they_are() -> None:
    for title in ("'71", "9-1-1", "Mr. & Mrs. = Smith", "#Alive", "$", "…"):
        assert read(to_csv(table((title, None, -5, -0.5))))[1] == [title, "", "-5", "-0.5"]
