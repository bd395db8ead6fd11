"""One look at some datasites for all rounds that are counted: only what has changed since the last look is read.

Every byte of a datasite is untrusted until it is checked. What was checked is recognized by inode, size and time of the
last change (ctime, which nobody but the kernel sets) of everything that the result depends on. A file that changed
within the last seconds is not recognized: a second change in the same tick of the clock would look the same.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netflix_trend.layout import release_path
from netflix_trend.names import APP_NAME
from netflix_trend.questions.question import Question
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.release import SIZE, RefusedRelease, parse_release
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import MANIFEST, Datasite, read_manifest, read_published, visit
from services.aggregator.shards import (
    NOT_ASKED,
    NOTHING,
    PERSON,
    REFUSED,
    RELEASE,
    UNSETTLED,
    VALID,
    WAITING,
    Section,
    Shard,
)

# A change is recognized when it is so old, in nanoseconds: clocks of file systems go in steps of up to two seconds, and
# those of other machines differ a little.
SETTLED = 3_000_000_000
# What an attacker's files give, and what gives the same until they change. Others, such as a full table of files, pass.
_LASTING = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.ENODEV})
_MISSING = (0, 0, 0)
_MANIFEST = ("manifest", "manifest_changed", "manifest_size")
# Of a datasite and of a release, as a shard has them.
_Looks = tuple[int, ...]


@dataclass
class _Release:
    """What a person has for one survey. payload: of a valid answer."""

    looks: _Looks = _MISSING
    question: int = NOT_ASKED
    state: int = NOTHING
    payload: bytes = b""


@dataclass
class _Person:
    """What was found of a person. releases: in the order of the surveys."""

    looks: _Looks
    state: int
    releases: list[_Release]
    is_lasting: bool = True


@dataclass
class _Reasons:
    """The reasons of a shard in the order in which they came up."""

    known: dict[str, int] = field(default_factory=dict)

    def state(self, reason: str) -> int:
        """Return the state of a file that is not accepted for this reason."""
        return WAITING if reason == "unsynced" else self.known.setdefault(reason, REFUSED + len(self.known))


def refresh(
    before: Shard, addresses: Sequence[str], surveys: Sequence[Survey], datasites: Path, *, is_thorough: bool = True
) -> Shard:
    """Return what is in the datasites of `addresses` now: `before` itself when nothing has changed.

    addresses: without repetition; the shard has their order. surveys: of different rounds; the shard has these and no
    others. is_thorough: False looks at the manifests alone where everything was as it should be. A manifest is written
    last whenever anything changes, so that only damage and attacks are then noticed by a later look.
    """
    root = os.open(datasites, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return _refresh(before, tuple(addresses), surveys, _Reader(datasites, root, surveys), is_thorough)
    finally:
        os.close(root)


def _refresh(
    before: Shard, addresses: tuple[str, ...], surveys: Sequence[Survey], reader: _Reader, is_thorough: bool
) -> Shard:
    began = time.time_ns()
    reader.reasons.known.update({reason: REFUSED + place for place, reason in enumerate(before.reasons)})
    is_same = before.addresses == addresses and before.sections.keys() == {survey.version for survey in surveys}
    kept = _places(before, addresses, surveys)
    rows = np.flatnonzero(kept >= 0)
    if not is_thorough and len(rows):
        is_calm = _calm(before, surveys)[kept[rows]]
        calm, rows = rows[is_calm], rows[~is_calm]
        some = [addresses[row] for row in calm.tolist()]
        kept[calm[_changed_manifests(some, before.people[kept[calm]], reader.root)]] = -1
    places = kept[rows]
    people = before.people[places].tolist()
    # Where nobody may be as they were, a survey may be new.
    sections = [before.sections[one.version].releases[places].tolist() for one in surveys] if len(rows) else []
    for number, row in enumerate(rows.tolist()):
        if not reader.is_as_it_was(addresses[row], people[number], [section[number] for section in sections]):
            kept[row] = -1
    read = {row: reader.read(addresses[row], began) for row in np.flatnonzero(kept < 0).tolist()}
    if is_same and not read:
        return before
    return _together(before, addresses, surveys, kept, read, tuple(reader.reasons.known))


def _places(before: Shard, addresses: tuple[str, ...], surveys: Sequence[Survey]) -> NDArray[np.int64]:
    """Return int64[people]: where in `before` a person is who may be as they were, else -1."""
    if not all(before.holds(survey) for survey in surveys):
        return np.full(len(addresses), -1)
    if before.addresses == addresses:
        found = np.arange(len(addresses))
    else:
        places = {address: place for place, address in enumerate(before.addresses)}
        found = np.array([places.get(address, -1) for address in addresses], np.int64)
    known = np.flatnonzero(found >= 0)
    found[known[before.people["home"][found[known]] == UNSETTLED]] = -1
    return found


def _calm(before: Shard, surveys: Sequence[Survey]) -> NDArray[np.bool_]:
    """Return bool[people]: of whom nothing is refused, waited for or read again."""
    found: NDArray[np.bool_] = (before.people["state"] <= VALID) & (before.people["home"] != UNSETTLED)
    for survey in surveys:
        found &= before.sections[survey.version].releases["state"] <= VALID
    return found


def calm_people(shard: Shard, surveys: Sequence[Survey]) -> NDArray[np.void] | None:
    """Return the people of a shard, for `have_changed`, None when some have to be looked at thoroughly every time."""
    return shard.people if bool(_calm(shard, surveys).all()) else None


def have_changed(datasites: Path, addresses: Sequence[str], people: NDArray[np.void]) -> bool:
    """Return whether a manifest of calm people looks different now. people: `PERSON` for each address."""
    root = os.open(datasites, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return bool(_changed_manifests(addresses, people, root))
    finally:
        os.close(root)


def _changed_manifests(addresses: Sequence[str], people: NDArray[np.void], root: int) -> list[int]:
    """Return whose manifests look different now, as places in `addresses`. root: a descriptor of the datasites."""
    changed, inner, stat = [], f"/app_data/{APP_NAME}/{MANIFEST}", os.stat
    seen = zip(addresses, *(people[name].tolist() for name in _MANIFEST), strict=True)
    for place, (address, inode, time_, size) in enumerate(seen):
        try:
            found = stat(address + inner, dir_fd=root, follow_symlinks=False)
        except OSError:
            if inode:
                changed.append(place)
        else:
            if found.st_ctime_ns != time_ or found.st_ino != inode or found.st_size != size:
                changed.append(place)
    return changed


@dataclass
class _Reader:
    """Looks into datasites. root: a descriptor of their folder."""

    datasites: Path
    root: int
    surveys: Sequence[Survey]
    reasons: _Reasons = field(default_factory=_Reasons)

    def __post_init__(self) -> None:
        self.paths = [release_path(survey.round) for survey in self.surveys]
        self.places = [{one.name: place for place, one in enumerate(survey.questions)} for survey in self.surveys]

    def is_as_it_was(self, address: str, person: tuple[int, ...], releases: Sequence[tuple[int, ...]]) -> bool:
        """Return whether a datasite looks as it did when it was read."""
        *looks, state = person
        if self._looks_of(address) != tuple(looks):
            return False
        if state != VALID:
            return True
        return all(
            release[4] == NOTHING or self._looks_of_release(address, path) == release[:3]
            for path, release in zip(self.paths, releases, strict=True)
        )

    def _looks(self, path: str) -> tuple[int, int, int]:
        try:
            found = os.stat(path, dir_fd=self.root, follow_symlinks=False)
        except OSError:
            return _MISSING
        return found.st_ino, found.st_ctime_ns, found.st_size

    def _looks_of(self, address: str) -> _Looks:
        inner = f"{address}/app_data"
        folder = f"{inner}/{APP_NAME}"
        # A link in the place of a folder is another inode, or has changed the folder around it.
        return (
            self._looks(address)[0],
            *self._looks(inner)[:2],
            *self._looks(folder)[:2],
            *self._looks(f"{folder}/{MANIFEST}"),
        )

    def _looks_of_release(self, address: str, path: str) -> _Looks:
        return self._looks(f"{address}/app_data/{APP_NAME}/{path}")

    def read(self, address: str, began: int) -> _Person:
        """Read a datasite. began: when the look did, ns since 1970."""
        # Before anything is read: what changes meanwhile looks different in the next look.
        found = _Person(self._looks_of(address), NOTHING, [_Release() for _ in self.surveys])
        try:
            self._read(address, found)
        except UnsafeFile as problem:
            self._refuse(found, problem)
        except OSError:
            self._refuse(found, None)
        times = [found.looks[2], found.looks[4], found.looks[6], *(one.looks[1] for one in found.releases)]
        ended = time.time_ns()
        if not found.is_lasting or any(began - SETTLED < changed < ended + SETTLED for changed in times):
            found.looks = (UNSETTLED, *found.looks[1:])
        return found

    def _refuse(self, found: _Person, problem: UnsafeFile | None) -> None:
        """Refuse everything of a person."""
        found.state = self._state(found, problem)
        for release in found.releases:
            release.state = found.state

    def _state(self, found: _Person, problem: UnsafeFile | RefusedRelease | None) -> int:
        """Return the state of a refused file, and note whether it is refused as long as it does not change."""
        reason = problem.reason if problem else "unreadable"
        cause = problem.__cause__ if problem else None
        passes = reason == "unreadable" or (isinstance(cause, OSError) and cause.errno not in _LASTING)
        found.is_lasting &= not passes
        return self.reasons.state(reason)

    def _read(self, address: str, found: _Person) -> None:
        with visit(Datasite(self.datasites, address), self.root) as folder:
            manifest = read_manifest(folder) if folder is not None else None
            if folder is None or manifest is None:
                return
            found.state = VALID
            for number, (survey, path) in enumerate(zip(self.surveys, self.paths, strict=True)):
                release, question = found.releases[number], survey.question_for(address)
                if question is not None:
                    release.question = self.places[number][question.name]
                if path not in manifest.files:
                    continue
                release.looks = self._looks_of_release(address, path)
                try:
                    data = read_published(folder, manifest, path, SIZE)
                    assert data is not None
                    release.payload = _checked(data, survey, question)
                    release.state = VALID
                except (UnsafeFile, RefusedRelease) as problem:
                    release.state = self._state(found, problem)
                except OSError:
                    release.state = self._state(found, None)


def _checked(data: bytes, survey: Survey, question: Question | None) -> bytes:
    """Return the payload of a release. Raises RefusedRelease."""
    if question is None:
        raise RefusedRelease("not_asked", "this person was not asked in this round")
    return parse_release(data, survey, question)


def _together(
    before: Shard,
    addresses: tuple[str, ...],
    surveys: Sequence[Survey],
    kept: NDArray[np.int64],
    read: Mapping[int, _Person],
    reasons: tuple[str, ...],
) -> Shard:
    """Return the shard of what was kept and what was read. kept: by person, the place in `before`, -1 for none."""
    is_kept = kept >= 0
    people = np.zeros(len(addresses), PERSON)
    people[is_kept] = before.people[kept[is_kept]]
    for row, person in read.items():
        people[row] = (*person.looks, person.state)
    sections = {}
    for number, survey in enumerate(surveys):
        releases = np.zeros(len(addresses), RELEASE)
        releases["question"] = NOT_ASKED
        section = before.sections.get(survey.version)
        if section is not None:
            releases[is_kept] = section.releases[kept[is_kept]]
        fresh: dict[int, list[tuple[int, bytes]]] = {}
        for row, person in read.items():
            one = person.releases[number]
            releases[row] = (*one.looks, one.question, one.state)
            if one.state == VALID:
                fresh.setdefault(one.question, []).append((row, one.payload))
        payloads = {
            question.name: _payloads(section, place, question, kept, fresh.get(place, ()))
            for place, question in enumerate(survey.questions)
        }
        sections[survey.version] = Section(releases, payloads)
    return Shard(addresses, people, sections, reasons)


def _payloads(
    section: Section | None,
    place: int,
    question: Question,
    kept: NDArray[np.int64],
    fresh: Sequence[tuple[int, bytes]],
) -> bytes:
    """Return the answers to a question in the order of the people. fresh: rows of the people, and what was read."""
    new = np.frombuffer(b"".join(payload for _, payload in fresh), np.uint8).reshape(-1, question.payload_size)
    rows = np.array([row for row, _ in fresh], np.int64)
    if section is not None and bool((kept >= 0).any()):
        answered = section.answered(place)
        old = np.frombuffer(section.payloads[question.name], np.uint8).reshape(-1, question.payload_size)
        number = np.cumsum(answered) - 1
        is_old = (kept >= 0) & answered[kept]
        rows = np.concatenate([np.flatnonzero(is_old), rows])
        new = np.concatenate([old[number[kept[is_old]]], new])
    return new[np.argsort(rows)].tobytes()
