"""Reading an export: bytes to rows, one at a time. What a row means is decided in `dates` and `titles`.

Netflix delivers two files: `NetflixViewingHistory.csv` (`Title,Date`; one row a title, the last time it was seen) and
`ViewingActivity.csv` (one row each time something was played). People open them in other programs and save them
again, so encoding, delimiter, quoting, columns and their order all vary
(docs/method/reading-exports.md#saved-again).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, Literal

from netflix_trend.delivery.file_kinds import HEAD, what_it_is
from netflix_trend.history.code_pages import code_page_of
from netflix_trend.history.dates import DateQuestion
from netflix_trend.history.double_encoding import pages_of_double_encoding
from netflix_trend.history.records import MAX_CELL, THREE_NUMBERS, csv_records, from_first_line, line_blocks
from netflix_trend.language import _

if TYPE_CHECKING:
    from netflix_trend.history.household import ProfileQuestion

ExportKind = Literal["viewing_history", "viewing_activity"]
# Reason of an export whose bytes are gone or were changed after they had come.
BYTES_LOST = "bytes_lost"

_MAX_DATES = 20_000
# A date has no more characters.
_MAX_DATE = 100
# So many rows are looked at together, when none of them needs a repair.
ROWS_TOGETHER = 500
_BLOCK = 1 << 20
# So many bytes show the code page of a file.
_SAMPLE = 4 << 20
_DELIMITERS = (",", ";", "\t")
# Files that were refused for these reasons may be read later.
_KEPT = frozenset({"too_large_for_memory", "stopped_the_import", BYTES_LOST})
_ASCII = bytes(range(128))
_ASCII_BLANK = bytes.maketrans(_ASCII, b" " * len(_ASCII))
_ONLY_A_DATE = re.compile(r"[\d\s./\-\u200f]{6,14}")
_START = re.compile(r"\d{1,4}\D\d{1,2}\D\d{1,4}[ T]\d{1,2}:\d\d\b.*")
_DURATION = re.compile(r"\d{1,3}:\d\d(:\d\d)?")

# Netflix writes English headers in every language, but programs and people translate them.
_TITLE_WORDS = """
title titel título titulo títol titolo titre titlu titull tytuł tytul název názov naslov naziv cím nimi nimike nimeke
rubrik tittel titill pealkiri nosaukums pavadinimas başlık başlik baslik ad τίτλος название наименование заголовок назва
заглавие наслов כותרת שם العنوان عنوان タイトル 作品 제목 标题 標題 片名 ชื่อเรื่อง ชื่อ tiêuđề judul
tajuk pamagat शीर्षक izenburua
"""
_DATE_WORDS = """
date datum fecha data dato dată päivämäärä pvm tarih dátum dagsetning kuupäev datums ημερομηνία дата датум תאריך التاريخ
تاريخ 日付 날짜 日期 วันที่ ngày tanggal tarikh petsa दिनांक तारीख eguna
"""
_ACTIVITY = (
    *("profilename", "starttime", "duration", "attributes", "title", "supplementalvideotype", "devicetype"),
    *("bookmark", "latestbookmark", "country"),
)
# The columns read from ViewingActivity.csv, in the order of the cells in a row.
_ACTIVITY_NEEDED = ("starttime", "duration", "title")
_ACTIVITY_USED = ("profilename", "starttime", "duration", "attributes", "title", "supplementalvideotype", "devicetype")


def _label(cell: str) -> str:
    return re.sub(r"[\W_]", "", cell.lower())


_TITLES = frozenset(map(_label, _TITLE_WORDS.split()))
_DATES = frozenset(map(_label, _DATE_WORDS.split()))
# The first line that spreadsheets write and read to name the delimiter.
_NAMED_DELIMITER = re.compile(r'\s*"?sep=([,;|\t])"?\s*', re.IGNORECASE)


class ExportError(Exception):
    """A file cannot be used. reason: one word for counters. The message says what, where and what to do.

    known: what was learned about it anyway, under the names of `./run.sh read --json`. question: what the person must
    answer so that the file can be used.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        known: Mapping[str, object] | None = None,
        question: DateQuestion | ProfileQuestion | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.known = dict(known or {})
        self.question = question

    @property
    def is_final(self) -> bool:
        """Whether nothing that the person can answer or do makes the file usable."""
        return self.question is None and self.reason not in _KEPT


