"""Withdrawing on PySyft v2's own engine: every copy goes, rules last, and the receipt follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.operators.transport import REPORT, OwnFiles
from netflix_trend.participant import participant
from netflix_trend.participant.choices import Choices, write_choices
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.syftbox.datasite import MANIFEST, Datasite
from netflix_trend.syftbox.permissions import PERMISSION_FILES
from tests.e2e.machines import AGGREGATOR, ALICE, BOB, SENTINEL, TODAY, Machine, counted, seen, surveyed
from tests.e2e.pysyft_network import PySyftNetwork

pytestmark = pytest.mark.pysyft
RELEASE, LATER = "releases/2026-W46.json", "releases/2026-W47.json"


def said(machine: Machine) -> str:
    (one,) = read_receipts(machine.settings.records_dir)
    return one.syftbox


def test_a_withdrawal_arrives_and_the_receipt_follows(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path / "network", [AGGREGATOR, ALICE]) as network:
        aggregator, alice = surveyed(network, tmp_path)
        assert alice.publish().state == "answering"
        network.settle()
        assert counted(aggregator) == 1
        before = alice.site.digests()

        status = participant.withdraw(alice.settings, TODAY)
        assert "readers still have their copies" in status.message
        assert alice.publish().waits_for_sync
        assert set(alice.files()) == set(PERMISSION_FILES)
        network.sync(ALICE)
        assert not alice.publish().waits_for_sync
        assert said(alice) == "noticed"
        assert alice.files() == {}
        network.settle()
        assert not seen(network, AGGREGATOR, ALICE)
        assert counted(aggregator) == 0

        write_choices(alice.settings.private_dir, Choices(participation="joined"))
        assert alice.publish().state == "answering"
        network.settle()
        assert alice.site.digests() == before
        assert counted(aggregator) == 1


def test_a_withdrawal_while_the_client_is_away_arrives_after_its_start(tmp_path: Path) -> None:
    """The start brings the files back; the next run removes them again."""
    with PySyftNetwork(tmp_path / "network", [AGGREGATOR, ALICE]) as network:
        alice = Machine(network, ALICE, tmp_path / "alice")
        alice.watch(SENTINEL)
        alice.publish()
        network.settle()
        network.stop(ALICE)
        participant.withdraw(alice.settings, TODAY)
        network.restart(ALICE)
        assert MANIFEST in alice.files()
        alice.publish()
        assert said(alice) == "waiting"
        network.settle()
        alice.publish()
        assert said(alice) == "noticed"
        network.settle()
        assert not seen(network, AGGREGATOR, ALICE)
        network.restart(ALICE)
        assert alice.files() == {}


def test_a_release_that_is_not_published_any_more_leaves_its_reader(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE]) as network:
        alice = Datasite(network.datasites(ALICE), ALICE)
        alice.publish({RELEASE: b"x", LATER: b"y"}, AGGREGATOR, durable=False)
        network.settle()
        alice.publish({LATER: b"y"}, AGGREGATOR, durable=False)
        assert alice.waiting() == {RELEASE}
        network.settle()
        assert seen(network, AGGREGATOR, ALICE) == {LATER, MANIFEST}
        alice.publish({LATER: b"y"}, AGGREGATOR, durable=False)
        assert not alice.waiting()


def test_another_aggregator_gets_files_when_the_first_has_lost_them(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE, BOB]) as network:
        alice = Datasite(network.datasites(ALICE), ALICE)
        alice.publish({RELEASE: b"x"}, AGGREGATOR, durable=False)
        network.settle()
        expected: list[list[set[str]]] = [[set(), set()], [set(), {LATER, MANIFEST}]]
        for copies in expected:
            alice.publish({LATER: b"y"}, BOB, durable=False)
            network.settle()
            assert [seen(network, who, ALICE) for who in (AGGREGATOR, BOB)] == copies


def test_a_sealed_report_is_taken_back(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE, BOB]) as network:
        alice = Datasite(network.datasites(ALICE), ALICE)
        files = OwnFiles(alice, durable=False)
        alice.publish({RELEASE: b"x"}, AGGREGATOR, durable=False, keep_rounds=True)
        files.share_with("2026-W46", {REPORT: [AGGREGATOR, BOB]})
        files.write("2026-W46", REPORT, b"sealed")
        network.settle()
        report = f"rounds/2026-W46/{REPORT}"
        assert [seen(network, who, ALICE) for who in (AGGREGATOR, BOB)] == [{RELEASE, MANIFEST, report}, {report}]
        assert alice.withdraw() == {RELEASE, MANIFEST, report}
        network.settle()
        assert not seen(network, AGGREGATOR, ALICE) | seen(network, BOB, ALICE)
        assert alice.withdraw() == set()
        assert not alice.published()
