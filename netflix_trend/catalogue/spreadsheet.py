"""The text of cells in an .xlsx file. The file may come from anybody: no entities, and everything is bounded.

An .xlsx file is a zip of XML parts (ECMA-376, part 1, 18.3): the workbook names its sheets, a sheet holds rows of
cells, and a cell of type `s` holds an index into the table of shared strings.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

# Documents with a type declaration are refused, so that there are no entities to expand or to fetch.
from xml.parsers import expat

_MAX_PARTS, _MAX_BYTES, _MAX_DEPTH = 1_000, 150_000_000, 100
_MAX_ROWS, _MAX_COLUMNS, _MAX_STRINGS, _MAX_CELL = 200_000, 60, 600_000, 2_000
_PIECE = 1 << 16
_WORKBOOK, _STRINGS = "xl/workbook.xml", "xl/sharedStrings.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_REFERENCE = re.compile(r"([A-Z]{1,3})\d{1,7}", re.ASCII)


class SpreadsheetError(Exception):
    """A file is no spreadsheet that can be read."""


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook: its name, and its rows as text, empty where a cell is."""

    name: str
    rows: tuple[tuple[str, ...], ...]


class _Archive:
    """An opened file, of which at most `_MAX_BYTES` are unpacked and at most `_MAX_ROWS` are read in all."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._opened = opened
        self._left = _MAX_BYTES
        self._rows = 0

    def parse(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        text: Callable[[str], None] = lambda _: None,
        end: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Parse a part; names come without their namespace. Raises SpreadsheetError."""
        depth = 0

        def refuse(*_: object) -> None:
            raise SpreadsheetError(f"{part} declares a document type, which a spreadsheet never does")

        def opening(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > _MAX_DEPTH:
                raise SpreadsheetError(f"{part} nests its elements more than {_MAX_DEPTH} deep")
            start(_local(name), {_local(key): value for key, value in attributes.items()})

        def closing(name: str) -> None:
            nonlocal depth
            depth -= 1
            end(_local(name))

        parser = expat.ParserCreate("utf-8")
        parser.StartDoctypeDeclHandler = refuse
        parser.buffer_text = True
        parser.StartElementHandler = opening
        parser.CharacterDataHandler = text
        parser.EndElementHandler = closing
        try:
            for piece in self._pieces(part):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except expat.ExpatError:
            raise SpreadsheetError(f"its part {part} is damaged") from None

    def count_row(self) -> None:
        """Count a row of any sheet. Raises SpreadsheetError when there are too many."""
        self._rows += 1
        if self._rows > _MAX_ROWS:
            raise SpreadsheetError(f"it has more than {_MAX_ROWS} rows")

    def _pieces(self, part: str) -> Iterator[bytes]:
        with self._opened.open(part) as file:
            # What a zip says about sizes may be wrong: only what comes out is counted.
            while piece := file.read(_PIECE):
                self._left -= len(piece)
                if self._left < 0:
                    raise SpreadsheetError(f"more than {_MAX_BYTES} bytes come out of it")
                yield piece


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def read_sheets(file: BinaryIO) -> list[Sheet]:
    """Return the visible sheets of an .xlsx file in the order of the workbook. Raises SpreadsheetError."""
    try:
        with zipfile.ZipFile(file) as opened:
            if len(opened.namelist()) > _MAX_PARTS:
                raise SpreadsheetError(f"it has more than {_MAX_PARTS} parts")
            archive = _Archive(opened)
            targets = _targets(archive)
            strings = _shared_strings(archive) if _STRINGS in opened.namelist() else []
            return [Sheet(name, _rows(archive, targets[key], strings)) for name, key in _sheets(archive)]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        # RuntimeError: an encrypted part; NotImplementedError: a compression that nobody uses.
        raise SpreadsheetError("it is damaged or encrypted") from None
    except KeyError:
        raise SpreadsheetError("a part of it is missing") from None


def _sheets(archive: _Archive) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            found.append((attributes.get("name", "")[:100], attributes.get("id", "")))
            if len(found) > _MAX_PARTS:
                raise SpreadsheetError(f"it has more than {_MAX_PARTS} sheets")

    archive.parse(_WORKBOOK, start)
    return found


def _targets(archive: _Archive) -> dict[str, str]:
    """Return the part of each relation of the workbook."""
    found: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            found[attributes.get("Id", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            if len(found) > _MAX_PARTS:
                raise SpreadsheetError(f"it names more than {_MAX_PARTS} parts")

    archive.parse(_RELATIONS, start)
    return found


def _shared_strings(archive: _Archive) -> list[str]:
    """Return the table of shared strings; runs of one string are joined, readings (`rPh`) are left out."""
    found: list[str] = []
    inside: list[str] = []
    parts: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        inside.append(name)

    def text(piece: str) -> None:
        if inside and inside[-1] == "t" and "rPh" not in inside:
            parts.append(piece)

    def end(name: str) -> None:
        inside.pop()
        if name == "si":
            if len(found) >= _MAX_STRINGS:
                raise SpreadsheetError(f"it has more than {_MAX_STRINGS} texts")
            # Cells share the text as it is kept: a copy for each would be too much.
            found.append("".join(parts)[:_MAX_CELL].strip())
            parts.clear()

    archive.parse(_STRINGS, start, text, end)
    return found


def _rows(archive: _Archive, part: str, strings: list[str]) -> tuple[tuple[str, ...], ...]:
    reader = _RowReader(strings, archive.count_row)
    archive.parse(part, reader.start, reader.text, reader.end)
    return tuple(reader.rows)


class _RowReader:
    """Collects the rows of a sheet."""

    def __init__(self, strings: list[str], count_row: Callable[[], None]) -> None:
        self.rows: list[tuple[str, ...]] = []
        self._strings = strings
        self._count_row = count_row
        self._row: dict[int, str] = {}
        self._column, self._kind = 0, ""
        self._parts: list[str] = []
        self._is_text = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._row, self._column = {}, 0
        elif name == "c":
            self._column = _column(attributes.get("r", "")) or self._column + 1
            self._kind, self._parts = attributes.get("t", "n"), []
        self._is_text = name in ("v", "t")

    def text(self, piece: str) -> None:
        if self._is_text:
            self._parts.append(piece)

    def end(self, name: str) -> None:
        self._is_text = False
        if name == "c" and self._column <= _MAX_COLUMNS:
            self._row[self._column] = self._cell()
        elif name == "row":
            self._count_row()
            last = max(self._row, default=0)
            self.rows.append(tuple(self._row.get(column, "") for column in range(1, last + 1)))

    def _cell(self) -> str:
        value = "".join(self._parts)[:_MAX_CELL].strip()
        if self._kind != "s":
            return value
        if not (value.isascii() and value.isdigit() and len(value) < 8 and int(value) < len(self._strings)):
            raise SpreadsheetError("a cell names a text that is not there")
        return self._strings[int(value)]


def _column(reference: str) -> int:
    """Return the number of a column from 1, such as 28 for `AB7`; 0 if the reference is none."""
    found = _REFERENCE.fullmatch(reference)
    number = 0
    for letter in found[1] if found else "":
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
