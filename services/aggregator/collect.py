"""Collects what all datasites hold for the rounds that are counted."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.questions.question import Counted, Question
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.survey.survey import Survey
from services.aggregator.shards import (
    FOLDER,
    REFUSED,
    VALID,
    WAITING,
    Shard,
    bits_for,
    read_shard,
    shard_of,
    shard_path,
    write_shard,
)
from services.aggregator.sweep import calm_people, have_changed, refresh
from services.runtime.executors import LocalProcesses

# So many refused files of a round are kept with their datasite; the others are counted only.
MAX_REFUSALS = 1000
# So many datasites are read at a time, by one job.
_SLICE = 1000
# People of a shard, about; half to four times as many while a group grows or shrinks.
_PEOPLE = 500
# A shard is looked at thoroughly in one look of so many.
_TURNS = 16
# In a larger group nothing of the shards is kept in memory: 200 bytes a person.
_REMEMBERED = 100_000
# From so many people on, several processes read faster than one.
_MANY = 20_000
_HERE = ThisProcess()


@dataclass
class RoundReports:
    """What all releases of a round say together.

    participants: datasites with a manifest. asked: those of them who are asked in this round, by question.
    reports: valid releases by question. refused: files by reason.
    refusals: whose they were, with the reason, at most MAX_REFUSALS. waiting: announced but not wholly synced.
    counts: int64 by question, as its `estimate` takes them.
    """

    survey: Survey
    participants: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    refusals: list[tuple[str, str]] = field(default_factory=list)
    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def refuse(self, email: str, reason: str) -> None:
        """Count a refused file; who it is from is for the aggregator's own log."""
        self.refused[reason] += 1
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals.append((email, reason))

    def counted(self, question: Question) -> Counted:
        """Return the answers to a question of the survey added up."""
        counts = self.counts.get(question.name)
        if counts is None:
            return question.count(b"")
        return Counted(counts, self.reports[question.name])


@dataclass(frozen=True)
class RoundReleases:
    """The releases of a round, read and checked one by one, but not counted yet.

    found: everything but counts and reports. payloads: by question, the valid answers one after another.
    """

    found: RoundReports
    payloads: Mapping[str, bytes]

    def digest(self) -> str:
        """Return a hash of everything that the counts and the statistics of the round depend on."""
        found = self.found
        digest = hashlib.sha256(
            canonical_json(
                [
                    *(found.survey.version, found.participants, found.waiting),
                    *(found.asked, found.refused, found.refusals),
                    {name: len(some) for name, some in self.payloads.items()},
                ]
            )
        )
        for name in sorted(self.payloads):
            digest.update(self.payloads[name])
        return digest.hexdigest()

    def count(self) -> RoundReports:
        """Count the answers."""
        found = self.found
        for question in found.survey.questions:
            counted = question.count(self.payloads.get(question.name, b""))
            found.counts[question.name] = counted.counts
            if counted.reports:
                found.reports[question.name] = counted.reports
        return found


def nothing() -> None:
    """Tell nobody of progress."""


def collect(
    datasites: Path,
    emails: Iterable[str],
    survey: Survey,
    progress: Callable[[], None] = nothing,
    *,
    executor: Executor = _HERE,
) -> RoundReports:
    """Read, check and count the releases of `emails` for the survey's round; nothing is kept.

    A file that is missing, damaged or malicious is counted by reason and costs nobody else anything. Refusals are in
    the order of `emails`. executor: as `look`.
    """
    found = executor.map(partial(_read_slice, datasites, (survey,)), _slices(emails))
    return together([survey], found, progress).releases[0].count()


def sharing_manifest(datasites: Path, emails: Iterable[str]) -> Iterator[str]:
    """Yield which of `emails` share a valid manifest, in their order."""
    for addresses in _slices(emails):
        yield from _read_slice(datasites, (), addresses).sharing


def _slices(emails: Iterable[str]) -> Iterator[tuple[str, ...]]:
    names = iter(emails)
    return iter(lambda: tuple(islice(names, _SLICE)), ())


def _read_slice(datasites: Path, surveys: tuple[Survey, ...], addresses: tuple[str, ...]) -> Findings:
    return findings_of(refresh(Shard(), addresses, surveys, datasites), surveys)


@dataclass(frozen=True)
class Looked:
    """What one look at all datasites has found. sharing: who shares a valid manifest. releases: of each survey."""

    sharing: tuple[str, ...]
    releases: tuple[RoundReleases, ...]


