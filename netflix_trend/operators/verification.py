"""Verifying reports as jobs: pure functions of files and secrets, each job about some files, for `Executor.map`.

A job and its result are bytes and numbers, so that they can go to another process. Whoever runs a job holds one
operator's round key while it runs, and keeps nothing of it afterwards; it must be a process of that operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeVar

from netflix_trend.operators.codec import (
    MessageType,
    ReportError,
    Role,
    VerifyInit,
    ping_pong,
    read_ping_pong,
)
from netflix_trend.operators.manifest import Manifest, Round, from_bytes, to_bytes
from netflix_trend.operators.report import Invalid, NotOwn, ReportFile, ShareOpener, parse
from netflix_trend.operators.sealing import Opener, RoundKey, verify_key
from netflix_trend.operators.wire import Malformed
from netflix_trend.vdaf import field128
from netflix_trend.vdaf.refusal import InvalidMessage

# So many files a job: the secrets are prepared once in a job, and a job has some hundred kilobytes.
FILES_A_JOB = 128

T = TypeVar("T")


def in_jobs(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in lists of at most FILES_A_JOB, taken as they are needed."""
    rest = iter(items)
    return iter(lambda: list(islice(rest, FILES_A_JOB)), [])


@dataclass(frozen=True)
class Secrets:
    """What an operator needs to verify reports of one round.

    manifest: as bytes. private: the operator's round key. seed: of the verify keys.
    """

    manifest: bytes
    private: bytes = field(repr=False)
    seed: bytes = field(repr=False)

    @classmethod
    def of(cls, asked: Round, private: bytes | None, seed: bytes | None) -> Secrets:
        """Return the secrets of an open round."""
        assert private is not None and seed is not None
        return cls(to_bytes(asked.manifest), private, seed)

    @property
    def round(self) -> Round:
        """What the round asks; it is public, and kept in this process."""
        return _round(self.manifest)

    def opener(self) -> Opener:
        """Return what opens files that were sealed to the operator."""
        return RoundKey(self.private).opener()

    def keys(self) -> list[bytes]:
        """Return the verify key of each task."""
        return [verify_key(self.seed, task.task_id) for task in self.round.tasks]


@lru_cache(maxsize=4)
def _round(manifest: bytes) -> Round:
    return Round(from_bytes(Manifest, manifest))


class File(NamedTuple):
    """A participant's file. data: exactly as many bytes as a file of the round has."""

    email: str
    data: bytes


class Verified(NamedTuple):
    """What became of one report.

    report_id: that of the report, or of its owner when there is no report. code: 0, or DAP's code of the reason why it
    is invalid. share: the state of an unfinished verification, or the output share of a finished one; None when it is
    invalid. message: for the other operator, empty when there is none.
    """

    report_id: bytes
    code: int
    share: bytes | None = None
    message: bytes = b""


class Opened(NamedTuple):
    """A file of which this operator verified its half. reason: why it was refused, in one word, else empty.

    reports: one for each task.
    """

    email: str
    reason: str = ""
    reports: tuple[Verified, ...] = ()


class Wanted(NamedTuple):
    """A file that the helper looked for, with what the leader says about it.

    data: None when there is none, or it is refused. inits: number of the task and the VerifyInit of each report.
    """

    data: bytes | None
    email: str
    inits: tuple[tuple[int, VerifyInit], ...]


def read_file(asked: Round, file: File) -> tuple[ReportFile | None, str]:
    """Return a file, or None and the reason in one word why it is refused."""
    try:
        return parse(asked, file.email, file.data), ""
    except NotOwn:
        return None, "not_own"
    except Malformed:
        return None, "malformed"


def check_files(manifest: bytes, files: Sequence[File]) -> list[Opened]:
    """Return which files are reports of the round, without opening anything in them. manifest: the round's."""
    return [Opened(one.email, read_file(_round(manifest), one)[1]) for one in files]


def leader_halves(secrets: Secrets, files: Sequence[File]) -> list[Opened]:
    """Start the verification of the leader's half of every report: shares are states, messages encoded VerifyInits."""
    return _each(secrets, files, [Role.LEADER])


def both_halves(secrets: Secrets, files: Sequence[File]) -> list[Opened]:
    """Verify both halves of every report, as the one operator whom people trust: shares are sums of both outputs."""
    return _each(secrets, files, [Role.LEADER, Role.HELPER])


