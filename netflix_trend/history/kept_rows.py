"""What reading the exports of a profile gave, kept so that the next rebuild reads new exports only.

`rows.bin` in the folder of a profile: the rows of each export as whole numbers (`file_rows`), and each of their titles
once, with what its words say. It is only ever a cache. A part is used if the bytes of its export, all that reading
depends on, and the code that reads are the same; whatever else is there is read again, and gone when the file is
written next.

It begins with the numbers, a column after the other, so that they are used where they lie in memory; then come the
titles, one a line, a description in JSON, its length, and the SHA-256 of all before.
"""

from __future__ import annotations

import hashlib
import json
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netflix_trend.history.database import BLOCK
from netflix_trend.history.exports import ExportKind
from netflix_trend.history.file_rows import PLAY_COLUMNS, FileRows, Ints, ReadFile, joined, places_of
from netflix_trend.history.titles import CERTAINTIES, KINDS, ParsedTitle
from netflix_trend.layout import KEPT_ROWS
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.damaged import Damaged, read_file
from netflix_trend.storage.files import write_atomically

if TYPE_CHECKING:
    from netflix_trend.history.staging import Staging

_FORMAT = 3
# A larger file would cost more memory than it saves time; the exports are read each time then.
_MOST_BYTES = 64_000_000
_MOST_TEXTS = 400_000
# What is kept of a title besides its text: kind, show, season, certainty, and whether it is of ViewingActivity.csv.
_OF_TITLES = ("kind", "show", "season", "certainty", "archive")
_DIGEST = hashlib.sha256().digest_size
_LINE_BREAK = b"\n"
# Of the length of the description.
_LENGTH = 8

# Gives codes to titles: texts, what was parsed, whether they are of ViewingActivity.csv.
TakeTexts = Callable[[Sequence[str], Sequence[ParsedTitle], Sequence[int]], Sequence[int]]


@dataclass(frozen=True)
class KeptFile:
    """An export that was read. mark: of all that its rows depend on besides its bytes. places: (first, end) of its rows
    among those of both kinds of export, of ViewingActivity.csv, and among the titles of rows that do not count.
    """

    mark: str
    staged: int
    report: dict[str, Any]
    places: Sequence[tuple[int, int]]

    @property
    def kind(self) -> ExportKind:
        """Which of both exports it is."""
        kind: ExportKind = self.report["kind"]
        return kind


