"""Who can see what: attacks by one operator, by the relay, and by somebody who steals a disk afterwards."""

import hashlib
import re
from fractions import Fraction

import pytest

from netflix_trend.operators.blocks import Block
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.codec import Report, Role, input_share_aad
from netflix_trend.operators.manifest import Round, datasite_hash, to_bytes
from netflix_trend.operators.report import Invalid, ShareOpener, build, parse
from netflix_trend.operators.reporter import ReporterLimits
from netflix_trend.operators.sealing import (
    CannotOpen,
    RoundKey,
    open_secret,
    open_share,
    share_info,
    shares_key,
    verify_key,
)
from netflix_trend.operators.transport import REPORT
from netflix_trend.operators.wire import Malformed
from netflix_trend.vdaf import field128
from netflix_trend.vdaf.refusal import InvalidMessage
from tests.netflix_trend.operators.network import (
    ANSWERS,
    AT_EARLY,
    AT_LATE,
    BEFORE,
    EXACT,
    HELPER,
    LEADER,
    ROUND,
    Network,
    resigned,
)

ADA, BOB, CYD = ANSWERS


def everything(network: Network) -> dict[str, bytes]:
    """Every byte on every disk: databases with their logs, and all datasites, dot-files too."""
    return {str(path): path.read_bytes() for path in network.folder.rglob("*") if path.is_file()}


def secrets_of(network: Network) -> dict[str, bytes]:
    """What must not outlive the round, taken from the databases while it is open."""
    found = {}
    for name, party in (("leader", network.leader), ("helper", network.helper)):
        if party:
            row = party.store.round(ROUND)
            found[f"{name}'s ML-KEM seed"], found[f"{name}'s X25519 key"] = row.private[:64], row.private[64:]
            if row.seed:
                found[f"{name}'s seed of the verify key"] = row.seed
    return found


@pytest.mark.parametrize("operators", [1, 2])
@pytest.mark.parametrize("ending", ["closed", "aborted"])
def test_no_key_of_the_round_is_left_on_any_disk(tmp_path, operators, ending):
    network = Network(tmp_path, operators=operators)
    network.agree()
    network.run(BEFORE, 1)
    network.leader.run(AT_EARLY)
    secrets = secrets_of(network)
    assert len(secrets) == 3 * operators
    on_disk = everything(network)
    assert all(any(secret in data for data in on_disk.values()) for secret in secrets.values())
    states = [
        share for (share,) in network.leader.store.sql.execute("SELECT share FROM reports WHERE share IS NOT NULL")
    ]
    if ending == "closed":
        network.run(AT_EARLY)
        network.run(AT_LATE)
        assert network.exact() == EXACT
    else:
        network.leader.abort(ROUND, "deadline")
        network.run(AT_EARLY)
    for name, data in everything(network).items():
        for label, secret in secrets.items():
            assert secret not in data, f"{label} is in {name}"
        assert not any(state in data for state in states), name


