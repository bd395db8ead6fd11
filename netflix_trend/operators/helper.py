"""The helper: the second operator. Without it nobody can read a report, and nobody can remove its noise. It may be
offline for days. It answers one set of reports for each batch and gives one share; any other request gets the files
that are already there, or nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from fractions import Fraction

from netflix_trend.operators import sums
from netflix_trend.operators.blocks import Ratio
from netflix_trend.operators.budget import Budget, BudgetFull
from netflix_trend.operators.codec import (
    AggregationJobInitReq,
    MessageType,
    Report,
    ReportError,
    Role,
    VerifyInit,
    VerifyResp,
    encode_responses,
    ping_pong,
    read_ping_pong,
)
from netflix_trend.operators.identity import Identity, WrongSigner
from netflix_trend.operators.intake import Arrival
from netflix_trend.operators.jobs import Collected, decode_collected, decode_job, encode_collected, encode_job
from netflix_trend.operators.manifest import (
    BATCHES,
    SEED_SIZE,
    Accept,
    Batch,
    HelperPrekey,
    LeaderPrekey,
    Manifest,
    Round,
    from_bytes,
    parties_match,
    to_bytes,
)
from netflix_trend.operators.party import Party
from netflix_trend.operators.report import Invalid, ShareOpener
from netflix_trend.operators.round_folders import ABORT, ACCEPT, MANIFEST
from netflix_trend.operators.sealing import CannotOpen, Opener, RoundKey, Sealer, verify_key
from netflix_trend.operators.store import RoundRow, Store
from netflix_trend.operators.sums import Noise, discrete_gaussian
from netflix_trend.operators.transport import (
    CLOSE,
    PREKEY,
    OwnFiles,
    Peer,
    collect_name,
    init_name,
    list_rounds,
    response_name,
    result_name,
    share_name,
)
from netflix_trend.operators.wire import Malformed
from netflix_trend.privacy.randomness import secure_bytes
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.vdaf.messages import OutputShare
from netflix_trend.vdaf.refusal import InvalidMessage

# Rounds that the leader may have open at once: a limit on our disk.
MAX_OPEN = 12
# Before a manifest there is no deadline; a year is longer than any.
_FOREVER = 2**41


@dataclass(frozen=True)
class HelperLimits:
    """Limits of the helper. rho: the largest privacy loss of one round, with one operator's noise."""

    rho: Fraction
    smallest_batch: int


@dataclass(frozen=True)
class _Seen:
    """A report as it lies in its owner's datasite."""

    email: str
    file_number: int
    report: Report


