"""Faults between honest parties and a relay, and operators who violate the protocol."""

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.layout import round_path
from netflix_trend.operators import sums
from netflix_trend.operators.budget import BudgetFull
from netflix_trend.operators.codec import AggregationJobInitReq
from netflix_trend.operators.helper import HelperLimits
from netflix_trend.operators.jobs import Collected, decode_job, encode_collected, encode_job
from netflix_trend.operators.manifest import HelperPrekey, Manifest, datasite_hash, from_bytes, to_bytes
from netflix_trend.operators.result import Abort
from netflix_trend.operators.sealing import RoundKey, Sealer
from netflix_trend.operators.transport import MAX_PARTS, REPORT
from tests.mutations import flipped
from tests.netflix_trend.operators.network import (
    ANSWERS,
    AT_EARLY,
    AT_LATE,
    BEFORE,
    EARLY,
    ENDS,
    EXACT,
    HELPER,
    LATE,
    LEADER,
    ROUND,
    SURVEY_BYTES,
    Network,
    identity,
    plan,
    resigned,
)

ADA, BOB, CYD = ANSWERS


def until_early(tmp_path: Path, **settings: Any) -> Network:
    """A round in which everybody has sent a report."""
    network = Network(tmp_path, **settings)
    network.agree()
    network.run(BEFORE, 1)
    return network


# Participants' files


def test_a_copied_report_is_refused_and_its_owners_counts(tmp_path):
    """The copy lies in a folder that comes first."""
    network = until_early(tmp_path)
    network.answers["aaa@example.org"] = None
    copy = network.path("aaa@example.org", REPORT)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(network.path(BOB, REPORT).read_bytes())
    network.run(AT_EARLY)
    network.run(AT_LATE)
    assert network.exact() == EXACT
    for closing in (network.closing(), network.closing(HELPER)):
        assert closing.refused == {"not_own": 1}
        assert [status.status for status in closing.statuses.values()].count("counted") == 3


def test_a_copied_report_id_displaces_nobody_at_the_helper(tmp_path):
    """Somebody makes a report with another's report id: the helper still finds the owner's."""
    network = until_early(tmp_path)
    ids = network.path(CYD, REPORT).read_bytes()
    asked = network.round()
    at = ids.index(asked.tasks[0].task_id) + 36
    network.answers["zed@example.org"] = ANSWERS[ADA]
    person = network._reporter("zed@example.org")
    drawn = iter([ids[at : at + 16]])
    person.randbytes = lambda count: next(drawn, b"\5" * 16) if count == 16 else b"\7" * count
    person.run(BEFORE)
    network.run(AT_EARLY)
    counts = {name: sums.count for name, sums in network.sums().items()}
    assert counts["shows"] == 3 and network.exact()["shows"] == EXACT["shows"]


def test_a_replayed_report_in_the_late_batch_is_refused(tmp_path):
    network = until_early(tmp_path)
    network.run(AT_EARLY)
    early = network.exact()
    # The leader treats two counted reports as new, and asks for them once more in the late batch.
    network.leader.store.sql.execute("DELETE FROM reports WHERE datasite IN (?, ?)", (ADA, BOB))
    network.run(AT_LATE)
    assert early == EXACT and network.exact("late") is None
    assert [network.closing().statuses[key].codes for key in sorted(network.closing().statuses)].count((2, 2, 2)) == 2


def test_a_second_report_of_one_datasite_is_never_taken(tmp_path):
    network = until_early(tmp_path)
    network.run(AT_EARLY)
    for reporter in network.people.values():  # the same people make other files, after they were counted
        network.path(reporter.files.site.email, REPORT).write_bytes(b"x" * 10)
    network.operate(AT_LATE)
    assert network.exact() == EXACT and network.exact("late") is None
    assert all(status.status == "counted" for status in network.closing().statuses.values())


