from netflix_trend.operators.overview import BatchOverview, overview
from netflix_trend.operators.transport import REPORT
from tests.netflix_trend.operators.network import AT_EARLY, AT_LATE, BEFORE, LEADER, ROUND, Network


def test_an_operator_sees_numbers_by_name_and_no_address(tmp_path):
    network = Network(tmp_path)
    asked = network.agree()
    network.run(BEFORE, 1)
    spoiled = network.spoil("cyd@example.org", 1)
    copy = network.path("mal@example.org", REPORT)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(spoiled)
    network.operate(AT_EARLY)
    for party, state in ((network.leader, "released"), (network.helper, "collected")):
        (told,) = overview(party.store)
        assert (told.name, told.state, told.reason, told.rho) == (ROUND, "open", "", asked.manifest.rho)
        assert told.batches == {"early": BatchOverview(state, (3, 2, 3)), "late": BatchOverview("", ())}
        assert told.refused == {"not_own": 1}
        assert "@" not in repr(told)
    assert overview(network.leader.store)[0].invalid == {"hpke_decrypt_error": 1}
    network.operate(AT_LATE)
    assert [told.state for told in overview(network.helper.store)] == ["closed"]


def test_a_round_that_was_given_up_says_why(tmp_path):
    network = Network(tmp_path)
    network.whole_round(smallest_batch=4)
    assert [(told.state, told.reason) for told in overview(network.leader.store)] == [("aborted", "too_few")]
    assert network.aborted(LEADER) == "too_few"
