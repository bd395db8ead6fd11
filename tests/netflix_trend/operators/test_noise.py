"""Noise as each operator adds it, and when."""

import inspect
import math
from collections import Counter, defaultdict
from fractions import Fraction

import pytest

from netflix_trend.operators import sums
from netflix_trend.operators.blocks import Block
from netflix_trend.operators.helper import Helper
from netflix_trend.operators.jobs import decode_collected
from netflix_trend.operators.leader import Leader
from netflix_trend.operators.manifest import from_bytes, to_bytes
from netflix_trend.operators.result import Result, check, combine
from netflix_trend.operators.sums import discrete_gaussian
from netflix_trend.operators.wire import Malformed
from netflix_trend.settings import Settings
from tests.netflix_trend.operators.network import ANSWERS, AT_EARLY, BEFORE, HELPER, LEADER, ROUND, Network


def test_the_product_adds_discrete_gaussian_noise():
    assert inspect.signature(Leader.__init__).parameters["noise"].default is discrete_gaussian
    assert inspect.signature(Helper.__init__).parameters["noise"].default is discrete_gaussian


def test_no_setting_changes_the_noise():
    assert not [name for name in Settings.model_fields if "noise" in name.lower()]


@pytest.mark.parametrize("operators", [1, 2])
def test_each_operators_noise_has_its_variance_and_shape(tmp_path, operators):
    """1,000 counters of which nobody votes for any: what is released is noise. Thresholds fail once in a million."""
    sigma2 = Fraction(4)
    blocks = (Block.ask("shows", "multihot", 1000, 1, 100, sigma2),)
    network = Network(tmp_path, operators=operators, noise=discrete_gaussian)
    network.answers = dict.fromkeys(ANSWERS, ([0] * 1000,))
    network.start()
    network.agree(blocks=blocks)
    network.run(BEFORE, 1)
    network.run(AT_EARLY)
    released = network.exact()["shows"]
    variance = sum(value * value for value in released) / len(released)
    expected = float(sigma2) * operators
    assert abs(variance / expected - 1) < 5 * math.sqrt(2 / len(released))
    assert abs(sum(released) / len(released)) < 5 * math.sqrt(expected / len(released))
    assert chi_square(released, expected) < 1


def chi_square(values, sigma2):
    """Return the statistic over its threshold (normal approximation, 5 standard deviations)."""
    edge = int(2 * math.sqrt(sigma2))
    weight = {x: math.exp(-x * x / (2 * sigma2)) for x in range(-60, 61)}
    total = sum(weight.values())
    cells = Counter(max(-edge, min(edge, value)) for value in values)
    expected: defaultdict[int, float] = defaultdict(float)
    for x, mass in weight.items():
        expected[max(-edge, min(edge, x))] += len(values) * mass / total
    statistic = sum((cells[cell] - mean) ** 2 / mean for cell, mean in expected.items())
    freedom = len(expected) - 1
    return statistic / (freedom + 5 * math.sqrt(2 * freedom))


@pytest.mark.parametrize("silent", [LEADER, HELPER])
def test_one_dishonest_operator_sees_full_noise_of_the_other(tmp_path, silent):
    """One operator leaves its noise out: the other's alone has sigma2."""
    sigma2 = Fraction(9)
    blocks = (Block.ask("shows", "multihot", 1000, 1, 100, sigma2),)
    network = Network(tmp_path, noise=discrete_gaussian)
    network.answers = dict.fromkeys(ANSWERS, ([0] * 1000,))
    network.start()
    cheat = network.leader if silent == LEADER else network.helper
    cheat.noise = lambda _, count: [0] * count
    network.agree(blocks=blocks)
    network.run(BEFORE, 1)
    network.run(AT_EARLY)
    values = network.exact()["shows"]
    variance = sum(value * value for value in values) / len(values)
    assert abs(variance / float(sigma2) - 1) < 5 * math.sqrt(2 / len(values))
    assert chi_square(values, float(sigma2)) < 1


def test_noise_is_drawn_once(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.run(AT_EARLY)
    before = network.files()
    with network.leader.store.transaction(), pytest.raises(ValueError, match="noise already"):
        sums.make_noisy(network.leader.store, network.round(), "early", network.leader.noise)
    network.run(AT_EARLY)
    assert network.files() == before


def test_the_exact_share_is_gone_in_the_transaction_that_stores_the_noisy_one(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.leader.run(AT_EARLY)
    network.helper.run(AT_EARLY)
    exact = [share for (share,) in network.helper.store.sql.execute("SELECT exact FROM sums")]
    assert len(exact) == 3 and all(exact)
    network.leader.run(AT_EARLY)
    network.helper.noise = lambda _, count: [1] * count
    network.helper.run(AT_EARLY)
    assert network.helper.store.sql.execute("SELECT count(exact), count(noisy) FROM sums").fetchone() == (0, 3)
    for path in network.database(HELPER).parent.iterdir():
        assert not any(share in path.read_bytes() for share in exact), path.name


def test_the_leader_commits_before_it_can_know_the_result(tmp_path):
    network = Network(tmp_path, noise=discrete_gaussian)
    network.agree()
    network.run(BEFORE, 1)
    for _ in range(2):
        network.leader.run(AT_EARLY)
        network.helper.run(AT_EARLY)
    # The leader would like another noise now that it knows the helper's share.
    network.leader.store.sql.execute("UPDATE sums SET noisy = zeroblob(length(noisy)) WHERE task = 0")
    network.leader.run(AT_EARLY)
    assert network.aborted(LEADER) == "malformed" and network.exact() is None


def test_a_result_with_another_share_is_noticed_by_everybody(tmp_path):
    network = Network(tmp_path)
    network.agree()
    network.run(BEFORE, 1)
    network.run(AT_EARLY)
    asked = network.round()
    theirs = decode_collected(asked, network.body(HELPER, "agg-share-early.bin"), with_shares=True)
    result = from_bytes(Result, network.body(LEADER, "result-early.json"))
    check(asked, "early", result, theirs)
    ours = sums.collected(network.leader.store, asked, "early")
    forged = [type(one)(one.count, one.checksum, one.commitment, bytes(len(one.share))) for one in ours]
    first = result.blocks[0]
    for wrong in (
        combine(asked, "early", forged, theirs),
        result.model_copy(update={"batch": "late"}),
        result.model_copy(update={"round": "2026-W47"}),
        result.model_copy(update={"manifest": "0" * 64}),
        result.model_copy(update={"blocks": result.blocks[:2]}),
        result.model_copy(update={"blocks": (first.model_copy(update={"sums": (9,) * 6}), *result.blocks[1:])}),
        result.model_copy(update={"blocks": (first.model_copy(update={"count": 4}), *result.blocks[1:])}),
        result.model_copy(update={"blocks": (first.model_copy(update={"name": "other"}), *result.blocks[1:])}),
    ):
        with pytest.raises(Malformed):
            check(asked, "early", wrong, theirs)
    with pytest.raises(Malformed):
        check(asked, "early", result, None)
    for huge in (b"1" * 5000, b"-" + b"9" * 40, b"1e5", b"1.5", b'"1"', b"null", b"true"):
        with pytest.raises(Malformed):
            from_bytes(Result, to_bytes(result).replace(b'"sums":[12]', b'"sums":[' + huge + b"]"))
    assert network.leader.budget.spent(ROUND) == asked.digest
