"""Reads catalogues of titles: the starter catalogue, and those of an operator."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary, VocabularyError

# Other catalogues' words for a series or a film, in lower case.
_SERIES = {"series", "show", "tv show", "tvseries", "tvminiseries", "tv series", "tv"}
_FILMS = {"film", "movie", "tvmovie", "tvspecial", "special"}


@cache
def starter_vocabulary() -> Vocabulary:
    """Return the vocabulary of the catalogue that ships with the project; the best-known shows come first."""
    text = (files("netflix_trend.catalogue") / "data" / "starter_catalogue.csv").read_text("utf-8")
    return Vocabulary.build(_rows(io.StringIO(text, newline=""), ",", "starter_catalogue.csv", None))


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
        except (csv.Error, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise VocabularyError(f"{path.name}: cannot be read: {error}") from None


def _rows(file: io.TextIOBase, delimiter: str, name: str, since: int | None) -> Iterator[CatalogueTitle]:
    # IMDb's files are not quoted: a title may begin with a quotation mark.
    quotes: dict[str, Any] = {"quoting": csv.QUOTE_NONE} if delimiter == "\t" else {}
    reader = csv.reader(file, delimiter=delimiter, **quotes)
    header = [column.strip().lower() for column in next(reader, [])]
    column = {label: number for number, label in enumerate(header)}

    def find(*labels: str) -> int | None:
        return next((column[label] for label in labels if label in column), None)

    title_at = find("title", "primarytitle")
    if title_at is None:
        raise VocabularyError(f"{name}: no title column in the header; found: {', '.join(header)[:200] or 'nothing'}")
    kind_at, year_at = find("kind", "type", "titletype"), find("first_year", "release_year", "startyear", "year")
    genres_at, aliases_at = find("genres", "listed_in"), find("aliases")
    original_at = find("originaltitle")
    for row in reader:
        cells = dict(enumerate(cell.strip() for cell in row))

        def cell(number: int | None, cells: dict[int, str] = cells) -> str:
            value = cells.get(number, "") if number is not None else ""
            return "" if value == "\\N" else value

        title, kind_text, year_text = cell(title_at), cell(kind_at).lower(), cell(year_at)
        kind = "series" if kind_at is None or kind_text in _SERIES else "film" if kind_text in _FILMS else None
        year = (
            int(year_text)
            if year_text.isascii() and year_text.isdigit() and len(year_text) == 4 and 1880 <= int(year_text) <= 2100
            else None
        )
        if kind is None or not title_key(title) or len(title) > 300 or (since and year is not None and year < since):
            continue
        aliases = [part for part in _split(cell(aliases_at), "|") if len(part) <= 300]
        if original_at is not None and title_key(cell(original_at)) != title_key(title) and cell(original_at):
            aliases.append(cell(original_at)[:300])
        genres = [part[:300] for part in _split(cell(genres_at), "|" if "|" in cell(genres_at) else ",")]
        yield CatalogueTitle.model_validate(
            {"title": title, "kind": kind, "year": year, "genres": tuple(genres[:12]), "aliases": tuple(aliases[:60])}
        )


def _split(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]
