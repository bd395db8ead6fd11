"""Whole rounds, without noise where exact sums are compared."""

import json
from fractions import Fraction

import pytest

from netflix_trend.operators.result import Status
from netflix_trend.operators.transport import REPORT
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
    SLACK,
    Network,
)


@pytest.mark.parametrize("operators", [1, 2])
def test_sums_are_exact_without_noise(tmp_path, operators):
    network = Network(tmp_path, operators=operators)
    network.whole_round()
    assert network.exact() == EXACT
    assert {sums.count for sums in network.sums().values()} == {3}
    assert {sums.noise for sums in network.sums().values()} == {operators}
    assert network.exact("late") is None
    assert network.closing().refused == {}
    for reporter in network.people.values():
        assert reporter.status(ROUND) == Status(status="counted", batch="early", codes=(0, 0, 0))
    if operators == 2:
        assert network.closing(HELPER).statuses == network.closing().statuses


@pytest.mark.parametrize("operators", [1, 2])
def test_early_and_late_batches_are_disjoint(tmp_path, operators):
    network = Network(tmp_path, operators=operators)
    late = {"dan@example.org": ([0, 1, 0, 0, 0, 0], 0, [1]), "eve@example.org": ([0, 1, 1, 0, 0, 0], 0, [2])}
    network.answers.update(dict.fromkeys(late))
    network.start()
    network.agree()
    network.run(BEFORE, 1)
    network.run(AT_EARLY)
    assert network.exact() == EXACT
    assert network.closing() is None  # nobody learns anything about single reports before the end
    network.answers.update(late)
    network.run(AT_EARLY)
    network.run(AT_LATE)
    assert network.exact("late") == {"shows": (0, 2, 1, 0, 0, 0), "titles": (2, 0, 0, 0), "sum": (3,)}
    assert network.people["dan@example.org"].status(ROUND) == Status(status="counted", batch="late", codes=(0, 0, 0))
    assert network.people["ada@example.org"].status(ROUND).batch == "early"
    assert network.closing().refused == {}  # files of the early batch are not taken for new ones


@pytest.mark.parametrize("operators", [1, 2])
def test_an_early_batch_that_is_too_small_goes_into_the_late_one(tmp_path, operators):
    network = Network(tmp_path, operators=operators)
    network.answers.update(dict.fromkeys(["bob@example.org", "cyd@example.org"]))
    network.agree(smallest_batch=3)
    network.run(BEFORE, 1)
    network.run(AT_EARLY)
    assert not [name for name in network.files() if "-early" in name]
    network.answers.update(ANSWERS)
    network.run(AT_EARLY)
    network.run(AT_LATE)
    assert network.exact() is None and network.exact("late") == EXACT


@pytest.mark.parametrize("operators", [1, 2])
def test_an_early_batch_that_shrinks_in_verification_goes_into_the_late_one(tmp_path, operators):
    network = Network(tmp_path, operators=operators)
    network.answers.update({"cyd@example.org": None, "mal@example.org": ANSWERS["ada@example.org"]})
    network.start()
    network.agree(smallest_batch=3)
    network.run(BEFORE, 1)
    spoil(network, "mal@example.org")
    network.run(AT_EARLY)
    assert network.exact() is None and not [name for name in network.files() if "collect" in name or "share" in name]
    network.answers["cyd@example.org"] = ANSWERS["cyd@example.org"]
    network.run(AT_EARLY)
    network.run(AT_LATE)
    assert network.exact() is None and network.exact("late") == EXACT
    assert network.people["ada@example.org"].status(ROUND) == Status(status="counted", batch="late", codes=(0, 0, 0))
    assert network.people["mal@example.org"].status(ROUND).status == "invalid"


def spoil(network: Network, email: str) -> None:
    """Damage the sealed shares of all blocks, so that they do not open."""
    path = network.path(email, REPORT)
    data = bytearray(path.read_bytes())
    data[1127:1175] = bytes(48)
    data[1175 + 1127 : 2 * 1175] = bytes(48)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("operators", [1, 2])
def test_too_few_people_in_all_release_nothing(tmp_path, operators):
    network = Network(tmp_path, operators=operators)
    network.whole_round(smallest_batch=4)
    assert network.aborted(LEADER) == "too_few"
    assert not [name for name in network.files() if "result" in name or "share" in name]
    if operators == 2:
        assert network.aborted(HELPER) == "other_operator"


