"""Checks that a download is a complete viewing history. The processor is less strict: it also reads edited files.

Chromium takes a truncated response without a length for complete, so the content is checked.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date

from services.scraper.failures import Failure

MAX_DOWNLOAD = 20_000_000
# A history that lost more than this share since the last run is not queued.
KEPT_SHARE = 0.9
_GOOD_DATES = 0.95
_NUMBER = re.compile(r"\d+")


def check_download(data: bytes, min_rows: int, rows_before: int | None) -> int:
    """Return the number of titles in a downloaded file.

    min_rows: rows that the page showed. rows_before: titles of the last run, None at first. Raises
    Failure("DOWNLOAD_INVALID") or Failure("SHORTER_HISTORY"), with counts and no content.
    """
    rows = _rows(data)
    if rows:
        share = max(sum(_is_day(row[1], order) for row in rows) for order in ((2, 0, 1), (2, 1, 0), (0, 1, 2)))
        if share < _GOOD_DATES * len(rows):
            raise Failure("DOWNLOAD_INVALID", f"dates fit in {share} of {len(rows)} rows")
    if len(rows) < min_rows:
        raise Failure("DOWNLOAD_INVALID", f"{len(rows)} rows, the page shows {min_rows}")
    if rows_before is not None and len(rows) < KEPT_SHARE * rows_before:
        raise Failure("SHORTER_HISTORY", f"{len(rows)} rows, last time {rows_before}")
    return len(rows)


def _rows(data: bytes) -> list[list[str]]:
    if not 0 < len(data) <= MAX_DOWNLOAD:
        raise Failure("DOWNLOAD_INVALID", f"{len(data)} bytes")
    if not data.endswith(b"\n"):
        raise Failure("DOWNLOAD_INVALID", "the last line is cut")
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise Failure("DOWNLOAD_INVALID", "not a CSV in UTF-8") from None
    if any(len(row) != 2 for row in rows):
        raise Failure("DOWNLOAD_INVALID", "a row has not two fields")
    return rows[1:]


def _is_day(text: str, order: tuple[int, int, int]) -> bool:
    numbers = [int(number) for number in _NUMBER.findall(text[:100])]
    if len(numbers) != 3:
        return False
    year, month, day = (numbers[place] for place in order)
    try:
        date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return False
    return True
