"""What a person has excluded: titles, shows with all their episodes, and titles on one day.

Excluded rows stay in the exports, and are in no table, array or answer. The list has titles, so it stays on the private
volume, and no other file repeats it. It holds in all profiles: whatever is answered comes from all of them together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.catalogue.keys import title_key
from netflix_trend.language import _, marked
from netflix_trend.layout import PrivateVolume
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.damaged import Damaged, read_file
from netflix_trend.storage.files import locked, write_atomically
from netflix_trend.storage.model import Strict

MAX_EXCLUSIONS = 10_000
# What a page and a terminal say about everything that is excluded or forgotten.
STAYS = marked("Answers that have left stay as they are; only later ones change.")
_LONGEST_TITLE = 10_000
What = Literal["title", "show"]


class ExclusionError(ValueError):
    """Something cannot be excluded or included again; the message says why, and what to do."""


@dataclass(frozen=True)
class Rows:
    """Rows to exclude: a title, or all episodes of a show (what), by name. day: only that day's; None: all days."""

    what: What
    name: str
    day: date | None = None

    @property
    def key(self) -> str:
        """The key of the title or of the show's name."""
        return title_key(self.name)


class Exclusion(Strict):
    """Rows that are excluded. number: to include them again by."""

    number: Annotated[int, Field(ge=1)]
    what: What
    name: Annotated[str, Field(min_length=1, max_length=_LONGEST_TITLE)]
    day: date | None = None

    @property
    def rows(self) -> Rows:
        """What is excluded."""
        return Rows(self.what, self.name, self.day)


class _File(Strict):
    schema_version: Literal[1] = 1
    next_number: Annotated[int, Field(ge=1)] = 1
    exclusions: Annotated[tuple[Exclusion, ...], Field(strict=False, max_length=MAX_EXCLUSIONS)] = ()


def read_exclusions(private: Path) -> tuple[Exclusion, ...]:
    """Return what is excluded, oldest first. Raises ExclusionError if the file is damaged: nothing is guessed, because
    that would use rows that the person has excluded.
    """
    return _read(private).exclusions


def digest_of_exclusions(exclusions: Sequence[Exclusion]) -> str:
    """Return what changes with the excluded rows, and with nothing else; empty without any."""
    known = sorted((one.what, one.rows.key, str(one.day or "")) for one in exclusions)
    return hashlib.sha256(canonical_json(known)).hexdigest() if known else ""


def exclude(private: Path, wanted: Sequence[Rows]) -> list[Exclusion]:
    """Exclude rows; returns what is new. What is excluded already, also by a wider exclusion of its title, is not.

    Raises ExclusionError if the file is damaged, a name is empty or too long, or there are too many.
    """
    with locked(private / ".exclusions.lock"):
        file = _read(private)
        known = {(one.what, one.rows.key, one.day) for one in file.exclusions}
        added: list[Exclusion] = []
        for rows in wanted:
            marks = {(rows.what, rows.key, rows.day), (rows.what, rows.key, None)}
            if marks & known:
                continue
            if not rows.key or len(rows.name) > _LONGEST_TITLE:
                raise ExclusionError(
                    _("a row without a title, or with a very long one, cannot be excluded by its name")
                )
            added.append(Exclusion(number=file.next_number + len(added), what=rows.what, name=rows.name, day=rows.day))
            known.add((rows.what, rows.key, rows.day))
        if len(file.exclusions) + len(added) > MAX_EXCLUSIONS:
            raise ExclusionError(
                _(
                    "at most %(MAX_EXCLUSIONS)s titles can be excluded; nothing was changed",
                    MAX_EXCLUSIONS=MAX_EXCLUSIONS,
                )
            )
        if added:
            _write(private, file.next_number + len(added), (*file.exclusions, *added))
    return added


def include_again(private: Path, number: int) -> Exclusion:
    """Undo an exclusion and return it. Raises ExclusionError if there is none of this number."""
    with locked(private / ".exclusions.lock"):
        file = _read(private)
        found = next((one for one in file.exclusions if one.number == number), None)
        if found is None:
            raise ExclusionError(
                _(
                    "nothing is excluded under number %(number)s; ./run.sh exclude --list shows the numbers",
                    number=number,
                )
            )
        _write(private, file.next_number, tuple(one for one in file.exclusions if one != found))
    return found


def _read(private: Path) -> _File:
    try:
        return _File.model_validate_json(read_file(PrivateVolume(private).exclusions))
    except FileNotFoundError:
        return _File()
    except (ValidationError, Damaged):
        raise ExclusionError(
            _(
                "exclusions.json on the private volume is damaged, so nothing is read and nothing is "
                "answered. Repair it, or remove it and exclude again what you had excluded"
            )
        ) from None


def _write(private: Path, next_number: int, exclusions: tuple[Exclusion, ...]) -> None:
    file = _File(next_number=next_number, exclusions=exclusions)
    write_atomically(PrivateVolume(private).exclusions, file.to_bytes())
