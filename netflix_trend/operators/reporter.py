"""The participant's side: one file a round, made once, for the operators named in settings and no others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from netflix_trend.operators.budget import Budget, BudgetFull
from netflix_trend.operators.identity import WrongSigner
from netflix_trend.operators.manifest import Accept, Manifest, Round, datasite_hash, from_bytes, parties_match
from netflix_trend.operators.report import build
from netflix_trend.operators.result import Abort, Closing, Status, Told
from netflix_trend.operators.round_folders import ABORT, ACCEPT, MANIFEST
from netflix_trend.operators.sealing import CannotOpen, Sealer
from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import CLOSE, REPORT, OwnFiles, Peer, list_rounds, operator_readers
from netflix_trend.operators.wire import Malformed
from netflix_trend.privacy.randomness import RandBytes, secure_bytes
from netflix_trend.storage.files import UnsafeFile

_log = logging.getLogger("operators")
# In the budget instead of a manifest's digest: the round may have been answered with records that are lost.
MAY_BE_ANSWERED = b""

# Returns one measurement for each block of a round, or None while the participant has no data for its days.
Answers = Callable[[Round], Sequence[Any] | None]


class RefusedRound(Exception):
    """A round is refused. `reason` is one word, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class ReporterLimits:
    """Limits of a participant. rho: the largest privacy loss of one round. smallest_batch: the fewest people in a
    sum.
    """

    rho: Fraction
    smallest_batch: int


