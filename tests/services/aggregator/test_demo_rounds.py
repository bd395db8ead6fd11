"""A round of the demo network, which closes while somebody watches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from netflix_trend.operators.manifest import Manifest, from_bytes
from netflix_trend.survey.deadlines import Deadlines
from tests.services.aggregator.test_sums import MONDAY, WEEK, World


def test_a_round_of_the_demo_network_is_over_in_two_minutes_and_says_so_in_its_manifest(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.aggregator = replace(world.aggregator, demo_seconds=75)
    world.operate(MONDAY)
    row = world.aggregator.leader.store.round(str(WEEK))
    assert row is not None
    assert row.manifest is not None
    manifest = from_bytes(Manifest, row.manifest)
    assert (manifest.early, manifest.late, manifest.slack) == (MONDAY + 75, MONDAY + 100, 10)
    world.report(range(6), MONDAY + 20)
    world.operate(MONDAY + 85)
    found = world.statistics()
    assert found is not None
    assert found.reports == 6
    world.operate(MONDAY + 110)
    assert "This is the final result." in world.page()


def test_without_it_rounds_close_on_fridays(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    row = world.aggregator.leader.store.round(str(WEEK))
    assert row is not None
    assert row.manifest is not None
    manifest = from_bytes(Manifest, row.manifest)
    on_fridays = Deadlines.of(WEEK)
    assert (manifest.early, manifest.late, manifest.slack) == (on_fridays.early, on_fridays.late, on_fridays.slack)
