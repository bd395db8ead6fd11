"""PySyft v2's own engine: later peers get what was published before, and a login undoes nothing for good."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from netflix_trend.participant import due, participant
from netflix_trend.participant.choices import Choices, write_choices
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.syftbox.datasite import MANIFEST, Datasite
from netflix_trend.syftbox.permissions import GO_FILE
from services.aggregator.rounds import Aggregator
from tests.e2e.machines import AGGREGATOR, ALICE, BOB, SENTINEL, TODAY, Machine, aggregator_of, counted, seen, surveyed
from tests.e2e.pysyft_network import PySyftNetwork

pytestmark = pytest.mark.pysyft
HOUR = 3600
SURVEY = "shared/survey.json"


@dataclass
class Clock:
    """Seconds since 1970, in the middle of an hour."""

    now: int = 500_000 * HOUR + HOUR // 2

    def __call__(self) -> float:
        return self.now


def publish(alice: Machine, clock: Clock) -> PublisherStatus:
    return participant.publish(alice.settings, TODAY, clock.now)


def with_clock(network: PySyftNetwork, root: Path, clock: Clock) -> Aggregator:
    return replace(aggregator_of(network, root), clock=clock)


def public(network: PySyftNetwork, who: str) -> set[str]:
    """Return what somebody has of the aggregator's public files."""
    folder = Datasite(network.datasites(who), AGGREGATOR).public
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_a_participant_is_seen_by_an_aggregator_that_accepts_later(tmp_path: Path) -> None:
    clock = Clock()
    with PySyftNetwork(tmp_path / "network", [ALICE]) as network:
        alice = Machine(network, ALICE, tmp_path / "alice")
        alice.watch(SENTINEL)
        assert publish(alice, clock).state == "waiting_for_survey"
        network.settle()
        network.add_person(AGGREGATOR)
        aggregator = with_clock(network, tmp_path, clock)
        for _ in range(2):
            network.settle()
            assert not seen(network, AGGREGATOR, ALICE)
            before = alice.files()
            publish(alice, clock)
            assert alice.files() == before, "in the same hour nothing changes"

        clock.now += HOUR
        publish(alice, clock)
        network.settle()
        assert seen(network, AGGREGATOR, ALICE) == {MANIFEST}, "and no rules"
        aggregator.run(TODAY)
        network.settle()
        assert publish(alice, clock).state == "answering"
        network.settle()
        assert counted(aggregator) == 1
        before = alice.files()
        clock.now += HOUR
        publish(alice, clock)
        changed = {name for name, data in alice.files().items() if before.get(name) != data}
        assert changed == {GO_FILE}, "nothing that has arrived says that the aggregator knows who takes part"
        network.settle()
        assert counted(aggregator) == 1


def test_a_participant_that_comes_later_sees_an_introduction_and_a_survey(tmp_path: Path) -> None:
    """Bob is nobody's participant, Alice is on the aggregator's list before she is its peer."""
    clock = Clock()
    with PySyftNetwork(tmp_path / "network", [AGGREGATOR]) as network:
        aggregator = with_clock(network, tmp_path, clock)
        aggregator.enrolment.enrol(ALICE)
        aggregator.run(TODAY)
        network.settle()
        for later in (ALICE, BOB):
            network.add_person(later, peers=[AGGREGATOR])
        network.settle()
        aggregator.run(TODAY)
        network.settle()
        assert not public(network, BOB) | seen(network, ALICE, AGGREGATOR)

        clock.now += HOUR
        aggregator.run(TODAY)
        network.settle()
        assert {"index.json", "index.html"} <= public(network, BOB)
        assert GO_FILE not in public(network, BOB)
        assert not seen(network, BOB, AGGREGATOR)
        assert SURVEY in seen(network, ALICE, AGGREGATOR)


def test_who_has_the_files_is_sent_nothing_until_the_client_starts_again(tmp_path: Path) -> None:
    """A client that runs knows who has what. One that was started again sends everything once, in one message each."""
    clock = Clock()
    with PySyftNetwork(tmp_path / "network", [AGGREGATOR, ALICE, BOB]) as network:
        aggregator = with_clock(network, tmp_path, clock)
        aggregator.run(TODAY)
        network.settle()
        messages = len(network.on_drive(""))
        sent: list[int] = []
        for restarts in (False, False, True, False):
            if restarts:
                network.restart(AGGREGATOR)
            clock.now += HOUR
            aggregator.run(TODAY)
            network.settle()
            sent.append(len(network.on_drive("")) - messages - sum(sent))
        assert sent == [1, 1, 3, 1], "one is the client's own record of what has changed"


def looked_at(alice: Machine) -> str:
    return due.results(alice.settings)


def test_an_answer_that_a_login_undoes_is_published_again(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path / "network", [AGGREGATOR, ALICE]) as network:
        aggregator, alice = surveyed(network, tmp_path)
        network.stop(ALICE)
        alice.publish()
        answered, look = alice.files(), looked_at(alice)
        network.restart(ALICE)
        assert alice.files()[MANIFEST] != answered[MANIFEST]
        assert looked_at(alice) != look, "the app's next look runs the publisher"
        network.sync(AGGREGATOR)
        assert seen(network, AGGREGATOR, ALICE) == {MANIFEST}, "a login alone sends no change"
        alice.publish()
        assert alice.files() == answered
        assert len(alice.releases()) == 1, "it is not drawn again"
        network.settle()
        assert counted(aggregator) == 1


def test_a_withdrawal_that_a_login_undoes_is_done_again_with_one_receipt(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path / "network", [AGGREGATOR, ALICE]) as network:
        aggregator, alice = surveyed(network, tmp_path)
        alice.publish()
        network.settle()
        assert counted(aggregator) == 1
        network.stop(ALICE)
        write_choices(alice.settings.private_dir, Choices(participation="withdrawn"))
        alice.publish()
        (receipt,) = read_receipts(alice.settings.records_dir)
        look = looked_at(alice)
        for _ in range(2):
            network.restart(ALICE)
            assert MANIFEST in alice.files()
            assert looked_at(alice) != look, "the app's next look runs the publisher"
            alice.publish()
            look = looked_at(alice)
            assert MANIFEST not in alice.files()
        network.settle()
        alice.publish()
        network.settle()
        assert not seen(network, AGGREGATOR, ALICE)
        assert counted(aggregator) == 0
        (one,) = read_receipts(alice.settings.records_dir)
        assert (one.removed, one.syftbox) == (receipt.removed, "noticed")
        network.restart(ALICE)
        alice.publish()
        assert alice.files() == {}