def test_swapped_reports_are_refused(tmp_path):
    network = until_early(tmp_path)
    one, two = network.path(ADA, REPORT), network.path(BOB, REPORT)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    network.operate(AT_EARLY)
    network.operate(AT_LATE)
    assert network.exact() is None and network.aborted(LEADER) == "too_few"
    assert set(network.leader.store.refusals(ROUND).values()) == {"not_own"}


def test_a_report_of_another_round_is_refused(tmp_path):
    network = until_early(tmp_path)
    network.agree(round="2026-W47", first_day="2026-11-16", last_day="2026-11-22")
    network.run(BEFORE, 1)
    old = network.path(ADA, REPORT).read_bytes()
    network.path(ADA, REPORT, "2026-W47").write_bytes(old)
    network.run(AT_EARLY)
    assert network.leader.store.refusals("2026-W47") == {ADA: "malformed"}
    assert network.exact(name="2026-W47")["sum"] == (7,)


@pytest.mark.parametrize("at", [3, 1130, 1178, 2400, 2460, 2500, 2560, 2700, -3])
def test_a_corrupt_report_costs_its_owner_alone(tmp_path, at):
    network = until_early(tmp_path)
    path = network.path(CYD, REPORT)
    data = bytearray(path.read_bytes())
    data[at] ^= 0x41
    path.write_bytes(bytes(data))
    network.run(AT_EARLY)
    network.run(AT_LATE)
    assert network.aborted(LEADER) is None and network.closing() is not None
    sums = network.sums()
    assert min(one.count for one in sums.values()) == 2
    for name, one in sums.items():
        answer = ANSWERS[CYD][["shows", "titles", "sum"].index(name)]
        own = answer if isinstance(answer, list) else [int(bucket == answer) for bucket in range(4)]
        without = tuple(total - value for total, value in zip(EXACT[name], own, strict=True))
        assert one.sums == (EXACT[name] if one.count == 3 else without)


@pytest.mark.parametrize("size", [0, 1, 1175, 2350, -1])
def test_a_half_synced_report_waits_for_the_late_batch(tmp_path, size):
    network = until_early(tmp_path)
    for email in (BOB, CYD):
        path = network.path(email, REPORT)
        data = path.read_bytes()
        path.write_bytes(data[:size])
    network.leader.run(AT_EARLY)
    network.helper.run(AT_EARLY)
    assert network.leader.store.refusals(ROUND) == {BOB: "size", CYD: "size"}
    network.run(AT_EARLY)  # the participants' machines restore it
    network.run(AT_LATE)
    assert network.exact("late") == EXACT
    assert {status.status for status in network.closing().statuses.values()} == {"counted"}
    assert network.closing().refused == network.closing(HELPER).refused == {}


def test_half_synced_in_an_early_batch_that_is_large_enough(tmp_path):
    network = until_early(tmp_path)
    path = network.path(CYD, REPORT)
    path.write_bytes(path.read_bytes()[:-1])
    for _ in range(2):
        network.leader.run(AT_EARLY)
        network.helper.run(AT_EARLY)
    network.run(AT_EARLY)
    assert {sums.count for sums in network.sums().values()} == {2}
    network.run(AT_LATE)
    # One person is too few for a batch; the file was whole in time, but nothing of it is ever released.
    assert network.exact("late") is None
    assert network.people[CYD].status(ROUND) is not None


# Sync lag between separate views