def _each(secrets: Secrets, files: Sequence[File], roles: Sequence[Role]) -> list[Opened]:
    asked, opener, keys, found = secrets.round, secrets.opener(), secrets.keys(), []
    verify = _start if len(roles) == 1 else _verify_both
    for one in files:
        file, reason = read_file(asked, one)
        if file is None:
            found.append(Opened(one.email, reason))
            continue
        halves = [ShareOpener(asked, role, opener, file) for role in roles]
        reports = tuple(verify(asked, number, key, halves) for number, key in enumerate(keys))
        found.append(Opened(one.email, "", reports))
    return found


def _start(asked: Round, number: int, key: bytes, halves: Sequence[ShareOpener]) -> Verified:
    (half,), scheme = halves, asked.tasks[number].prio3
    report = half.file.reports[number]
    # Without a report id, the owner's hash is as unique.
    report_id = report.metadata.report_id if report else half.file.owner[:16]
    try:
        share = half.open(number)
        assert report is not None
        state, verifier = scheme.verify_init(key, 0, report_id, report.public_share, share)
    except Invalid as refusal:
        return Verified(report_id, refusal.error)
    except InvalidMessage:
        return Verified(report_id, ReportError.VDAF_VERIFY_ERROR)
    init = VerifyInit(report.for_helper(), ping_pong(MessageType.INITIALIZE, verifier))
    return Verified(report_id, 0, state.encode(), init.encode())


def _verify_both(asked: Round, number: int, key: bytes, halves: Sequence[ShareOpener]) -> Verified:
    scheme, report = asked.tasks[number].prio3, halves[0].file.reports[number]
    report_id = report.metadata.report_id if report else halves[0].file.owner[:16]
    try:
        shares = [half.open(number) for half in halves]
        assert report is not None
        started = [
            scheme.verify_init(key, at, report_id, report.public_share, share) for at, share in enumerate(shares)
        ]
        message = scheme.verifier_shares_to_message([verifier for _, verifier in started])
        outputs = [scheme.verify_next(state, message) for state, _ in started]
    except Invalid as refusal:
        return Verified(report_id, refusal.error)
    except InvalidMessage:
        return Verified(report_id, ReportError.VDAF_VERIFY_ERROR)
    return Verified(report_id, 0, scheme.aggregate(outputs).encode())


class Answered(NamedTuple):
    """A file of which the helper verified its half. reason: why it is refused, in one word; None when there is none.

    reports: for each init, what became of the report, with the answer for the leader as message and the output share;
    None when the leader names another report than the one in the file.
    """

    reason: str | None
    reports: tuple[Verified | None, ...]


def helper_halves(secrets: Secrets, files: Sequence[Wanted]) -> list[Answered]:
    """Finish the verification of the helper's half of the reports that the leader names."""
    asked, opener, keys = secrets.round, secrets.opener(), secrets.keys()
    return [_answers(asked, opener, keys, one) for one in files]


def _answers(asked: Round, opener: Opener, keys: Sequence[bytes], one: Wanted) -> Answered:
    file, reason = read_file(asked, File(one.email, one.data)) if one.data is not None else (None, None)
    if file is None:
        return Answered(reason, (None,) * len(one.inits))
    half = ShareOpener(asked, Role.HELPER, opener, file)
    return Answered("", tuple(_finish(asked, number, keys[number], half, init) for number, init in one.inits))


def _finish(asked: Round, number: int, key: bytes, half: ShareOpener, init: VerifyInit) -> Verified | None:
    scheme, report = asked.tasks[number].prio3, half.file.reports[number]
    if report is None or report.for_helper() != init.report_share:
        return None
    report_id = report.metadata.report_id
    try:
        share, theirs = half.open(number), read_ping_pong(MessageType.INITIALIZE, init.payload)
        state, ours = scheme.verify_init(key, 1, report_id, report.public_share, share)
        message = scheme.verifier_shares_to_message([theirs, ours])
        output = scheme.verify_next(state, message)
    except Invalid as refusal:
        return Verified(report_id, refusal.error)
    except Malformed:
        return Verified(report_id, ReportError.INVALID_MESSAGE)
    except InvalidMessage:
        return Verified(report_id, ReportError.VDAF_VERIFY_ERROR)
    return Verified(report_id, 0, field128.encode(output.elements), ping_pong(MessageType.FINISH, message))
