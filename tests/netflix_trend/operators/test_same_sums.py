"""Whole rounds with many kinds of bad files: what operators keep and send is what the version before wrote.

Operators now take files one after another, in jobs that can run in several processes. The hashes were made by the code
that held all files of a round at once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.operators import verification
from services.runtime.executors import LocalProcesses
from tests.netflix_trend.operators.seeded_round import HASHES, play


@pytest.mark.parametrize(("seed", "operators"), [(seed, operators) for seed in range(6) for operators in (1, 2)])
def test_operators_keep_and_send_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, operators: int
) -> None:
    assert play(tmp_path, seed, operators, monkeypatch) == HASHES[seed, operators]


@pytest.mark.parametrize("operators", [1, 2])
def test_several_processes_keep_and_send_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operators: int
) -> None:
    monkeypatch.setattr(verification, "FILES_A_JOB", 3)
    assert play(tmp_path, 4, operators, monkeypatch, LocalProcesses(2)) == HASHES[4, operators]