def test_reports_the_helper_has_not_seen_go_into_the_late_batch(tmp_path):
    network = Network(tmp_path, separate=True)
    network.answers["dan@example.org"] = ANSWERS[ADA]
    network.answers["eve@example.org"] = ANSWERS[ADA]
    network.start()
    network.leader.open_round(plan(), SURVEY_BYTES)
    for _ in range(3):
        network.sync()
        network.helper.run(BEFORE)
        network.leader.run(BEFORE)
    for reporter in network.people.values():
        network.sync()
        reporter.run(BEFORE)
    network.sync()
    hidden = [network.path(email, REPORT, viewer=HELPER) for email in ("dan@example.org", "eve@example.org")]
    for path in hidden:
        path.unlink()
    network.leader.run(AT_EARLY)
    mirror(network, LEADER, HELPER)
    network.helper.run(AT_EARLY)
    network.sync()
    for _ in range(2):
        network.leader.run(AT_EARLY)
        network.sync()
        network.helper.run(AT_EARLY)
        network.sync()
    network.leader.run(AT_EARLY)
    assert result(network, "early")["sum"] == (12,)
    for _ in range(4):
        network.leader.run(AT_LATE)
        network.sync()
        network.helper.run(AT_LATE)
        network.sync()
    assert result(network, "late")["sum"] == (10,)


def mirror(network: Network, owner: str, viewer: str) -> None:
    """Copy one datasite from its owner to one viewer."""
    shutil.copytree(network.view(owner) / owner, network.view(viewer) / owner, dirs_exist_ok=True)


def result(network: Network, batch: str) -> dict[str, tuple[int, ...]]:
    return network.exact(batch)


# Operators who are offline, and operators who cheat


def test_the_helper_may_be_off_for_days(tmp_path):
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    for day in range(1, 8):
        network.leader.run(AT_EARLY + day * 86_400)
    network.run(AT_EARLY + 8 * 86_400)
    assert network.exact() == EXACT


def test_a_silent_helper_ends_the_round_with_nothing(tmp_path):
    network = until_early(tmp_path)
    for now in (AT_EARLY, AT_LATE, ENDS - 1, ENDS):
        network.leader.run(now)
    assert network.aborted(LEADER) == "deadline" and network.exact() is None
    assert network.leader.store.round(ROUND).private is None
    network.helper.run(ENDS)
    assert network.aborted(HELPER) == "other_operator"
    assert not [name for name in network.files() if "share" in name or "resp" in name]
    assert network.leader.budget.spent(ROUND)  # what was announced counts as spent


def test_an_aborted_round_publishes_only_its_early_sums(tmp_path):
    network = until_early(tmp_path)
    network.answers.update({"dan@example.org": ANSWERS[ADA], "eve@example.org": ANSWERS[ADA]})
    network.operate(AT_EARLY)
    for email in ("dan@example.org", "eve@example.org"):
        network.people[email] = network._reporter(email)
        network.people[email].run(AT_EARLY)
    network.leader.run(AT_LATE)
    network.leader.run(ENDS)  # the helper did not answer about the late batch
    network.helper.run(ENDS)
    assert network.exact() == EXACT and network.exact("late") is None
    for email in (LEADER, HELPER):
        told = from_bytes(Abort, network.body(email, "abort.json"))
        assert set(told.statuses) == {datasite_hash(person).hex() for person in ANSWERS}
        assert {status.batch for status in told.statuses.values()} == {"early"}
    assert network.people[ADA].status(ROUND).status == "counted"


def test_a_leader_that_is_silent_after_the_helpers_share(tmp_path):
    network = until_early(tmp_path)
    for _ in range(2):
        network.leader.run(AT_EARLY)
        network.helper.run(AT_EARLY)
    assert network.path(HELPER, "agg-share-early.bin").exists()
    network.helper.run(ENDS)
    assert network.aborted(HELPER) == "deadline" and network.helper.budget.spent(ROUND)
    assert network.helper.store.round(ROUND).private is None


def put(network: Network, file: str, body: bytes, name: str = ROUND) -> None:
    """Let the leader publish something sealed to the helper, whatever the protocol says."""
    key = Sealer(bytes.fromhex(network.round().manifest.helper.key))
    sealed = key.seal(body, b"nt-file\0" + round_path(name, file).encode())
    network.path(LEADER, file, name).write_bytes(identity(1).sign(round_path(name, file), sealed))


