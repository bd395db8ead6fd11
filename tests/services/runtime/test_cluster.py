"""Jobs on the workers of a cluster: real processes with real certificates, on this machine."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from netflix_trend.executor import Job, Result
from netflix_trend.operators import verification
from services.aggregator.collect import LookMemory, collect, look
from services.runtime.cluster.certificates import ensure_certificates
from services.runtime.cluster.executor import Cluster, ClusterGone
from services.runtime.executors import LocalProcesses, ThisProcess
from tests.netflix_trend.operators.seeded_round import HASHES, play
from tests.services.aggregator.hostile_files import SURVEY, everything_at_once
from tests.services.runtime.cluster import LocalCluster
from tests.services.runtime.jobs import done_and_killed_once, killed, killed_once, plus, squared, told
from tests.waiting import PATIENCE, wait_for


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    found = LocalCluster(tmp_path_factory.mktemp("cluster"))
    found.start()
    try:
        found.wait_for(2)
        yield found
    finally:
        codes = found.end()
    # Some were killed by the tests.
    assert set(codes.values()) <= {0, -signal.SIGKILL}, found.logs()
    assert codes["scheduler"] == 0


class DyingOnce:
    """A cluster of which one worker dies once, when it has done a job and before it can say so."""

    workers = 2

    def __init__(self, cluster: Cluster, mark: Path) -> None:
        self._cluster, self._mark = cluster, mark

    def map(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], *, places: Callable[[Job], int] | None = None
    ) -> Iterator[Result]:
        return self._cluster.map(partial(done_and_killed_once, self._mark, function), jobs, places=places)


@pytest.fixture
def executor(cluster: LocalCluster) -> Iterator[Cluster]:
    for name in cluster.names:
        if name not in cluster.processes or cluster.processes[name].poll() is not None:
            cluster.start_worker(name)
    cluster.wait_for(2)
    found = cluster.executor(patience=20)
    yield found
    found.close()


def test_results_come_in_the_order_of_the_jobs(executor: Cluster) -> None:
    found = list(executor.map(squared, iter(range(20, 80))))
    assert [square for square, _ in found] == [number * number for number in range(20, 80)]
    assert len({pid for _, pid in found}) == 2
    assert os.getpid() not in {pid for _, pid in found}
    assert list(executor.map(partial(plus, 3), [])) == []
    assert list(executor.map(partial(plus, 3), range(5))) == list(ThisProcess().map(partial(plus, 3), range(5)))
    assert executor.workers == 2


def test_jobs_of_one_place_are_on_one_worker_also_in_the_next_run(executor: Cluster, cluster: LocalCluster) -> None:
    def workers_by_place() -> dict[int, set[int]]:
        found = list(executor.map(squared, range(20, 100), places=lambda job: job % 16))
        return {
            place: {pid for number, (_, pid) in enumerate(found, 20) if number % 16 == place} for place in range(16)
        }

    before = workers_by_place()
    assert all(len(workers) == 1 for workers in before.values())
    assert len(set.union(*before.values())) == 2
    assert workers_by_place() == before
    # A worker of the same name has the same places.
    old = cluster.processes["worker-1"].pid
    cluster.kill("worker-1")
    cluster.start_worker("worker-1")
    cluster.wait_for(2)
    new = cluster.processes["worker-1"].pid
    assert workers_by_place() == {place: {new if pid == old else pid for pid in pids} for place, pids in before.items()}


def test_jobs_are_taken_as_they_are_needed(executor: Cluster) -> None:
    taken: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(100, 160):
            taken.append(number)
            yield number

    found = executor.map(squared, jobs())
    ahead = [len(taken) - done for done, _ in enumerate(found)]
    assert max(ahead) <= 3 * 2
    assert len(taken) == 60


def test_what_a_job_raises_is_raised_and_is_in_no_log(executor: Cluster, cluster: LocalCluster) -> None:
    with pytest.raises(ValueError, match="thirteen"):
        list(executor.map(squared, range(20)))
    with pytest.raises(OSError, match="someone"):
        list(executor.map(told, ["someone@example.org"]))
    assert list(executor.map(squared, [3, 4])) != []
    assert "someone" not in cluster.logs()
    assert "thirteen" not in cluster.logs()


def test_another_worker_takes_over_when_one_is_killed(executor: Cluster, cluster: LocalCluster, tmp_path: Path) -> None:
    job = partial(killed_once, tmp_path / "mark")
    assert list(executor.map(job, range(40), places=lambda number: number)) == list(range(40))
    assert (tmp_path / "mark").exists()
    assert sum(process.poll() is not None for process in cluster.processes.values()) == 1


def test_without_workers_jobs_are_given_up_and_go_on_when_there_is_one(
    executor: Cluster, cluster: LocalCluster
) -> None:
    impatient = cluster.executor(patience=1)
    with pytest.raises(ClusterGone, match="no worker"):
        list(impatient.map(killed, range(8)))
    for name in cluster.names:
        assert cluster.processes.pop(name).wait(PATIENCE) == -signal.SIGKILL
    with pytest.raises(ClusterGone, match="no worker"):
        list(impatient.map(squared, range(8)))
    cluster.start_worker("worker-1")
    cluster.wait_for(1)
    assert [square for square, _ in impatient.map(squared, range(3))] == [0, 1, 4]
    impatient.close()


@pytest.mark.parametrize("operators", [1, 2])
def test_operators_keep_and_send_what_one_process_does(
    executor: Cluster, cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operators: int
) -> None:
    """Every kind of bad file, and a worker that dies in the middle."""
    monkeypatch.setattr(verification, "FILES_A_JOB", 3)
    dying = DyingOnce(executor, tmp_path / "died")
    assert play(tmp_path / "world", 4, operators, monkeypatch, dying) == HASHES[4, operators]
    assert (tmp_path / "died").exists()
    # What a job holds is an operator's secret.
    assert "@" not in cluster.logs()


def test_shards_are_what_one_process_keeps(executor: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker dies when it has written a shard, and another one goes on from there."""
    survey, datasites = SURVEY, tmp_path / "datasites"
    names = everything_at_once(tmp_path)
    monkeypatch.setattr("services.aggregator.collect._PEOPLE", 5)
    found = []
    for own, one in ((tmp_path / "here", ThisProcess()), (tmp_path / "there", DyingOnce(executor, tmp_path / "died"))):
        for _ in range(2):  # the second time from the shards
            looked = look(datasites, own, names, [survey], memory=LookMemory(), executor=one)
            found.append((looked.sharing, looked.releases[0].digest()))
    assert len(found) == 4
    assert len(set(found)) == 1
    kept = [sorted(path.name for path in (tmp_path / own / "shards").iterdir()) for own in ("here", "there")]
    assert kept[0] == kept[1]
    assert len(kept[0]) > 4
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize("processes", [0, 2])
def test_a_round_is_what_one_process_reads(
    executor: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """Every kind of answer and every attack at once. processes: 0 for the cluster, where a worker dies meanwhile."""
    names = everything_at_once(tmp_path)
    monkeypatch.setattr("services.aggregator.collect._SLICE", 4)
    several = LocalProcesses(processes) if processes else DyingOnce(executor, tmp_path / "died")
    here, there = (collect(tmp_path / "datasites", names, SURVEY, executor=one) for one in (ThisProcess(), several))
    for name in ("participants", "asked", "reports", "refused", "waiting", "refusals"):
        assert getattr(here, name) == getattr(there, name), name
    assert {name: some.tolist() for name, some in here.counts.items()} == {
        name: some.tolist() for name, some in there.counts.items()
    }
    assert here.refusals and here.reports.total() > 20
    assert processes or (tmp_path / "died").exists()


def test_processes_beat_and_keep_nothing(executor: Cluster, cluster: LocalCluster) -> None:
    list(executor.map(squared, range(20, 30)))
    for name in cluster.processes:
        role = "scheduler" if name == "scheduler" else "worker"
        wait_for((cluster.folder / "beats" / name / f"{role}.heartbeat").exists, f"a heartbeat of {name}")
    kept = [path for path in (cluster.folder / "scratch").rglob("*") if path.is_file()]
    assert [path for path in kept if path.stat().st_size] == []


def test_only_certificates_of_this_cluster_are_let_in(cluster: LocalCluster, tmp_path: Path) -> None:
    for name in ("scheduler", "client"):
        (tmp_path / name).mkdir()
    ensure_certificates([tmp_path / "scheduler", tmp_path / "client"])
    with pytest.raises(ClusterGone, match="does not answer"):
        list(Cluster(cluster.address, tmp_path / "client", patience=2).map(squared, [1]))
    with pytest.raises(OSError, match="No such file"):
        list(Cluster(cluster.address, tmp_path / "nobody", patience=2).map(squared, [1]))
    # Not even a connection that shows no certificate at all.
    context = ssl.create_default_context(cafile=str(cluster.certificates("client") / "ca.pem"))
    context.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", cluster.port), 10) as plain,
        pytest.raises(OSError),
        context.wrap_socket(plain) as secured,
    ):
        secured.settimeout(PATIENCE)
        if secured.recv(1) == b"":
            raise ConnectionResetError
        pytest.fail("the scheduler talks to somebody without a certificate")