@dataclass
class Reporter:
    """A participant. helper: None for one who trusts the leader alone. problems: why a round waits, by round."""

    files: OwnFiles
    store: Store
    budget: Budget
    leader: Peer
    helper: Peer | None
    limits: ReporterLimits
    answers: Answers
    randbytes: RandBytes = secure_bytes
    problems: dict[str, str] = field(default_factory=dict)

    def run(self, now: int) -> dict[str, str]:
        """Answer what can be answered. now: seconds since 1970. Returns one word for each round of the leader's."""
        return {name: self._answer(name, now) for name in list_rounds(self.leader.site)}

    def withdraw(self, name: str) -> None:
        """Take our file back and never send another: it is in no sum, unless it was summed already.

        What it costs stays in the budget.
        """
        with self.store.transaction() as sql:
            sql.execute(
                "INSERT INTO rounds (round, state) VALUES (?, 'withdrawn') "
                "ON CONFLICT DO UPDATE SET state = 'withdrawn'",
                (name,),
            )
            sql.execute("DELETE FROM outbox WHERE round = ?", (name,))
        self.files.remove(name, REPORT)

    def status(self, name: str) -> Status | None:
        """Return what the leader says became of our file, None before the round is over."""
        return report_status(self.leader, self.files.site.email, name)

    def _answer(self, name: str, now: int) -> str:
        row = self.store.round(name)
        if row is not None and row.state == "withdrawn":
            self.files.remove(name, REPORT)
            return "withdrawn"
        try:
            if REPORT in self.store.outbox(name):
                return self._write(name)
            asked = self._agreed(name)
            return self._make(asked, now) if asked else "waiting"
        except (RefusedRound, WrongSigner, UnsafeFile) as refusal:
            self.problems[name] = str(refusal)
            _log.warning("round %s is not answered: %s", name, refusal)
            return f"refused: {refusal.reason}"

    def _agreed(self, name: str) -> Round | None:
        """Return a round that both operators have signed, None while it is not there. Raises RefusedRound."""
        for operator in self._operators():
            if operator.read(name, ABORT) is not None:
                raise RefusedRound("aborted", "an operator has given the round up")
        data = self.leader.read(name, MANIFEST)
        accepted = self.helper.read(name, ACCEPT) if self.helper else b""
        if data is None or accepted is None:
            return None
        try:
            asked = Round(from_bytes(Manifest, data))
            accept = from_bytes(Accept, accepted) if self.helper else None
        except Malformed as problem:
            raise RefusedRound("malformed", f"the round cannot be read: {problem}") from None
        self._check_agreement(name, asked, accept)
        return asked

    def _check_agreement(self, name: str, asked: Round, accept: Accept | None) -> None:
        """Check that both operators mean this round, and are the ones in our settings. Raises RefusedRound."""
        if asked.name != name or (accept and (accept.round, accept.manifest) != (name, asked.digest.hex())):
            raise RefusedRound("other_manifest", "the helper has agreed to another manifest than the leader's")
        if not parties_match(asked.manifest, self.leader.pinned, self.helper.pinned if self.helper else None):
            raise RefusedRound("parties", "the round names other operators than your settings")

    def _operators(self) -> list[Peer]:
        return [peer for peer in (self.leader, self.helper) if peer is not None]

    def _make(self, asked: Round, now: int) -> str:
        own = self.files.read(asked.name, REPORT)
        if own is not None:  # our database was lost, or is an older copy: the published file counts
            self._keep(asked, own)
            return self._write(asked.name)
        spent = self.budget.spent(asked.name)
        if spent is None:
            self._check(asked)
        elif spent == MAY_BE_ANSWERED:
            raise RefusedRound("restored", "it may have been answered before our records were restored from a backup")
        elif spent != asked.digest:
            raise RefusedRound("other_manifest", "this round was entered with another manifest")
        if now > asked.manifest.late:
            return "over"
        measurements = self.answers(asked)
        if measurements is None:
            if now < asked.manifest.late - asked.manifest.slack:
                return "waiting"
            measurements = [block.blank() for block in asked.manifest.blocks]
        try:
            for block, measurement in zip(asked.manifest.blocks, measurements, strict=True):
                block.circuit().encode(measurement)
        except ValueError as problem:  # before anything is spent
            raise RefusedRound("answer", f"the answer does not fit the round: {problem}") from None
        if spent is None:
            self._spend(asked)
        self._keep(asked, build(asked, self.files.site.email, measurements, self.randbytes))
        return self._write(asked.name)

    def _check(self, asked: Round) -> None:
        manifest = asked.manifest
        if manifest.rho > self.limits.rho:
            raise RefusedRound(
                "noise", f"the round costs rho {float(manifest.rho):.4f}; you allow {float(self.limits.rho)}"
            )
        if manifest.smallest_batch < self.limits.smallest_batch:
            raise RefusedRound("batch", f"the sums may be of {manifest.smallest_batch} people; you ask for more")
        if self.store.overlaps(asked.name, manifest.days):
            raise RefusedRound("overlap", "another round asked about the same days")
        try:
            for party in filter(None, (manifest.leader, manifest.helper)):
                Sealer(bytes.fromhex(party.key))
        except CannotOpen:
            raise RefusedRound("malformed", "a key of the round is not a key") from None

    def _spend(self, asked: Round) -> None:
        """Enter the round in the budget before any randomness is drawn. It is on disk when this returns."""
        try:
            with self.store.transaction():
                self._note(asked)
                self.budget.spend(asked)
        except BudgetFull as full:
            raise RefusedRound("budget", str(full)) from None

    def _keep(self, asked: Round, data: bytes) -> None:
        with self.store.transaction():
            self._note(asked)
            self.budget.enter(asked.name, asked.manifest.days[0], asked.manifest.rho, asked.digest)
            self.store.put(asked.name, REPORT, data)

    def _note(self, asked: Round) -> None:
        self.store.sql.execute(
            "INSERT OR IGNORE INTO rounds (round, state, first_day, last_day, manifest) VALUES (?, 'spent', ?, ?, ?)",
            (asked.name, *asked.manifest.days, asked.digest),
        )

    def _write(self, name: str) -> str:
        email = self.files.site.email
        operators = [peer.site.email for peer in self._operators()]
        others = [operator for operator in operators if operator != email]
        self.files.share_with(name, operator_readers(others) if email in operators else {REPORT: others})
        self.files.write(name, REPORT, self.store.outbox(name)[REPORT])
        return "sent"


def report_status(leader: Peer, email: str, name: str) -> Status | None:
    """Return what the leader says became of a participant's file, None before the round is over."""
    told: Told | None = None
    try:
        if (data := leader.read(name, ABORT)) is not None:
            told = from_bytes(Abort, data)
        if (data := leader.read(name, CLOSE)) is not None:
            told = from_bytes(Closing, data)
    except (UnsafeFile, WrongSigner, Malformed):
        return None
    return told.status(datasite_hash(email)) if told else None