def job(network: Network, file: str = "agg-init-early-1.bin") -> list[bytes]:
    """Open a job of the leader's with the helper's key, as a test may."""
    row = network.helper.store.round(ROUND)
    sealed = network.body(LEADER, file)
    opened = RoundKey(row.private).opener().open(sealed, b"nt-file\0" + round_path(ROUND, file).encode())
    return decode_job(network.round(), 1, opened)[1]


def test_a_leader_that_sends_another_set_gets_nothing(tmp_path):
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    network.helper.run(AT_EARLY)
    before = network.path(HELPER, "agg-resp-early-1.bin").read_bytes()
    asked, tasks = network.round(), [AggregationJobInitReq.decode(message) for message in job(network)]
    smaller = [AggregationJobInitReq(task.batch_id, task.verify_inits[:2]).encode() for task in tasks]
    put(network, "agg-init-early-1.bin", encode_job(asked, 1, 1, smaller))
    network.start()
    network.helper.run(AT_EARLY)
    assert network.path(HELPER, "agg-resp-early-1.bin").read_bytes() == before
    # With the share of the smaller set it would learn what one person sent.
    two = [Collected(2, bytes(32), bytes(32))] * 3
    put(network, "collect-early.bin", encode_collected(asked, two))
    network.helper.run(AT_EARLY)
    assert network.aborted(HELPER) == "mismatch"
    assert not network.path(HELPER, "agg-share-early.bin").exists()


def test_a_leader_that_asks_again_after_the_share_gets_the_same_file(tmp_path):
    network = until_early(tmp_path, noise=lambda sigma2, count: [7] * count)
    network.run(AT_EARLY)
    before = network.path(HELPER, "agg-share-early.bin").read_bytes()
    put(network, "collect-early.bin", encode_collected(network.round(), [Collected(3, bytes(32), b"\1" * 32)] * 3))
    for _ in range(2):
        network.helper.run(AT_EARLY)
        network.helper._recovered = False
    assert network.path(HELPER, "agg-share-early.bin").read_bytes() == before
    assert network.aborted(HELPER) is None


@pytest.mark.parametrize("wrong", ["count", "checksum", "order", "manifest", "trailing", "short", "not sealed"])
def test_a_wrong_collect_ends_the_round_before_any_share_leaves(tmp_path, wrong):
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    network.helper.run(AT_EARLY)
    asked = network.round()
    right = [one.without_share() for one in sums.collected(network.helper.store, asked, "early")]
    body = encode_collected(asked, right)
    match wrong:
        case "count":
            body = encode_collected(asked, [Collected(4, right[0].checksum, bytes(32)), *right[1:]])
        case "checksum":
            body = encode_collected(asked, [Collected(3, b"\1" * 32, bytes(32)), *right[1:]])
        case "order":
            body = body[:32] + body[32 + 104 : 32 + 208] + body[32 : 32 + 104] + body[32 + 208 :]
        case "manifest":
            body = bytes(32) + body[32:]
        case "trailing":
            body += b"\0"
        case "short":
            body = body[:-1]
    if wrong == "not sealed":
        network.path(LEADER, "collect-early.bin").write_bytes(resigned(1, ROUND, "collect-early.bin", body))
    else:
        put(network, "collect-early.bin", body)
    network.helper.run(AT_EARLY)
    assert network.aborted(HELPER) == ("mismatch" if wrong in ("count", "checksum") else "malformed")
    assert not network.path(HELPER, "agg-share-early.bin").exists()
    network.leader.run(AT_EARLY)
    assert network.aborted(LEADER) == "other_operator" and network.exact() is None


