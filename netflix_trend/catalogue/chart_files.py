"""Reads the files in which Netflix publishes what is watched. They may come from anybody: strict and bounded.

Weekly lists of the world and of countries, the most popular titles of all time (tables with a header row), and the
half-yearly "What We Watched" (some rows above the header). Each as text (.tsv, .csv) or .xlsx; the kind is recognized
by its columns, not by its name (docs/method/charts.md).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import chain, islice
from typing import Any, BinaryIO, TextIO, TypeVar

from pydantic import ValidationError

from netflix_trend.catalogue.charts import (
    LARGEST_NUMBER,
    MAX_CHARTED,
    MAX_SHOWS,
    MAX_TITLE,
    MAX_WEEKS,
    Charts,
    WeeklyChart,
    merged,
)
from netflix_trend.catalogue.keys import plain_title, title_key
from netflix_trend.catalogue.season_words import without_season
from netflix_trend.catalogue.spreadsheet import SpreadsheetError, read_sheets
from netflix_trend.causes import misfit
from netflix_trend.periods.weeks import Week

# The weekly lists of all countries have about 40 MB.
LARGEST_CHART = 120_000_000
_LARGEST_SHEET = 40_000_000
_MAX_ROWS, _MAX_LINE = 2_000_000, 100_000
# Rows above the header of "What We Watched".
_ABOVE = 20
_SERIES_SHEETS, _FILM_SHEETS = frozenset({"tv", "shows", "series"}), frozenset({"film", "films", "movies"})
_WEEKLY = frozenset({"week", "category", "weekly_rank", "show_title"})
_POPULAR = frozenset({"category", "rank", "show_title", "views_first_91_days"})
_WATCHED = frozenset({"title", "hours viewed"})
_T = TypeVar("_T")
NEXT = (
    "Download it again from Netflix's pages of the Top 10 (all weeks, as TSV or Excel) or of What We Watched, and "
    "leave it as it is"
)


class ChartFileError(Exception):
    """A file is no chart that can be read. The message says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class _Table:
    """Rows below a header. sheet: its name in a spreadsheet. lines: (number from 1, cells by column in lower case)."""

    sheet: str
    columns: frozenset[str]
    lines: Iterable[tuple[int, Mapping[str, str]]]


@dataclass(frozen=True)
class _Line:
    number: int
    cells: Mapping[str, str]

    def wrong(self, column: str, expected: str) -> ChartFileError:
        found = plain_title(self.cells.get(column, ""))[:60]
        return ChartFileError(f"line {self.number}: {column} is {found!r}, expected {expected}. {NEXT}")

    def title(self, column: str) -> str:
        text = plain_title(self.cells.get(column, ""))
        if not title_key(text) or len(text) > MAX_TITLE:
            raise self.wrong(column, f"a title of at most {MAX_TITLE} characters")
        return text

    def rank(self, column: str) -> int:
        number = self.number_of(column)
        if number is None or number > 1_000:
            raise self.wrong(column, "a place from 1 on")
        return number

    def number_of(self, column: str) -> int | None:
        """Return a positive whole number, None for an empty cell."""
        text = self.cells.get(column, "").replace(",", "")
        if text in ("", "N/A"):
            return None
        try:
            value = Decimal(text) if len(text) < 30 else Decimal(0)
        except InvalidOperation:
            value = Decimal(0)
        if not value.is_finite() or not 1 <= value <= LARGEST_NUMBER or value != value.to_integral_value():
            raise self.wrong(column, "a positive whole number")
        return int(value)

    def is_series(self) -> bool:
        """Return whether the category is one of series and not of films."""
        category = self.cells.get("category", "")
        if not category.startswith(("TV", "Films")):
            raise self.wrong("category", "TV or Films")
        return category.startswith("TV")

    def country(self) -> str:
        """Return the two letters of the country."""
        code = self.cells.get("country_iso2", "").upper()
        if not (len(code) == 2 and code.isascii() and code.isalpha()):
            raise self.wrong("country_iso2", "two letters, such as DE")
        return code

    def week(self) -> Week:
        try:
            day = date.fromisoformat(self.cells.get("week", ""))
        except ValueError:
            day = date.min
        if day.weekday() != 6 or day.year < 2000:
            raise self.wrong("week", "the Sunday that ends a week, such as 2025-12-28")
        return Week.of(day)


