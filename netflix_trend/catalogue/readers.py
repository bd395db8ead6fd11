"""Reads catalogues of titles: the starter catalogue, and those of an operator."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary, VocabularyError
from netflix_trend.storage.canonical import canonical_json

# The catalogue that ships with the project: what people edit, and what `./run.sh docs` makes of it, which is read in
# half the time.
STARTER_CSV = Path(__file__).parent / "data" / "starter_catalogue.csv"
STARTER_JSON = STARTER_CSV.with_suffix(".json")

# Other catalogues' words for a series or a film, in lower case.
_SERIES = {"series", "show", "tv show", "tvseries", "tvminiseries", "tv series", "tv"}
_FILMS = {"film", "movie", "tvmovie", "tvspecial", "special"}
# What catalogues call their columns, lower case; of several that are there the first is read.
_LABELS = {
    "title": ("title", "primarytitle"),
    "kind": ("kind", "type", "titletype"),
    "year": ("first_year", "release_year", "startyear", "year"),
    "genres": ("genres", "listed_in"),
    "aliases": ("aliases",),
    "original": ("originaltitle",),
}
_MAX_TEXT = 300


@cache
def starter_vocabulary() -> Vocabulary:
    """Return the vocabulary of the catalogue that ships with the project; the best-known shows come first."""
    return Vocabulary.build(TypeAdapter(tuple[CatalogueTitle, ...]).validate_json(STARTER_JSON.read_bytes()))


def starter_json() -> str:
    """Return the text of STARTER_JSON: the titles of STARTER_CSV, one a line."""
    rows = (row.model_dump(mode="json", exclude_defaults=True) for row in read_catalogue(STARTER_CSV))
    return "[\n" + ",\n".join(canonical_json(row).decode() for row in rows) + "\n]\n"


def read_catalogue(path: Path, since: int | None = None) -> Iterator[CatalogueTitle]:
    """Yield the titles of a catalogue file, in its order.

    It reads our own columns (`title,kind,first_year,genres,aliases`), the Kaggle `netflix_titles.csv`, IMDb's
    `title.basics.tsv.gz`, and any CSV with a `title` column (then everything is a series). The format is recognized by
    content, not by name; compressed files are decompressed while they are read. With `since`, titles known to be older
    are left out. Raises VocabularyError for a file without a title column.
    """
    with path.open("rb") as start:
        opener = gzip.open if start.read(2) == b"\x1f\x8b" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="", errors="replace") as file:
        try:
            header = file.readline()
            file.seek(0)
            yield from _rows(file, "\t" if "\t" in header else ",", path.name, since)
        except (csv.Error, EOFError, gzip.BadGzipFile, zlib.error):
            raise VocabularyError(f"{path.name}: cannot be read: it is damaged or was cut off") from None


def _rows(file: io.TextIOBase, delimiter: str, name: str, since: int | None) -> Iterator[CatalogueTitle]:
    # IMDb's files are not quoted: a title may begin with a quotation mark.
    quotes: dict[str, Any] = {"quoting": csv.QUOTE_NONE} if delimiter == "\t" else {}
    reader = csv.reader(file, delimiter=delimiter, **quotes)
    columns = _columns([label.strip().lower() for label in next(reader, [])], name)
    for row in reader:
        title = _title({what: _cell(row, place) for what, place in columns.items()}, since)
        if title is not None:
            yield title


def _columns(header: list[str], name: str) -> dict[str, int]:
    """Return the place of everything in `_LABELS` that a catalogue has."""
    places = {label: place for place, label in enumerate(header)}
    columns = {
        what: next(places[label] for label in labels if label in places)
        for what, labels in _LABELS.items()
        if not places.keys().isdisjoint(labels)
    }
    if "title" not in columns:
        raise VocabularyError(f"{name}: no title column in the header; found: {', '.join(header)[:200] or 'nothing'}")
    return columns


def _cell(row: list[str], place: int) -> str:
    value = row[place].strip() if place < len(row) else ""
    return "" if value == "\\N" else value


def _title(cells: Mapping[str, str], since: int | None) -> CatalogueTitle | None:
    """Return the title of a row, the cells of which go by the names of `_LABELS`; None for one that is left out."""
    title, kind, year = cells["title"], _kind(cells.get("kind")), _year(cells.get("year", ""))
    if kind is None or not title_key(title) or len(title) > _MAX_TEXT or _is_older(year, since):
        return None
    genres = cells.get("genres", "")
    return CatalogueTitle.model_validate(
        {
            "title": title,
            "kind": kind,
            "year": year,
            "genres": tuple(part[:_MAX_TEXT] for part in _split(genres, "|" if "|" in genres else ","))[:12],
            "aliases": tuple(_aliases(cells))[:60],
        }
    )


def _kind(text: str | None) -> str | None:
    """Return what a catalogue's own word means; a catalogue without a column of kinds holds series."""
    if text is None or text.lower() in _SERIES:
        return "series"
    return "film" if text.lower() in _FILMS else None


def _year(text: str) -> int | None:
    is_year = text.isascii() and text.isdigit() and len(text) == 4 and 1880 <= int(text) <= 2100
    return int(text) if is_year else None


def _is_older(year: int | None, since: int | None) -> bool:
    return bool(since) and year is not None and year < (since or 0)


def _aliases(cells: Mapping[str, str]) -> list[str]:
    aliases = [part for part in _split(cells.get("aliases", ""), "|") if len(part) <= _MAX_TEXT]
    original = cells.get("original", "")
    if original and title_key(original) != title_key(cells["title"]):
        aliases.append(original[:_MAX_TEXT])
    return aliases


def _split(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]