@pytest.mark.parametrize(
    "wrong", ["order", "part", "parts", "trailing", "batch", "report twice", "cut", "unknown task"]
)
def test_a_wrong_job_is_not_answered(tmp_path, wrong):
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    asked, messages = network.round(), job(network)
    body = encode_job(asked, 1, 1, messages)
    match wrong:
        case "order":
            body = encode_job(asked, 1, 1, messages)[:4] + b"".join(
                task.task_id + len(message).to_bytes(4, "big") + message
                for task, message in list(zip(asked.tasks, messages, strict=True))[::-1]
            )
        case "part":
            body = encode_job(asked, 2, 2, messages)
        case "parts":
            body = encode_job(asked, 1, MAX_PARTS + 1, messages)
        case "trailing":
            body += b"\0"
        case "cut":
            body = body[:-1]
        case "batch":
            late = [AggregationJobInitReq.decode(message) for message in messages]
            body = encode_job(
                asked,
                1,
                1,
                [AggregationJobInitReq(task.batch_id("late"), one.verify_inits).encode()
                 for task, one in zip(asked.tasks, late, strict=True)],
            )  # fmt: skip
        case "unknown task":
            body = body.replace(asked.tasks[1].task_id, bytes(32))
        case "report twice":
            one = AggregationJobInitReq.decode(messages[0])
            body = encode_job(
                asked,
                1,
                1,
                [AggregationJobInitReq(one.batch_id, one.verify_inits + one.verify_inits[:1]).encode(), *messages[1:]],
            )
    put(network, "agg-init-early-1.bin", body)
    network.helper.run(AT_EARLY)
    if wrong == "report twice":  # counted once; the leader that sent it cannot make the counts agree
        assert network.body(HELPER, "agg-resp-early-1.bin")
        query = "SELECT count FROM sums WHERE task = 0"
        assert network.helper.store.sql.execute(query).fetchone() == (3,)
        return
    assert network.aborted(HELPER) == "malformed"
    assert not network.path(HELPER, "agg-resp-early-1.bin").exists()


@pytest.mark.parametrize("reason", ["too_few", "budget"])
def test_the_helper_gives_no_share_of_one_person_nor_without_budget(tmp_path, reason):
    """A leader that asks for one person's report, or a helper that never entered the round."""
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    asked, tasks = network.round(), [AggregationJobInitReq.decode(message) for message in job(network)]
    kept = 1 if reason == "too_few" else 3
    fewer = [AggregationJobInitReq(task.batch_id, task.verify_inits[:kept]).encode() for task in tasks]
    put(network, "agg-init-early-1.bin", encode_job(asked, 1, 1, fewer))
    network.helper.run(AT_EARLY)
    counted = [one.without_share() for one in sums.collected(network.helper.store, asked, "early")]
    assert {one.count for one in counted} == {kept}
    if reason == "budget":
        network.helper.store.sql.execute("DELETE FROM budget")
    put(network, "collect-early.bin", encode_collected(asked, counted))
    network.helper.run(AT_EARLY)
    assert network.aborted(HELPER) == reason and not network.path(HELPER, "agg-share-early.bin").exists()


def test_an_early_batch_cannot_be_collected_once_the_late_one_has_begun(tmp_path):
    """Else the leader would get the sums of two sets of which one holds the other."""
    network = until_early(tmp_path)
    network.answers["cyd@example.org"] = ANSWERS[CYD]
    network.leader.run(AT_EARLY)
    network.helper.run(AT_EARLY)
    asked = network.round()
    early = [one.without_share() for one in sums.collected(network.helper.store, asked, "early")]
    empty = [AggregationJobInitReq(task.batch_id("late"), ()).encode() for task in asked.tasks]
    put(network, "agg-init-late-1.bin", encode_job(asked, 1, 1, empty))
    network.helper.run(LATE)
    put(network, "collect-early.bin", encode_collected(asked, early))
    network.helper.run(LATE)
    assert not network.path(HELPER, "agg-share-early.bin").exists() and network.aborted(HELPER) is None
    late = [one.without_share() for one in sums.collected(network.helper.store, asked, "late")]
    assert {one.count for one in late} == {3}


