"""What the leader and the helper have in common: files out of the outbox, abort, close, and a database that was lost.

A party runs from time to time and does whatever the present files allow. Each step is one transaction that also puts
the file it announces into the outbox; only then the file is written.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.layout import round_path
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.codec import Role
from netflix_trend.operators.identity import Identity, WrongSigner, signed_body
from netflix_trend.operators.intake import arrivals
from netflix_trend.operators.manifest import BATCHES, Batch, Manifest, Round, datasite_hash, from_bytes, to_bytes
from netflix_trend.operators.result import Abort, Closing, Status, told
from netflix_trend.operators.round_folders import ABORT
from netflix_trend.operators.sealing import CannotOpen, RoundKey
from netflix_trend.operators.store import RoundRow, Store
from netflix_trend.operators.sums import Noise, discrete_gaussian
from netflix_trend.operators.transport import CLOSE, OwnFiles, Peer, operator_readers
from netflix_trend.operators.verification import File, Opened, read_file
from netflix_trend.operators.wire import Malformed
from netflix_trend.storage.files import UnsafeFile

_log = logging.getLogger("operators")
# A round has fewer steps than this; more in one run are a bug.
_MAX_STEPS = 12
_HERE = ThisProcess()


class Party(ABC):
    """An operator. invited: our own list of participants, None for everybody.

    noise: only tests pass another one. executor: where reports are verified; processes that this operator alone
    controls, because they hold its round key meanwhile. problems: why a round waits, by round, for the operator's page.
    """

    role: Role
    open_states: tuple[str, ...]

    def __init__(
        self,
        identity: Identity,
        files: OwnFiles,
        store: Store,
        budget: Budget,
        *,
        other: Peer | None,
        invited: Container[str] | None = None,
        noise: Noise = discrete_gaussian,
        executor: Executor = _HERE,
    ) -> None:
        self.identity, self.files, self.store, self.budget = identity, files, store, budget
        self.other, self.invited, self.noise, self.executor = other, invited, noise, executor
        self.problems: dict[str, str] = {}
        self._recovered = False
        self._rounds: dict[str, Round] = {}

    @property
    def datasites(self) -> Path:
        """The folder of all datasites, as this operator's SyftBox client mirrors it."""
        return self.files.site.datasites

    def run(self, now: int) -> None:
        """Do everything that can be done. now: seconds since 1970."""
        if not self._recovered:
            self._recover()
            for row in self.store.rounds():
                self.flush(row.name)
            self._recovered = True
        self.begin(now)
        for row in self.store.rounds(*self.open_states):
            self._advance(row.name, now)

    def _advance(self, name: str, now: int) -> None:
        self.flush(name)
        for _ in range(_MAX_STEPS):
            try:
                if not self._step(name, now):
                    return
            except (WrongSigner, UnsafeFile) as refusal:
                self.problems[name] = str(refusal)
                _log.warning("round %s waits: %s", name, refusal)
                return
            except Malformed as refusal:
                self.problems[name] = str(refusal)
                _log.warning("round %s is given up: %s", name, refusal)
                self.abort(name, "malformed")
                return
            self.problems.pop(name, None)
            self.flush(name)

    def _step(self, name: str, now: int) -> bool:
        row = self.store.round(name)
        if row is None or row.state not in self.open_states:
            return False
        gone = self.read_other(name, ABORT) is not None
        if not gone and now < self.ends(row):
            return self.step(row, now)
        if not self.last_step(row):
            self.abort(name, "other_operator" if gone else "deadline")
        return True

    @abstractmethod
    def begin(self, now: int) -> None:
        """Take up new rounds."""

    @abstractmethod
    def step(self, row: RoundRow, now: int) -> bool:
        """Do the next step of a round. Returns False if it has to wait."""

    def last_step(self, row: RoundRow) -> bool:
        """Do what can still be done before a round is given up. Returns False if there is nothing."""
        return False

    @abstractmethod
    def ends(self, row: RoundRow) -> int:
        """Return when a round is given up, in seconds since 1970."""

    @abstractmethod
    def is_released(self, name: str, batch: Batch) -> bool:
        """Return whether the sums of a batch are public."""

    @abstractmethod
    def recover_round(self, name: str, ours: dict[str, bytes]) -> str:
        """Enter what our own files (their bodies, by name) show into the budget, in a transaction.

        Returns the state that the round has, empty when it has to be given up.
        """

    def asked(self, row: RoundRow) -> Round:
        """Return the agreed round."""
        if row.name not in self._rounds:
            assert row.manifest is not None
            self._rounds[row.name] = Round(from_bytes(Manifest, row.manifest))
        return self._rounds[row.name]

    def put(self, name: str, file: str, body: bytes) -> None:
        """Sign a file and put it into the outbox, in a transaction."""
        self.store.put(name, file, self.identity.sign(round_path(name, file), body))

    def flush(self, name: str) -> None:
        """Write the files of a round that are not there as they are in the outbox."""
        names = self.store.files(name)
        if names:
            others = [self.other.site.email] if self.other else []
            parts = max(self.store.parts(name, batch) for batch in BATCHES)
            self.files.share_with(name, operator_readers(others, parts))
        for file in names:
            self.files.write(name, file, self.store.file(name, file) or b"")

    def read_other(self, name: str, file: str) -> bytes | None:
        """Return the body of a file of the other operator, None while it is not there."""
        return self.other.read(name, file) if self.other else None

    def info(self, name: str, file: str) -> bytes:
        """Return what a file between the operators is sealed to."""
        return b"nt-file\0" + round_path(name, file).encode()

    def open_from_other(self, row: RoundRow, file: str) -> bytes | None:
        """Return what the other operator sealed to us, None while it is not there. Raises Malformed."""
        sealed = self.read_other(row.name, file)
        if sealed is None:
            return None
        assert row.private is not None
        try:
            return RoundKey(row.private).opener().open(sealed, self.info(row.name, file))
        except CannotOpen:
            raise Malformed(f"{file}: not sealed to us") from None

    def taken(self, asked: Round) -> set[str]:
        """Return the datasites whose files were taken already, whatever lies there now."""
        query = "SELECT DISTINCT datasite FROM reports WHERE round = ?"
        return {email for (email,) in self.store.sql.execute(query, (asked.name,))}

    def intake(self, asked: Round, taken: Container[str]) -> Iterator[File]:
        """Yield the files that can be read, and note why others cannot, in a transaction; without those `taken`."""
        for arrival in arrivals(asked, self.datasites, self.invited, taken):
            if arrival.data is None:
                self.store.refuse(asked.name, arrival.email, arrival.reason)
            else:
                yield File(arrival.email, arrival.data)

    def readable(self, asked: Round, files: Iterable[Opened]) -> Iterator[Opened]:
        """Yield the files that are reports of the round, and note why others are not, in a transaction."""
        for opened in files:
            self.note(asked, opened.email, opened.reason)
            if not opened.reason:
                yield opened

    def note(self, asked: Round, email: str, reason: str) -> None:
        """Note that a file is refused for a reason, or that it is not, in a transaction."""
        if reason:
            self.store.refuse(asked.name, email, reason)
        else:  # perhaps it had not arrived completely
            self.store.accept(asked.name, email)

    def add_report(
        self,
        asked: Round,
        task: int,
        report_id: bytes,
        email: str,
        batch: Batch,
        place: int,
        code: int,
        share: bytes | None,
    ) -> bool:
        """Take a report, in a transaction; code: 0, or why it is invalid. Returns False if it, or another report of its
        datasite, was taken before.
        """
        state = "invalid" if code else ("sent" if share is not None else "counted")
        row = (asked.name, task, report_id, email, batch, place, state, code, share)
        return self.store.sql.execute("INSERT OR IGNORE INTO reports VALUES (?,?,?,?,?,?,?,?,?)", row).rowcount == 1

    def abort(self, name: str, reason: str) -> None:
        """Give a round up: nothing more is computed, and its keys and shares are deleted.

        Of a batch that was published everybody learns what became of their file, of another one nothing.
        """
        released = [batch for batch in BATCHES if self.is_released(name, batch)]
        with self.store.transaction():
            statuses = _by_owner(self._taken(name, released))
            self._end(name, "aborted", reason)
            if ABORT not in self.store.files(name):
                self.put(name, ABORT, to_bytes(Abort(round=name, reason=reason, **told(statuses))))
        self.store.erase()
        self.flush(name)

    def close(self, asked: Round) -> None:
        """End a round: its keys and shares are deleted, and everybody learns what became of their file."""
        with self.store.transaction():
            closing = Closing(
                round=asked.name,
                **told(_by_owner(self.statuses(asked))),
                refused=dict(sorted(Counter(self.store.refusals(asked.name).values()).items())),
            )
            self._end(asked.name, "closed", "")
            self.put(asked.name, CLOSE, to_bytes(closing))
        self.store.erase()

    def _end(self, name: str, state: str, reason: str) -> None:
        sql = self.store.sql
        sql.execute("INSERT OR IGNORE INTO rounds (round, state) VALUES (?, ?)", (name, state))
        sql.execute(
            "UPDATE rounds SET state = ?, reason = ?, private = NULL, seed = NULL WHERE round = ?",
            (state, reason, name),
        )
        sql.execute("UPDATE reports SET share = NULL WHERE round = ?", (name,))
        sql.execute("UPDATE sums SET exact = NULL WHERE round = ?", (name,))
        if state == "aborted":
            sql.execute("UPDATE sums SET noisy = NULL WHERE round = ?", (name,))

    def statuses(self, asked: Round) -> dict[str, Status]:
        """Return what became of the file of every datasite that has or had one, by address."""
        late, taken = Status(status="late"), self._taken(asked.name, BATCHES)
        found = {
            arrival.email: late
            for arrival in arrivals(asked, self.datasites, self.invited, taken)
            if arrival.data is not None and read_file(asked, File(arrival.email, arrival.data))[0]
        }
        found.update({email: Status(status="invalid") for email in self.store.refusals(asked.name)})
        return {**found, **taken}

    def _taken(self, name: str, batches: Sequence[Batch]) -> dict[str, Status]:
        """Return what became of the files that were taken into some batches."""
        rows = self.store.sql.execute(
            "SELECT datasite, batch, state, code FROM reports WHERE round = ? ORDER BY datasite, task", (name,)
        )
        found: dict[str, Status] = {}
        same: dict[tuple[Batch | None, tuple[int, ...]], Status] = {}  # one of each, for any number of people
        for email, blocks in groupby((row for row in rows if row[1] in batches), key=lambda row: row[0]):
            of = [(batch, state, code) for _, batch, state, code in blocks]
            counted, codes = [batch for batch, state, _ in of if state == "counted"], tuple(code for *_, code in of)
            key = (counted[0] if counted else None, codes)
            if key not in same:
                same[key] = Status(status="counted" if counted else "invalid", batch=key[0], codes=codes)
            found[email] = same[key]
        return found

    def _recover(self) -> None:
        """Recover what we published but do not have in the database, which was lost or is an older copy."""
        for name in self.files.rounds():
            known = set(self.store.files(name))
            ours = {} if known.issuperset(self.files.names(name)) else self._own(name)
            if not ours.keys() - known:
                continue
            _log.warning("round %s: we published files that our database does not know", name)
            with self.store.transaction() as sql:
                for file in sorted(ours.keys() - known):
                    data = self.files.read(name, file)
                    assert data is not None
                    self.store.put(name, file, data)
                sql.execute("INSERT OR IGNORE INTO rounds (round, state) VALUES (?, 'lost')", (name,))
                state = self.recover_round(name, ours)
                if CLOSE in ours or ABORT in ours:
                    state = "closed" if CLOSE in ours else "aborted"
                if state:
                    self._end(name, state, "lost")
            self.store.erase()
            if not state:
                self.abort(name, "lost")

    def _own(self, name: str) -> dict[str, bytes]:
        """Return the bodies of the files in our datasite that we signed, of jobs only the names; others there are none
        of ours.
        """
        found = {}
        for file in self.files.names(name):
            data = self.files.read(name, file)
            try:
                body = signed_body(self.identity.fingerprint, round_path(name, file), data or b"")
            except WrongSigner:
                continue
            found[file] = body if file.endswith(".json") else b""
        return found


def _by_owner(statuses: dict[str, Status]) -> dict[bytes, Status]:
    return {datasite_hash(email): status for email, status in statuses.items()}
