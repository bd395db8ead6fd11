"""The leader: opens rounds, collects reports, and publishes the sums. It never sees a report without the helper."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from netflix_trend.operators import sums
from netflix_trend.operators.budget import BudgetFull
from netflix_trend.operators.codec import (
    AggregationJobInitReq,
    MessageType,
    ReportError,
    Role,
    VerifyResp,
    decode_responses,
    read_ping_pong,
)
from netflix_trend.operators.jobs import (
    Collected,
    decode_collected,
    decode_job,
    encode_collected,
    encode_job,
    with_parts,
)
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
from netflix_trend.operators.result import combine
from netflix_trend.operators.round_folders import ACCEPT, MANIFEST, SURVEY
from netflix_trend.operators.sealing import CannotOpen, RoundKey, Sealer
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
from netflix_trend.operators.verification import Opened, Secrets, Verified, both_halves, in_jobs, leader_halves
from netflix_trend.operators.wire import Malformed
from netflix_trend.privacy.randomness import secure_bytes
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.vdaf.refusal import InvalidMessage

# Position of a report in a job: its part times this, plus its place in the part.
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
            opened = iter(()) if over else self._opened(row, asked)
            needed = max(0, asked.manifest.smallest_batch - max(sums.counts(self.store, asked, batch)))
            first = list(islice(opened, needed))
            if len(first) < needed:
                self.store.set_batch(row.name, batch, "skipped")
            elif self.other:
                self._send(row, asked, batch, chain(first, opened))
            else:
                self._sum_alone(row, asked, batch, chain(first, opened))
        self.store.erase()
        return True

    def _opened(self, row: RoundRow, asked: Round) -> Iterator[Opened]:
        """Yield the files that have come, by name, with our half of their reports verified, in a transaction."""
        verify = partial(leader_halves if self.other else both_halves, Secrets.of(asked, row.private, row.seed))
        jobs = in_jobs(self.intake(asked, self.taken(asked)))
        return self.readable(asked, chain.from_iterable(self.executor.map(verify, jobs)))

    def _send(self, row: RoundRow, asked: Round, batch: Batch, files: Iterable[Opened]) -> None:
        """Keep our half of every report, and put the job for the helper into the outbox, in a transaction.

        One part is in memory at a time. The first ones wait in the outbox until their number is known.
        """
        tasks: list[list[bytes]] = [[] for _ in asked.tasks]
        part, size, place = 1, 0, 0
        for file in files:
            inits = self._take(asked, batch, file, part * _PART + place, keep=True)
            place += 1
            for number, init in inits:
                tasks[number].append(init.message)
                size += len(init.message)
            if size > PART_SIZE - 50_000:
                self.store.put(row.name, init_name(batch, part), self._job(asked, batch, part, tasks))
                tasks = [[] for _ in asked.tasks]
                part, size, place = part + 1, 0, 0
            if part > MAX_PARTS:
                raise Malformed("there are too many reports for one round")
        last = self._job(asked, batch, part, tasks)
        tasks.clear()
        assert asked.manifest.helper is not None
        sealer = Sealer(bytes.fromhex(asked.manifest.helper.key))
        for at in range(1, part + 1):
            file_name = init_name(batch, at)
            job = last if at == part else with_parts(self.store.take_back(row.name, file_name), part)
            self.put(row.name, file_name, sealer.seal(job, self.info(row.name, file_name)))
        self.store.set_batch(row.name, batch, "sent", part)

    def _job(self, asked: Round, batch: Batch, part: int, tasks: Sequence[Sequence[bytes]]) -> bytes:
        """Return encoded VerifyInits, by task, as the last part of a job."""
        heads = [AggregationJobInitReq(task.batch_id(batch), ()).encode() for task in asked.tasks]
        return encode_job(asked, part, part, [head + b"".join(some) for head, some in zip(heads, tasks, strict=True)])

    def _take(
        self, asked: Round, batch: Batch, file: Opened, place: int, *, keep: bool
    ) -> Iterator[tuple[int, Verified]]:
        """Note one file; yield task number and report of each that is valid. keep: its state, for the second step."""
        for number, report in enumerate(file.reports):
            share = report.share if keep else None
            if not self.add_report(asked, number, report.report_id, file.email, batch, place, report.code, share):
                self.store.refuse(asked.name, file.email, "replayed")
            elif report.share is not None:
                yield number, report

    def _collect(self, row: RoundRow, asked: Round, batch: Batch) -> bool:
        """Finish the verification with the helper's answers, add noise and commit to our noisy share."""
        parts = self.store.parts(row.name, batch)
        if any(self.read_other(row.name, response_name(batch, part)) is None for part in range(1, parts + 1)):
            return False
        with self.store.transaction():
            for part in range(1, parts + 1):
                data = self.open_from_other(row, response_name(batch, part))
                if data is None:
                    raise UnsafeFile("gone", f"{response_name(batch, part)} has vanished while it was read")
                said, messages = decode_job(asked, part, data)
                if said != parts:
                    raise Malformed("agg-resp: another number of parts")
                answers = [
                    self._answers(asked, batch, part, number, decode_responses(message))
                    for number, message in enumerate(messages)
                ]
                sums.add_exact(self.store, asked, batch, answers)
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

    def _sum_alone(self, row: RoundRow, asked: Round, batch: Batch, files: Iterable[Opened]) -> None:
        """Add up reports whose two halves we have verified, as the one operator whom people trust, and add noise."""
        sums.add_exact(self.store, asked, batch, [[] for _ in asked.tasks])
        place = 0
        for some in in_jobs(files):
            accepted: list[sums.Accepted] = [[] for _ in asked.tasks]
            for file in some:
                for number, report in self._take(asked, batch, file, place, keep=False):
                    accepted[number].append((report.report_id, sums.output(asked, number, report.share)))
                place += 1
            sums.add_exact(self.store, asked, batch, accepted)
        self._sum_up(row, asked, batch)

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
