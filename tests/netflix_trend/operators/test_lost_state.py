"""A database that is lost, or restored from a backup: a party relies on what it has published itself."""

import shutil
from pathlib import Path

import pytest

from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import REPORT
from tests.netflix_trend.operators.network import (
    ANSWERS,
    AT_EARLY,
    AT_LATE,
    BEFORE,
    EXACT,
    HELPER,
    LEADER,
    ROUND,
    SURVEY_BYTES,
    Network,
    plan,
    resigned,
)

ADA = next(iter(ANSWERS))
# What is done before the loss, in order, and by whom.
STEPS = ("opened", "keyed", "agreed", "reported", "sent", "answered", "collecting", "shared", "released", "closed")


def advance(network: Network, until: str) -> None:
    actions = {
        "opened": lambda: network.leader.open_round(plan(), SURVEY_BYTES),
        "keyed": lambda: network.helper.run(BEFORE),
        "agreed": lambda: (network.leader.run(BEFORE), network.helper.run(BEFORE), network.leader.run(BEFORE)),
        "reported": lambda: [reporter.run(BEFORE) for reporter in network.people.values()],
        "sent": lambda: network.leader.run(AT_EARLY),
        "answered": lambda: network.helper.run(AT_EARLY),
        "collecting": lambda: network.leader.run(AT_EARLY),
        "shared": lambda: network.helper.run(AT_EARLY),
        "released": lambda: network.leader.run(AT_EARLY),
        "closed": lambda: network.operate(AT_LATE),
    }
    for step in STEPS[: STEPS.index(until) + 1]:
        actions[step]()


def lose(network: Network, email: str, backup: Path | None = None) -> None:
    for store in network.stores:
        store.close()
    folder = network.database(email).parent
    shutil.rmtree(folder)
    if backup:
        shutil.copytree(backup, folder)
    network.stores = []
    network.start()


def protocol_files(network: Network) -> dict[str, bytes]:
    return {name: data for name, data in network.files().items() if "abort" not in name and "close" not in name}


@pytest.mark.parametrize("email", [LEADER, HELPER])
@pytest.mark.parametrize("step", STEPS)
def test_a_lost_database_never_changes_a_file_nor_gives_a_second_share(tmp_path, email, step):
    network = Network(tmp_path)
    advance(network, step)
    before = network.files()
    budget = (network.leader if email == LEADER else network.helper).budget.total()
    lose(network, email)
    for now in (BEFORE, AT_EARLY, AT_EARLY, AT_LATE):
        network.operate(now)
        after = network.files()
        assert {name: after.get(name) for name in before} == before
    party = network.leader if email == LEADER else network.helper
    if step == "opened" and email == HELPER:
        return  # the helper had not done anything yet
    # A helper that had sent nothing but keys has spent nothing; all else is spent, though the database is gone.
    assert party.budget.total() == budget
    if step == "closed":
        assert network.exact() == EXACT and network.aborted(email) is None and network.closing(email)
    else:
        assert network.aborted(email) == "lost"
        assert (network.exact() == EXACT) == (step == "released" or (step == "shared" and email == HELPER))
    other = HELPER if email == LEADER else LEADER
    if step not in ("closed", "opened"):
        assert network.aborted(other) == "other_operator"


@pytest.mark.parametrize("email", [LEADER, HELPER])
@pytest.mark.parametrize(
    ("saved", "step"),
    [
        ("keyed", "agreed"),
        ("agreed", "answered"),
        ("agreed", "shared"),
        ("answered", "shared"),
        ("sent", "collecting"),
        ("reported", "released"),
    ],
)
def test_a_restored_database_never_answers_again(tmp_path, email, saved, step):
    network = Network(tmp_path)
    advance(network, saved)
    for store in network.stores:
        store.close()
    backup = tmp_path / "backup"
    shutil.copytree(network.database(email).parent, backup)
    network.stores = []
    network.start()
    done = STEPS.index(saved) + 1
    for name in STEPS[done : STEPS.index(step) + 1]:
        single(network, name)
    before = network.files()
    published = {name for name in before if email in name}
    lose(network, email, backup)
    known = set((network.leader if email == LEADER else network.helper).store.outbox(ROUND))
    behind = {name.rsplit("/", 1)[1] for name in published} - known
    network.operate(AT_EARLY)
    after = network.files()
    assert {name: after.get(name) for name in before} == before
    if behind:
        assert network.aborted(email) == "lost"
        assert network.leader.store.round(ROUND).private is None or email == HELPER
    else:
        assert network.aborted(email) is None


def single(network: Network, step: str) -> None:
    if step == "agreed":
        network.leader.run(BEFORE)
        network.helper.run(BEFORE)
        network.leader.run(BEFORE)
    elif step == "reported":
        for reporter in network.people.values():
            reporter.run(BEFORE)
    elif step in ("sent", "collecting", "released"):
        network.leader.run(AT_EARLY)
    else:
        network.helper.run(AT_EARLY)


def test_a_share_that_is_out_is_used_though_its_helper_has_given_up(tmp_path):
    network = Network(tmp_path)
    advance(network, "shared")
    lose(network, HELPER)
    network.helper.run(AT_EARLY)
    assert network.aborted(HELPER) == "lost"
    network.leader.run(AT_EARLY)
    assert network.exact() == EXACT and network.aborted(LEADER) == "other_operator"


def test_a_participant_whose_database_is_lost_keeps_the_report_it_made(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    before = network.path(ADA, REPORT).read_bytes()
    lose(network, ADA)
    network.answers[ADA] = ([0, 0, 0, 0, 1, 1], 0, [0])
    assert network.people[ADA].run(BEFORE) == {ROUND: "sent"}
    assert network.path(ADA, REPORT).read_bytes() == before
    assert network.people[ADA].budget.total() == network.round().manifest.rho
    network.path(ADA, REPORT).unlink()
    network.people[ADA].run(BEFORE)
    assert network.path(ADA, REPORT).read_bytes() == before


def test_forged_files_in_an_operators_datasite_change_nothing(tmp_path):
    """The relay puts a result into the leader's folder that the leader never made: it is not signed by its key."""
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.path(LEADER, "result-late.json").write_bytes(resigned(3, ROUND, "result-late.json", b"{}"))
    network.path(HELPER, "agg-share-late.bin").write_bytes(resigned(3, ROUND, "agg-share-late.bin", b"x"))
    network.start()
    network.run(AT_EARLY)
    assert network.exact() == EXACT


def test_a_database_is_durable_unless_it_is_simulated(tmp_path):
    for durable, level in ((True, 2), (False, 0)):
        store = Store(tmp_path / f"{durable}.sqlite", durable=durable)
        assert store.sql.execute("PRAGMA synchronous").fetchone() == (level,)
        assert store.sql.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store.sql.execute("PRAGMA secure_delete").fetchone() == (1,)
        store.close()
