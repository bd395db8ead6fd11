"""Reading an export: bytes to rows. What a row means is decided in `dates` and `titles`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# A longer title is no title. Python's csv module refuses longer cells by itself.
LONGEST_CELL = 10_000
_DELIMITERS = (",", ";", "\t")
_THREE_NUMBERS = re.compile(r"\d+\D+\d+\D+\d+")


class ExportError(Exception):
    """A whole file cannot be used; `reason` is one word for counters, the message says what, where and what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass
class ExportRows:
    """The rows of one export.

    titles and dates are parallel lists of text; numbers are the rows' line numbers in the file, from 1 for the
    header. damaged lists (line number, what is wrong) of rows that could not be read.
    """

    encoding: str
    delimiter: str
    numbers: list[int] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    damaged: list[tuple[int, str]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Rows in the file, damaged ones included, the header not."""
        return len(self.numbers) + len(self.damaged)


def read_rows(data: bytes, name: str) -> ExportRows:
    """Read a `Title,Date` export. A damaged row costs only itself.

    Raises ExportError: `empty` for no content, `header` when there is no title and date column.
    """
    text, encoding = _decode(data)
    text = text.lstrip("\r\n")
    if not text.strip():
        raise ExportError("empty", f"{name}: the file is empty. Download it again from Netflix.")
    header = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(_DELIMITERS, key=header.count)
    rows = ExportRows(encoding, delimiter)
    lines = _csv_rows(text, delimiter)
    title_at, date_at, width = _columns(next(lines)[1], name)
    for number, found in lines:
        cells = found
        if not cells or cells == [""]:
            continue  # a blank line
        if len(cells) > width and (date_at < title_at or not _THREE_NUMBERS.search(cells[date_at])):
            # An unquoted delimiter inside the title: the date is right of it, so cells are counted from the right.
            surplus = len(cells) - width
            cells = [
                *cells[:title_at],
                delimiter.join(cells[title_at : title_at + surplus + 1]),
                *cells[title_at + surplus + 1 :],
            ]
        if len(cells) <= max(title_at, date_at):
            rows.damaged.append((number, f"{len(cells)} cell instead of {width}; the row is cut off"))
        elif "\n" in cells[title_at] or "\n" in cells[date_at]:
            rows.damaged.append((number, "a quotation mark is missing, so it runs into the next row"))
        elif "\ufffd" in cells[title_at] or "\ufffd" in cells[date_at]:
            rows.damaged.append((number, "it holds bytes that are no text"))
        elif len(cells[title_at]) > LONGEST_CELL or len(cells[date_at]) > 100:
            rows.damaged.append((number, "a cell is too long to be a title or a date"))
        else:
            rows.numbers.append(number)
            rows.titles.append(cells[title_at].strip())
            rows.dates.append(cells[date_at])
    return rows


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), "utf-16"
    if data[1:20:2].count(0) > 5 or data[0:20:2].count(0) > 5:  # UTF-16 without its mark
        kind = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        return data.decode(kind, errors="replace"), kind
    text = data.decode("utf-8-sig", errors="replace")
    bad = text.count("\ufffd")
    if not bad:
        return text, "utf-8"
    # Every letter with an accent is a bad byte in cp1252; in UTF-8 most of them are good and a few may be damaged.
    good = sum(not character.isascii() for character in text) - bad
    return (text, "utf-8") if good > bad else (data.decode("cp1252", errors="replace"), "cp1252")


def _csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells); a row that the csv module cannot read comes as an overlong cell."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        first_line = reader.line_num + 1
        try:
            yield first_line, next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield first_line, ["x" * (LONGEST_CELL + 1), ""]


def _columns(header: list[str], name: str) -> tuple[int, int, int]:
    """Return where title and date stand, and how many cells a row has."""
    labels = [label.strip().strip("\ufeff").lower() for label in header]
    if "title" in labels and "date" in labels:
        return labels.index("title"), labels.index("date"), len(labels)
    found = ", ".join(label.strip()[:40] for label in header)[:200]
    if {"profile name", "duration"} <= set(labels):
        raise ExportError(
            "viewing_activity",
            f"{name}, row 1: this is ViewingActivity.csv from the account archive, which is not read yet. "
            "Give NetflixViewingHistory.csv: Account > Profile > Viewing activity > Download all.",
        )
    raise ExportError(
        "header",
        f"{name}, row 1: found the columns {found!r}, expected 'Title,Date'. "
        "Give NetflixViewingHistory.csv as Netflix delivered it.",
    )
