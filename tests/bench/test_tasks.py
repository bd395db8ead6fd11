"""The realistic input of the benchmark: the same at every run, with the mixture of titles that it claims."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from bench.commands import settle
from bench.tasks import TASKS, make_real_archive, make_real_export
from services.aggregator.sweep import SETTLED

ROWS = 3000


@pytest.mark.parametrize("make", [make_real_export, make_real_archive])
def test_the_same_seed_makes_the_same_file(make: Callable[[Path, int, int], None], tmp_path: Path) -> None:
    contents = []
    for number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        make(folder, ROWS, seed)
        (path,) = folder.iterdir()
        contents.append(path.read_bytes())
        assert contents[-1].count(b"\n") == ROWS + 1
    assert contents[0] == contents[1] != contents[2]


def test_most_titles_come_once_and_one_in_nine_is_not_ascii(tmp_path: Path) -> None:
    make_real_export(tmp_path, ROWS)
    with (tmp_path / "NetflixViewingHistory.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    titles = [row["Title"] for row in rows]
    assert len(set(titles)) / ROWS == pytest.approx(0.82, abs=0.02)
    assert sum(not title.isascii() for title in titles) / ROWS == pytest.approx(1 / 9, abs=0.03)
    days = [tuple(map(int, row["Date"].split("/"))) for row in rows]
    in_order = [(year, month, day) for month, day, year in days]
    assert all(newer >= older for newer, older in pairwise(in_order))


def test_input_is_older_than_what_an_aggregator_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("bench.commands.time.sleep", waited.append)
    settle()
    assert 1e9 * sum(waited) > SETTLED


def test_the_realistic_inputs_are_shown_beside_the_old_one() -> None:
    assert set(TASKS["processor"].beside) == {"processor_real", "processor_archive"} <= set(TASKS)