class Helper(Party):
    """The helper. `other`: the leader."""

    role = Role.HELPER
    open_states = ("keyed", "open", "collected")

    def __init__(
        self,
        identity: Identity,
        files: OwnFiles,
        store: Store,
        budget: Budget,
        *,
        leader: Peer,
        limits: HelperLimits,
        invited: Container[str] | None = None,
        noise: Noise = discrete_gaussian,
    ) -> None:
        super().__init__(identity, files, store, budget, other=leader, invited=invited, noise=noise)
        self.leader, self.limits = leader, limits

    def begin(self, now: int) -> None:
        """Draw keys for rounds that the leader has announced."""
        known = {row.name for row in self.store.rounds()}
        free = MAX_OPEN - len(self.store.rounds(*self.open_states))
        for name in list_rounds(self.leader.site)[::-1]:
            if name not in known and free > 0:
                try:
                    free -= self._key(name)
                except (Malformed, WrongSigner, UnsafeFile) as refusal:
                    self.problems[name] = str(refusal)

    def _key(self, name: str) -> bool:
        data = self.leader.read(name, PREKEY)
        if data is None or self.leader.read(name, ABORT) is not None or self.leader.read(name, MANIFEST) is not None:
            return False
        prekey = from_bytes(LeaderPrekey, data)
        if prekey.round != name:
            raise Malformed("prekey.json: of another round")
        key, seed = RoundKey.generate(), secure_bytes(SEED_SIZE)
        try:
            sealed = Sealer(bytes.fromhex(prekey.key)).seal(seed, self.info(name, PREKEY))
        except (CannotOpen, ValueError):
            raise Malformed("prekey.json: not a key") from None
        ours = HelperPrekey(
            round=name,
            key=key.public.hex(),
            answers=hashlib.sha256(data).hexdigest(),
            commitment=hashlib.sha256(seed).hexdigest(),
            sealed_seed=sealed.hex(),
        )
        with self.store.transaction() as sql:
            sql.execute(
                "INSERT INTO rounds (round, state, plan, private, seed) VALUES (?, 'keyed', ?, ?, ?)",
                (name, data, key.private, seed),
            )
            self.put(name, PREKEY, to_bytes(ours))
        return True

    def ends(self, row: RoundRow) -> int:
        """The manifest says it."""
        return self.asked(row).manifest.ends if row.manifest else _FOREVER

    def step(self, row: RoundRow, now: int) -> bool:
        """Accept the manifest, then answer whatever the leader asks about the batches, then end with the leader."""
        if row.state == "keyed":
            return self._accept(row, now)
        asked = self.asked(row)
        if self.leader.read(row.name, CLOSE) is not None:
            self.close(asked)
            return True
        for batch in BATCHES:
            state = self.store.batch_state(row.name, batch)
            if state == "answered" and self._share(row, asked, batch):
                return True
            if not state and row.state == "open" and self._answer(row, asked, batch, now):
                return True
        return False

    def _accept(self, row: RoundRow, now: int) -> bool:
        data = self.leader.read(row.name, MANIFEST)
        if data is None:
            return False
        asked = Round(from_bytes(Manifest, data))
        reason = self._objection(row, asked, now)
        if reason:
            self.abort(row.name, reason)
            return True
        manifest = asked.manifest
        accept = Accept(round=row.name, manifest=asked.digest.hex(), day=manifest.days[0], rho=Ratio.of(manifest.rho))
        try:
            with self.store.transaction() as sql:
                self.budget.spend(asked)
                sql.execute(
                    "UPDATE rounds SET state = 'open', manifest = ?, first_day = ?, last_day = ? WHERE round = ?",
                    (data, *manifest.days, row.name),
                )
                self.put(row.name, ACCEPT, to_bytes(accept))
        except BudgetFull:
            self.abort(row.name, "budget")
        return True

    def _objection(self, row: RoundRow, asked: Round, now: int) -> str:
        """Return in one word why a manifest is refused; empty if it is accepted."""
        manifest, prekey = asked.manifest, from_bytes(LeaderPrekey, row.plan or b"")
        ours = (self.files.site.email, self.identity.fingerprint)
        key, seed = RoundKey(row.private or b""), row.seed or b""
        checks = {
            "round": manifest.round == row.name,
            "parties": parties_match(manifest, self.leader.pinned, ours),
            "keys": manifest.leader.key == prekey.key
            and manifest.helper is not None
            and manifest.helper.key == key.public.hex(),
            "commitment": manifest.commitment == hashlib.sha256(seed).hexdigest(),
            "noise": manifest.rho <= self.limits.rho,
            "batch": manifest.smallest_batch >= self.limits.smallest_batch,
            "overlap": not self.store.overlaps(row.name, manifest.days),
            "deadline": now < manifest.ends,
        }
        return next((reason for reason, holds in checks.items() if not holds), "")

    def _answer(self, row: RoundRow, asked: Round, batch: Batch, now: int) -> bool:
        """Verify the leader's set of reports, once; the answer never changes."""
        if now < (asked.manifest.early if batch == "early" else asked.manifest.late):
            return False
        jobs = self._jobs(row, asked, batch)
        if jobs is None:
            return False
        assert row.private is not None and row.seed is not None and asked.manifest.leader.key
        if hashlib.sha256(row.seed).hexdigest() != asked.manifest.commitment:
            raise Malformed("the verify key is not the one that was committed to")
        with self.store.transaction():
            self._set_early_aside(asked, batch)
            verifier = _Verifier(self, asked, batch, RoundKey(row.private).opener(), row.seed, self.intake(asked))
            answers = [[verifier.answer(number, job) for number, job in enumerate(tasks)] for tasks in jobs]
            sums.add_exact(self.store, asked, batch, verifier.accepted)
            sealer = Sealer(bytes.fromhex(asked.manifest.leader.key))
            for part, tasks in enumerate(answers, start=1):
                file = response_name(batch, part)
                message = encode_job(asked, part, len(jobs), [encode_responses(task) for task in tasks])
                self.put(row.name, file, sealer.seal(message, self.info(row.name, file)))
            self.store.set_batch(row.name, batch, "answered", len(jobs))
        self.store.erase()
        return True

    def _set_early_aside(self, asked: Round, batch: Batch) -> None:
        """When the late batch begins, an early one that was not collected is part of it, and can no longer be."""
        if batch == "late" and self.store.batch_state(asked.name, "early") != "collected":
            sums.merge_into_late(self.store, asked)
            self.store.set_batch(asked.name, "early", "merged")

    def _jobs(self, row: RoundRow, asked: Round, batch: Batch) -> list[list[AggregationJobInitReq]] | None:
        """Return the leader's job of a batch, by part and task, None while a part is missing."""
        jobs: list[list[AggregationJobInitReq]] = []
        parts = 1
        while len(jobs) < parts:
            part = len(jobs) + 1
            data = self.open_from_other(row, init_name(batch, part))
            if data is None:
                return None
            said, messages = decode_job(asked, part, data)
            if jobs and said != parts:
                raise Malformed("agg-init: parts disagree on their number")
            parts = said
            tasks = [AggregationJobInitReq.decode(message) for message in messages]
            if [job.batch_id for job in tasks] != [task.batch_id(batch) for task in asked.tasks]:
                raise Malformed("agg-init: of another batch")
            jobs.append(tasks)
        return jobs

    def _share(self, row: RoundRow, asked: Round, batch: Batch) -> bool:
        """Give our noisy share, once, when the leader has committed to its own and both mean the same reports."""
        data = self.open_from_other(row, collect_name(batch))
        if data is None:
            return False
        theirs, ours = decode_collected(asked, data, with_shares=False), sums.collected(self.store, asked, batch)
        if [(one.count, one.checksum) for one in theirs] != [(one.count, one.checksum) for one in ours]:
            self.abort(row.name, "mismatch")
            return True
        if min(one.count for one in ours) < max(asked.manifest.smallest_batch, self.limits.smallest_batch):
            self.abort(row.name, "too_few")
            return True
        if self.budget.spent(row.name) != asked.digest:
            self.abort(row.name, "budget")
            return True
        with self.store.transaction() as sql:
            sums.make_noisy(self.store, asked, batch, self.noise)
            noisy = sums.collected(self.store, asked, batch)
            given = [Collected(a.count, a.checksum, a.commitment, b.share) for a, b in zip(theirs, noisy, strict=True)]
            self.put(row.name, share_name(batch), encode_collected(asked, given))
            self.store.set_batch(row.name, batch, "collected")
            if batch == "late":
                sql.execute(
                    "UPDATE rounds SET state = 'collected', private = NULL, seed = NULL WHERE round = ?", (row.name,)
                )
        self.store.erase()
        return True

    def is_released(self, name: str, batch: Batch) -> bool:
        """The leader publishes them."""
        try:
            return self.leader.read(name, result_name(batch)) is not None
        except (WrongSigner, UnsafeFile):
            return False

    def recover_round(self, name: str, ours: dict[str, bytes]) -> str:
        """With our last share given, the round is over; with less, its keys and shares are gone for good."""
        if ACCEPT in ours:
            accept = from_bytes(Accept, ours[ACCEPT])
            self.budget.enter(name, accept.day, accept.rho.value, bytes.fromhex(accept.manifest))
        return "closed" if share_name("late") in ours else ""


