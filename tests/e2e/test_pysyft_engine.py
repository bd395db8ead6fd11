"""Publisher and aggregator on PySyft v2's own synchronization code, over its mock drive: who gets which file.

What the engine does by itself is written down in docs/method/syftbox.md#pysyft-v2; these tests hold it to that.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from netflix_trend.syftbox.datasite import MANIFEST, Datasite
from netflix_trend.syftbox.permissions import GO_FILE, write_permissions
from tests.e2e.machines import AGGREGATOR, ALICE, BOB, SENTINEL, TODAY, Machine, aggregator_of, counted, holds, seen
from tests.e2e.pysyft_network import PySyftNetwork

pytestmark = pytest.mark.pysyft
RELEASE = "releases/2026-W46.json"
FILES = {RELEASE: b"answer", "binary.bin": bytes(range(256))}
ANNOUNCED = {*FILES, MANIFEST}


def received(network: PySyftNetwork, who: str, owner: str) -> dict[str, bytes]:
    """Return the app's files in a datasite, as somebody else's client has them."""
    return Datasite(network.datasites(who), owner).contents()


def published(network: PySyftNetwork) -> Datasite:
    """Alice publishes for the aggregator, and everything has arrived."""
    alice = Datasite(network.datasites(ALICE), ALICE)
    assert alice.is_initialized
    alice.publish(FILES, AGGREGATOR, durable=False)
    network.settle()
    return alice


def test_what_is_published_and_changed_arrives_where_the_rules_say(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE, BOB]) as network:
        alice = published(network)
        arrived = received(network, AGGREGATOR, ALICE)
        assert set(arrived) == ANNOUNCED, "no permission file"
        assert {name: arrived[name] for name in FILES} == FILES
        alice.publish({**FILES, RELEASE: b"changed"}, AGGREGATOR, durable=False)
        network.sync(ALICE, AGGREGATOR)
        assert received(network, AGGREGATOR, ALICE)[RELEASE] == b"changed", "one sync of each is enough"

        alice.publish(FILES, BOB, durable=False)
        network.settle()
        assert set(received(network, BOB, ALICE)) == ANNOUNCED, "a new reader gets files that have not changed"


def test_a_whole_round_with_an_aggregator(tmp_path: Path) -> None:
    """Survey, answer and statistics; Bob is everybody's peer, and takes no part."""
    with PySyftNetwork(tmp_path / "network", [AGGREGATOR, ALICE, BOB]) as network:
        aggregator, alice = aggregator_of(network, tmp_path), Machine(network, ALICE, tmp_path / "alice")
        alice.watch(SENTINEL)
        assert alice.publish().state == "waiting_for_survey"
        network.settle()
        assert aggregator.enrolment.participants() == [ALICE]
        aggregator.run(TODAY)
        network.settle()
        assert alice.publish().state == "answering"
        assert len(alice.releases()) == 1
        network.settle()
        assert counted(aggregator) == 1
        aggregator.run(TODAY)
        network.settle()

        at_alice = seen(network, ALICE, AGGREGATOR)
        shared = {"survey.json", "vocabulary.json", "trends.json", "statistics/latest.json"}
        assert {f"shared/{name}" for name in shared} < at_alice
        assert not [name for name in at_alice if name.endswith(".yaml")]
        assert not seen(network, BOB, ALICE)
        assert not seen(network, BOB, AGGREGATOR)
        page = Datasite(network.datasites(BOB), AGGREGATOR).public / "index.html"
        assert page.exists(), "everybody's page"

        word = SENTINEL.split(maxsplit=1)[0]
        assert not network.on_drive(word), "a title that is only in a private history has left"
        assert network.on_drive("statistics/latest.json"), "the search finds what is there"
        assert any(holds(path, SENTINEL) for path in alice.root.rglob("*") if path.is_file())


def remove_files(alice: Datasite) -> None:
    for name in ANNOUNCED:
        (alice.app_data / name).unlink()


def remove_rules(alice: Datasite) -> None:
    write_permissions(alice.app_data, {}, durable=False)


def wipe(alice: Datasite) -> None:
    shutil.rmtree(alice.root)


def remove_release(alice: Datasite) -> None:
    alice.publish({name: data for name, data in FILES.items() if name != RELEASE}, AGGREGATOR, durable=False)


@pytest.mark.parametrize(
    ("syncs", "kept"),
    [
        ([[remove_rules, remove_files]], ANNOUNCED),
        ([[remove_rules], [remove_files]], ANNOUNCED),
        ([[remove_files]], set()),
        ([[remove_files], [remove_rules]], set()),
        ([[wipe]], ANNOUNCED),
        ([[remove_release]], ANNOUNCED),
    ],
    ids=["both in one sync", "rules, then files", "files", "files, then rules", "wiped", "one file with its rule"],
)
def test_a_removal_is_delivered_to_those_who_may_still_read(
    tmp_path: Path, syncs: Sequence[Sequence[Callable[[Datasite], None]]], kept: set[str]
) -> None:
    """The rules are those of the sync that notices the removal. Whoever may not read then keeps the file for good."""
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE]) as network:
        alice = published(network)
        for steps in syncs:
            for step in steps:
                step(alice)
            network.sync(ALICE, AGGREGATOR)
        network.settle()
        assert set(received(network, AGGREGATOR, ALICE)) == kept


