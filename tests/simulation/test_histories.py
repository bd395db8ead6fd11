"""Hundreds of histories of the network with faults, by seed; `python -m bench faults` plays any number of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.faults.command import main, replay
from bench.faults.disk import KINDS
from bench.faults.history import History, play
from bench.faults.world import Person
from netflix_trend.participant import ledger, releases
from services.aggregator import collect

# Each part may run in a process of its own.
PARTS, SEEDS = 8, 200
ROOT = Path(__file__).parents[2]


def failures(histories: list[History]) -> str:
    return "\n".join(
        f"seed {history.seed}: {history.violation}; replay: {replay(history.seed)}"
        for history in histories
        if history.violation
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_everything_holds_in_every_history(part: int) -> None:
    histories = [play(seed) for seed in range(part, SEEDS, PARTS)]
    assert not failures(histories)
    # Without faults it would be no test.
    assert set(KINDS) < {name for history in histories for name in history.faults}


def test_a_history_is_a_function_of_its_seed_also_in_another_process():
    """Another seed of hashes gives sets another order."""
    code = "from bench.faults.history import play; print('\\n'.join(play(7).lines))"
    environ = {**os.environ, "PYTHONHASHSEED": "1"}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines() == play(7).lines


def test_a_ledger_that_is_not_synced_is_found_and_the_history_can_be_replayed(monkeypatch):
    def unsynced(path, *, published, now, durable):
        return ledger.open_ledger(path, published=published, now=now, durable=not durable)

    monkeypatch.setattr(releases, "open_ledger", unsynced)
    # From a seed near the first that shows it; earlier ones take a minute.
    failed = next(history for seed in range(127, SEEDS) if (history := play(seed)).violation)
    assert "two distinct answers" in failed.violation
    assert f"--seed {failed.seed} -v" in replay(failed.seed)
    assert play(failed.seed).lines == failed.lines


def test_an_answer_that_counts_twice_is_found(monkeypatch):
    payloads = collect.RoundReleases.count

    def twice(self):
        return payloads(replace(self, payloads={name: some * 2 for name, some in self.payloads.items()}))

    monkeypatch.setattr(collect.RoundReleases, "count", twice)
    assert any(re.search(r"\d answers of \d people", play(seed).violation) for seed in range(10))


def test_an_export_that_gets_lost_is_found(monkeypatch):
    take = Person.take

    def forgetful(self, today):
        take(self, today)
        (self.home / "private" / "raw" / f"{next(iter(self.kept))}.csv").unlink()

    monkeypatch.setattr(Person, "take", forgetful)
    assert any("not in raw/" in play(seed).violation for seed in range(10))


def test_the_command_prints_what_happened(capsys):
    assert main(["--seed", "3", "-v"]) == 0
    said = capsys.readouterr().out
    assert "seed 3\n" in said and "everything held" in said