class KeptRows:
    """The rows of a profile that are kept; nothing if the file is missing, damaged, or of another version."""

    def __init__(
        self,
        header: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Ints] | None = None,
        titles: memoryview | None = None,
    ) -> None:
        """arrays: columns of rows, and of titles with the place where each line ends in `titles`, in UTF-8."""
        header = header or {}
        self.files = {sha256: KeptFile(**file) for sha256, file in header.get("files", {}).items()}
        # The kind of each export of another profile that has no rows for this one; `none` if it is no export.
        self.kinds: dict[str, str] = header.get("kinds", {})
        self._shows, self._seasons = header.get("shows", ()), header.get("seasons", ())
        self._names, self._arrays, self._titles = header.get("names", ()), arrays or {}, titles or memoryview(b"")
        # The codes that a staging gave, -1 without one.
        self._codes = np.full(len(self._arrays.get("ends", ())), -1, np.int32)
        self._name_codes: dict[int, int] = {}

    @classmethod
    def read(cls, folder: Path) -> KeptRows:
        """Read the file in the folder of a profile."""
        try:
            data = memoryview(read_file(folder / KEPT_ROWS))
        except (FileNotFoundError, Damaged):
            return cls()
        content = data[:-_DIGEST]
        if hashlib.sha256(content).digest() != data[-_DIGEST:]:
            return cls()
        try:
            end = len(content) - _LENGTH
            begin = end - int.from_bytes(content[end:], "little")
            header = json.loads(bytes(content[begin:end]))
            if header["code"] != code_version():
                return cls()
            ends = np.cumsum(list(header["columns"].values()))
            numbers = np.split(np.frombuffer(content[: 4 * ends[-1]], "<i4"), ends[:-1])
            return cls(header, dict(zip(header["columns"], numbers, strict=True)), content[4 * ends[-1] : begin])
        except (ValueError, KeyError, TypeError, IndexError):
            return cls()

    def find(self, sha256: str, marks: Mapping[ExportKind, str]) -> KeptFile | None:
        """Return the rows of an export if they depended on the same. marks: of that, by kind of export."""
        file = self.files.get(sha256)
        return file if file and file.mark == marks[file.kind] else None

    def holds(self, files: Mapping[str, tuple[str, int]], kinds: Mapping[str, str]) -> bool:
        """Return whether these exports, and no others, are kept: by SHA-256 the mark, and a number."""
        there = {sha256: file.mark for sha256, file in self.files.items()}
        return (there, self.kinds) == ({sha256: mark for sha256, (mark, _number) in files.items()}, kinds)

    def rows(self, file: KeptFile, take: TakeTexts, name: Callable[[str], int]) -> FileRows:
        """Return the rows of a file. take, name: give codes to texts and to names of profiles and devices."""
        both, plays, others = (slice(*places) for places in file.places)
        texts, not_counted = self._arrays["texts"][both], self._arrays["others"][others]
        self._take(places_of(texts, not_counted, size=len(self._codes)), take)
        columns = {column: self._arrays[column][plays] for column in PLAY_COLUMNS}
        for column in ("profiles", "devices"):
            columns[column] = self._named(columns[column], name)
        return FileRows(
            ReadFile.of_json(file.report),
            self._codes[texts],
            self._arrays["days"][both],
            **columns,
            others=self._codes[not_counted],
            staged=file.staged,
        )

    def forget_codes(self, first: int) -> None:
        """Forget codes that the staging has taken back: those from `first` on."""
        self._codes[self._codes >= first] = -1

    def _take(self, wanted: Ints, take: TakeTexts) -> None:
        """Let the staging give codes to titles that have none yet."""
        new = wanted[self._codes[wanted] < 0]
        known: dict[tuple[int, ...], ParsedTitle] = {}
        for first in range(0, len(new), BLOCK):
            block = new[first : first + BLOCK]
            kind, show, season, certainty, archive = (self._arrays[name][block].tolist() for name in _OF_TITLES)
            titles = self._lines(block)
            parsed = []
            for codes in zip(kind, show, season, certainty, strict=True):
                if codes not in known:
                    known[codes] = self._parsed(*codes)
                parsed.append(known[codes])
            self._codes[block] = take(titles, parsed, archive)

    def _lines(self, places: Ints) -> list[str]:
        """Return the titles at sorted places."""
        ends = self._arrays["ends"]
        begins = np.where(places > 0, ends[places - 1] + 1, 0)
        if places[-1] - places[0] == len(places) - 1:
            return str(self._titles[begins[0] : ends[places[-1]]], "utf-8").split("\n")
        parts = zip(begins.tolist(), ends[places].tolist(), strict=True)
        return [str(self._titles[begin:end], "utf-8") for begin, end in parts]

    def _parsed(self, kind: int, show: int, season: int, certainty: int) -> ParsedTitle:
        named, index = self._shows[show] if show >= 0 else (None, -1)
        part = self._seasons[season] if season >= 0 else None
        said = CERTAINTIES[max(certainty, 0)]  # of an open title nothing is said
        return ParsedTitle(KINDS[kind] if kind >= 0 else None, named, part, index, said)

    def _named(self, places: Ints, name: Callable[[str], int]) -> Ints:
        different, inverse = np.unique(places, return_inverse=True)
        for place in different.tolist():
            if place not in self._name_codes:
                self._name_codes[place] = name(self._names[place])
        return np.array([self._name_codes[place] for place in different.tolist()], np.int32)[inverse]


