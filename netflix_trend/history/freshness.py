"""Freshness of a profile: its tables are out of date exactly when what they were built from has changed.

A rebuild writes `built_from.json` last, so a killed rebuild leaves a profile that is out of date. The file is written
even if no export could be read, because reading the same bytes again would not help.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.history.attempts import left_out
from netflix_trend.history.encodings import DESCRIPTION, EncodingsError, load_encodings
from netflix_trend.history.exclusions import Exclusion, ExclusionError, digest_of_exclusions, read_exclusions
from netflix_trend.history.household import read_answers
from netflix_trend.history.memory import budget
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore
from netflix_trend.layout import BUILT_FROM, DATABASE, PrivateVolume
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.damaged import Damaged, digest_of_file, read_file
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict

# Increase it when the same files give other tables or encodings: then older profiles are rebuilt.
TABLES_VERSION = 5
_SHA256 = r"^[0-9a-f]{64}$"


class BuiltFrom(Strict):
    """The inputs of a profile.

    inputs: digest of everything the result depends on. files: SHA-256 of the exports imported under the profile.
    has_encodings: whether any of them could be read. asks: whether one waits for the person to say which Netflix
    profile counts. exports: SHA-256 of all exports there were, of any profile. exclusions: `digest_of_exclusions`.
    answer: the Netflix profiles that count, as the person or a setting said. database: SHA-256 of the tables. missing:
    exports whose bytes were gone or damaged. Earlier versions wrote none of these six.
    """

    schema_version: Literal[1] = 1
    inputs: Annotated[str, Field(pattern=_SHA256)]
    files: Annotated[tuple[Annotated[str, Field(pattern=_SHA256)], ...], Field(strict=False)]
    has_encodings: bool
    asks: bool = False
    exports: Annotated[tuple[Annotated[str, Field(pattern=_SHA256)], ...], Field(strict=False)] = ()
    exclusions: str = ""
    answer: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    database: str = ""
    missing: Annotated[tuple[Annotated[str, Field(pattern=_SHA256)], ...], Field(strict=False)] = ()


@dataclass(frozen=True)
class Freshness:
    """Tables compared with `raw/`. inputs: digest of what all profiles should be built from. outdated: profiles that
    were built from something else. unread: exports that are in no table yet (SHA-256, in the order of `raw/`).
    waiting_since: when the oldest of these came, in seconds since 1970; None without any. damaged: exports with an
    unreadable description (SHA-256). problem: why nothing can be rebuilt, as a sentence; then the rest is empty.
    """

    inputs: str
    outdated: tuple[str, ...]
    unread: tuple[str, ...]
    waiting_since: float | None = None
    damaged: tuple[str, ...] = ()
    problem: str = ""


def digest_of(
    exports: Sequence[RawExport],
    vocabulary: str,
    options: ReadOptions,
    exclusions: Sequence[Exclusion],
    answer: Sequence[str] = (),
    omitted: Iterable[str] = (),
) -> str:
    """Return the SHA-256 of everything that tables and encodings of a profile depend on. vocabulary: its version.
    answer: the Netflix profiles that count for it, where that was said. omitted: SHA-256 of exports that are left out.

    All exports count for every profile: rows of a ViewingActivity.csv go to the profile of their name, if there is one.
    """
    known = {
        "tables": TABLES_VERSION,
        "vocabulary": vocabulary,
        "date_order": options.date_order,
        "zone": str(options.zone),
        "shortest_seconds": options.shortest_seconds,
        "exclusions": digest_of_exclusions(exclusions),
        "exports": [export.model_dump(mode="json", exclude={"only", "schema_version"}) for export in exports],
        "answer": list(answer),
        # Only where there are any, so that tables of earlier versions stay fresh.
        **({"left_out": found} if (found := sorted(omitted)) else {}),
    }
    return hashlib.sha256(canonical_json(known)).hexdigest()


def inputs_of(private: Path, exports: Sequence[RawExport], vocabulary: str, options: ReadOptions) -> dict[str, str]:
    """Return for each profile with exports the digest of what it should be built from, in the order of the names.

    Raises ExclusionError.
    """
    excluded, answers = read_exclusions(private), {**options.answers, **read_answers(private, exports)}
    names, memory, volume = sorted({export.profile for export in exports}), budget(), PrivateVolume(private)
    there = {export.sha256 for export in exports}
    return {
        name: digest_of(
            *(exports, vocabulary, options, excluded, answers.get(name, ())),
            there.intersection(left_out(volume.profile(name), memory)),
        )
        for name in names
    }


def freshness(private: Path, vocabulary: str, options: ReadOptions) -> Freshness:
    """Compare all profiles with `raw/`. vocabulary: the version that they should be encoded with."""
    store, volume = RawStore(private), PrivateVolume(private)
    exports = list(store.exports())
    try:
        inputs = inputs_of(private, exports, vocabulary, options)
    except ExclusionError as damage:
        return Freshness("", (), (), problem=str(damage))
    outdated = [profile for profile in inputs if not _is_fresh(store, volume.profile(profile), inputs[profile])]
    damaged = tuple(store.damaged())
    outdated += [path.name for path in volume.profile_folders() if is_abandoned(path, inputs, damaged)]
    built = {profile: read_built_from(volume.profile(profile)) for profile in inputs}
    read = {sha256 for one in built.values() if one is not None for sha256 in one.files}
    unread = tuple(export.sha256 for export in exports if export.sha256 not in read)
    together = hashlib.sha256("".join(inputs.values()).encode()).hexdigest()
    return Freshness(together, tuple(outdated), unread, min(map(store.changed, unread), default=None), damaged)


def is_abandoned(folder: Path, profiles: Collection[str], damaged: Collection[str]) -> bool:
    """Return whether all exports of a profile's folder moved to another profile.

    profiles: those that exports were imported under. damaged: exports of which that is not known; the tables that were
    built from them stay.
    """
    if folder.name in profiles:
        return False
    built = read_built_from(folder)
    return built is None or not set(built.files) & set(damaged)


def _is_fresh(store: RawStore, folder: Path, inputs: str) -> bool:
    built = read_built_from(folder)
    if built is None or built.inputs != inputs or any(map(store.is_whole, built.missing)):
        return False
    return not damaged_tables(folder, built)


def damaged_tables(folder: Path, built: BuiltFrom | None = None) -> tuple[str, ...]:
    """Return which files that were built for a profile are gone or damaged; they can be built again.

    built: what the profile was built from, by default as its folder says.
    """
    built = built or read_built_from(folder)
    if built is None:
        return (BUILT_FROM,)
    tables, found = folder / DATABASE, []
    if not tables.is_file() or (built.database and digest_of_file(tables) != built.database):
        found.append(DATABASE)
    try:
        load_encodings(folder)
    except FileNotFoundError:
        found += [DESCRIPTION] if built.has_encodings else []
    except EncodingsError as damage:
        found.append(damage.file)
    return tuple(found)


def holds_what_was_removed(private: Path) -> bool:
    """Return whether tables or encodings of a profile may hold what the person has forgotten or excluded since, or were
    built before the person said whose viewing counts.

    Then nothing may be answered from them before they are rebuilt.
    """
    try:
        excluded = digest_of_exclusions(read_exclusions(private))
    except ExclusionError:
        return True
    there = set(RawStore(private).digests())
    is_anything_gone = bool(excluded) or PrivateVolume(private).removals.exists()
    answers = read_answers(private, RawStore(private).exports())
    for folder in PrivateVolume(private).profile_folders():
        built = read_built_from(folder)
        if built is None and is_anything_gone:  # of a rebuild that was killed it is not known what it read
            return True
        if built and (built.exclusions != excluded or not there.issuperset({*built.files, *built.exports})):
            return True
        said = tuple(answers.get(folder.name, ()))
        if built and said and built.answer not in (None, said):
            return True
    return False


def renew(private: Path, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Record that profiles that were built from `before` are the same as if built from `after` (`inputs_of`)."""
    for name, inputs in before.items():
        folder = PrivateVolume(private).profile(name)
        built = read_built_from(folder)
        if built is not None and built.inputs == inputs:
            write_built_from(folder, built.model_copy(update={"inputs": after[name]}))


def write_built_from(folder: Path, built: BuiltFrom) -> None:
    """Record what a profile was built from, once all its files are on disk."""
    write_atomically(folder / BUILT_FROM, built.to_bytes())


def read_built_from(folder: Path) -> BuiltFrom | None:
    """Return what a profile was built from; None if that is not known."""
    try:
        return BuiltFrom.model_validate_json(read_file(folder / BUILT_FROM))
    except (FileNotFoundError, ValidationError, Damaged):
        return None