@dataclass(frozen=True)
class Division:
    """People divided into shards. names: as they were given. shards: numbers of those that are not empty, rising, and
    the addresses in each, sorted.
    """

    bits: int
    names: tuple[str, ...]
    shards: tuple[tuple[int, tuple[str, ...]], ...]

    @classmethod
    def of(cls, names: tuple[str, ...], bits: int) -> Division:
        """Divide people by the first bits of the hashes of their addresses."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        for name in names:
            found[shard_of(name, bits)].append(name)
        return cls(bits, names, tuple((number, tuple(sorted(found[number]))) for number in sorted(found)))


@dataclass(frozen=True)
class ShardJob:
    """A shard to look at. addresses: whose datasites. is_thorough: as `refresh`."""

    number: int
    addresses: tuple[str, ...]
    is_thorough: bool


def look(
    datasites: Path,
    own: Path,
    emails: Iterable[str],
    surveys: Sequence[Survey],
    progress: Callable[[], None] = nothing,
    *,
    memory: LookMemory,
    executor: Executor = _HERE,
) -> Looked:
    """Look into the datasites of `emails` for the rounds of all surveys at once, and keep what is found in shards.

    One datasite is one person and has at most one release a round: the file of that name.

    own: the folder with the shards. memory: of this process, about its last look. executor: where shards are looked at;
    they do not depend on each other and are put together in their order, so the result is the same everywhere. Refusals
    are in the order of the shards, and of the addresses in each.
    """
    division = memory.division(own, tuple(emails) if datasites.is_dir() else ())
    turns = min(_TURNS, len(division.shards))
    jobs = (
        ShardJob(number, addresses, not memory.looks or (place + memory.looks) % turns == 0)
        for place, (number, addresses) in enumerate(division.shards)
    )
    versions = tuple(survey.version for survey in surveys)
    # Starting processes takes longer than they save in a small group, or where hardly anything has changed.
    if isinstance(executor, LocalProcesses) and (len(division.names) < _MANY or set(versions) <= set(memory.versions)):
        executor = _HERE
    look_at = partial(look_into, datasites, own, division.bits, tuple(surveys))
    if isinstance(executor, ThisProcess):
        calm = memory.calm if versions == memory.versions else {}
        found: Iterator[Findings] = (_look_here(datasites, look_at, calm, job) for job in jobs)
    else:
        found = executor.map(look_at, jobs, places=_place)
    kept: list[Findings] = []
    is_small = len(division.names) <= _REMEMBERED
    looked = together(surveys, _noting(found, kept) if is_small else found, progress)
    memory.calm = {number: one for (number, _), one in zip(division.shards, kept, strict=False)}
    memory.tidy(own)
    memory.looks, memory.versions = memory.looks + 1, versions
    return looked


def _noting(found: Iterable[Findings], kept: list[Findings]) -> Iterator[Findings]:
    for one in found:
        kept.append(one)
        yield one


def _look_here(
    datasites: Path, look_at: Callable[[ShardJob], Findings], calm: Mapping[int, Findings], job: ShardJob
) -> Findings:
    """Return what is in a shard: what this process found the last time, while no manifest looks different."""
    known = calm.get(job.number)
    if (
        known is not None
        and known.calm is not None
        and not job.is_thorough
        and known.addresses == job.addresses
        and not have_changed(datasites, job.addresses, known.calm)
    ):
        return known
    return look_at(job)


def _place(job: ShardJob) -> int:
    return job.number


@dataclass
class LookMemory:
    """What a process remembers of its last look. looks: how many it has done: the first one is thorough everywhere,
    later ones in one shard of _TURNS. versions: of the surveys. calm: what was in each shard.
    """

    looks: int = 0
    versions: tuple[str, ...] = ()
    last: Division | None = None
    calm: Mapping[int, Findings] = field(default_factory=dict)
    is_tidy: bool = False

    def division(self, own: Path, names: tuple[str, ...]) -> Division:
        """Return people divided into shards: as the last time, if they are the same."""
        if self.last is None or self.last.names != names:
            before = _bits_in(own) if self.last is None else [self.last.bits]
            people = len(names)
            fitting = [bits for bits in before if _PEOPLE << bits <= 4 * people and people <= 2 * _PEOPLE << bits]
            self.last = Division.of(names, max(fitting, default=bits_for(people, _PEOPLE)))
            self.is_tidy = False
        return self.last

    def tidy(self, own: Path) -> None:
        """Remove shards that nobody is in any more."""
        if self.last is None or self.is_tidy:
            return
        keep = {shard_path(own, self.last.bits, number).name for number, _ in self.last.shards}
        for path in (own / FOLDER).glob("*"):
            if path.name not in keep:
                with suppress(OSError):
                    path.unlink()
        self.is_tidy = True


def _bits_in(own: Path) -> set[int]:
    """Return into how many bits the shards of an own folder were divided."""
    names = (path.name.partition("-")[0] for path in (own / FOLDER).glob("[0-9][0-9]-*.bin"))
    return {int(name) for name in names}


def look_into(datasites: Path, own: Path, bits: int, surveys: tuple[Survey, ...], job: ShardJob) -> Findings:
    """Look at one shard, keep it if anything has changed, and return what is in it.

    A shard of fewer bits, which the group has outgrown, is read where there is none yet.
    """
    path = shard_path(own, bits, job.number)
    before = read_shard(path)
    above = (read_shard(shard_path(own, bits - less, job.number >> less)) for less in range(1, bits + 1))
    now = refresh(
        before or next((one for one in above if one is not None), Shard()),
        job.addresses,
        surveys,
        datasites,
        is_thorough=job.is_thorough,
    )
    if now is not before:
        with suppress(OSError):  # of a full disk others tell; what is not kept is read again
            write_shard(path, now)
    return findings_of(now, surveys)


@dataclass
class _Found:
    """What a shard holds for one survey; as `RoundReports` and `RoundReleases`."""

    asked: dict[str, int]
    waiting: int
    refusals: list[tuple[str, str]]
    payloads: Mapping[str, bytes]


@dataclass
class Findings:
    """What a shard holds. addresses: whose datasites were looked at. sharing: who shares a valid manifest. rounds: of
    each survey. calm: for `have_changed`.
    """

    addresses: tuple[str, ...]
    calm: NDArray[np.void] | None
    sharing: tuple[str, ...]
    rounds: tuple[_Found, ...]


def findings_of(shard: Shard, surveys: Sequence[Survey]) -> Findings:
    """Return what a shard holds for surveys. Raises KeyError for a survey that it does not have."""
    is_sharing = shard.people["state"] == VALID
    sharing = tuple(shard.addresses[row] for row in np.flatnonzero(is_sharing).tolist())
    rounds = tuple(_found(shard, is_sharing, survey) for survey in surveys)
    return Findings(shard.addresses, calm_people(shard, surveys), sharing, rounds)


def _found(shard: Shard, is_sharing: NDArray[np.bool_], survey: Survey) -> _Found:
    section = shard.sections[survey.version]
    states = section.releases["state"]
    asked = np.bincount(section.releases["question"][is_sharing], minlength=len(survey.questions)).tolist()
    return _Found(
        {question.name: asked[place] for place, question in enumerate(survey.questions)},
        int(np.count_nonzero(states == WAITING)),
        [
            (shard.addresses[row], shard.reasons[states[row] - REFUSED])
            for row in np.flatnonzero(states >= REFUSED).tolist()
        ],
        section.payloads,
    )


def together(surveys: Sequence[Survey], found: Iterable[Findings], progress: Callable[[], None] = nothing) -> Looked:
    """Return what is in all shards together, in their order. found: of each shard, for the same surveys. progress: is
    called for each person.
    """
    reports = [RoundReports(survey) for survey in surveys]
    payloads: list[defaultdict[str, list[bytes]]] = [defaultdict(list) for _ in surveys]
    sharing: list[str] = []
    for findings in found:
        sharing += findings.sharing
        for report, some, part in zip(reports, payloads, findings.rounds, strict=True):
            report.participants += len(findings.sharing)
            report.asked.update({name: count for name, count in part.asked.items() if count})
            report.waiting += part.waiting
            for email, reason in part.refusals:
                report.refuse(email, reason)
            for name, answers in part.payloads.items():
                some[name].append(answers)
        if progress is not nothing:
            for _ in findings.addresses:
                progress()
    return Looked(
        tuple(sharing),
        tuple(
            RoundReleases(report, {name: b"".join(parts) for name, parts in some.items()})
            for report, some in zip(reports, payloads, strict=True)
        ),
    )