def write(folder: Path, content: bytes | None) -> None:
    """Keep what `content_of` gave; None: keep nothing. Raises OSError; then the file is as it was before, or gone."""
    if content is None:
        (folder / KEPT_ROWS).unlink(missing_ok=True)
        return
    # A cache may be lost in a power cut: then its digest does not match, and everything is read again.
    write_atomically(folder / KEPT_ROWS, content, durable=False)


def content_of(staging: Staging, files: Mapping[str, tuple[str, int]], kinds: Mapping[str, str]) -> bytes | None:
    """Return the bytes that keep the rows of these exports: by SHA-256 the mark and the number in `staging`. None if
    they are too many. kinds: as in `KeptRows`.
    """
    rows = {sha256: staging.files[number] for sha256, (_mark, number) in files.items()}
    read = {sha256: one for sha256, one in rows.items() if one is not None}
    plays = [one for one in read.values() if one.is_archive]
    columns = {name: joined(getattr(one, name) for one in read.values()) for name in ("texts", "days", "others")}
    columns |= {name: joined(getattr(one, name) for one in plays) for name in PLAY_COLUMNS}
    used = places_of(columns["texts"], columns["others"], size=staging.texts.count)
    if len(used) > _MOST_TEXTS or sum(column.nbytes for column in columns.values()) > _MOST_BYTES:
        return None
    columns["texts"], columns["others"] = (
        np.searchsorted(used, columns["texts"]),
        np.searchsorted(used, columns["others"]),
    )
    names = np.unique(joined([columns["profiles"], columns["devices"]]))
    for name in ("profiles", "devices"):
        columns[name] = np.searchsorted(names, columns[name])
    texts = {name: column[used] for name, column in staging.texts.columns().items()}
    lists: dict[str, list[Any]] = {}
    for name, known in (("show", list(staging.texts.shows)), ("season", list(staging.texts.seasons))):
        different = np.unique(texts[name][texts[name] >= 0])
        lists[f"{name}s"] = [known[code] for code in different.tolist()]
        texts[name] = np.where(texts[name] >= 0, np.searchsorted(different, texts[name]), -1)
    titles = bytearray()
    for lines in staging.stored_titles(used):
        titles += lines.encode() + _LINE_BREAK
        if len(titles) > _MOST_BYTES:
            return None
    columns |= texts
    columns["ends"] = np.flatnonzero(np.frombuffer(titles, np.uint8) == ord(_LINE_BREAK))
    ends = [0, 0, 0]
    kept: dict[str, dict[str, Any]] = {}
    for sha256, one in read.items():
        begins = tuple(ends)
        ends = [ends[0] + len(one.texts), ends[1] + len(one.seconds), ends[2] + len(one.others)]
        places = tuple(zip(begins, ends, strict=True))
        kept[sha256] = vars(KeptFile(files[sha256][0], one.staged, one.report.to_json(), places))
    header = canonical_json(
        {
            "code": code_version(),
            "columns": {name: len(column) for name, column in columns.items()},
            "files": kept,
            "kinds": kinds,
            "names": staging.stored_names(names),
            **lists,
        }
    )
    numbers = (columns[name].astype("<i4").tobytes() for name in sorted(columns))
    parts: list[bytes | bytearray] = [*numbers, titles, header, len(header).to_bytes(_LENGTH, "little")]
    if sum(map(len, parts)) > _MOST_BYTES:
        return None
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return b"".join([*parts, digest.digest()])


def mark_of(depends_on: Mapping[str, Any]) -> str:
    """Return the mark of everything but its bytes that the rows of an export depend on."""
    return hashlib.sha256(canonical_json(dict(depends_on))).hexdigest()


@lru_cache
def code_version() -> str:
    """Return a digest of the code that reads exports, and of the tables that it uses."""
    found = hashlib.sha256(f"{_FORMAT} {sys.version_info} {unicodedata.unidata_version}".encode())
    package = Path(__file__).parent.parent
    for pattern in ("history/*.py", "catalogue/*.py", "catalogue/data/season_words.csv"):
        for path in sorted(package.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()
