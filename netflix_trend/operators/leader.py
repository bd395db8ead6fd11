"""The leader: opens rounds, collects reports, and publishes the sums. It never sees a report without the helper."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netflix_trend.operators import sums
from netflix_trend.operators.budget import BudgetFull
from netflix_trend.operators.codec import (
    AggregationJobInitReq,
    MessageType,
    ReportError,
    Role,
    VerifyInit,
    VerifyResp,
    decode_responses,
    ping_pong,
    read_ping_pong,
)
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
    Plan,
    Round,
    from_bytes,
    to_bytes,
)
from netflix_trend.operators.manifest import (
    Party as NamedParty,
)
from netflix_trend.operators.party import Party
from netflix_trend.operators.report import Invalid, ShareOpener
from netflix_trend.operators.result import combine
from netflix_trend.operators.round_folders import ACCEPT, MANIFEST, SURVEY
from netflix_trend.operators.sealing import CannotOpen, Opener, RoundKey, Sealer, verify_key
from netflix_trend.operators.store import RoundRow
from netflix_trend.operators.transport import (
    LARGEST_SURVEY,
    MAX_PARTS,
    PART_SIZE,
    PREKEY,
    collect_name,
    init_name,
    response_name,
    result_name,
    share_name,
)
from netflix_trend.operators.wire import Malformed
from netflix_trend.privacy.randomness import secure_bytes
from netflix_trend.vdaf.messages import OutputShare
from netflix_trend.vdaf.refusal import InvalidMessage

# Position of a report in a job: its part times this, plus its place among all reports.
_PART = 1_000_000


class _Sent(NamedTuple):
    """A report that waits for the helper's answer."""

    report_id: bytes
    state: bytes


