"""An aggregator and a helper in PySyft v2's folders, where no datasite has a permission file in its root."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import GO_FILE, PYTHON_FILE
from services.aggregator.__main__ import look
from tests.services.aggregator.people import AGGREGATOR
from tests.services.aggregator.test_rounds import aggregator
from tests.services.aggregator.test_sums import EARLY, HELPER, MONDAY, World

PYSYFT = "SYFT_version.json"


@pytest.mark.parametrize("is_pysyft", [True, False])
def test_an_aggregator_asks_where_pysyft_has_made_its_datasite(tmp_path: Path, *, is_pysyft: bool) -> None:
    one = aggregator(tmp_path)
    Datasite(tmp_path / "datasites", AGGREGATOR).root.mkdir()
    if is_pysyft:
        (tmp_path / "datasites" / PYSYFT).touch()
    look(one)
    assert (one.shared / "survey.json").exists() is is_pysyft


@pytest.mark.parametrize("is_pysyft", [True, False])
def test_a_helper_starts_where_pysyft_has_made_its_datasite(tmp_path: Path, *, is_pysyft: bool) -> None:
    world = World(tmp_path)
    (world.root / "datasites" / HELPER / PYTHON_FILE).unlink()
    if is_pysyft:
        (world.root / "datasites" / PYSYFT).touch()
    fresh = replace(world.helper, own=tmp_path / "fresh")
    assert (fresh.look(MONDAY) is not None) is is_pysyft
    if is_pysyft:
        fresh.helper.store.close()


def test_operators_add_up_in_pysyfts_folders(tmp_path: Path) -> None:
    world = World(tmp_path)
    for path in (world.root / "datasites").glob(f"*/{PYTHON_FILE}"):
        path.unlink()
    (world.root / "datasites" / PYSYFT).touch()
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    (early,) = world.operate(EARLY)
    assert early.reports == 6


def test_rules_of_both_operators_change_once_an_hour_for_later_peers(tmp_path: Path) -> None:
    world = World(tmp_path)
    datasites = world.root / "datasites"
    (datasites / PYSYFT).touch()
    hour = [MONDAY // 3600 * 3600]
    world.aggregator = replace(world.aggregator, clock=lambda: hour[0])

    def rules() -> dict[str, bytes]:
        world.aggregator.lead(hour[0])
        world.helper.look(hour[0])
        paths = [path for email in (AGGREGATOR, HELPER) for path in (datasites / email).rglob(GO_FILE)]
        return {path.relative_to(datasites).as_posix(): path.read_bytes() for path in paths}

    rules()
    rules()
    first = rules()
    assert {path.split("/")[0] for path in first if "/rounds/" in path} == {AGGREGATOR, HELPER}
    assert rules() == first
    hour[0] += 3600
    second = rules()
    assert second.keys() == first.keys()
    assert not second.items() & first.items()
    assert rules() == second
