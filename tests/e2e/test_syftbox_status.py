"""What `status` says about the real SyftBox 0.4.0: it syncs, its token ends, it is stopped."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from netflix_trend.status_table import Row, next_step, works
from netflix_trend.syftbox.client_rows import client_rows
from netflix_trend.syftbox.generations import client_at
from tests.e2e.machines import ALICE
from tests.e2e.syftbox_network import SyftBoxNetwork, require_syftbox
from tests.waiting import wait_for

pytestmark = pytest.mark.syftbox


def rows_of(network: SyftBoxNetwork) -> dict[str, Row]:
    """The rows as a person of that client gets them in a terminal."""
    config = network.root / ALICE / "config.json"
    client = client_at(network.datasites(ALICE), ALICE, {"SYFTBOX_CLIENT_CONFIG_PATH": str(config)})
    return {row.name: row for row in client_rows(client, ALICE, network.datasites(ALICE), [], time.time())}


def test_a_client_that_runs_is_fine_and_one_that_was_stopped_is_not(tmp_path: Path) -> None:
    require_syftbox()
    with SyftBoxNetwork(tmp_path, [ALICE]) as network:
        rows = rows_of(network)
        assert [row for row in rows.values() if row.mark != "fine"] == []
        assert rows["SyftBox"].text == "SyftBox 0.4 (Python)"
        network.stop_client(ALICE)
        assert next_step(list(rows_of(network).values())).text == "start SyftBox"


def test_a_token_that_ends_is_said_although_the_client_says_that_all_is_well(tmp_path: Path) -> None:
    """The client then removes its own files, one of which tells that the datasite is set up."""
    require_syftbox()
    with SyftBoxNetwork(tmp_path, [ALICE], token_seconds=30) as network:
        permissions = network.datasites(ALICE) / ALICE / "syftperm.yaml"
        wait_for(lambda: rows_of(network)["token"].mark == "wrong", "the end of the token", 60)
        wait_for(lambda: not permissions.exists(), "the client removes its own files", 60)
        rows = list(rows_of(network).values())
        assert [row.name for row in rows if row.mark == "wrong"] == ["SyftBox", "last sync", "token"]
        assert next_step(rows).text.startswith("sign in again in SyftBox")
        assert not works(rows)
