"""The list of shows that every vector is indexed by, and the films that must not be taken for shows.

A vocabulary is public; the aggregator builds it from a catalogue. Its version is the hash of its content. Everything
indexed by it carries the version, and data of another version is refused, unless one extends the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from netflix_trend.catalogue.keys import colon_prefixes, plain_title, title_key
from netflix_trend.causes import misfit
from netflix_trend.storage.canonical import canonical_json, content_version
from netflix_trend.storage.model import Strict
from netflix_trend.storage.small_json import Costly, JsonLimits

# More shows than Netflix has. A vocabulary file must stay below SyftBox's 8 MB.
MAX_SHOWS = 20_000
MAX_FILMS = 100_000
LARGEST_FILE = 8_000_000
# In the largest vocabulary every title has a year and three genres.
_LIMITS = JsonLimits(values=900_000, objects=MAX_SHOWS + MAX_FILMS + 1, longest=60)

_Text = Annotated[str, Field(min_length=1, max_length=300)]
_Year = Annotated[int, Field(ge=1880, le=2100)]
_Genres = Annotated[tuple[_Text, ...], Field(strict=False, max_length=12)]
_Aliases = Annotated[tuple[_Text, ...], Field(strict=False, max_length=60)]


class VocabularyError(Exception):
    """A vocabulary cannot be built or read, or is not the one needed."""


class CatalogueTitle(Strict):
    """One row of a catalogue. The title is cleaned for display: no marks that change the direction of text."""

    title: Annotated[_Text, AfterValidator(plain_title)]
    kind: Literal["series", "film"]
    year: _Year | None = None
    genres: _Genres = ()
    aliases: _Aliases = ()


@dataclass(frozen=True)
class Vocabulary:
    """Shows in index order, and films."""

    shows: tuple[CatalogueTitle, ...]
    films: tuple[CatalogueTitle, ...] = ()

    @classmethod
    def build(cls, catalogue: Iterable[CatalogueTitle]) -> Vocabulary:
        """Return the vocabulary of a catalogue; series keep the catalogue's order, repeated titles count once.

        Raises VocabularyError if there is no series, or more titles than fit.
        """
        unique: dict[tuple[str, str], CatalogueTitle] = {}
        for row in catalogue:
            key = title_key(row.title)
            if key:
                unique.setdefault((row.kind, key), row)
        shows = tuple(row for row in unique.values() if row.kind == "series")
        films = tuple(row for row in unique.values() if row.kind == "film")
        if not shows:
            raise VocabularyError("the catalogue holds no series; give one with a title column and kind series")
        if len(shows) > MAX_SHOWS or len(films) > MAX_FILMS:
            raise VocabularyError(
                f"{len(shows)} series and {len(films)} films, at most {MAX_SHOWS} and {MAX_FILMS} fit; "
                "narrow the catalogue, for instance with CATALOGUE_SINCE=2010"
            )
        return cls(shows, films)

    def __len__(self) -> int:
        return len(self.shows)

    def extended(self, rows: Iterable[CatalogueTitle]) -> Vocabulary:
        """Return this vocabulary with shows behind its own, without those that it knows by their title.

        All indices keep their shows. Raises VocabularyError if there are more than fit.
        """
        return Vocabulary.build((*self.shows, *rows, *self.films))

    @cached_property
    def version(self) -> str:
        """Content hash, 32 hexadecimal digits."""
        return content_version(self._content())

    def _content(self) -> dict[str, Any]:
        def plain(row: CatalogueTitle) -> dict[str, Any]:
            return row.model_dump(exclude={"kind"}, exclude_defaults=True, mode="json")

        return {
            "schema_version": 1,
            "shows": [plain(row) for row in self.shows],
            "films": [plain(row) for row in self.films],
        }

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """Versions of all vocabularies that this one extends: the same films, and the first of its shows.

        A survey about one of them is about the same shows at the same indices. The versions are computed here, so
        nobody can claim this of another vocabulary. Shows come last in the hashed text: each beginning is that of the
        next one.
        """
        rest = canonical_json({**self._content(), "shows": []}).removesuffix(b"]}")
        digest, found = hashlib.sha256(rest), list[str]()
        for number, row in enumerate(self._content()["shows"]):
            digest.update(canonical_json(row) if number == 0 else b"," + canonical_json(row))
            whole = digest.copy()
            whole.update(b"]}")
            found.append(whole.hexdigest()[:32])
        return frozenset(found[:-1])

    def to_bytes(self) -> bytes:
        """Return the file `vocabulary.json`. Raises VocabularyError if it would be too large to sync."""
        if len(self._file) > LARGEST_FILE:
            raise VocabularyError(f"vocabulary.json has {len(self._file)} bytes, at most {LARGEST_FILE} are synced")
        return self._file

    @cached_property
    def _file(self) -> bytes:
        return canonical_json({**self._content(), "version": self.version}) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Vocabulary:
        """Read `vocabulary.json`. Raises VocabularyError if it is damaged or its version does not match its content."""
        try:
            _LIMITS.check(data)
            file = _VocabularyFile.model_validate_json(data)
        except Costly as refusal:
            raise VocabularyError(f"vocabulary.json: {refusal}") from None
        except ValidationError as error:
            raise VocabularyError(f"vocabulary.json: {misfit(error)}") from None
        vocabulary = cls(
            tuple(CatalogueTitle(kind="series", **row.model_dump()) for row in file.shows),
            tuple(CatalogueTitle(kind="film", **row.model_dump()) for row in file.films),
        )
        if vocabulary.version != file.version:
            raise VocabularyError(f"vocabulary.json says version {file.version}, its content is {vocabulary.version}")
        return vocabulary

    @cached_property
    def _series_index(self) -> dict[str, int]:
        return _index(self.shows)

    @cached_property
    def _film_index(self) -> dict[str, int]:
        return _index(self.films)

    @cached_property
    def film_beginnings(self) -> frozenset[str]:
        """Keys of what the films' titles begin with, before a colon: `Kevin Hart` of `Kevin Hart: What Now?`."""
        return frozenset(key.partition(": ")[0] for key in self._film_index if ": " in key)

    @cached_property
    def name_beginnings(self) -> frozenset[str]:
        """Keys of what the names of shows and films begin with, before each colon."""
        names = (key.split(":") for key in (*self._series_index, *self._film_index) if ":" in key)
        return frozenset(":".join(parts[:length]) for parts in names for length in range(1, len(parts)))

    def show(self, name: str) -> int | None:
        """Return the index of the show called `name` (compared by `title_key`), None if there is none."""
        before, colon, _ = name.partition(":")
        if colon and _name_key(before) not in self.name_beginnings:
            return None  # as of nearly every show with a season, of which each has another name
        return self._series_index.get(_name_key(name))

    def film(self, name: str) -> int | None:
        """Return the index of the film called `name`, None if there is none."""
        return self._film_index.get(title_key(name))

    def is_film(self, name: str) -> bool:
        """Return whether `name` is the name of a film of the catalogue."""
        return self.film(name) is not None

    def longest_prefix(self, title: str) -> tuple[str, int] | None:
        """Return the longest part of `title` before a colon that is a show's name, and the show's index."""
        for prefix in colon_prefixes(title):
            index = self.show(prefix)
            if index is not None:
                return prefix, index
        return None


# A history names few shows many times.
_name_key = lru_cache(maxsize=20_000)(title_key)


class _VocabularyRow(Strict):
    title: _Text
    year: _Year | None = None
    genres: _Genres = ()
    aliases: _Aliases = ()


class _VocabularyFile(Strict):
    schema_version: Literal[1]
    version: str
    shows: Annotated[
        tuple[_VocabularyRow, ...], Field(strict=False, min_length=1, max_length=MAX_SHOWS, fail_fast=True)
    ]
    films: Annotated[tuple[_VocabularyRow, ...], Field(strict=False, max_length=MAX_FILMS, fail_fast=True)]


def _index(rows: tuple[CatalogueTitle, ...]) -> dict[str, int]:
    """Map every name to its row. Proper titles first: an alias never hides another row's title."""
    index: dict[str, int] = {}
    for number, row in enumerate(rows):
        index.setdefault(title_key(row.title), number)
    claims: dict[str, set[int]] = {}
    for number, row in enumerate(rows):
        for alias in row.aliases:
            claims.setdefault(title_key(alias), set()).add(number)
    for key, owners in claims.items():
        if len(owners) == 1:  # with an alias shared by two shows, one would be counted as the other
            index.setdefault(key, owners.pop())
    return index