@dataclass(frozen=True)
class ExportFile:
    """An opened export: its format and its rows.

    columns are the places of title and date, or of `_ACTIVITY_USED` with -1 for one that is missing. width is the
    number of cells in the header, unnamed the places of its empty ones. `records` yields (line number from 1, cells) of
    every line after the header.
    """

    kind: ExportKind
    encoding: TextEncoding
    delimiter: str
    columns: tuple[int, ...]
    width: int
    unnamed: frozenset[int]
    records: Iterator[tuple[int, list[str]]]

    def rows(self, damaged: Callable[[int, str], None]) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield (line number, cells in the order of `columns`); unreadable rows go to `damaged`."""
        for numbers, columns in self.blocks(damaged):
            yield from zip(numbers, zip(*columns, strict=True), strict=True)

    def blocks(self, damaged: Callable[[int, str], None]) -> Iterator[tuple[Sequence[int], Sequence[Sequence[str]]]]:
        """Yield the line numbers and the columns of some rows at a time, as `rows` has them."""
        is_activity = self.kind == "viewing_activity"
        dates = set[str]()
        while block := list(islice(self.records, ROWS_TOGETHER)):
            numbers, rows = zip(*block, strict=True)
            columns: Sequence[Sequence[str]] | None = None
            if set(map(len, rows)) == {self.width}:
                columns = self._plain_activity(rows) if is_activity else self._plain_history(rows, dates)
            if columns is None:
                read = self._activity_cells if is_activity else self._history_cells
                found = [(number, _usable(number, cells, read, damaged)) for number, cells in block]
                usable = [(number, cells) for number, cells in found if cells is not None]
                if not usable:
                    continue
                numbers, usable_rows = zip(*usable, strict=True)
                columns = list(zip(*usable_rows, strict=True))
            yield numbers, columns

    def _plain_history(self, rows: Sequence[list[str]], dates: set[str]) -> list[list[str]] | None:
        """Return titles and dates of rows of which none needs a repair, as nearly all are, otherwise None.

        dates: texts of dates that are known to need none.
        """
        title_at, date_at = self.columns
        titles, days = [cells[title_at] for cells in rows], [cells[date_at] for cells in rows]
        if not _are_plain(titles):
            return None
        for day in set(days) - dates:
            if not THREE_NUMBERS.search(day) or _text_problem(day, _MAX_DATE):
                return None
            if len(dates) < _MAX_DATES:
                dates.add(day)
        return [list(map(str.strip, titles)), days]

    def _plain_activity(self, rows: Sequence[list[str]]) -> list[list[str]] | None:
        """Return the columns of rows of which none needs a repair, as nearly all are, otherwise None."""
        columns = [[cells[place] for cells in rows] if place >= 0 else [""] * len(rows) for place in self.columns]
        # What does not begin like a start may be the header once more.
        if not all(map(_are_plain, columns)) or not all(start[:1].isdecimal() for start in columns[1]):
            return None
        return [list(map(str.strip, column)) for column in columns]

    def _history_cells(self, cells: list[str]) -> Sequence[str] | str | None:
        title_at, date_at = self.columns
        if len(cells) == 1 and self.width > 1:
            cells = _unwrapped(cells[0], self.delimiter, is_date_first=date_at < title_at)
        if len(cells) != self.width or not THREE_NUMBERS.search(cells[date_at]):
            cells = self._realigned(cells, title_at, date_at)
        if date_at < len(cells) <= title_at and THREE_NUMBERS.search(cells[date_at]):
            cells = [
                *cells,
                *[""] * (title_at + 1 - len(cells)),
            ]  # an empty title at the end, cut off with its delimiter
        if len(cells) <= max(title_at, date_at):
            return _(
                "too few cells (%(cells)s instead of %(width)s); the row is cut off", cells=len(cells), width=self.width
            )
        title, day = cells[title_at], cells[date_at]
        if _label(title) in _TITLES and _label(day) in _DATES:
            return None  # the header again: two exports in one file
        problem = _text_problem(title) or _text_problem(day, _MAX_DATE)
        return problem or (title.strip().replace("\n", " "), day)

    def _realigned(self, cells: list[str], title_at: int, date_at: int) -> list[str]:
        """Repair an unquoted delimiter inside a title, which shifts the following cells to the right."""
        surplus = max(0, len(cells) - self.width)
        if date_at > title_at:
            # Programs cut or pad rows to the same length, so the date's position shows the shift. A column with a name
            # holds something else.
            places = [date_at + surplus, date_at, *range(len(cells) - 1, date_at - 1, -1)]
            there = [place for place in places if place < len(cells) and THREE_NUMBERS.search(cells[place])]
            shift = there[0] - date_at if there else surplus
            if not surplus and (
                (there and there[0] not in self.unnamed)
                or not any(part.strip() for part in cells[title_at + 1 : title_at + shift + 1])
            ):
                return cells
        else:
            shift = len(cells) - self.width
        if shift <= 0:
            return cells
        title = self.delimiter.join(cells[title_at : title_at + shift + 1])
        return [*cells[:title_at], title, *cells[title_at + shift + 1 :]]

    def _activity_cells(self, cells: list[str]) -> Sequence[str] | str | None:
        if len(cells) <= max(self.columns):
            return _(
                "too few cells (%(cells)s instead of %(width)s); the row is cut off", cells=len(cells), width=self.width
            )
        if any(cells[self.width :]):
            joined = self._with_title_joined(cells)
            if joined is None:
                return _(
                    "%(cells)s cells instead of %(width)s; a delimiter stands somewhere without quotes",
                    cells=len(cells),
                    width=self.width,
                )
            cells = joined
        found = [cells[place].strip().replace("\n", " ") if place >= 0 else "" for place in self.columns]
        if found[1].lower().replace(" ", "") == "starttime":
            return None
        return next((problem for cell in found if (problem := _text_problem(cell))), None) or found

    def _with_title_joined(self, cells: list[str]) -> list[str] | None:
        """Repair an unquoted delimiter inside a title of ViewingActivity.csv; None if it is somewhere else."""
        surplus, start_at, title_at = len(cells) - self.width, self.columns[1], self.columns[4]
        end = title_at + surplus + 1
        if title_at < start_at or not any(cells[title_at + 1 : end]) or not _START.fullmatch(cells[start_at].strip()):
            return None
        return [*cells[:title_at], self.delimiter.join(cells[title_at:end]), *cells[end:]]


def _usable(
    number: int,
    cells: list[str],
    read: Callable[[list[str]], Sequence[str] | str | None],
    damaged: Callable[[int, str], None],
) -> Sequence[str] | None:
    """Return the result of `read` for a row; None for an empty line, a second header, and a row that is damaged."""
    if not cells or (len(cells) == 1 and not cells[0].strip()):
        return None
    found = read(cells)
    if isinstance(found, str):
        damaged(number, found)
        return None
    return found


def open_export(stream: BinaryIO, name: str) -> ExportFile:
    """Detect the format of a seekable stream from its beginning. `name` is used in messages only.

    Raises ExportError: `empty` for no content, `header` if the needed columns are missing.
    """
    encoding = detect_encoding(stream)
    stream.seek(0)
    blocks = line_blocks(stream, encoding.name)
    before, block = from_first_line(blocks)
    named = _NAMED_DELIMITER.fullmatch(block[0].strip("\ufeff")) if block else None
    if named is not None:
        more, block = from_first_line(chain([block[1:]], blocks))
        before += 1 + more
    if not block:
        raise ExportError(
            "empty", _("%(name)s: the file is empty, or holds no text. Download it again from Netflix.", name=name)
        )
    delimiter = named[1] if named is not None else _delimiter(block[0])
    records = csv_records(chain([block], blocks), delimiter, before)
    number, cells = next(records)
    # The header may be quoted once more as a whole, as rows may.
    header = number, _unwrapped(cells[0], delimiter) if len(cells) == 1 else cells
    second = next(records, None)
    rest = records if second is None else chain([second], records)
    found = _columns([cell.strip("\ufeff") for cell in header[1]], second[1] if second else [])
    if found is None:
        stream.seek(0)
        other = what_it_is(stream.read(HEAD))
        labels = ", ".join(cell.strip()[:40] for cell in header[1])[:200]
        columns_told = _(
            "%(name)s, row 1: found the columns %(labels)s, expected 'Title,Date' or 'Profile "
            "Name,Start Time,...'. Give NetflixViewingHistory.csv or ViewingActivity.csv as Netflix "
            "delivered it.",
            name=name,
            labels=repr(labels),
        )
        raise ExportError("header", f"{name}: {other}" if other else columns_told)
    kind, columns, has_header = found
    unnamed = frozenset(place for place, cell in enumerate(header[1]) if not cell.strip())
    if kind == "viewing_history" and second and len(second[1]) == len(header[1]):
        columns = _with_dates(columns, second[1], unnamed)
    rows = iter(rest) if has_header else chain([header], rest)
    # Columns that the second row shows may lie behind the end of a header that is cut off.
    width = len(header[1]) if max(columns) < len(header[1]) or second is None else len(second[1])
    return ExportFile(kind, encoding, delimiter, columns, width, unnamed, rows)


def _with_dates(columns: tuple[int, ...], cells: list[str], unnamed: frozenset[int]) -> tuple[int, ...]:
    """Return the columns of a history with the one that holds dates, if the column called so holds something else.

    cells: the first row. Programs that read the page of Netflix write a moment as a number, and the date beside it.
    """
    title_at, date_at = columns
    if not cells[date_at].strip() or THREE_NUMBERS.search(cells[date_at]):
        return columns
    others = [place for place, cell in enumerate(cells) if place not in {title_at, *unnamed} and _is_day(cell)]
    return (title_at, others[0]) if len(others) == 1 else columns


@dataclass(frozen=True)
class TextEncoding:
    """The encoding of a file.

    name: as Python calls it. is_sure: whether its letters show it. doubled: the code pages by which another program may
    have saved letters wrongly (`double_encoding`).
    """

    name: str
    is_sure: bool = True
    doubled: frozenset[str] = frozenset()


def detect_encoding(stream: BinaryIO) -> TextEncoding:
    """Return the encoding of a stream at its beginning, from all of its bytes, a block at a time."""
    head = stream.read(64)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return TextEncoding("utf-16")
    if head[1:20:2].count(0) > 5 or head[0:20:2].count(0) > 5:  # UTF-16 without a byte-order mark
        return TextEncoding("utf-16-le" if head[1:2] == b"\0" else "utf-16-be")
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    number = bad = 0
    doubled: frozenset[str] = frozenset()
    block = head
    while block:
        high = block.translate(None, _ASCII)
        number += len(high)
        bad += decoder.decode(block).count("\ufffd")
        # Quickly without ASCII; but there, the letters of two words may look like a wrong pair.
        if pages_of_double_encoding(high.decode("utf-8", "ignore")):
            words = set(block.translate(_ASCII_BLANK).split())
            doubled |= pages_of_double_encoding(b" ".join(words).decode("utf-8", "ignore"))
        block = stream.read(_BLOCK)
    bad += decoder.decode(b"", final=True).count("\ufffd")
    # Every letter with an accent is one bad byte in a code page; in UTF-8 most are two good ones and a few may be
    # damaged.
    if number - bad >= 2 * bad:
        return TextEncoding("utf-8", doubled=doubled)
    stream.seek(0)
    page = code_page_of(stream.read(_SAMPLE))
    return TextEncoding(page.name, page.is_sure)


def _delimiter(first: str) -> str:
    # A title in the first row may contain other delimiters; a row quoted once more has none outside of quotes.
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=lambda sign: (bare.count(sign), first.count(sign)))


_Columns = tuple[ExportKind, tuple[int, ...], bool]


def _columns(header: list[str], second: list[str]) -> _Columns | None:
    """Return the kind, the positions of its columns, and whether the first row is a header; None for other files."""
    labels = [_label(cell) for cell in header]
    named = _named_columns(labels)
    if named is not None or len(set(labels) & set(_ACTIVITY)) > 1:
        return named
    # No header, or one in another language.
    return _activity_by_content(header, second) or _history_by_content(header)


def _named_columns(labels: list[str]) -> _Columns | None:
    if set(_ACTIVITY_NEEDED) <= set(labels):
        places = tuple(labels.index(label) if label in labels else -1 for label in _ACTIVITY_USED)
        return "viewing_activity", places, True
    title_at = next((place for place, label in enumerate(labels) if label in _TITLES), -1)
    date_at = next((place for place, label in enumerate(labels) if label in _DATES and place != title_at), -1)
    return ("viewing_history", (title_at, date_at), True) if title_at >= 0 and date_at >= 0 else None


def _activity_by_content(header: list[str], second: list[str]) -> _Columns | None:
    """Recognize ViewingActivity.csv by a start and a duration in the first row or the second."""
    for row, has_header in ((header, False), (second, True)):
        if len(row) >= len(_ACTIVITY) and _START.fullmatch(row[1].strip()) and _DURATION.fullmatch(row[2].strip()):
            return "viewing_activity", tuple(_ACTIVITY.index(label) for label in _ACTIVITY_USED), has_header
    return None


def _history_by_content(first: list[str]) -> _Columns | None:
    """Recognize NetflixViewingHistory.csv without its header: two cells, one of them a date."""
    if len(first) != 2:
        return None
    are_days = [_is_day(cell) for cell in first]
    if are_days.count(True) != 1:
        return None
    return "viewing_history", (are_days.index(False), are_days.index(True)), False


def _is_day(cell: str) -> bool:
    return bool(_ONLY_A_DATE.fullmatch(cell.strip()) and THREE_NUMBERS.search(cell))


def _unwrapped(cell: str, delimiter: str, *, is_date_first: bool = False) -> list[str]:
    """Split a row that was quoted once more as a whole; its title may hold the delimiter, its date does not."""
    title, found, day = cell.partition(delimiter) if is_date_first else cell.rpartition(delimiter)
    return [title.strip().strip('"'), day.strip().strip('"')] if found else [cell]


def _are_plain(cells: Sequence[str]) -> bool:
    """Return whether no cell holds a line break or has a `_text_problem`."""
    text = "\n".join(cells)
    return "\ufffd" not in text and text.count("\n") < len(cells) and max(map(len, cells)) <= MAX_CELL


def _text_problem(cell: str, max_length: int = MAX_CELL) -> str | None:
    if len(cell) > max_length:
        return _("a cell is too long to be a title or a date")
    if "\ufffd" in cell:
        return _("it holds bytes that are no text")
    return None