@pytest.mark.parametrize("part", ["metadata", "public_share", "encrypted_input_share"])
def test_what_the_leader_shows_must_be_what_lies_in_the_datasite(tmp_path, part):
    """The relay shows the two operators different files, or the leader changes one."""
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    asked, tasks = network.round(), [AggregationJobInitReq.decode(message) for message in job(network)]
    share = tasks[0].verify_inits[0].report_share
    other: dict[str, Any] = {
        "metadata": share.metadata._replace(time=share.metadata.time + 1),
        "public_share": flipped(share.public_share, -1),
        "encrypted_input_share": share.encrypted_input_share._replace(payload=bytes(94 - 8)),
    }
    first = tasks[0].verify_inits[0]._replace(report_share=share._replace(**{part: other[part]}))
    tasks[0] = replace(tasks[0], verify_inits=(first, *tasks[0].verify_inits[1:]))
    put(network, "agg-init-early-1.bin", encode_job(asked, 1, 1, [task.encode() for task in tasks]))
    network.helper.run(AT_EARLY)
    assert [one.count for one in sums.collected(network.helper.store, asked, "early")] == [2, 3, 3]


def test_an_invented_participant_is_not_answered(tmp_path):
    """A report that is in nobody's datasite: the leader made it up."""
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    network.path(CYD, REPORT).unlink()
    network.helper.run(AT_EARLY)
    network.leader.run(AT_EARLY)
    query = "SELECT min(count), max(count) FROM sums"
    assert network.helper.store.sql.execute(query).fetchone() == (2, 2)


def test_a_partly_synced_operator_file_is_waited_for(tmp_path):
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    path = network.path(LEADER, "agg-init-early-1.bin")
    data = path.read_bytes()
    for torn in (data[:50], data[:-1], flipped(data, -1), b""):
        path.write_bytes(torn)
        network.helper.run(AT_EARLY)
        assert network.aborted(HELPER) is None
    network.run(AT_EARLY)
    assert network.exact() == EXACT


def test_a_file_signed_with_another_key_is_ignored(tmp_path):
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    path = network.path(LEADER, "agg-init-early-1.bin")
    data = path.read_bytes()
    path.write_bytes(resigned(3, ROUND, "agg-init-early-1.bin", network.body(LEADER, "agg-init-early-1.bin")))
    network.helper.run(AT_EARLY)
    assert identity(3).fingerprint.words in network.helper.problems[ROUND]
    assert network.aborted(HELPER) is None and not network.path(HELPER, "agg-resp-early-1.bin").exists()
    path.write_bytes(data)
    network.run(AT_EARLY)
    assert network.exact() == EXACT and network.helper.problems == {}


@pytest.mark.parametrize("wrong", ["swapped", "fewer", "twice", "another"])
def test_a_helper_that_answers_for_other_reports_is_noticed(tmp_path, wrong):
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    network.helper.run(AT_EARLY)
    row, asked = network.leader.store.round(ROUND), network.round()
    file = "agg-resp-early-1.bin"
    info = b"nt-file\0" + round_path(ROUND, file).encode()
    _, messages = decode_job(asked, 1, RoundKey(row.private).opener().open(network.body(HELPER, file), info))
    size = len(messages[0]) // 3
    first, second, third = (messages[0][at : at + size] for at in range(0, 3 * size, size))
    answers = {
        "swapped": second + first + third,
        "fewer": first + second,
        "twice": first + second + third + third,
        "another": bytes(16) + b"\2\6" + second + third,  # refuses a report that nobody sent
    }[wrong]
    job = encode_job(asked, 1, 1, [answers, *messages[1:]])
    sealed = Sealer(bytes.fromhex(asked.manifest.leader.key)).seal(job, info)
    network.path(HELPER, file).write_bytes(identity(2).sign(round_path(ROUND, file), sealed))
    network.leader.run(AT_EARLY)
    assert network.aborted(LEADER) == "malformed" and not network.path(LEADER, "collect-early.bin").exists()