def test_a_copy_that_was_kept_goes_when_the_file_comes_back_and_goes_before_its_rule(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE]) as network:
        alice = published(network)
        remove_rules(alice)
        remove_files(alice)
        network.settle()
        assert received(network, AGGREGATOR, ALICE)
        alice.publish(FILES, AGGREGATOR, durable=False)
        network.settle()
        remove_files(alice)
        network.settle()
        assert not received(network, AGGREGATOR, ALICE)


@pytest.mark.parametrize("role", ["owner", "reader"])
def test_one_role_shares_or_receives_and_never_both(tmp_path: Path, role: str) -> None:
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE], roles={ALICE: [role]}) as network:
        for me, other in ((ALICE, AGGREGATOR), (AGGREGATOR, ALICE)):
            Datasite(network.datasites(me), me).publish(FILES, other, durable=False)
        network.settle()
        assert bool(received(network, AGGREGATOR, ALICE)) is (role == "owner")
        assert bool(received(network, ALICE, AGGREGATOR)) is (role == "reader")


def test_who_becomes_a_peer_later_gets_a_file_only_when_it_or_its_rules_change(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path, [ALICE]) as network:
        alice = published(network)
        network.add_person(AGGREGATOR)
        network.settle()
        network.restart(ALICE)
        network.settle()
        assert not received(network, AGGREGATOR, ALICE)

        alice.publish({**FILES, RELEASE: b"changed"}, AGGREGATOR, durable=False)
        network.settle()
        # The manifest names the new content.
        assert set(received(network, AGGREGATOR, ALICE)) == {RELEASE, MANIFEST}
        rules = alice.app_data / GO_FILE
        rules.write_text(rules.read_text() + "# again\n")
        network.settle()
        assert set(received(network, AGGREGATOR, ALICE)) == ANNOUNCED


def test_the_start_of_a_client_undoes_what_changed_while_it_was_away(tmp_path: Path) -> None:
    """It writes what the drive has over the folder; so whatever is published has to be looked at again afterwards."""
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE]) as network:
        alice = published(network)
        before = alice.contents()
        network.stop(ALICE)
        alice.publish({RELEASE: b"changed", "new.json": b"new"}, AGGREGATOR, durable=False)
        network.restart(ALICE)
        back = {**before, "new.json": b"new"}
        assert alice.contents() == back, "the drive did not know the new file"
        network.stop(ALICE)
        alice.withdraw()
        network.restart(ALICE)
        assert alice.contents() == back
        alice.publish({RELEASE: b"changed"}, AGGREGATOR, durable=False)
        network.settle()
        assert received(network, AGGREGATOR, ALICE)[RELEASE] == b"changed"


def test_an_unreadable_permission_file_stops_a_datasite_and_loses_what_changed_then(tmp_path: Path) -> None:
    """Wherever it lies in the datasite, whichever app wrote it."""
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE]) as network:
        alice = published(network)
        broken = alice.root / "app_data" / "other" / GO_FILE
        broken.parent.mkdir()
        broken.write_text("rules: none\n")
        alice.publish({**FILES, RELEASE: b"changed"}, AGGREGATOR, durable=False)
        with pytest.raises(pytest.fail.Exception, match="RuleSet"):
            network.sync(ALICE)
        broken.unlink()
        network.settle()
        assert received(network, AGGREGATOR, ALICE)[RELEASE] == FILES[RELEASE], "it is not sent again"


def test_a_client_leaves_marks_of_what_it_has_synced(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE]) as network:
        alice, folder = published(network), network.datasites(ALICE)
        assert json.loads((folder / "SYFT_version.json").read_text())["syft_client_version"] == "0.10.0"
        known = folder / ".cache" / "owner_file_hashes.json"
        of_app = f"app_data/{alice.app_data.name}/"
        names = {name.removeprefix(of_app) for name in json.loads(known.read_text()) if name.startswith(of_app)}
        assert names == alice.published(), "permission files too"
        lock = folder / ".sync.lock"
        for mark in (lock, known):
            os.utime(mark, (0, 0))
        assert not network.sync(ALICE)
        assert lock.stat().st_mtime > 0, "also when there is nothing to do"
        assert known.stat().st_mtime == 0
        (alice.app_data / RELEASE).unlink()
        network.sync(ALICE)
        assert of_app + RELEASE not in json.loads(known.read_text())
