"""The helper: the second operator. Without it nobody can read a report, and nobody can remove its noise. It may be
offline for days. It answers one set of reports for each batch and gives one share; any other request gets the files
that are already there, or nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain

from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.operators import sums
from netflix_trend.operators.blocks import Ratio
from netflix_trend.operators.budget import Budget, BudgetFull
from netflix_trend.operators.codec import (
    AggregationJobInitReq,
    ReportError,
    Role,
    VerifyResp,
    encode_responses,
)
from netflix_trend.operators.identity import Identity, WrongSigner
from netflix_trend.operators.intake import Arrival, Owners
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
from netflix_trend.operators.report import owner_of
from netflix_trend.operators.round_folders import ABORT, ACCEPT, MANIFEST
from netflix_trend.operators.sealing import CannotOpen, RoundKey, Sealer
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
from netflix_trend.operators.verification import Secrets, Verified, Wanted, check_files, helper_halves, in_jobs
from netflix_trend.operators.wire import Malformed
from netflix_trend.privacy.randomness import secure_bytes
from netflix_trend.storage.files import UnsafeFile

# Rounds that the leader may have open at once: a limit on our disk.
MAX_OPEN = 12
# Before a manifest there is no deadline; a year is longer than any.
_FOREVER = 2**41
_HERE = ThisProcess()


@dataclass(frozen=True)
class HelperLimits:
    """Limits of the helper. rho: the largest privacy loss of one round, with one operator's noise."""

    rho: Fraction
    smallest_batch: int


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
        executor: Executor = _HERE,
    ) -> None:
        super().__init__(identity, files, store, budget, other=leader, invited=invited, noise=noise, executor=executor)
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
        parts = self._parts(row, asked, batch)
        if not parts:
            return False
        assert row.seed is not None and asked.manifest.leader.key
        if hashlib.sha256(row.seed).hexdigest() != asked.manifest.commitment:
            raise Malformed("the verify key is not the one that was committed to")
        with self.store.transaction():
            self._set_early_aside(asked, batch)
            verifier = _Verifier(self, asked, batch, Secrets.of(asked, row.private, row.seed))
            sealer = Sealer(bytes.fromhex(asked.manifest.leader.key))
            for part in range(1, parts + 1):
                answers = verifier.answer(self._job(row, asked, batch, part))
                message = encode_job(asked, part, parts, [encode_responses(task) for task in answers])
                file = response_name(batch, part)
                self.put(row.name, file, sealer.seal(message, self.info(row.name, file)))
            verifier.note_others()
            self.store.set_batch(row.name, batch, "answered", parts)
        self.store.erase()
        return True

    def _set_early_aside(self, asked: Round, batch: Batch) -> None:
        """When the late batch begins, an early one that was not collected is part of it, and can no longer be."""
        if batch == "late" and self.store.batch_state(asked.name, "early") != "collected":
            sums.merge_into_late(self.store, asked)
            self.store.set_batch(asked.name, "early", "merged")

    def _parts(self, row: RoundRow, asked: Round, batch: Batch) -> int:
        """Return the number of parts of the leader's job of a batch, 0 while a part is missing."""
        part, parts = 0, 1
        while part < parts:
            part += 1
            data = self.open_from_other(row, init_name(batch, part))
            if data is None:
                return 0
            said, _ = decode_job(asked, part, data)
            if part > 1 and said != parts:
                raise Malformed("agg-init: parts disagree on their number")
            parts = said
        return parts

    def _job(self, row: RoundRow, asked: Round, batch: Batch, part: int) -> list[AggregationJobInitReq]:
        """Return a part of the leader's job, by task."""
        data = self.open_from_other(row, init_name(batch, part))
        if data is None:
            raise UnsafeFile("gone", f"{init_name(batch, part)} has vanished while it was read")
        tasks = [AggregationJobInitReq.decode(message) for message in decode_job(asked, part, data)[1]]
        if [job.batch_id for job in tasks] != [task.batch_id(batch) for task in asked.tasks]:
            raise Malformed("agg-init: of another batch")
        return tasks

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
    """Verifies the helper's half of the reports of one batch, in a transaction; one part is in memory at a time.

    Reports are found by their owners, whom they name, so that a copy elsewhere takes nobody's place.
    """

    def __init__(self, helper: Helper, asked: Round, batch: Batch, secrets: Secrets) -> None:
        self._helper, self._asked, self._batch, self._secrets = helper, asked, batch, secrets
        self._taken = helper.taken(asked)
        self._owners = Owners(asked, helper.datasites, helper.invited, frozenset(self._taken))
        self._place = 0

    def note_others(self) -> None:
        """Note which files are refused that the leader does not name."""
        helper, asked = self._helper, self._asked
        jobs = in_jobs(helper.intake(asked, self._taken))
        checked = helper.executor.map(partial(check_files, self._secrets.manifest), jobs)
        for file in chain.from_iterable(checked):
            helper.note(asked, file.email, file.reason)

    def answer(self, tasks: Sequence[AggregationJobInitReq]) -> list[list[VerifyResp]]:
        """Return the answers about the reports of one part, by task, in the leader's order, and add up what is valid.

        tasks: the part of the leader's job, by task.
        """
        verified = self._verified(tasks)
        answers: list[list[VerifyResp]] = []
        accepted: list[sums.Accepted] = []
        for number, job in enumerate(tasks):
            answers.append([])
            accepted.append([])
            for init in job.verify_inits:
                report_id, (email, found) = init.report_share.metadata.report_id, next(verified)
                error = self._note(number, report_id, email, found)
                if error is None and found is not None:
                    accepted[-1].append((report_id, sums.output(self._asked, number, found.share)))
                    answers[-1].append(VerifyResp(report_id, found.message))
                else:
                    answers[-1].append(VerifyResp(report_id, error=error))
        sums.add_exact(self._helper.store, self._asked, self._batch, accepted)
        return answers

    def _verified(self, tasks: Sequence[AggregationJobInitReq]) -> Iterator[tuple[str, Verified | None]]:
        """Yield for each report that the leader names its datasite and what became of it; None without a report."""
        inits = [(number, init) for number, job in enumerate(tasks) for init in job.verify_inits]
        places: dict[str, list[int]] = {}
        for place, (_, init) in enumerate(inits):
            owner = owner_of(init.report_share.metadata)
            email = self._owners.email(owner) if owner else None
            if email is not None:
                places.setdefault(email, []).append(place)
        wanted = (
            Wanted(self._readable(arrival), arrival.email, tuple(inits[place] for place in places[arrival.email]))
            for arrival in self._owners.arrivals(places)
        )
        done = self._helper.executor.map(partial(helper_halves, self._secrets), in_jobs(wanted))
        found: list[tuple[str, Verified | None]] = [("", None)] * len(inits)
        for (email, some), answered in zip(places.items(), chain.from_iterable(done), strict=True):
            self._taken.add(email)
            if answered.reason is not None:
                self._helper.note(self._asked, email, answered.reason)
            for place, result in zip(some, answered.reports, strict=True):
                found[place] = (email, result)
        return iter(found)

    def _readable(self, arrival: Arrival) -> bytes | None:
        if arrival.reason:
            self._helper.store.refuse(self._asked.name, arrival.email, arrival.reason)
        return arrival.data

    def _note(self, number: int, report_id: bytes, email: str, found: Verified | None) -> ReportError | None:
        """Note what became of a report; return why it is refused, None when it counts."""
        if found is None:
            unseen = ReportError.REPORT_TOO_EARLY if self._batch == "early" else ReportError.REPORT_DROPPED
            return ReportError.REPORT_REPLAYED if self._is_known(number, report_id) else unseen
        self._place += 1
        if not self._helper.add_report(
            self._asked, number, report_id, email, self._batch, self._place, found.code, None
        ):
            return ReportError.REPORT_REPLAYED
        return ReportError(found.code) if found.code else None

    def _is_known(self, number: int, report_id: bytes) -> bool:
        query = "SELECT 1 FROM reports WHERE round = ? AND task = ? AND report_id = ?"
        where = (self._asked.name, number, report_id)
        return self._helper.store.sql.execute(query, where).fetchone() is not None
