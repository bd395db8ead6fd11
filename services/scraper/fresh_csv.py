"""Checks that a download is a viewing history that is not damaged. The processor is less strict: it also reads edited
files.

Chromium takes a truncated response without a length for complete, so the content is checked. What is checked is damage,
which does not depend on what was watched: a history that is empty or shorter than last time is fetched like any other,
since otherwise a missing answer would tell about it.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date

from services.scraper.failures import Failure

MAX_DOWNLOAD = 20_000_000
# The person is told of a history that lost more than this share since the last run.
KEPT_SHARE = 0.9
_GOOD_DATES = 0.95
_NUMBER = re.compile(r"\d+")


def check_download(data: bytes, min_rows: int) -> int:
    """Return the number of titles in a downloaded file.

    min_rows: rows that the page showed. Raises Failure("DOWNLOAD_FAILED") for a page in place of the file, otherwise
    Failure("DOWNLOAD_INVALID"); both with counts and no content.
    """
    if data[:100].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise Failure("DOWNLOAD_FAILED", "a page came instead of the file")
    rows = _rows(data)
    if rows:
        share = max(sum(_is_day(row[1], order) for row in rows) for order in ((2, 0, 1), (2, 1, 0), (0, 1, 2)))
        if share < _GOOD_DATES * len(rows):
            raise Failure("DOWNLOAD_INVALID", f"dates fit in {share} of {len(rows)} rows")
    if len(rows) < min_rows:
        raise Failure("DOWNLOAD_INVALID", f"{len(rows)} rows, the page shows {min_rows}")
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
