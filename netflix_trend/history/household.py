"""Whose viewing counts: a ViewingActivity.csv holds every Netflix profile of an account, and a stored profile is one
person's.

What a person says is kept in `household.json` on the private volume, for each stored profile the names of the Netflix
profiles that count for it. The answer of one profile never changes the rows of another
(docs/decisions/0129-a-household-says-whose-viewing-counts.md).
"""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from pydantic import Field, ValidationError

from netflix_trend.delivery.inbox import MOST_NETFLIX_PROFILES, NetflixProfile
from netflix_trend.history.double_encoding import repaired
from netflix_trend.history.exports import ExportError, open_export
from netflix_trend.history.raw import RawExport
from netflix_trend.language import _, ngettext
from netflix_trend.layout import PrivateVolume
from netflix_trend.names import PROFILE_PATTERN
from netflix_trend.plain_text import printable
from netflix_trend.storage.damaged import Damaged, keep_copy, read_file
from netflix_trend.storage.files import locked, write_atomically
from netflix_trend.storage.model import Strict

_log = logging.getLogger("household")
# Netflix allows fewer characters in a name, and five profiles.
LONGEST_NAME = 100
# What is listed of a file with more profiles than any account has.
_LISTED = 20

Answers = Mapping[str, Sequence[str]]
# Asks a person which Netflix profiles are theirs: from the number of rows by name to the names that count.
Choose = Callable[[Mapping[str, int]], Sequence[str]]


class HouseholdError(ValueError):
    """An answer cannot be kept; the message says what to do. Nothing was changed."""


@dataclass(frozen=True)
class ProfileQuestion:
    """Which of these Netflix profiles is the person? rows: number of rows by name, most first."""

    rows: Mapping[str, int]

    def __str__(self) -> str:
        """Return the names with their rows."""
        return listed(self.rows)


class UndecidedProfiles(Exception):
    """Several Netflix profiles could be the person's, and nobody has said which."""

    def __init__(self, question: ProfileQuestion) -> None:
        super().__init__(str(question))
        self.question = question


class _File(Strict):
    schema_version: Literal[1] = 1
    counted: Annotated[
        dict[
            Annotated[str, Field(pattern=PROFILE_PATTERN)],
            Annotated[tuple[NetflixProfile, ...], Field(strict=False, min_length=1, max_length=MOST_NETFLIX_PROFILES)],
        ],
        Field(max_length=1_000),
    ]


