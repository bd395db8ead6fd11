"""Our functions on the model of the Go generation: what arrives where, and what does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netflix_trend.syftbox.datasite import Datasite
from tests.e2e.go_network import SUBSCRIPTIONS, GoNetwork
from tests.e2e.machines import AGGREGATOR, ALICE, BOB

FILES = {"releases/2026-W46.json": b"an answer"}


@pytest.fixture
def go(tmp_path: Path) -> GoNetwork:
    with GoNetwork(tmp_path, [AGGREGATOR, ALICE, BOB]) as network:
        return network


def received(network: GoNetwork, who: str, owner: str) -> set[str]:
    return Datasite(network.datasites(who), owner).published()


def test_a_file_reaches_its_reader_alone_and_leaves_with_its_owner(go: GoNetwork) -> None:
    alice = Datasite(go.datasites(ALICE), ALICE)
    alice.publish(FILES, AGGREGATOR, durable=False)
    go.settle()
    assert received(go, AGGREGATOR, ALICE) == {"manifest.json", *FILES}
    assert not received(go, BOB, ALICE)
    alice.withdraw()
    go.settle()
    assert not received(go, AGGREGATOR, ALICE)


def test_the_client_overlooks_a_change_of_equal_size_and_second(go: GoNetwork) -> None:
    """What Datasite.share must not rely on: the model is as blind as the client."""
    alice = Datasite(go.datasites(ALICE), ALICE)
    alice.publish(FILES, AGGREGATOR, durable=False)
    file = alice.app_data / "releases" / "2026-W46.json"
    os.utime(file, (1_700_000_000, 1_700_000_000))
    go.settle()
    file.write_bytes(b"AN ANSWER")
    os.utime(file, (1_700_000_000.5, 1_700_000_000.5))
    go.settle()
    arrived = Datasite(go.datasites(AGGREGATOR), ALICE).app_data / "releases" / "2026-W46.json"
    assert arrived.read_bytes() == b"an answer"
    os.utime(file, (1_700_000_001, 1_700_000_001))
    go.settle()
    assert arrived.read_bytes() == b"AN ANSWER"


@pytest.mark.parametrize(
    ("rules", "arrives"),
    [
        ("[]", False),
        ("[{action: allow, datasite: %(me)s, path: app_data/netflix_trend/**}]", True),
        ("[{action: allow, path: '%(me)s/app_data/**'}]", True),
        ("[{action: allow, datasite: '*', path: '**'}, {action: block, datasite: '*', path: app_data/**}]", False),
        ("[{action: block, datasite: '*', path: '**'}, {action: allow, datasite: '*', path: app_data/**}]", True),
        ("[{action: pause, datasite: '*', path: '**'}]", False),
        ("[{action: allow, datasite: '*', path: app_data/*}]", False),
    ],
)
def test_with_subscriptions_only_what_is_allowed_arrives(tmp_path: Path, rules: str, arrives: bool) -> None:
    with GoNetwork(tmp_path, [AGGREGATOR, ALICE], subscriptions=True) as go:
        Datasite(go.datasites(ALICE), ALICE).publish(FILES, AGGREGATOR, durable=False)
        subscribed = go.datasites(AGGREGATOR).parent / ".data" / SUBSCRIPTIONS
        subscribed.write_text(f"version: 1\ndefaults: {{action: block}}\nrules: {rules % {'me': ALICE}}\n")
        go.settle()
        assert received(go, AGGREGATOR, ALICE) == ({"manifest.json", *FILES} if arrives else set())
