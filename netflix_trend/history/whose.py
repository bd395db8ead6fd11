"""What a person is shown and answers about whose viewing counts, from the tables of all profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netflix_trend.history.household import HouseholdError, keep_answer, listed, name_key, names_of
from netflix_trend.history.opened import rows_of_exports
from netflix_trend.history.raw import RawStore
from netflix_trend.language import _
from netflix_trend.layout import PrivateVolume
from netflix_trend.plain_text import printable


@dataclass(frozen=True)
class WaitingFile:
    """A file of which nothing counts before the person answers. rows: number of rows by Netflix profile."""

    sha256: str
    name: str
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Whose:
    """Whose viewing counts for a stored profile.

    counted: Netflix profiles that count, sorted. offered: rows by Netflix profile of those that can be chosen, of all
    files. waiting: files that need an answer.
    """

    profile: str
    counted: tuple[str, ...]
    offered: Mapping[str, int]
    waiting: tuple[WaitingFile, ...]

    @property
    def choices(self) -> dict[str, int]:
        """What to choose from now, most rows first: the Netflix profiles of the files that wait, else all."""
        names = {name_key(name) for file in self.waiting for name in file.rows}
        found = {name: rows for name, rows in self.offered.items() if not names or name_key(name) in names}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def whose(private: Path) -> list[Whose]:
    """Return this for each stored profile for which there is something to choose, sorted by name. Reads only."""
    stored = RawStore(private).profiles()
    rows = {profile: list(_files(private, profile)) for profile in stored}
    known: dict[str, tuple[str, int]] = {}
    for row in (row for found in rows.values() for row in found):
        for name, count in zip(row["netflix_profiles"], row["netflix_rows"], strict=True):
            if name:
                known[name_key(name)] = (name, max(count, known.get(name_key(name), ("", 0))[1]))
    counted = {
        profile: {name for row in found for name in row["counted_profiles"] or () if name}
        for profile, found in rows.items()
    }
    owners = names_of(stored)
    found = []
    for profile in stored:
        taken = {name_key(name) for other, names in counted.items() if other != profile for name in names}
        offered = {
            name: count
            for key, (name, count) in known.items()
            if key not in taken and (owners.get(name) or owners.get(key) or profile) == profile
        }
        waiting = tuple(
            WaitingFile(
                row["sha256"], row["name"], dict(zip(row["netflix_profiles"], row["netflix_rows"], strict=True))
            )
            for row in rows[profile]
            if row["error"] and row["counted_profiles"] is None
        )
        if waiting or (len(offered) > 1 and counted[profile]):
            found.append(Whose(profile, tuple(sorted(counted[profile])), offered, waiting))
    return found


def answer(private: Path, profile: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Keep which Netflix profiles count for a stored profile, also in later files; the next rebuild follows.

    Returns the names as the files write them. Raises HouseholdError for names that cannot be chosen.
    """
    one = next((one for one in whose(private) if one.profile == profile), None)
    if one is None:
        raise HouseholdError(
            _(
                "no imported ViewingActivity.csv has several Netflix profiles to choose from for "
                "%(profile)s. Nothing was changed",
                profile=profile,
            )
        )
    spelled = {name_key(name): name for name in one.offered}
    unknown = [name for name in wanted if name_key(name) not in spelled]
    if unknown:
        raise HouseholdError(
            _(
                "“%(unknown)s” is no Netflix profile to choose from for %(profile)s: they are "
                "%(offered)s. Nothing was changed",
                unknown=printable(unknown[0]),
                profile=profile,
                offered=listed(one.offered),
            )
        )
    names = tuple(dict.fromkeys(spelled[name_key(name)] for name in wanted))
    keep_answer(private, list(RawStore(private).exports()), profile, names, one.choices)
    return names


def _files(private: Path, profile: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table `exports` of a profile that name Netflix profiles."""
    path = PrivateVolume(private).database(profile)
    if not path.exists():
        return
    for row in rows_of_exports(path):
        # Tables of earlier versions lack these columns until they are rebuilt.
        if row.get("netflix_profiles"):
            yield row
