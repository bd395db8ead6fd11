"""What the page says about sealed reports: its parts, who can learn what, and what becomes of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.operators.helper import HelperLimits
from netflix_trend.participant import participant
from services.dashboard.web import create_app
from services.local.dashboard import OneProcess
from tests.netflix_trend.operators.network import AT_EARLY, AT_LATE, BEFORE, HELPER, LEADER, Network, identity
from tests.netflix_trend.participant.test_sealed import BOB, ME, TODAY, World, watched
from tests.services.dashboard.participant import ORIGIN, PORT
from tests.services.dashboard.test_sharing import section, words


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    network = Network(tmp_path, answers={}, helper_limits=HelperLimits(Fraction(1), 2))
    found = World(tmp_path, network)
    for email in (ME, BOB):
        watched(found.join(email, dashboard_port=PORT), [1, 2])
    found.open()
    yield found
    for store in network.stores:
        store.close()


def page(world: World, **changes: Any) -> str:
    settings = world.settings[ME].model_copy(update=changes)
    client = create_app(settings, OneProcess(settings, lambda: TODAY), lambda: TODAY).test_client()
    response = client.get("/sharing", base_url=ORIGIN)
    assert response.status_code == 200, response.text[-2000:]
    return response.text


def test_operators_are_shown_with_key_words_and_what_each_can_learn(world: World) -> None:
    found = section(page(world), "sealed")
    for seed, email in ((1, LEADER), (2, HELPER)):
        assert email in found
        assert identity(seed).fingerprint.words in found
    assert "privacy needs one honest operator, and correct numbers need both" in found
    assert "No sealed report was made yet." in found


def test_a_report_is_shown_with_its_parts_and_what_it_costs(world: World) -> None:
    participant.publish(world.settings[ME], TODAY, BEFORE)
    html = page(world)
    found = section(html, "sealed")
    data = world.report().read_bytes()
    assert f"{len(data):,} bytes" in found
    assert "waits to be summed" in found
    for name in ("shows", "titles_groups", "titles_sum"):
        assert f"{name}: half for the leader" in found
        assert f"{name}: half for the helper" in found
    assert "odds" in found
    assert "epsilon" in found
    assert "20.9" in found
    assert "Every week one sealed file of the same size" in words(html)
    assert "Nothing was published" not in words(html)
    assert "left of 13" not in words(html)


def test_the_outcome_of_a_report_is_shown_after_the_round(world: World) -> None:
    for email in (ME, BOB):
        participant.publish(world.settings[email], TODAY, BEFORE)
    world.network.operate(AT_EARLY)
    world.network.operate(AT_LATE)
    assert "counted in the early sums" in section(page(world), "sealed")


def test_with_one_operator_the_page_says_whom_to_trust(world: World) -> None:
    found = section(page(world, helper_key="", helper_datasite="", limit_modes=frozenset({"one"})), "sealed")
    assert "You trust it." in found
    assert HELPER not in found


def test_without_operators_there_is_no_such_section(world: World) -> None:
    assert 'id="sealed"' not in page(world, aggregator_key="")


def test_a_report_of_a_round_that_is_gone_is_shown_without_its_parts(world: World) -> None:
    participant.publish(world.settings[ME], TODAY, BEFORE)
    shutil.rmtree(world.folder / "datasites" / LEADER / "app_data")
    found = section(page(world), "sealed")
    assert "bytes, SHA-256" in found
    assert "half for the leader" not in found