def name_key(name: str) -> str:
    """Return what is compared of a Netflix profile's name: programs that save a file again change accents and case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name[:LONGEST_NAME]).casefold())


def most_first(rows: Mapping[str, int]) -> dict[str, int]:
    """Return the names with the most rows, at most as many as are listed."""
    return dict(sorted(rows.items(), key=lambda one: (-one[1], one[0]))[:_LISTED])


def listed(rows: Mapping[str, int]) -> str:
    """Return `“Sam” (812 rows), “Kids” (1 row)`, without characters that steer a terminal or a page."""
    shown = most_first(rows)
    said = [
        ngettext("“%(name)s” (%(num)s row)", "“%(name)s” (%(num)s rows)", n, name=printable(name))
        for name, n in shown.items()
    ]
    more = len(rows) - len(shown)
    found = ", ".join(said)
    return ngettext("%(names)s, and %(num)s more", "%(names)s, and %(num)s more", more, names=found) if more else found


# --- what a stored profile gets of a file


def names_of(profiles: Iterable[str]) -> dict[str, str]:
    """Return the stored profile for each name of a Netflix profile. An exact match precedes one in another case."""
    stored = sorted(profiles)
    return {name_key(name): name for name in stored} | {name: name for name in stored}


@dataclass(frozen=True)
class Claim:
    """What a stored profile claims of a ViewingActivity.csv.

    profile: its name. holder: the profile that the file was imported under. stored: see `names_of`. answer: names that
    the person said, none if nothing was said.
    """

    profile: str
    holder: str
    stored: Mapping[str, str]
    answer: Sequence[str] = ()

    def may_count(self, name: str) -> bool:
        """Return whether rows of a Netflix profile may count, before the other profiles of the file are known."""
        owner = self._owner(name)
        if owner not in (None, self.profile):
            return False
        return self.profile == self.holder or self._is_named(name)

    def decide(self, rows: Mapping[str, int], played: Collection[str]) -> frozenset[str]:
        """Return the Netflix profiles that count. rows: number of rows of each that may count. played: those with
        plays, and not only trailers.

        Raises UndecidedProfiles if the person has to say which.
        """
        named = frozenset(name for name in rows if self._is_named(name))
        if named or self.profile != self.holder:
            return named
        # A row without a name is nobody's, unless only one person is there.
        several = {name: rows[name] for name in rows if name and name in played}
        # Whom the person has named is there, but counts for another stored profile: nobody takes their place unasked.
        is_elsewhere = bool(self.answer) and any(self._is_named(name) for name in played)
        if len(set(map(name_key, several))) > (0 if is_elsewhere else 1):
            raise UndecidedProfiles(ProfileQuestion(most_first(several)))
        return frozenset(rows)

    def is_covered(self, rows: Collection[str], played: Collection[str]) -> bool:
        """Return whether a file of another profile holds all that this profile watched until it was made.

        rows, played: names of the Netflix profiles with rows, and with plays. One that nobody has named may be this
        profile's own. What others have answered must not matter.
        """
        if any(self.may_count(name) for name in rows):
            return True
        if self.answer:
            return not rows
        unnamed = [name for name in played if self._owner(name) is None]
        return not unnamed or (len(unnamed) == 1 and all(self._owner(name) != self.holder for name in rows))

    def _owner(self, name: str) -> str | None:
        return self.stored.get(name) or self.stored.get(name_key(name))

    def _is_named(self, name: str) -> bool:
        if self.answer:
            return name_key(name) in {name_key(one) for one in self.answer}
        return self._owner(name) == self.profile


def profiles_in(stream: BinaryIO, name: str) -> dict[str, int]:
    """Return the number of rows by Netflix profile; none of a NetflixViewingHistory.csv. Raises ExportError."""
    export = open_export(stream, name)
    rows = Counter[str]()
    if export.kind == "viewing_activity":
        doubled = export.encoding.doubled
        for _, (name_cell, *_) in export.rows(lambda *_: None):
            # As reading the file does: else the person would be offered other names than those that count.
            rows[(repaired(name_cell, doubled) if doubled else name_cell)[:LONGEST_NAME]] += 1
    return dict(rows)


def check_names(file: str, wanted: Iterable[str], rows: Mapping[str, int]) -> None:
    """Raise ExportError if a name is none of the Netflix profiles of a file. rows: see `profiles_in`."""
    known = {name_key(name) for name in rows}
    unknown = [name for name in wanted if name_key(name) not in known]
    if rows and unknown:
        raise ExportError(
            "unknown_profile",
            _(
                "%(file)s: it has no Netflix profile “%(unknown)s”. It has %(rows)s. Name one of these "
                "with --only, with the quotes that your shell needs.",
                file=file,
                unknown=printable(unknown[0]),
                rows=listed(rows),
            ),
        )


# --- answers


def read_answers(private: Path, exports: Iterable[RawExport]) -> dict[str, tuple[str, ...]]:
    """Return the names that count for each stored profile, of those that have an answer.

    Without a file, those that came with the exports, the newest of each profile. A damaged file is nobody's answer:
    then files wait until the person answers again.
    """
    try:
        return dict(_File.model_validate_json(read_file(PrivateVolume(private).household)).counted)
    except FileNotFoundError:
        known = sorted(exports, key=lambda export: (export.received, export.sha256))
        return {export.profile: export.only for export in known if export.only}
    except (ValidationError, Damaged):
        _log.warning("household.json is damaged: say again whose viewing counts (./run.sh whose)")
        return {}


def are_answers_damaged(private: Path) -> bool:
    """Return whether the answers cannot be read, so that files of several Netflix profiles wait for new ones."""
    try:
        _File.model_validate_json(read_file(PrivateVolume(private).household))
    except FileNotFoundError:
        return False
    except (ValidationError, Damaged):
        return True
    return False


def keep_answer(
    private: Path, exports: Iterable[RawExport], profile: str, wanted: Sequence[str], known: Iterable[str]
) -> None:
    """Keep an answer of a stored profile. known: names that the person could choose from; those that were chosen
    before and are not among them, such as an earlier name in an older file, are kept.

    Raises HouseholdError for names that cannot be kept.
    """
    with locked(private / ".household.lock"):
        answers = read_answers(private, exports)
        chosen = {name_key(name): name for name in wanted}
        offered = {name_key(name) for name in known} | chosen.keys()
        names = (*chosen.values(), *(name for name in answers.get(profile, ()) if name_key(name) not in offered))
        try:
            file = _File(counted={**answers, profile: names})
        except ValidationError:
            raise HouseholdError(
                _(
                    "between 1 and %(MOST_NETFLIX_PROFILES)s Netflix profiles can count for one person, each "
                    "with a name of 1 to %(LONGEST_NAME)s characters. Nothing was changed",
                    MOST_NETFLIX_PROFILES=MOST_NETFLIX_PROFILES,
                    LONGEST_NAME=LONGEST_NAME,
                )
            ) from None
        if are_answers_damaged(private):
            keep_copy(PrivateVolume(private).household, private)
        write_atomically(PrivateVolume(private).household, file.to_bytes())
