"""The steps of `bench million` at toy size, in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import million
from bench.operators import World
from netflix_trend.executor import ThisProcess
from netflix_trend.published.statistics import RoundStatistics


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(million, "LocalProcesses", lambda _: ThisProcess())


def test_everybody_is_counted_from_shards(tmp_path: Path) -> None:
    for step in million.LOCAL.values():
        step(tmp_path, 60)
    (path,) = (tmp_path / "statistics").glob("*.json")
    statistics = RoundStatistics.model_validate_json(path.read_bytes())
    assert statistics.participants == statistics.reports == 60


def test_a_step_is_measured_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(million.TABLES, "local", {"draw and pack (prepared)": million.make_shards})
    (cost,) = million.measured("local", 60, tmp_path).values()
    assert cost.processor > 0
    assert cost.mebibytes > 10
    assert list((tmp_path / "shards").glob("*.bin"))


def test_a_shard_that_is_not_whole_is_noticed(tmp_path: Path) -> None:
    million.make_shards(tmp_path, 60)
    (path,) = (tmp_path / "shards").glob("*.bin")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AssertionError):
        million.aggregate(tmp_path, 60)


def test_every_report_is_in_the_sums_and_the_round_closes(tmp_path: Path) -> None:
    for step in million.SUMS.values():
        step(tmp_path, 6)
    world = World(tmp_path)
    assert {row.state for row in (*world.leader.store.rounds(), *world.helper.store.rounds())} == {"closed"}