class Leader(Party):
    """The aggregator. `other`: the helper, None when people trust the leader alone."""

    role = Role.LEADER
    open_states = ("keyed", "offered", "open")

    def open_round(self, plan: Plan, survey: bytes) -> None:
        """Begin a round: draw its key and announce it. survey: what is asked, whose SHA-256 the plan names.

        Raises BudgetFull when it does not fit into our own budget, and ValueError when the round is known or the survey
        is another one.
        """
        if hashlib.sha256(survey).hexdigest() != plan.survey or len(survey) > LARGEST_SURVEY:
            raise ValueError(f"round {plan.round}: this is not the survey that the plan names")
        if self.store.round(plan.round) is not None:
            raise ValueError(f"round {plan.round} is known already; a round is asked once")
        if self.store.overlaps(plan.round, plan.days):
            raise ValueError(f"round {plan.round} asks about days of another round")
        if self.budget.would_be(plan.days[0], plan.rho) > self.budget.limit:
            raise BudgetFull(
                f"round {plan.round} costs rho {float(plan.rho):.4f}, more than is left of the year's limit"
            )
        key = RoundKey.generate()
        with self.store.transaction() as sql:
            sql.execute(
                "INSERT INTO rounds (round, state, first_day, last_day, plan, private) VALUES (?, 'keyed', ?, ?, ?, ?)",
                (plan.round, *plan.days, to_bytes(plan), key.private),
            )
            self.store.put(plan.round, SURVEY, survey)
            self.put(plan.round, PREKEY, to_bytes(LeaderPrekey(round=plan.round, key=key.public.hex())))
        self.flush(plan.round)

    def begin(self, now: int) -> None:
        """Rounds are opened by `open_round` alone."""

    def ends(self, row: RoundRow) -> int:
        """The plan says it."""
        return self.plan(row).ends

    def step(self, row: RoundRow, now: int) -> bool:
        """Offer the manifest, wait for the helper to accept it, then the batches one after the other."""
        if row.state == "keyed":
            return self._offer(row)
        if row.state == "offered":
            return self._accepted(row)
        asked = self.asked(row)
        if not self._is_done(row.name, "early"):
            return self._batch(row, asked, "early", now)
        if not self._is_done(row.name, "late"):
            return self._batch(row, asked, "late", now)
        if any(self.is_released(row.name, batch) for batch in BATCHES):
            self.close(asked)
        else:
            self.abort(row.name, "too_few")
        return True

    def last_step(self, row: RoundRow) -> bool:
        """Publish sums of which the helper has given its share: they are agreed on, and their noise is in them."""
        waiting = [batch for batch in BATCHES if self.store.batch_state(row.name, batch) == "collecting"]
        return any(self._release(row, self.asked(row), batch) for batch in waiting)

    def _is_done(self, name: str, batch: Batch) -> bool:
        return self.store.batch_state(name, batch) in ("skipped", "short", "released")

    def plan(self, row: RoundRow) -> Plan:
        """Return what a round asks, as it was announced."""
        return self.asked(row).manifest if row.manifest else from_bytes(Plan, row.plan or b"")

    def _offer(self, row: RoundRow) -> bool:
        plan, key = from_bytes(Plan, row.plan or b""), RoundKey(row.private or b"")
        helper, seed = None, secure_bytes(SEED_SIZE)
        if self.other:
            data = self.read_other(row.name, PREKEY)
            if data is None:
                return False
            prekey = from_bytes(HelperPrekey, data)
            seed = self._seed(row, key, prekey)
            helper = NamedParty(datasite=self.other.site.email, identity=self.other.pin.hex, key=prekey.key)
        ours = NamedParty(datasite=self.files.site.email, identity=self.identity.fingerprint.hex, key=key.public.hex())
        manifest = Manifest(**dict(plan), leader=ours, helper=helper, commitment=hashlib.sha256(seed).hexdigest())
        try:
            with self.store.transaction() as sql:
                self.budget.spend(Round(manifest))
                state = "offered" if helper else "open"
                sql.execute(
                    "UPDATE rounds SET state = ?, manifest = ?, seed = ? WHERE round = ?",
                    (state, to_bytes(manifest), seed, row.name),
                )
                self.put(row.name, MANIFEST, to_bytes(manifest))
        except BudgetFull:
            self.abort(row.name, "budget")
        return True

    def _seed(self, row: RoundRow, key: RoundKey, prekey: HelperPrekey) -> bytes:
        ours = to_bytes(LeaderPrekey(round=row.name, key=key.public.hex()))
        if prekey.round != row.name or prekey.answers != hashlib.sha256(ours).hexdigest():
            raise Malformed("prekey.json: answers another key")
        try:
            Sealer(bytes.fromhex(prekey.key))
            seed = key.opener().open(bytes.fromhex(prekey.sealed_seed), self.info(row.name, PREKEY))
        except CannotOpen:
            raise Malformed("prekey.json: a key is not one, or the seed is not sealed to us") from None
        if hashlib.sha256(seed).hexdigest() != prekey.commitment or len(seed) != SEED_SIZE:
            raise Malformed("prekey.json: the seed is not the one committed to")
        return seed

    def _accepted(self, row: RoundRow) -> bool:
        data = self.read_other(row.name, ACCEPT)
        if data is None:
            return False
        accept = from_bytes(Accept, data)
        if (accept.round, accept.manifest) != (row.name, self.asked(row).digest.hex()):
            raise Malformed("accept.json: of another manifest")
        with self.store.transaction() as sql:
            sql.execute("UPDATE rounds SET state = 'open' WHERE round = ?", (row.name,))
        return True

    def _batch(self, row: RoundRow, asked: Round, batch: Batch, now: int) -> bool:
        state = self.store.batch_state(row.name, batch)
        if state == "sent":
            return self._collect(row, asked, batch)
        if state == "collecting":
            return self._release(row, asked, batch)
        deadline = asked.manifest.early if batch == "early" else asked.manifest.late
        if now < deadline + asked.manifest.slack:
            return False
        over = batch == "early" and now >= asked.manifest.late
        with self.store.transaction():
            if batch == "late" and self.store.batch_state(row.name, "early") == "short":
                sums.merge_into_late(self.store, asked)
            fresh = [] if over else self.intake(asked)
            if len(fresh) + max(sums.counts(self.store, asked, batch)) < asked.manifest.smallest_batch:
                self.store.set_batch(row.name, batch, "skipped")
            elif self.other:
                self._send(row, asked, batch, fresh)
            else:
                self._verify_alone(row, asked, batch, fresh)
        self.store.erase()
        return True

    def _send(self, row: RoundRow, asked: Round, batch: Batch, fresh: Sequence[Arrival]) -> None:
        """Verify our half of every report, and put the job for the helper into the outbox, in a transaction."""
        assert row.private is not None and row.seed is not None
        opener, keys = RoundKey(row.private).opener(), [verify_key(row.seed, task.task_id) for task in asked.tasks]
        parts: list[list[list[bytes]]] = [[[] for _ in asked.tasks]]
        size = 0
        for place, arrival in enumerate(fresh):
            inits = self._half(asked, batch, arrival, opener, keys, len(parts) * _PART + place)
            size += sum(map(len, inits.values()))
            for number, init in inits.items():
                parts[-1][number].append(init)
            if size > PART_SIZE - 50_000:
                parts.append([[] for _ in asked.tasks])
                size = 0
        if len(parts) > MAX_PARTS:
            raise Malformed("there are too many reports for one round")
        self._put_jobs(row, asked, batch, parts)
        self.store.set_batch(row.name, batch, "sent", len(parts))

    def _put_jobs(self, row: RoundRow, asked: Round, batch: Batch, parts: Sequence[Sequence[list[bytes]]]) -> None:
        """Seal the encoded VerifyInits, by part and task, to the helper: one file for each part."""
        assert asked.manifest.helper is not None
        sealer = Sealer(bytes.fromhex(asked.manifest.helper.key))
        for part, tasks in enumerate(parts, start=1):
            heads = [AggregationJobInitReq(task.batch_id(batch), ()).encode() for task in asked.tasks]
            messages = [head + b"".join(inits) for head, inits in zip(heads, tasks, strict=True)]
            job, file = encode_job(asked, part, len(parts), messages), init_name(batch, part)
            self.put(row.name, file, sealer.seal(job, self.info(row.name, file)))

    def _half(
        self, asked: Round, batch: Batch, arrival: Arrival, opener: Opener, keys: list[bytes], place: int
    ) -> dict[int, bytes]:
        """Verify our half of one file; return the encoded VerifyInit for each task in which it is not refused."""
        assert arrival.file is not None
        shares, inits = ShareOpener(asked, Role.LEADER, opener, arrival.file), {}
        for number, (task, report) in enumerate(zip(asked.tasks, arrival.file.reports, strict=True)):
            report_id, code, state, verifier = (report.metadata.report_id if report else b""), 0, None, b""
            try:
                share = shares.open(number)
                assert report is not None
                started, verifier = task.prio3.verify_init(keys[number], 0, report_id, report.public_share, share)
                state = started.encode()
            except Invalid as refusal:
                code = refusal.error
            except InvalidMessage:
                code = ReportError.VDAF_VERIFY_ERROR
            if not report:
                report_id = arrival.file.owner[:16]  # without a report id, the owner's hash is as unique
            if not self.add_report(asked, number, report_id, arrival.email, batch, place, code, state):
                self.store.refuse(asked.name, arrival.email, "replayed")
            elif state is not None and report is not None:
                payload = ping_pong(MessageType.INITIALIZE, verifier)
                inits[number] = VerifyInit(report.for_helper(), payload).encode()
        return inits

    def _collect(self, row: RoundRow, asked: Round, batch: Batch) -> bool:
        """Finish the verification with the helper's answers, add noise and commit to our noisy share."""
        jobs = []
        for part in range(1, self.store.parts(row.name, batch) + 1):
            data = self.open_from_other(row, response_name(batch, part))
            if data is None:
                return False
            parts, messages = decode_job(asked, part, data)
            if parts != self.store.parts(row.name, batch):
                raise Malformed("agg-resp: another number of parts")
            jobs.append([decode_responses(message) for message in messages])
        with self.store.transaction():
            accepted: list[sums.Accepted] = [[] for _ in asked.tasks]
            for part, tasks in enumerate(jobs, start=1):
                for number, responses in enumerate(tasks):
                    accepted[number] += self._answers(asked, batch, part, number, responses)
            sums.add_exact(self.store, asked, batch, accepted)
            self._sum_up(row, asked, batch)
        self.store.erase()
        return True

    def _answers(
        self, asked: Round, batch: Batch, part: int, number: int, responses: Sequence[VerifyResp]
    ) -> sums.Accepted:
        sent = self._sent(asked.name, batch, part, number)
        if [one.report_id for one in sent] != [response.report_id for response in responses]:
            raise Malformed("agg-resp: other reports, or in another order")
        scheme, accepted = asked.tasks[number].prio3, []
        for one, response in zip(sent, responses, strict=True):
            if response.error == ReportError.REPORT_TOO_EARLY and batch == "early":
                self._forget(asked.name, number, one.report_id)
                continue
            code, state = response.error or 0, "invalid"
            if response.error is None:
                try:
                    message = read_ping_pong(MessageType.FINISH, response.payload)
                    accepted.append((one.report_id, scheme.verify_next(scheme.decode_state(one.state), message)))
                    state = "counted"
                except (InvalidMessage, Malformed):
                    raise Malformed("agg-resp: the helper accepted a report that is not valid") from None
            self.store.sql.execute(
                "UPDATE reports SET state = ?, code = ?, share = NULL WHERE round = ? AND task = ? AND report_id = ?",
                (state, code, asked.name, number, one.report_id),
            )
        return accepted

    def _sent(self, name: str, batch: Batch, part: int, number: int) -> list[_Sent]:
        rows = self.store.sql.execute(
            "SELECT report_id, share FROM reports WHERE round = ? AND batch = ? AND task = ? AND state = 'sent' "
            "AND place >= ? AND place < ? ORDER BY place",
            (name, batch, number, part * _PART, (part + 1) * _PART),
        )
        return [_Sent(*row) for row in rows]

    def _forget(self, name: str, number: int, report_id: bytes) -> None:
        """Treat a report as not received: it had not reached the helper, and goes into the late batch.

        So do blocks of the same file that we refused ourselves; a file is taken as a whole.
        """
        sql, where = self.store.sql, "FROM reports WHERE round = ? AND task = ? AND report_id = ?"
        row = sql.execute(f"SELECT datasite {where}", (name, number, report_id)).fetchone()
        sql.execute(f"DELETE {where}", (name, number, report_id))
        sql.execute("DELETE FROM reports WHERE round = ? AND datasite = ? AND state = 'invalid'", (name, *row))

    def _sum_up(self, row: RoundRow, asked: Round, batch: Batch) -> None:
        """Add noise to a batch that is large enough, in the transaction that verified it."""
        if min(sums.counts(self.store, asked, batch)) < asked.manifest.smallest_batch:
            self.store.set_batch(row.name, batch, "short")
            return
        sums.make_noisy(self.store, asked, batch, self.noise)
        collected = sums.collected(self.store, asked, batch)
        if asked.manifest.helper is None:
            self._publish(row.name, asked, batch, None)
            return
        file, request = collect_name(batch), encode_collected(asked, [one.without_share() for one in collected])
        sealed = Sealer(bytes.fromhex(asked.manifest.helper.key)).seal(request, self.info(row.name, file))
        self.put(row.name, file, sealed)
        self.store.set_batch(row.name, batch, "collecting")

    def _release(self, row: RoundRow, asked: Round, batch: Batch) -> bool:
        """Publish the sums when the helper's share has come."""
        data = self.read_other(row.name, share_name(batch))
        if data is None:
            return False
        theirs, ours = decode_collected(asked, data, with_shares=True), sums.collected(self.store, asked, batch)
        if [one.without_share() for one in theirs] != [one.without_share() for one in ours]:
            raise Malformed("agg-share: not what was asked for")
        with self.store.transaction():
            self._publish(row.name, asked, batch, theirs)
        return True

    def _publish(self, name: str, asked: Round, batch: Batch, theirs: Sequence[Collected] | None) -> None:
        ours = sums.collected(self.store, asked, batch)
        self.put(name, result_name(batch), to_bytes(combine(asked, batch, ours, theirs)))
        self.store.set_batch(name, batch, "released")

    def _verify_alone(self, row: RoundRow, asked: Round, batch: Batch, fresh: Sequence[Arrival]) -> None:
        """Verify both halves of every report, as the one operator whom people trust, and add noise."""
        assert row.private is not None and row.seed is not None
        opener, keys = RoundKey(row.private).opener(), [verify_key(row.seed, task.task_id) for task in asked.tasks]
        accepted: list[sums.Accepted] = [[] for _ in asked.tasks]
        for place, arrival in enumerate(fresh):
            for number, entry in self._verify_file(asked, batch, arrival, opener, keys, place):
                accepted[number].append(entry)
        sums.add_exact(self.store, asked, batch, accepted)
        self._sum_up(row, asked, batch)

    def _verify_file(
        self, asked: Round, batch: Batch, arrival: Arrival, opener: Opener, keys: list[bytes], place: int
    ) -> Iterator[tuple[int, tuple[bytes, OutputShare]]]:
        """Verify and record one file; yield task number, report id and output of each report that counts."""
        assert arrival.file is not None
        halves = [ShareOpener(asked, role, opener, arrival.file) for role in (Role.LEADER, Role.HELPER)]
        for number, report in enumerate(arrival.file.reports):
            code, output = 0, None
            try:
                output = _verify_both(asked, number, keys[number], halves)
            except Invalid as refusal:
                code = refusal.error
            report_id = report.metadata.report_id if report else arrival.file.owner[:16]
            if not self.add_report(asked, number, report_id, arrival.email, batch, place, code, None):
                self.store.refuse(asked.name, arrival.email, "replayed")
            elif output is not None:
                yield number, (report_id, output)

    def is_released(self, name: str, batch: Batch) -> bool:
        """We publish them ourselves."""
        return self.store.batch_state(name, batch) == "released"

    def recover_round(self, name: str, ours: dict[str, bytes]) -> str:
        """If the last result is published, the round is over; otherwise its keys and shares are lost."""
        if MANIFEST in ours:
            asked = Round(from_bytes(Manifest, ours[MANIFEST]))
            self.budget.enter(name, asked.manifest.days[0], asked.manifest.rho, asked.digest)
            self.store.sql.execute(
                "UPDATE rounds SET manifest = ?, first_day = ?, last_day = ? WHERE round = ?",
                (ours[MANIFEST], *asked.manifest.days, name),
            )
        return "closed" if result_name("late") in ours else ""


def _verify_both(asked: Round, number: int, key: bytes, halves: Sequence[ShareOpener]) -> OutputShare:
    """Return the sum of both output shares of a report. Raises Invalid."""
    scheme, report = asked.tasks[number].prio3, halves[0].file.reports[number]
    shares = [half.open(number) for half in halves]
    assert report is not None
    try:
        started = [
            scheme.verify_init(key, at, report.metadata.report_id, report.public_share, share)
            for at, share in enumerate(shares)
        ]
        message = scheme.verifier_shares_to_message([verifier for _, verifier in started])
        outputs = [scheme.verify_next(state, message) for state, _ in started]
    except InvalidMessage:
        raise Invalid(ReportError.VDAF_VERIFY_ERROR) from None
    return OutputShare(scheme.aggregate(outputs).elements)