def test_the_leaders_disk_and_all_files_of_the_relay_open_nothing(tmp_path):
    """Whoever takes the leader's machine after the round has its identity, its database and every file ever synced."""
    network = Network(tmp_path)
    network.whole_round()
    asked, data = network.round(), network.path(ADA, REPORT).read_bytes()
    file = parse(asked, ADA, data)
    disk = b"".join(
        content for name, content in everything(network).items() if "/datasites/" in name or f"/{LEADER}/" in name
    )
    # Every run of 32 bytes in the database's blobs that could be a secret, and every one that could be a key.
    store = network.leader.store.sql
    blobs = [
        cell
        for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for row in store.execute(f"SELECT * FROM {table}").fetchall()
        for cell in row
        if isinstance(cell, bytes) and table != "outbox"
    ]
    candidates = {blob[at : at + 32] for blob in blobs for at in range(max(1, len(blob) - 31))}
    candidates |= {bytes.fromhex(text.decode()) for text in re.findall(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", disk)}
    for number, task in enumerate(asked.tasks):
        report = file.reports[number]
        aad = input_share_aad(task.task_id, task.configuration, report.metadata, report.public_share)
        for secret in {*candidates, *map(shares_key, candidates)}:
            for role, sealed in ((Role.LEADER, report.leader_share), (Role.HELPER, report.helper_share)):
                with pytest.raises(CannotOpen):
                    open_share(secret, role, aad, sealed)
    for role in (Role.LEADER, Role.HELPER):
        info = share_info(role, asked.digest, datasite_hash(ADA))
        for key in (RoundKey(blob[at : at + 96]) for blob in blobs for at in range(0, len(blob) - 95)):
            with pytest.raises(CannotOpen):
                open_secret(key.opener(), info, file.heads[role])


def test_during_the_round_the_leader_opens_its_half_alone(tmp_path):
    network = Network(tmp_path)
    asked = network.agree()
    network.run(BEFORE, 1)
    file = parse(asked, ADA, network.path(ADA, REPORT).read_bytes())
    opener = RoundKey(network.leader.store.round(ROUND).private).opener()
    half = ShareOpener(asked, Role.LEADER, opener, file).open(0)
    votes = field128.decode(half[: 16 * 6], 6)
    assert all(vote > 2**64 for vote in votes)  # uniform in the field, whatever the votes were
    with pytest.raises(Invalid):
        ShareOpener(asked, Role.HELPER, opener, file).open(0)


def test_the_verify_key_cannot_be_changed_after_reports_exist(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.leader.run(AT_EARLY)
    network.helper.store.sql.execute("UPDATE rounds SET seed = zeroblob(32)")
    network.helper.run(AT_EARLY)
    assert network.aborted(HELPER) == "malformed" and not network.path(HELPER, "agg-resp-early-1.bin").exists()


def test_a_leader_with_another_verify_key_gets_no_report_through(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.leader.store.sql.execute("UPDATE rounds SET seed = zeroblob(32)")
    network.run(AT_EARLY)
    assert network.exact() is None and not network.path(HELPER, "agg-share-early.bin").exists()
    query = "SELECT count(*) FROM reports WHERE state != 'invalid'"
    assert network.helper.store.sql.execute(query).fetchone() == (0,)


def test_two_verify_keys_would_reveal_a_report_and_two_rounds_do_not_give_them(tmp_path):
    """Why keys matter: two verifications of one report under two keys give two equations about the same vector to
    anybody who has both verifier messages. So a report must never be verified in a second round.
    """
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.agree(round="2026-W47", first_day="2026-11-16", last_day="2026-11-22")
    # The leader presents the reports of the first round in the second one, each in its owner's folder, with every
    # field that can be changed without a key set to what the second round wants.
    old, new = network.round(), network.round("2026-W47")
    for email in ANSWERS:
        file = parse(old, email, network.path(email, REPORT).read_bytes())
        heads = b"".join(file.heads[role].encode() for role in (Role.LEADER, Role.HELPER))
        tasks = []
        for task, report in zip(new.tasks, file.reports, strict=True):
            moved = Report(
                type(report.metadata)(report.metadata.report_id, new.time, report.metadata.public_extensions),
                report.public_share,
                report.leader_share,
                report.helper_share,
            ).encode()
            tasks.append(task.task_id + len(moved).to_bytes(4, "big") + moved)
        path = network.path(email, REPORT, "2026-W47")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(heads + b"".join(tasks))
    network.operate(AT_EARLY)
    network.operate(AT_LATE)
    assert network.exact(name=ROUND) == EXACT and network.exact(name="2026-W47") is None
    assert network.aborted(LEADER, "2026-W47") == "too_few"


def test_a_report_is_verified_once_whatever_the_leader_sends(tmp_path):
    """Two keys for one round would need a second seed or a second answer of the helper: it gives neither."""
    network = Network(tmp_path)
    asked = network.agree()
    network.run(BEFORE, 1)
    network.operate(AT_EARLY)
    first = network.files()
    # Another manifest with another commitment, and the same job again under another name.
    other = asked.manifest.model_copy(update={"commitment": hashlib.sha256(b"x" * 32).hexdigest()})
    network.path(LEADER, "manifest.json").write_bytes(resigned(1, ROUND, "manifest.json", to_bytes(other)))
    for batch in ("late",):
        data = network.body(LEADER, "agg-init-early-1.bin")
        path = network.path(LEADER, f"agg-init-{batch}-1.bin")
        path.write_bytes(resigned(1, ROUND, path.name, data))
    network.helper.run(AT_LATE)
    assert network.aborted(HELPER) == "malformed"  # sealed for another path
    theirs = {name: data for name, data in network.files().items() if HELPER in name and "abort" not in name}
    assert theirs == {name: data for name, data in first.items() if HELPER in name}


def test_reports_for_other_parameters_fail(tmp_path):
    """Prio3 itself does not bind its parameters; the task does."""
    network = Network(tmp_path)
    asked = network.agree()
    blocks = list(asked.manifest.blocks)
    blocks[0] = type(blocks[0]).ask("shows", "multihot", 6, 2, 3, Fraction(6))  # more noise, nothing else
    other = Round(asked.manifest.model_copy(update={"blocks": tuple(blocks)}))
    report = build(other, ADA, ANSWERS[ADA])
    with pytest.raises(Malformed, match="not of this round"):
        parse(asked, ADA, report)
    made = asked.tasks[0].prio3
    key = verify_key(bytes(32), asked.tasks[0].task_id)
    fresh = other.tasks[0].prio3.shard(ANSWERS[ADA][0])
    halves = [
        made.verify_init(key, at, fresh.nonce, fresh.public_share, half) for at, half in enumerate(fresh.input_shares)
    ]
    with pytest.raises(InvalidMessage):
        made.verifier_shares_to_message([verifier for _, verifier in halves])


def test_a_planted_answer_is_in_no_file(tmp_path):
    """The answer is a large number, so that its bytes cannot be elsewhere by chance."""
    planted = int.from_bytes(b"\x53\x12\xee", "big") % 1_000_000 | 1
    network = Network(tmp_path)
    network.answers = dict.fromkeys(ANSWERS, ([planted, 0],))
    blocks = (Block.ask("mark", "sumvec", 2, 1_000_000, 6, Fraction(10**12)),)
    network.reporter_limits = ReporterLimits(Fraction(100), 2)
    network.start()
    network.agree(blocks=blocks)
    network.run(BEFORE, 1)
    seen = everything(network)
    for now in (AT_EARLY, AT_EARLY, AT_EARLY):
        network.operate(now, 1)
        seen.update({f"{name} {now} {len(seen)}": data for name, data in everything(network).items()})
    clear = field128.encode([planted]), planted.to_bytes(8, "big"), str(planted).encode()
    bits = field128.encode(network.round().tasks[0].prio3.circuit.encode([planted, 0])[:8])
    assert network.exact() == {"mark": (3 * planted, 0)}
    for name, data in seen.items():
        if "cyd" not in name:
            assert not any(form in data for form in (*clear[:2], bits)), name
    assert clear[2] not in b"".join(data for name, data in seen.items() if "result" not in name)


def test_participants_learn_nothing_about_checks_before_the_release(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.spoil(CYD)
    for now in (AT_EARLY, AT_EARLY, AT_EARLY):
        network.operate(now, 1)
        public = [name for name in network.files() if re.search(r"(close|abort|status)", name)]
        assert public == [] and network.people[CYD].status(ROUND) is None
        jobs = [data for name, data in network.files().items() if "agg-" in name and "share" not in name]
        assert not any(datasite_hash(CYD) in data for data in jobs)


def test_a_participant_refuses_operators_it_did_not_choose(tmp_path):
    network = Network(tmp_path)
    network.agree()
    person = network.people[ADA]
    stranger = network.peer(HELPER, ADA)
    for leader, helper, reason in (
        (person.leader, None, "parties"),
        (type(person.leader)(person.leader.site, stranger.pin), person.helper, "another_key"),
        (person.leader, type(stranger)(stranger.site, person.leader.pin), "another_key"),
    ):
        other = network._reporter(ADA)
        other.leader, other.helper = leader, helper
        assert other.run(BEFORE) == {ROUND: f"refused: {reason}"}
    assert person.budget.total() == 0 and not network.path(ADA, REPORT).exists()
    assert "settings" in person.problems.get(ROUND, "settings")


def test_a_participant_keeps_to_its_own_limits(tmp_path):
    network = Network(tmp_path)
    asked = network.agree()
    person = network.people[ADA]
    for limits, reason in (
        (ReporterLimits(asked.manifest.rho / 2, 2), "noise"),
        (ReporterLimits(asked.manifest.rho, 3), "batch"),
    ):
        person.limits = limits
        assert person.run(BEFORE) == {ROUND: f"refused: {reason}"}
    person.limits = ReporterLimits(asked.manifest.rho, 2)
    person.budget = Budget(person.store, asked.manifest.rho / 2)
    assert person.run(BEFORE) == {ROUND: "refused: budget"}
    assert not network.path(ADA, REPORT).exists() and person.budget.total() == 0
    person.budget = Budget(person.store, asked.manifest.rho)
    assert person.run(BEFORE) == {ROUND: "sent"}
    assert person.budget.total() == asked.manifest.rho


def test_a_round_with_a_key_that_everybody_knows_spends_nothing(tmp_path):
    """A curve point of low order, which both operators have signed."""
    network = Network(tmp_path)
    manifest = network.agree().manifest
    weak = manifest.helper.model_copy(update={"key": manifest.helper.key[:-64] + "0" * 64})
    other = Round(manifest.model_copy(update={"helper": weak}))
    accept = {"protocol": manifest.protocol, "round": ROUND, "manifest": other.digest.hex(), "day": 1}
    files = {
        (1, LEADER, "manifest.json"): to_bytes(other.manifest),
        (2, HELPER, "accept.json"): {**accept, "rho": {"num": 1, "den": 1}},
    }
    for (seed, email, file), body in files.items():
        network.path(email, file).write_bytes(resigned(seed, ROUND, file, body))
    assert network.people[ADA].run(BEFORE) == {ROUND: "refused: malformed"}
    assert network.people[ADA].budget.total() == 0


def test_one_operator_needs_settings_that_say_so(tmp_path):
    network = Network(tmp_path, operators=1)
    network.agree()
    person = network.people[ADA]
    person.helper = network.peer(HELPER, ADA)
    assert person.run(BEFORE) == {ROUND: "waiting"}  # for a helper's agreement that never comes
    assert not network.path(ADA, REPORT).exists()


def test_databases_are_readable_by_their_owner_only(tmp_path):
    network = Network(tmp_path)
    network.agree()
    for email in (LEADER, HELPER, ADA):
        assert network.database(email).stat().st_mode & 0o077 == 0
