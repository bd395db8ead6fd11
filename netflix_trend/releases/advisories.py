"""Known holes of locked packages, from a file of the repository: requirements/advisories.json.

Advisories are in the form of https://ossf.github.io/osv-schema/, cut down to what is compared here. Nothing is looked
up on the net, so a check says the same today and in a year; who maintains the project renews the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, Field

from netflix_trend.releases.locks import Pin, versions_of

_TEXT = Annotated[str, Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(_Model):
    """Where a range begins or ends: the first version with the hole, the first without, or the last with it."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None


class Range(_Model):
    """Versions from one event to the next. type: only versions are compared, no commits."""

    type: Annotated[str, Field(pattern="^ECOSYSTEM$")]
    events: Annotated[list[Event], Field(min_length=1)]

    def holds(self, version: Version) -> bool:
        """Return whether a version has the hole. The last event at or before it decides."""
        inside = False
        for event in self.events:
            if event.introduced is not None and (event.introduced == "0" or version >= Version(event.introduced)):
                inside = True
            if event.fixed is not None and version >= Version(event.fixed):
                inside = False
            if event.last_affected is not None and version > Version(event.last_affected):
                inside = False
        return inside


class Package(_Model):
    """A package of a registry."""

    ecosystem: Annotated[str, Field(pattern="^PyPI$")]
    name: _TEXT


class Affected(_Model):
    """Which versions of a package have the hole."""

    package: Package
    ranges: Annotated[list[Range], Field(min_length=1)]


class Advisory(_Model):
    """What is known about a hole."""

    id: _TEXT
    aliases: list[str] = []
    summary: _TEXT
    affected: Annotated[list[Affected], Field(min_length=1)]

    def concerns(self, pin: Pin) -> bool:
        """Return whether a locked package has the hole."""
        version = Version(pin.version)
        return any(
            canonicalize_name(one.package.name) == pin.name and any(range_.holds(version) for range_ in one.ranges)
            for one in self.affected
        )


class Acceptance(_Model):
    """Why holes of a lock are lived with. until: the day from which the reason has to be looked at again."""

    ids: Annotated[list[str], Field(min_length=1)]
    lock: _TEXT
    reason: Annotated[str, Field(min_length=20)]
    until: date


class Advisories(_Model):
    """The file: what is known, and what is accepted."""

    advisories: list[Advisory]
    accepted: list[Acceptance]


@dataclass(frozen=True, order=True)
class Hole:
    """A known hole of a package in a lock."""

    lock: str
    package: str
    version: str
    id: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.lock}: {self.package} {self.version} has {self.id}"


def holes_of(locks: Mapping[str, Iterable[Pin]], known: Advisories) -> list[Hole]:
    """Return every known hole of every lock, accepted or not."""
    return sorted(
        Hole(lock, name, version, advisory.id)
        for (name, version), holders in versions_of(locks).items()
        for advisory in known.advisories
        if advisory.concerns(Pin(name, version))
        for lock in holders
    )


def problems(locks: Mapping[str, Iterable[Pin]], known: Advisories, today: date | None = None) -> list[str]:
    """Return what has to be done, as sentences; nothing if every hole is accepted.

    today: day on which an acceptance may have ended; None to ask nothing of the calendar. An acceptance of a hole that
    is not there, or not known, is a problem, too: it would hide one that comes back.
    """
    holes = holes_of(locks, known)
    accepted = {(one.lock, id_): one for one in known.accepted for id_ in one.ids}
    found = [f"{hole}: raise it, or accept it with a reason" for hole in holes if (hole.lock, hole.id) not in accepted]
    there = {(hole.lock, hole.id) for hole in holes}
    found += [
        f"{lock}: {id_} is accepted and not there: take it out" for lock, id_ in accepted if (lock, id_) not in there
    ]
    if today is not None:
        found += [
            f"{one.lock}: {', '.join(one.ids)} were accepted until {one.until}: look at the reason again"
            for one in known.accepted
            if one.until <= today
        ]
    return found
