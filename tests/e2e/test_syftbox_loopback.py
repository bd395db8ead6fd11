"""Publisher and aggregator on a real SyftBox network on loopback: who gets which file, and what a failure costs."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.participant.choices import Choices, write_choices
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import PERMISSION_FILES
from services.aggregator.__main__ import look
from services.aggregator.rounds import Aggregator
from tests.e2e.machines import (
    AGGREGATOR,
    ALICE,
    BOB,
    SENTINEL,
    TODAY,
    Machine,
    aggregator_of,
    collected,
    counted,
    holds,
    seen,
)
from tests.e2e.syftbox_network import SyftBoxNetwork, require_syftbox
from tests.waiting import stays, wait_for

pytestmark = pytest.mark.syftbox
CAROL = "carol@example.org"
REQUIRED = {"shared/vocabulary.json", "shared/survey.json", "shared/trends.json", "shared/statistics/latest.json"}


@contextmanager
def network_of(root: Path, *emails: str) -> Iterator[tuple[SyftBoxNetwork, Aggregator, list[Machine]]]:
    require_syftbox()
    with SyftBoxNetwork(root / "network", [AGGREGATOR, *emails]) as network:
        aggregator = aggregator_of(network, root)
        yield network, aggregator, [Machine(network, email, root / "machines" / email) for email in emails]


def join(network: SyftBoxNetwork, aggregator: Aggregator, machine: Machine, today: date = TODAY) -> None:
    """Take a participant from the announcement to an answer that the aggregator has counted."""
    assert machine.publish(today).state == "waiting_for_survey"
    wait_for(lambda: machine.email in aggregator.enrolment.participants(), "the announcement")
    aggregator.run(today)
    wait_for((Datasite(machine.site.datasites, AGGREGATOR).app_data / "shared" / "survey.json").exists, "the survey")
    before = counted(aggregator, today)
    wait_for(lambda: machine.publish(today).state == "answering" and machine.releases(), "a release")
    wait_for(lambda: counted(aggregator, today) > before, "a counted answer")
    aggregator.run(today)


def test_everybody_receives_only_their_own_files(tmp_path: Path) -> None:
    """Alice takes part, Bob does not; then Alice withdraws."""
    with network_of(tmp_path, ALICE, BOB) as (network, aggregator, (alice, _)):
        alice.watch(SENTINEL)
        join(network, aggregator, alice)

        delivered = {name for name in alice.files() if name not in PERMISSION_FILES}
        assert len(delivered) == 2
        assert not [name for name in delivered if ALICE.encode() in alice.files()[name]]
        wait_for(lambda: seen(network, AGGREGATOR, ALICE) == delivered, "exactly the listed files")
        wait_for(lambda: "shared/statistics/latest.json" in seen(network, ALICE, AGGREGATOR), "statistics")
        at_alice = seen(network, ALICE, AGGREGATOR)
        assert {"shared/vocabulary.json", "shared/survey.json", "shared/trends.json"} < at_alice
        stays(lambda: not seen(network, BOB, ALICE), "bob gets nothing of alice")
        assert not seen(network, BOB, AGGREGATOR), "bob does not take part"
        assert not [name for name in at_alice if name.endswith(".yaml")]
        everything = [path for path in network.datasites(BOB).rglob("*") if path.is_file()]
        assert not [path for path in everything if ALICE.encode() in path.read_bytes() and path.parts[-2] != "public"]
        page = network.datasites(BOB) / AGGREGATOR / "public" / "netflix_trend" / "index.html"
        wait_for(page.exists, "everybody's page")
        rounds = ("rounds/*.html", "statistics/*.json")
        wait_for(lambda: all(list(page.parent.glob(pattern)) for pattern in rounds), "the page and file of a round")

        leaked = [path for path in network.server_data.rglob("*") if path.is_file() and holds(path, SENTINEL)]
        assert not leaked, "a title that is only in a private history is on the server"
        private = [path for path in alice.root.rglob("*") if path.is_file() and holds(path, SENTINEL)]
        assert private, "the search finds the title where it has to be"

        write_choices(alice.settings.private_dir, Choices(participation="withdrawn"))
        assert alice.publish().state == "withdrawn"
        wait_for(lambda: not seen(network, AGGREGATOR, ALICE), "the withdrawal")
        assert not any(statistics.reports for statistics in aggregator.run(TODAY)), (
            "the next statistics are without her"
        )
        wait_for(lambda: not seen(network, ALICE, AGGREGATOR), "alice is no reader any more")
        wait_for(lambda: not any(list(page.parent.glob(pattern)) for pattern in rounds), "no round has an answer")
        (receipt,) = read_receipts(alice.settings.records_dir)
        assert set(receipt.removed) == delivered
        stays(lambda: alice.publish().state == "withdrawn" and not alice.site.published(), "nothing comes back", 1.5)
        assert not list((network.snapshot / ALICE).rglob("releases/*"))
        (receipt,) = read_receipts(alice.settings.records_dir)
        assert receipt.syftbox == "noticed", "the client's own record has the removal"


def test_more_people_than_rules_name_read_what_everybody_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alice takes part, then Bob, who is one too many to be named; Carol never does. Later one is left again."""
    limit = "netflix_trend.syftbox.permissions.MOST_NAMED"
    monkeypatch.setattr(limit, 1)
    with network_of(tmp_path, ALICE, BOB, CAROL) as (network, aggregator, (alice, bob, _)):
        alice.watch(SENTINEL)
        bob.watch("Something Else")
        join(network, aggregator, alice)
        wait_for(lambda: "shared/statistics/latest.json" in seen(network, ALICE, AGGREGATOR), "statistics")
        has = seen(network, ALICE, AGGREGATOR)
        assert not seen(network, BOB, AGGREGATOR) | seen(network, CAROL, AGGREGATOR)
        shared = Datasite(network.datasites(ALICE), AGGREGATOR).app_data / "shared"
        lost: list[str] = []
        with watched(lambda: lost.extend(name for name in REQUIRED if not (shared.parent / name).exists())):
            join(network, aggregator, bob)
            for who in (ALICE, BOB, CAROL):
                wait_for(lambda who=who: seen(network, who, AGGREGATOR) == has, f"the same for {who}")
        assert not lost, "there was no moment in which Alice could not read"
        held = [path for path in (network.snapshot / AGGREGATOR).rglob("*") if path.is_file()]
        assert {path.name for path in held} >= {"syftperm.yaml", "syft.pub.yaml"}
        assert not [path for path in held if holds(path, ALICE) or holds(path, BOB)], "no rule names them any more"
        assert counted(aggregator) == 2

        monkeypatch.setattr(limit, 2)
        write_choices(bob.settings.private_dir, Choices(participation="withdrawn"))
        assert bob.publish().state == "withdrawn"
        wait_for(lambda: BOB not in aggregator.enrolment.participants(), "the withdrawal")
        aggregator.run(TODAY)
        wait_for(lambda: not seen(network, BOB, AGGREGATOR) | seen(network, CAROL, AGGREGATOR), "named again")
        assert seen(network, ALICE, AGGREGATOR) >= REQUIRED