def test_a_helper_that_accepts_invalid_reports_is_noticed(tmp_path):
    """The leader compares the verifier message with its own seed."""
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    network.helper.run(AT_EARLY)
    network.leader.store.sql.execute(
        "UPDATE reports SET share = "
        "CAST(substr(share, 1, length(share) - 1) || x'00' AS BLOB) WHERE datasite = ? AND task = 0",
        (ADA,),
    )
    network.leader.run(AT_EARLY)
    assert network.aborted(LEADER) == "malformed"


def test_a_wrong_share_of_the_helper_is_refused(tmp_path):
    network = until_early(tmp_path)
    for _ in range(2):
        network.leader.run(AT_EARLY)
        network.helper.run(AT_EARLY)
    body = bytearray(network.body(HELPER, "agg-share-early.bin"))
    body[32 + 32 + 7] += 1  # the count of the first task
    path = network.path(HELPER, "agg-share-early.bin")
    path.write_bytes(resigned(2, ROUND, "agg-share-early.bin", bytes(body)))
    network.leader.run(AT_EARLY)
    assert network.aborted(LEADER) == "malformed" and network.exact() is None


# What the helper agrees to


@pytest.mark.parametrize(
    ("limits", "changes", "reason"),
    [
        (HelperLimits(Fraction(1), 2), {}, "noise"),
        (HelperLimits(Fraction(10), 3), {}, "batch"),
        (HelperLimits(Fraction(10), 2), {"round": "2026-W47"}, "overlap"),
        (
            HelperLimits(Fraction(10), 2),
            {"round": "2026-W47", "first_day": "2026-11-15", "last_day": "2026-11-21"},
            "overlap",
        ),
    ],
)
def test_the_helper_refuses_a_manifest_by_name(tmp_path, limits, changes, reason):
    network = Network(tmp_path, helper_limits=limits)
    if reason == "overlap":
        network.agree()
        # The leader's own check would stop it.
        network.leader.store.sql.execute("UPDATE rounds SET first_day = 1, last_day = 1")
    network.agree(**changes)
    name = changes.get("round", ROUND)
    assert network.aborted(HELPER, name) == reason
    network.run(BEFORE)
    assert network.aborted(LEADER, name) == "other_operator"
    assert not network.path(ADA, REPORT, name).exists()
    assert network.helper.budget.spent(name) is None


def test_the_helpers_own_budget_may_be_full(tmp_path):
    network = Network(tmp_path)
    network.helper.budget = type(network.helper.budget)(network.helper.store, Fraction(1))
    network.agree()
    assert network.aborted(HELPER) == "budget" and network.helper.budget.total() == 0


@pytest.mark.parametrize("wrong", ["parties", "keys", "commitment", "round"])
def test_a_manifest_that_differs_from_the_prepared_one_is_refused(tmp_path, wrong):
    network = Network(tmp_path)
    network.agree()
    manifest = network.round().manifest
    network.helper.store.sql.execute("UPDATE rounds SET state = 'keyed', manifest = NULL")
    network.helper.store.sql.execute("DELETE FROM budget")
    network.helper.store.sql.execute("DELETE FROM outbox WHERE file = 'accept.json'")
    network.path(HELPER, "accept.json").unlink()
    other = manifest.leader.model_copy(update={"key": manifest.helper.key, "datasite": manifest.leader.datasite})
    changes: dict[str, dict[str, Any]] = {
        "parties": {"leader": manifest.leader.model_copy(update={"datasite": "other@example.org"})},
        "keys": {"leader": other},
        "commitment": {"commitment": "0" * 64},
        "round": {"round": "2026-W40"},
    }
    path = network.path(LEADER, "manifest.json")
    path.write_bytes(resigned(1, ROUND, "manifest.json", to_bytes(manifest.model_copy(update=changes[wrong]))))
    network.helper.run(BEFORE)
    assert network.aborted(HELPER) == wrong and network.helper.budget.total() == 0


