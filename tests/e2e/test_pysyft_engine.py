"""Publisher and aggregator on PySyft v2's own synchronization code, over its mock drive: who gets which file."""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.syftbox.datasite import Datasite
from tests.e2e.pysyft_network import PySyftNetwork

pytestmark = pytest.mark.pysyft
AGGREGATOR, ALICE, BOB = "trend@example.net", "alice@example.org", "bob@example.org"
FILES = {"releases/2026-W46.json": b"answer", "binary.bin": bytes(range(256))}


def seen(network: PySyftNetwork, who: str, owner: str) -> dict[str, bytes]:
    """Return the files of the app in a datasite, as somebody else's client has them."""
    return Datasite(network.datasites(who), owner).contents()


def test_what_is_published_arrives_where_the_rules_say(tmp_path: Path) -> None:
    with PySyftNetwork(tmp_path, [AGGREGATOR, ALICE, BOB]) as network:
        alice = Datasite(network.datasites(ALICE), ALICE)
        assert alice.is_initialized
        alice.publish(FILES, AGGREGATOR, durable=False)
        network.settle()
        arrived = seen(network, AGGREGATOR, ALICE)
        assert {name: arrived[name] for name in FILES} == FILES
        assert set(arrived) == {*FILES, "manifest.json"}, "no permission file"
        assert not seen(network, BOB, ALICE)
