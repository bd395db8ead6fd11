"""A table as a CSV file for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from netflix_trend.history.insights import Cell, InsightTable

# Spreadsheets run a text that begins so as a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_csv(table: InsightTable) -> bytes:
    """Return a table as CSV: UTF-8 with a byte order mark, a header of column names, safe cells."""
    data = csv_file(table.columns, ([safe_cell(cell) for cell in row] for row in table.rows))
    return "\ufeff".encode() + data


def csv_file(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return cells as they are as CSV: UTF-8 without a byte order mark, which importers take for a part of the first
    heading.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    # Lone surrogates cannot be in UTF-8; DuckDB holds none, and a table from elsewhere must not fail.
    return text.getvalue().encode("utf-8", "replace")


def safe_cell(cell: Cell) -> str | int | float:
    """Return a cell that no spreadsheet runs: a text that it would take for a formula begins with an apostrophe. Days
    are ISO dates, no value is an empty cell.
    """
    if cell is None:
        return ""
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    if isinstance(cell, str) and cell.lstrip(" \u00a0\ufeff\0").startswith(_FORMULA):
        return f"'{cell}"
    return cell