def test_a_server_that_fails_costs_nothing_and_nothing_is_drawn_again(tmp_path: Path) -> None:
    """Unreachable, answering nonsense, emptied: afterwards the same bytes are everywhere again."""
    with network_of(tmp_path, ALICE) as (network, aggregator, (alice,)):
        alice.watch(SENTINEL)
        join(network, aggregator, alice)
        before, drawn = alice.files(), alice.releases()
        expected = {name for name in before if name not in PERMISSION_FILES}

        network.stop_server()
        stays(lambda: alice.files() == before, "an outage removes nothing", 1.5)
        with nonsense(network.port):
            wait_for(lambda: len(alice.files()) < len(before), "the client removes its own files")
        network.start_server()
        restored(network, aggregator, alice, before, expected)

        network.stop_server()
        shutil.rmtree(network.server_data)
        network.start_server()
        restored(network, aggregator, alice, before, expected)
        assert alice.releases() == drawn, "nothing was drawn again"
        assert not [path for path in network.server_data.rglob("*") if path.is_file() and holds(path, SENTINEL)]


def restored(
    network: SyftBoxNetwork, aggregator: Aggregator, alice: Machine, before: dict[str, bytes], expected: set[str]
) -> None:
    def again() -> bool:
        alice.publish()
        return alice.files() == before and seen(network, AGGREGATOR, ALICE) == expected and counted(aggregator) == 1

    wait_for(again, "everything is published again")


