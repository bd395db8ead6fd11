"""Statistics that an aggregator keeps: each file is read once as long as it stays what it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.storage.damaged import paths_set_aside
from services.aggregator.kept_statistics import KeptStatistics
from services.aggregator.rounds import Aggregator
from tests.services.aggregator.simulated_rounds import LAST, TODAY, aggregator_with_rounds

ROUND, BEFORE = str(LAST), str(LAST - 1)


@pytest.fixture
def here(tmp_path: Path) -> Aggregator:
    return aggregator_with_rounds(tmp_path, [300, 400])


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rounds whose files were parsed."""
    rounds: list[str] = []
    parse = RoundStatistics.from_bytes

    def noted(data: bytes) -> RoundStatistics:
        found = parse(data)
        rounds.append(found.round)
        return found

    monkeypatch.setattr(RoundStatistics, "from_bytes", noted)
    return rounds


def anew(here: Aggregator) -> Aggregator:
    """Return the aggregator after a restart."""
    return Aggregator(here.site, here.own, here.catalogue, durable=False)


def test_files_that_stay_what_they_were_are_parsed_once(here: Aggregator, parsed: list[str]) -> None:
    here = anew(here)

    first, again = here.statistics.read_all(), here.statistics.read_all()
    here.trends()
    here.model()

    assert parsed == [BEFORE, ROUND] == list(first)
    assert first == again


def test_another_file_is_parsed_even_if_size_and_time_are_the_same(here: Aggregator, parsed: list[str]) -> None:
    kept = here.statistics
    before = kept.read(ROUND)
    assert before is not None and before.waiting == 2
    path, times = kept.path(ROUND), kept.path(ROUND).stat()
    path.write_bytes(path.read_bytes().replace(b'"waiting":2', b'"waiting":7'))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    parsed.clear()

    found = kept.read(ROUND)

    assert found is not None and found.waiting == 7 and parsed == [ROUND]
    assert path.stat().st_size == times.st_size


def test_a_known_file_that_is_damaged_later_is_moved_aside_and_taken_back(here: Aggregator) -> None:
    here.ask(TODAY)
    kept = here.statistics
    before = kept.read(ROUND)
    kept.path(ROUND).write_bytes(b"{")

    assert kept.read(ROUND) == before
    assert [Path(name).name for name in paths_set_aside(here.own)] == [f"{ROUND}.json"]


def test_a_round_that_is_gone_is_forgotten(here: Aggregator) -> None:
    kept = KeptStatistics(here.own, here.shared, here.site.public)
    assert list(kept.read_all()) == [BEFORE, ROUND]
    kept.path(BEFORE).unlink()

    assert list(kept.read_all()) == [ROUND] == list(kept.known)
