"""Jobs give the same results, in their order, wherever they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import pytest

from netflix_trend.settings import SettingsError, load_settings
from services.runtime.executors import Executor, LocalProcesses, ThisProcess, executor_of, usable_processors
from tests.services.runtime.jobs import handled, killed, plus, squared


@pytest.mark.parametrize("executor", [ThisProcess(), LocalProcesses(1), LocalProcesses(2), LocalProcesses(3)])
def test_results_come_in_the_order_of_the_jobs(executor: Executor) -> None:
    found = list(executor.map(squared, iter(range(13))))
    assert [square for square, _ in found] == [number * number for number in range(13)]
    places = {pid for _, pid in found}
    assert (places == {os.getpid()}) == (executor.workers == 1)
    assert len(places) <= executor.workers
    assert list(executor.map(partial(plus, 3), range(5), places=lambda job: job % 2)) == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("executor", [ThisProcess(), LocalProcesses(2)])
def test_without_jobs_there_is_nothing(executor: Executor) -> None:
    assert list(executor.map(squared, [])) == []
    assert list(executor.map(squared, [4])) == [(16, os.getpid())]


@pytest.mark.parametrize("executor", [ThisProcess(), LocalProcesses(2)])
def test_what_a_job_raises_is_raised_where_its_result_would_be(executor: Executor) -> None:
    found = executor.map(squared, range(10, 30))
    assert [next(found)[0] for _ in range(3)] == [100, 121, 144]
    with pytest.raises(ValueError, match="thirteen"):
        next(found)


def test_jobs_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(100, 200):
            taken.append(number)
            yield number

    found = LocalProcesses(2).map(squared, jobs())
    assert taken == []
    ahead = [len(taken) - done for done, _ in enumerate(found)]
    assert max(ahead) <= 3 * 2
    assert len(taken) == 100


def test_processes_end_when_nobody_wants_the_rest() -> None:
    found = LocalProcesses(2).map(squared, range(100, 10_000))
    assert isinstance(found, Generator)
    pids = {next(found)[1] for _ in range(6)}
    found.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_processes_ignore_ctrl_c_and_end_when_asked() -> None:
    assert set(LocalProcesses(2).map(handled, range(4))) == {(signal.SIG_DFL, signal.SIG_IGN)}


def test_a_killed_process_is_told() -> None:
    with pytest.raises(BrokenProcessPool):
        list(LocalProcesses(2).map(killed, range(8)))


def test_no_process_is_no_executor() -> None:
    with pytest.raises(ValueError, match="0 processes"):
        LocalProcesses(0)
    assert 1 <= usable_processors() <= 8


def test_settings_say_where_jobs_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def executor(otherwise: int = 1, **settings: object) -> Executor:
        return executor_of(load_settings(**settings), otherwise)

    assert isinstance(executor(), ThisProcess)
    assert isinstance(executor(processes=1, otherwise=4), ThisProcess)
    assert (executor(otherwise=4).workers, executor(processes=3).workers) == (4, 3)
    for wrong in ({"processes": 0}, {"cluster": "tcp://scheduler:8786"}, {"cluster": "scheduler"}):
        with pytest.raises(SettingsError):
            executor(**wrong)
    # It connects when it is used.
    found = executor(cluster="tls://scheduler:8786", cluster_dir="/certificates")
    assert type(found).__name__ == "Cluster"
    for name in [name for name in sys.modules if name.startswith("services.runtime.cluster")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SettingsError, match="the extra `scale`"):
        executor(cluster="tls://scheduler:8786")


def test_the_interface_alone_imports_little() -> None:
    # Compared with before: a process that measures coverage has loaded `multiprocessing` already.
    code = "import sys; before = set(sys.modules); import netflix_trend.executor; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "netflix_trend.executor" in loaded
    assert not {"multiprocessing", "numpy"} & set(loaded)
