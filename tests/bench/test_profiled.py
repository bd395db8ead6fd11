"""A profile is of what its own process does."""

from __future__ import annotations

import pytest

from bench import profiled
from bench.commands import COMMANDS
from bench.profiled import main, one_processor
from bench.tasks import TASKS
from services.aggregator import collect
from services.runtime.executors import usable_processors


@pytest.mark.parametrize("task", COMMANDS)
def test_a_task_in_a_process_of_its_own_is_not_profiled(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert task in TASKS
    with pytest.raises(SystemExit):
        main([task, "--size", "1"])
    assert "invalid choice" in capsys.readouterr().err


def test_every_other_task_is() -> None:
    assert set(profiled.HERE) | set(COMMANDS) == set(TASKS)


def test_readers_of_datasites_run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Though there are so many people that as many processes as processors read them."""
    monkeypatch.setattr(collect, "_MANY", 5)
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    assert main(["aggregator", "--size", "20", "--lines", "200"]) == 0
    assert "sweep.py" in capsys.readouterr().out


def test_the_processors_come_back() -> None:
    before = usable_processors()
    with one_processor():
        assert usable_processors() == 1
    assert usable_processors() == before
