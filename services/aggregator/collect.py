"""Reads the releases of one round from all datasites. Every byte of them is untrusted until it is checked."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.layout import release_path
from netflix_trend.questions.question import Counted, Question
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.release import SIZE, RefusedRelease, parse_release
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite, read_manifest, read_published, visit

# So many refused files of a round are kept with their datasite; the others are counted only.
MAX_REFUSALS = 1000
# So many datasites are read at a time, by one job.
_SLICE = 1000
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


def collect(
    datasites: Path,
    emails: Iterable[str],
    survey: Survey,
    progress: Callable[[], None] = lambda: None,
    *,
    executor: Executor = _HERE,
) -> RoundReports:
    """Read, check and count the releases of `emails` for the survey's round; as `read_round`."""
    return read_round(datasites, emails, survey, progress, executor=executor).count()


def read_round(
    datasites: Path,
    emails: Iterable[str],
    survey: Survey,
    progress: Callable[[], None] = lambda: None,
    *,
    executor: Executor = _HERE,
) -> RoundReleases:
    """Read and check the releases of `emails` for the survey's round.

    One datasite is one person and has at most one release a round: the file of that name. A file that is missing,
    damaged or malicious is counted by reason and costs nobody else anything.

    executor: where slices of `emails` are read. They are read independently and put together in their order, so the
    result is the same everywhere.
    """
    found = RoundReports(survey)
    payloads: defaultdict[str, bytearray] = defaultdict(bytearray)  # all that is kept of a person
    names = iter(emails)
    slices = iter(lambda: list(islice(names, _SLICE)), [])
    for part in executor.map(partial(_read_slice, datasites, survey), slices):
        found.participants += part.participants
        found.asked.update(part.asked)
        found.waiting += part.waiting
        for email, reason in part.refusals:
            found.refuse(email, reason)
        for name, some in part.payloads.items():
            payloads[name] += some
        for _ in range(part.visited):
            progress()
    return RoundReleases(found, {name: bytes(some) for name, some in payloads.items()})


@dataclass
class _Slice:
    """What some datasites hold for a round. payloads: by question, the valid answers one after another."""

    visited: int = 0
    participants: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    refusals: list[tuple[str, str]] = field(default_factory=list)
    payloads: defaultdict[str, bytearray] = field(default_factory=lambda: defaultdict(bytearray))


def _read_slice(datasites: Path, survey: Survey, emails: Sequence[str]) -> _Slice:
    found = _Slice()
    root = os.open(datasites, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for email in emails:
            found.visited += 1
            try:
                answer = _read(Datasite(datasites, email), root, survey, found)
            except (UnsafeFile, RefusedRelease) as problem:
                if problem.reason == "unsynced":
                    found.waiting += 1
                else:
                    found.refusals.append((email, problem.reason))
            except OSError:
                found.refusals.append((email, "unreadable"))
            else:
                if answer is not None:
                    asked, payload = answer
                    found.payloads[asked.name] += payload
    finally:
        os.close(root)
    return found


def _read(site: Datasite, root: int, survey: Survey, found: _Slice) -> tuple[Question, bytes] | None:
    """Return what a person was asked and the payload of their release, None when there is none for this round."""
    with visit(site, root) as folder:
        manifest = read_manifest(folder) if folder is not None else None
        if folder is None or manifest is None:
            return None
        found.participants += 1
        question = survey.question_for(site.email)
        if question is not None:
            found.asked[question.name] += 1
        data = read_published(folder, manifest, release_path(survey.round), SIZE)
        if data is None:
            return None
    if question is None:
        raise RefusedRelease("not_asked", "this person was not asked in this round")
    return question, parse_release(data, survey, question)