class _Verifier:
    """Verifies the helper's half of the reports of one batch."""

    def __init__(
        self, helper: Helper, asked: Round, batch: Batch, opener: Opener, seed: bytes, fresh: Sequence[Arrival]
    ) -> None:
        self._helper, self._asked, self._batch = helper, asked, batch
        self._keys = [verify_key(seed, task.task_id) for task in asked.tasks]
        self._shares: list[ShareOpener] = []
        # The index is made of files that name their owner, so that a copy elsewhere takes nobody's place.
        self._index: list[dict[bytes, list[_Seen]]] = [{} for _ in asked.tasks]
        for arrival in fresh:
            assert arrival.file is not None
            self._shares.append(ShareOpener(asked, Role.HELPER, opener, arrival.file))
            for number, report in enumerate(arrival.file.reports):
                if report is not None:
                    seen = _Seen(arrival.email, len(self._shares) - 1, report)
                    self._index[number].setdefault(report.metadata.report_id, []).append(seen)
        self.accepted: list[sums.Accepted] = [[] for _ in asked.tasks]
        self._place = 0

    def answer(self, number: int, job: AggregationJobInitReq) -> list[VerifyResp]:
        """Return the answers about the reports of one task, in the leader's order."""
        return [self._answer(number, init) for init in job.verify_inits]

    def _answer(self, number: int, init: VerifyInit) -> VerifyResp:
        report_id = init.report_share.metadata.report_id
        candidates = self._index[number].get(report_id, [])
        seen = next((one for one in candidates if one.report.for_helper() == init.report_share), None)
        if seen is None:
            known = self._is_known(number, report_id)
            unseen = ReportError.REPORT_TOO_EARLY if self._batch == "early" else ReportError.REPORT_DROPPED
            return VerifyResp(report_id, error=ReportError.REPORT_REPLAYED if known else unseen)
        payload, output, error = b"", None, None
        try:
            payload, output = self._verify(number, init, seen)
        except Invalid as refusal:
            error = refusal.error
        self._place += 1
        if not self._helper.add_report(
            self._asked, number, report_id, seen.email, self._batch, self._place, error or 0, None
        ):
            return VerifyResp(report_id, error=ReportError.REPORT_REPLAYED)
        if output is None:
            return VerifyResp(report_id, error=error)
        self.accepted[number].append((report_id, output))
        return VerifyResp(report_id, payload)

    def _is_known(self, number: int, report_id: bytes) -> bool:
        query = "SELECT 1 FROM reports WHERE round = ? AND task = ? AND report_id = ?"
        where = (self._asked.name, number, report_id)
        return self._helper.store.sql.execute(query, where).fetchone() is not None

    def _verify(self, number: int, init: VerifyInit, seen: _Seen) -> tuple[bytes, OutputShare]:
        scheme, report = self._asked.tasks[number].prio3, seen.report
        share = self._shares[seen.file_number].open(number)
        try:
            theirs = read_ping_pong(MessageType.INITIALIZE, init.payload)
            state, ours = scheme.verify_init(
                self._keys[number], 1, report.metadata.report_id, report.public_share, share
            )
            message = scheme.verifier_shares_to_message([theirs, ours])
            return ping_pong(MessageType.FINISH, message), scheme.verify_next(state, message)
        except Malformed:
            raise Invalid(ReportError.INVALID_MESSAGE) from None
        except InvalidMessage:
            raise Invalid(ReportError.VDAF_VERIFY_ERROR) from None
