"""A table as a CSV file for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

from netflix_trend.history.insights import Cell, InsightTable

# Spreadsheets run a text that begins so as a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_csv(table: InsightTable) -> bytes:
    """Return a table as CSV: UTF-8 with a byte order mark, a header of column names, days as ISO dates, no value as an
    empty cell. A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    # Lone surrogates cannot be in UTF-8; DuckDB holds none, and a table from elsewhere must not fail.
    return text.getvalue().encode("utf-8-sig", "replace")


def _plain(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    if isinstance(cell, str) and cell.lstrip(" \u00a0\ufeff\0").startswith(_FORMULA):
        return f"'{cell}"
    return cell