@contextmanager
def watched(look: Callable[[], object]) -> Iterator[None]:
    """Look again and again in the background."""
    over = threading.Event()

    def loop() -> None:
        while not over.wait(0.02):
            look()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def nonsense(port: int) -> Iterator[None]:
    """A server that answers 502 to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(502)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def test_a_killed_client_and_weeks_offline_lose_nothing(tmp_path: Path) -> None:
    with network_of(tmp_path, ALICE) as (network, aggregator, (alice,)):
        alice.watch(SENTINEL)
        network.stop_client(ALICE, kill=True)
        assert alice.publish().state == "waiting_for_survey", "the publisher does not need the client"
        network.start_client(ALICE)
        join(network, aggregator, alice)
        drawn = alice.releases()

        network.stop_client(ALICE)
        later = TODAY + timedelta(weeks=9)
        aggregator.run(later)
        assert alice.publish(later).state == "answering"
        assert alice.releases() == drawn, "the surveys that it knows are old, and refused"
        alice.watch("Seen Later", later)
        network.start_client(ALICE)
        wait_for(lambda: alice.publish(later) and len(alice.releases()) == 2, "the answer to a new round")
        wait_for(lambda: counted(aggregator, later) == 1, "the new answer is counted")
        assert alice.releases()[0] == drawn[0]


def test_a_hostile_participant_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Bob's files come through the real network; each is refused by name, and Alice's answer is counted."""
    with network_of(tmp_path, ALICE, BOB) as (network, aggregator, (alice, bob)):
        alice.watch(SENTINEL)
        bob.watch("Something Else")
        join(network, aggregator, alice)
        join(network, aggregator, bob)
        assert counted(aggregator) == 2
        (name,) = (name for name in bob.files() if name.startswith("releases/"))
        whole = bob.files()[name]
        attacks = {
            "truncated": (whole[:200], "size"),
            "someone else's round": (whole.replace(Path(name).stem.encode(), b"2026-W01"), "checksum"),
            # One of 9 MB does not arrive: the 0.4.0 client rewrites no more than 8.4. `collect` has tests with more.
            "two thousand times too large": (b"x" * 1_000_000, "too_large"),
            "another's answer": (alice.releases()[0], "round"),
        }
        for attack, (data, reason) in attacks.items():
            bob.site.publish({name: data}, AGGREGATOR)
            wait_for(lambda reason=reason: refused(aggregator).get(reason), f"{attack}: refused as {reason}")
            assert counted(aggregator) == 1, attack
        (bob.site.app_data / name).unlink()
        (bob.site.app_data / name).symlink_to(tmp_path / "machines" / ALICE / "private" / "raw")
        copy = Datasite(network.datasites(AGGREGATOR), BOB).app_data / name
        stays(lambda: not copy.is_symlink() and counted(aggregator) == 1, "a link is not synced", 1.5)
        bob.site.publish({name: whole}, AGGREGATOR)
        wait_for(lambda: counted(aggregator) == 2, "bob is counted again")

        bob.site.publish({name: whole[:200]}, AGGREGATOR)
        wait_for(lambda: refused(aggregator).get("size"), "refused")
        with caplog.at_level("INFO"):
            look_at(aggregator, TODAY)
        assert f"participant={aggregator.enrolment.pseudonym(BOB)}" in caplog.text
        assert "reason=size" in caplog.text
        assert BOB not in caplog.text
        assert ALICE not in caplog.text


def refused(aggregator: Aggregator) -> dict[str, int]:
    return {reason: number for found in collected(aggregator) for reason, number in found.refused.items()}


def look_at(aggregator: Aggregator, today: date) -> None:
    class Today(date):
        @classmethod
        def today(cls) -> Today:
            return cls(today.year, today.month, today.day)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.aggregator.__main__.date", Today)
        look(aggregator)