@pytest.mark.parametrize("wrong", ["answers", "commitment", "sealed_seed", "key", "round"])
def test_an_inconsistent_helper_key_ends_the_round(tmp_path, wrong):
    network = Network(tmp_path)
    network.leader.open_round(plan(), SURVEY_BYTES)
    network.helper.run(BEFORE)
    prekey = from_bytes(HelperPrekey, network.body(HELPER, "prekey.json"))
    value = "2026-W40" if wrong == "round" else "0" * len(getattr(prekey, wrong))
    if wrong == "key":  # ML-KEM refuses coefficients that are not reduced
        value = "f" * len(prekey.key)
    body = to_bytes(prekey.model_copy(update={wrong: value}))
    network.path(HELPER, "prekey.json").write_bytes(resigned(2, ROUND, "prekey.json", body))
    network.leader.run(BEFORE)
    if wrong == "key" and network.aborted(LEADER) is None:
        assert network.body(LEADER, "manifest.json") is not None
        network.helper.run(BEFORE)
        assert network.aborted(HELPER) == "keys"
        return
    assert network.aborted(LEADER) == "malformed" and network.body(LEADER, "manifest.json") is None
    assert network.leader.budget.total() == 0


def test_a_second_manifest_is_never_accepted(tmp_path):
    network = Network(tmp_path)
    network.agree()
    first, accepted = network.round().manifest, network.body(HELPER, "accept.json")
    second = first.model_copy(update={"smallest_batch": 3})
    network.path(LEADER, "manifest.json").write_bytes(resigned(1, ROUND, "manifest.json", to_bytes(second)))
    network.helper.run(BEFORE)
    network.helper.run(AT_EARLY)
    assert network.body(HELPER, "accept.json") == accepted
    reporter = network.people[ADA]
    assert reporter.run(BEFORE) == {ROUND: "refused: other_manifest"}
    assert reporter.budget.total() == 0


def test_a_batch_is_not_answered_before_it_closes(tmp_path):
    network = until_early(tmp_path)
    network.leader.run(AT_EARLY)
    network.helper.run(EARLY - 1)
    assert not network.path(HELPER, "agg-resp-early-1.bin").exists()
    network.helper.run(EARLY)
    assert network.path(HELPER, "agg-resp-early-1.bin").exists()


def test_each_operator_has_its_own_list_of_participants(tmp_path):
    network = until_early(tmp_path)
    network.helper.invited = frozenset({ADA, BOB})
    network.run(AT_EARLY)
    assert {sums.count for sums in network.sums().values()} == {2}
    network.run(AT_LATE)
    assert network.closing(HELPER).refused == {"not_invited": 1}


def test_a_round_is_asked_once(tmp_path):
    network = Network(tmp_path)
    network.agree()

    with pytest.raises(ValueError, match="asked once"):
        network.leader.open_round(plan(), SURVEY_BYTES)
    with pytest.raises(ValueError, match="not the survey"):
        network.leader.open_round(plan(round="2026-W48"), SURVEY_BYTES + b" ")
    with pytest.raises(ValueError, match="days of another round"):
        network.leader.open_round(plan(round="2026-W47"), SURVEY_BYTES)


def test_the_leader_keeps_to_its_own_budget(tmp_path):

    network = Network(tmp_path, limit=plan().rho * Fraction(3, 2))
    network.agree()
    with pytest.raises(BudgetFull):
        network.leader.open_round(plan(round="2026-W47", first_day="2026-11-16", last_day="2026-11-22"), SURVEY_BYTES)
    assert network.leader.store.round("2026-W47") is None


def test_late_deadline_is_not_passed_over(tmp_path):
    """An operator that was offline during the early batch puts everybody into the late one."""
    network = until_early(tmp_path)
    network.run(LATE)
    assert network.exact() is None
    network.run(AT_LATE)
    assert network.exact("late") == EXACT


def test_manifest_is_read_back(tmp_path):
    network = Network(tmp_path)
    asked = network.agree()
    assert from_bytes(Manifest, to_bytes(asked.manifest)) == asked.manifest