def read_charts(file: BinaryIO, country: str = "") -> Charts:
    """Return the charts in a file of Netflix's: those that can be used, with all their weeks.

    file: seekable; it is closed afterwards if it is text. country: two letters, whose lists are read of a file with
    countries; without it, the only one in the file. Raises ChartFileError.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    is_sheet = file.read(2) == b"PK"
    file.seek(0)
    largest = _LARGEST_SHEET if is_sheet else LARGEST_CHART
    if size > largest:
        raise ChartFileError(f"it has {size} bytes, at most {largest} are read. Give another file")
    try:
        if is_sheet:
            found = [_charts_of(table, country) for table in _sheet_tables(file)]
        else:
            with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
                found = [_charts_of(_text_table(text), country)]
    except SpreadsheetError as problem:
        raise ChartFileError(f"it cannot be read as a spreadsheet: {problem}. {NEXT}") from None
    except UnicodeDecodeError:
        raise ChartFileError(f"it is not UTF-8 text. {NEXT}") from None
    except csv.Error:
        raise ChartFileError(f"its rows are damaged or were cut off. {NEXT}") from None
    except ValidationError as error:
        raise ChartFileError(f"{misfit(error)}. {NEXT}") from None
    charts = Charts(
        weekly=tuple(one for part in found for one in part.weekly),
        popular=tuple(one for part in found for one in part.popular),
        watched=tuple(one for part in found for one in part.watched),
    )
    if charts == Charts():
        raise ChartFileError(f"it lists no series. {NEXT}")
    return charts


def _charts_of(table: _Table, country: str) -> Charts:
    if table.columns >= _WEEKLY:
        return _weekly(table, country)
    if table.columns >= _POPULAR:
        return Charts(popular=merged(_series(_popular(table))))
    if table.columns >= _WATCHED:
        return Charts(watched=merged(_series(_watched(table))))
    found = ", ".join(sorted(table.columns))[:200] or "nothing"
    raise ChartFileError(f"its columns are those of no chart; found: {found}. {NEXT}")


# --- tables


def _text_table(text: TextIO) -> _Table:
    start = text.read(4_096)
    text.seek(0)
    delimiter = "\t" if "\t" in start else (";" if start.count(";") > start.count(",") else ",")
    # Netflix does not quote what tabs separate.
    quotes: dict[str, Any] = {"quoting": csv.QUOTE_NONE} if delimiter == "\t" else {"strict": True}
    # Each line by itself: a quoted cell does not go on in the next line, so that no row can fill the memory.
    rows = (next(csv.reader([line], delimiter=delimiter, **quotes)) for line in _lines(text))
    return _table("", enumerate(rows, 1))


def _lines(text: TextIO) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: text.readline(_MAX_LINE), ""), 1):
        if len(line) == _MAX_LINE:
            raise ChartFileError(f"line {number} has {_MAX_LINE} characters or more. {NEXT}")
        yield line


def _sheet_tables(file: BinaryIO) -> list[_Table]:
    tables = [_table(sheet.name, enumerate(sheet.rows, 1)) for sheet in read_sheets(file)]
    # A workbook may begin with a page of explanations.
    known = [table for table in tables if _is_header(table.columns)]
    return known or tables[:1] or [_Table("", frozenset(), ())]


def _table(sheet: str, rows: Iterable[tuple[int, Sequence[str]]]) -> _Table:
    """Return the rows below the header, the first row with the columns of a chart; without one below the first row."""
    lines = _at_most(_MAX_ROWS, "lines", rows)
    first = list(islice(lines, _ABOVE))
    headers = [[cell.strip().lower() for cell in row] for _, row in first]
    place = next((place for place, names in enumerate(headers) if _is_header(frozenset(names))), 0)
    names = headers[place] if headers else []
    below = (
        (number, dict(zip(names, (cell.strip() for cell in row), strict=False)))
        for number, row in chain(first[place + 1 :], lines)
        if any(cell.strip() for cell in row)
    )
    return _Table(sheet, frozenset(names), below)


def _is_header(names: frozenset[str]) -> bool:
    return any(names >= columns for columns in (_WEEKLY, _POPULAR, _WATCHED))


def _at_most(most: int, what: str, rows: Iterable[_T]) -> Iterator[_T]:
    for count, row in enumerate(rows):
        if count >= most:
            raise ChartFileError(f"it has more than {most} {what}. Give another file")
        yield row


# --- lists


def _weekly(table: _Table, country: str) -> Charts:
    has_countries = "country_iso2" in table.columns
    rows: defaultdict[tuple[Week, str], list[dict[str, Any]]] = defaultdict(list)
    names: dict[str, str] = {}
    seen: set[tuple[Week, str, int]] = set()
    for number, cells in table.lines:
        line = _Line(number, cells)
        code = line.country() if has_countries else ""
        names.setdefault(code, plain_title(cells.get("country_name", ""))[:60] or code)
        if code and not country and len(names) > 1:
            several = " and ".join(sorted(names))
            raise ChartFileError(
                f"it has lists of several countries, such as {several}. Put CHART_COUNTRY=XX into .env"
            )
        if country and code and code != country:
            continue
        week, is_series, rank = line.week(), line.is_series(), line.rank("weekly_rank")
        place = (week, cells["category"], rank)
        if place in seen:
            raise line.wrong("weekly_rank", f"every place of {cells['category']} once in a week")
        seen.add(place)
        if len(rows) > MAX_WEEKS:
            raise line.wrong("week", f"one of at most {MAX_WEEKS} weeks")
        if is_series:
            rows[week, code].append(_charted(line, rank, "weekly_views", "weekly_hours_viewed"))
            if len(rows[week, code]) > MAX_CHARTED:
                raise line.wrong("week", f"a week with at most {MAX_CHARTED} series")
    if has_countries and country and country not in names:
        raise ChartFileError(f"it has no list of {country}. Check CHART_COUNTRY, or give the file of that country")
    return Charts(
        weekly=tuple(
            WeeklyChart(
                week=str(week),
                country=code,
                source=f"Netflix Top 10, {names[code] if code else 'global'}",
                shows=merged(rows[week, code]),
            )
            for week, code in sorted(rows)
        )
    )


def _series(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(_at_most(MAX_SHOWS, "rows of series", rows))


def _popular(table: _Table) -> Iterator[dict[str, Any]]:
    for one in table.lines:
        line = _Line(*one)
        if line.is_series():
            yield _charted(line, line.rank("rank"), "views_first_91_days", "hours_viewed_first_91_days")


def _charted(line: _Line, rank: int, views: str, hours: str) -> dict[str, Any]:
    return {
        "title": line.title("show_title"),
        "views": line.number_of(views),
        "hours": line.number_of(hours),
        "rank": rank,
        "aliases": (),
    }


def _watched(table: _Table) -> Iterator[dict[str, Any]]:
    """Yield the series of a sheet. Where the sheet does not say what is one, only what names its season is one."""
    words = set(table.sheet.lower().replace("-", " ").split())
    if words & _FILM_SHEETS:
        return
    for rank, (number, cells) in enumerate(table.lines, 1):
        line = _Line(number, cells)
        name, _, native = line.title("title").partition(" // ")
        show, strength = without_season(name)
        if not title_key(show) or not (words & _SERIES_SHEETS or strength == "strong"):
            continue
        alias = without_season(native)[0]
        is_other = title_key(alias) not in ("", title_key(show))
        yield {
            "title": show,
            "views": line.number_of("views"),
            "hours": line.number_of("hours viewed"),
            "rank": rank,
            "aliases": (alias,) if is_other else (),
        }
