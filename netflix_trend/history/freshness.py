"""Freshness of a profile: its tables are out of date exactly when what they were built from has changed.

A rebuild writes `built_from.json` last, so a killed rebuild leaves a profile that is out of date. The file is written
even if no export could be read, because reading the same bytes again would not help.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.history.encodings import EncodingsError, load_encodings
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore
from netflix_trend.layout import BUILT_FROM, DATABASE, PrivateVolume
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict

# Increase it when the same files give other tables or encodings: then older profiles are rebuilt.
TABLES_VERSION = 4
_SHA256 = r"^[0-9a-f]{64}$"


class BuiltFrom(Strict):
    """The inputs of a profile.

    inputs: digest of everything the result depends on. files: SHA-256 of the exports imported under the profile.
    has_encodings: whether any of them could be read.
    """

    schema_version: Literal[1] = 1
    inputs: Annotated[str, Field(pattern=_SHA256)]
    files: Annotated[tuple[Annotated[str, Field(pattern=_SHA256)], ...], Field(strict=False)]
    has_encodings: bool


@dataclass(frozen=True)
class Freshness:
    """Tables compared with `raw/`. inputs: digest of what all profiles should be built from. outdated: profiles that
    were built from something else. unread: exports that are in no table yet (SHA-256, in the order of `raw/`).
    waiting_since: when the oldest of these came, in seconds since 1970; None without any. damaged: exports with an
    unreadable description (SHA-256).
    """

    inputs: str
    outdated: tuple[str, ...]
    unread: tuple[str, ...]
    waiting_since: float | None = None
    damaged: tuple[str, ...] = ()


def digest_of(exports: Sequence[RawExport], vocabulary: str, options: ReadOptions) -> str:
    """Return the SHA-256 of everything that tables and encodings depend on. vocabulary: its version.

    All exports count for every profile: rows of a ViewingActivity.csv go to the profile of their name, if there is one.
    """
    known = {
        "tables": TABLES_VERSION,
        "vocabulary": vocabulary,
        "date_order": options.date_order,
        "zone": str(options.zone),
        "shortest_seconds": options.shortest_seconds,
        "exports": [export.model_dump(mode="json") for export in exports],
    }
    return hashlib.sha256(canonical_json(known)).hexdigest()


def freshness(private: Path, vocabulary: str, options: ReadOptions) -> Freshness:
    """Compare all profiles with `raw/`. vocabulary: the version that they should be encoded with."""
    store, volume = RawStore(private), PrivateVolume(private)
    exports = list(store.exports())
    inputs = digest_of(exports, vocabulary, options)
    profiles = sorted({export.profile for export in exports})
    outdated = [profile for profile in profiles if not _is_fresh(volume.profile(profile), inputs)]
    damaged = tuple(store.damaged())
    outdated += [path.name for path in volume.profile_folders() if is_abandoned(path, profiles, damaged)]
    built = {profile: _read(volume.profile(profile)) for profile in profiles}
    read = {sha256 for one in built.values() if one is not None for sha256 in one.files}
    unread = tuple(export.sha256 for export in exports if export.sha256 not in read)
    return Freshness(inputs, tuple(outdated), unread, min(map(store.changed, unread), default=None), damaged)


def is_abandoned(folder: Path, profiles: Collection[str], damaged: Collection[str]) -> bool:
    """Return whether all exports of a profile's folder moved to another profile.

    profiles: those that exports were imported under. damaged: exports of which that is not known; the tables that were
    built from them stay.
    """
    if folder.name in profiles:
        return False
    built = _read(folder)
    return built is None or not set(built.files) & set(damaged)


def _is_fresh(folder: Path, inputs: str) -> bool:
    built = _read(folder)
    if built is None or built.inputs != inputs or not (folder / DATABASE).exists():
        return False
    try:
        load_encodings(folder)
    except FileNotFoundError:
        return not built.has_encodings
    except EncodingsError:
        return False
    return True


def write_built_from(folder: Path, built: BuiltFrom) -> None:
    """Record what a profile was built from, once all its files are on disk."""
    write_atomically(folder / BUILT_FROM, canonical_json(built.model_dump(mode="json")) + b"\n")


def _read(folder: Path) -> BuiltFrom | None:
    try:
        return BuiltFrom.model_validate_json((folder / BUILT_FROM).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