def test_one_persons_bad_block_costs_nothing_but_that_block(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.spoil("bob@example.org", 1)
    network.run(AT_EARLY)
    network.run(AT_LATE)
    sums = network.sums()
    assert (sums["shows"].count, sums["titles"].count, sums["sum"].count) == (3, 2, 3)
    assert network.exact() == {**EXACT, "titles": (0, 2, 0, 0)}
    status = network.people["bob@example.org"].status(ROUND)
    assert (status.status, status.codes) == ("counted", (0, 5, 0))  # the aad does not belong to the sealed share


def test_people_whose_first_block_is_bad_keep_their_place_in_the_others(tmp_path):
    """The leader's reports and the helper's answers stay in one order, whichever blocks are missing."""
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    for email, block in (("ada@example.org", 0), ("bob@example.org", 1)):
        network.spoil(email, block)
    network.operate(AT_EARLY)
    assert [sums.count for sums in network.sums().values()] == [2, 2, 3]
    assert network.exact() == {"shows": (1, 0, 0, 1, 0, 1), "titles": (0, 2, 0, 0), "sum": (12,)}


def test_two_rounds_at_once(tmp_path):
    network = Network(tmp_path)
    network.agree()
    second = {"round": "2026-W47", "first_day": "2026-11-16", "last_day": "2026-11-22"}
    network.agree(**second, early=EARLY + 7, late=LATE + 7, ends=ENDS + 7)
    network.run(BEFORE, 1)
    network.run(AT_EARLY + 7)
    assert network.exact(name=ROUND) == EXACT and network.exact(name="2026-W47") == EXACT
    network.run(AT_LATE + 7)
    assert network.closing(name=ROUND) and network.closing(name="2026-W47")
    assert network.leader.budget.total() == 2 * network.round().manifest.rho


def test_blank_answers_are_sent_at_the_end_by_people_without_data(tmp_path):
    network = Network(tmp_path)
    network.answers["cyd@example.org"] = None
    network.agree()
    network.run(LATE - SLACK - 1, 1)
    assert not network.path("cyd@example.org", REPORT).exists()
    network.run(LATE - SLACK, 1)
    network.run(AT_LATE)
    assert network.exact("late") == {"shows": (2, 0, 0, 1, 0, 0), "titles": (0, 1, 0, 2), "sum": (12,)}


@pytest.mark.parametrize(
    "answer", [([1, 1, 1, 0, 0, 0], 1, [5]), ([1, 0, 0, 0, 0, 0], 4, [5]), ([1, 0, 0, 0, 0, 0], 1)]
)
def test_an_answer_that_does_not_fit_spends_nothing(tmp_path, answer):
    network = Network(tmp_path)
    network.agree()
    network.answers["bob@example.org"] = answer
    person = network.people["bob@example.org"]
    assert person.run(BEFORE) == {ROUND: "refused: answer"}
    assert person.budget.total() == 0 and not network.path("bob@example.org", REPORT).exists()


def test_a_report_after_the_deadline_has_the_status_late(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    late = network.path("cyd@example.org", REPORT)
    data = late.read_bytes()
    late.unlink()
    network.leader.run(AT_EARLY)
    for now in (AT_EARLY, AT_EARLY, AT_LATE):
        network.helper.run(now)
        network.leader.run(now) if now == AT_EARLY else late.write_bytes(data)
    network.leader.run(AT_LATE)  # one report alone is no batch
    assert network.closing() is not None
    assert network.people["cyd@example.org"].status(ROUND) == Status(status="late")


def test_withdrawn_before_the_batch_closes(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.people["bob@example.org"].withdraw(ROUND)
    assert not network.path("bob@example.org", REPORT).exists()
    assert network.people["bob@example.org"].run(BEFORE) == {ROUND: "withdrawn"}
    network.run(AT_EARLY)
    assert network.exact() == {"shows": (1, 0, 0, 2, 0, 1), "titles": (0, 2, 0, 0), "sum": (5,)}
    assert network.people["bob@example.org"].budget.spent(ROUND)  # what was spent stays spent


def test_withdrawn_between_leader_and_helper_is_in_neither_set(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.leader.run(AT_EARLY)
    network.people["bob@example.org"].withdraw(ROUND)
    network.run(AT_EARLY)
    assert network.exact()["sum"] == (5,) and {sums.count for sums in network.sums().values()} == {2}


def test_noise_of_both_operators_is_in_the_sums(tmp_path):
    calls = []

    def noise(sigma2: Fraction, count: int) -> list[int]:
        calls.append((sigma2, count))
        return [10**6] * count

    network = Network(tmp_path, noise=noise)
    network.whole_round()
    assert network.exact() == {name: tuple(2 * 10**6 + value for value in values) for name, values in EXACT.items()}
    each = [(Fraction(5), 6), (Fraction(7), 4), (Fraction(9), 1)]
    assert calls == each * 2


def test_negative_sums_are_negative(tmp_path):
    network = Network(tmp_path, noise=lambda _, count: [-100] * count)
    network.whole_round()
    assert network.exact()["shows"] == (-198, -200, -200, -198, -200, -199)


@pytest.mark.parametrize("operators", [1, 2])
def test_nothing_is_left_to_open_reports_with(tmp_path, operators):
    network = Network(tmp_path, operators=operators)
    network.whole_round()
    for party in filter(None, (network.leader, network.helper)):
        row = party.store.round(ROUND)
        assert (row.state, row.private, row.seed) == ("closed", None, None)
        assert party.store.sql.execute("SELECT count(*) FROM reports WHERE share IS NOT NULL").fetchone() == (0,)
        assert party.store.sql.execute("SELECT count(*) FROM sums WHERE exact IS NOT NULL").fetchone() == (0,)


def test_a_party_that_runs_again_does_nothing_again(tmp_path):
    network = Network(tmp_path)
    network.whole_round()
    before = network.files()
    for _ in range(3):
        network.start()
        network.run(AT_LATE + 5)
    network.run(ENDS + 1)
    assert network.files() == before


def test_files_that_vanish_from_a_datasite_come_back_as_they_were(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    before = network.files()
    for name in before:
        (tmp_path / "datasites" / name).unlink()
    network.run(BEFORE, 1)
    assert network.files() == before


def test_only_operators_may_read_reports_and_jobs(tmp_path):
    network = Network(tmp_path)
    network.whole_round()

    def readers(email: str, file: str) -> set[str]:
        text = (network.path(email, "syft.pub.yaml")).read_text()
        lines = [line for line in text.splitlines() if f'pattern: "{file}"' in line]
        return {name for name in ("*", LEADER, HELPER) for line in lines if json.dumps(name) in line}

    assert readers("ada@example.org", REPORT) == {LEADER, HELPER}
    assert readers(LEADER, "agg-init-early-1.bin") == readers(LEADER, "collect-early.bin") == {HELPER}
    assert readers(HELPER, "agg-resp-early-1.bin") == {LEADER}
    for email, file in ((LEADER, "manifest.json"), (HELPER, "accept.json"), (HELPER, "agg-share-early.bin")):
        assert readers(email, file) == {"*"}


def test_operators_may_take_part(tmp_path):
    network = Network(tmp_path)
    network.answers[LEADER] = ([0, 0, 0, 0, 1, 0], 0, [1])
    network.agree()
    person = network._reporter(LEADER.replace("leader", "xed"))
    person.files = network.leader.files
    person.answers = lambda _: network.answers[LEADER]
    person.run(BEFORE)
    network.run(BEFORE, 1)
    network.run(AT_EARLY)
    assert network.exact()["sum"] == (13,)


def test_publishing_releases_leaves_reports_alone(tmp_path):
    """Local mode writes into the same folder of the app."""
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    site = network.people["ada@example.org"].files.site
    before = network.path("ada@example.org", REPORT).read_bytes()
    (site.app_data / "stray.json").write_text("{}")
    for _ in range(2):
        site.publish({"releases/one.json": b"{}"}, LEADER, durable=False, keep_rounds=True)
        assert network.path("ada@example.org", REPORT).read_bytes() == before
        assert network.path("ada@example.org", "syft.pub.yaml").exists()
    assert not (site.app_data / "stray.json").exists()
    assert site.status(LEADER).unknown == ()
    site.publish({"releases/one.json": b"{}"}, LEADER, durable=False)  # by somebody whom no operator asks
    assert not (site.app_data / "rounds").exists()
    network.run(BEFORE, 1)
    assert network.path("ada@example.org", REPORT).read_bytes() == before
    site.withdraw()
    assert not (site.app_data / "rounds").exists()


def test_a_large_job_comes_in_parts(tmp_path, monkeypatch):
    from netflix_trend.operators import leader

    monkeypatch.setattr(leader, "PART_SIZE", 51_000)
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.run(AT_EARLY)
    assert network.path(LEADER, "agg-init-early-3.bin").exists()
    assert network.path(HELPER, "agg-resp-early-3.bin").exists()
    assert network.exact() == EXACT
