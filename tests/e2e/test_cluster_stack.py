"""An aggregator with a scheduler and two workers in containers: what it finds is what one process finds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.simulation.population import watched
from netflix_trend.survey.survey import Survey, load_surveys
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.__main__ import look
from services.aggregator.rounds import Aggregator
from tests.e2e.containers import Stack, require_docker
from tests.services.aggregator.people import AGGREGATOR, crowd
from tests.waiting import wait_for

pytestmark = pytest.mark.docker
FILE = "docker-compose.scale.yml"
PROCESSES = ("scheduler", "worker-1", "worker-2", "aggregator")
# More than are read by one job.
PEOPLE = 2500

# Runs in the aggregator's container: one pass in this process, and one on the cluster, where the worker that has done
# the first job dies before it can say so. Both have a volume of their own and so know nothing of earlier passes.
PASSES = """
import hashlib, json, os, signal
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from netflix_trend.settings import load_settings
from services.aggregator.__main__ import build_aggregator
from services.aggregator.memory import Memory
from services.runtime.executors import ThisProcess

def die_once(function, job):
    found, mark = function(job), Path("/aggregator/shards/died")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return found

class Dying:
    def __init__(self, cluster):
        self.cluster, self.workers = cluster, cluster.workers
    def map(self, function, jobs, *, places=None):
        return self.cluster.map(partial(die_once, function), jobs, places=places)

aggregator, said = build_aggregator(load_settings()), {}
for name, executor in (("here", ThisProcess()), ("cluster", Dying(aggregator.executor))):
    one = replace(aggregator, own=Path("/tmp") / name, executor=executor, durable=False, memory=Memory())
    passes = one.work(date.today())
    counts = [(sorted(f.reports.items()), f.participants, f.refusals, f.waiting) for f, _ in passes]
    counts += [(key, some.tobytes().hex()) for f, _ in passes for key, some in sorted(f.counts.items())]
    text = repr(counts) + "".join(statistics.model_dump_json() for _, statistics in passes)
    said[name] = [hashlib.sha256(text.encode()).hexdigest(), sum(f.reports.total() for f, _ in passes)]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("cluster")
    (found / "datasites").mkdir()
    (found / "datasites").chmod(0o777)
    return found


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    require_docker()
    environment = {
        "DATASITES_DIR": str(folder / "datasites"),
        "AGGREGATOR_POLL_SECONDS": "1",
        "PARTICIPANT_UID": "1000",
        "PARTICIPANT_GID": "1000",
    }
    found = Stack("netflix-trend-test-cluster", FILE, environment)
    found.down()
    found.up()
    try:
        yield found
    finally:
        found.down()


def surveys(folder: Path) -> list[Survey]:
    path = Datasite(folder / "datasites", AGGREGATOR).app_data / "shared" / "survey.json"
    return load_surveys(path.read_bytes()) if path.exists() else []


def test_statistics_are_those_of_one_process(stack: Stack, folder: Path) -> None:
    wait_for(lambda: surveys(folder), "the surveys")
    stack.compose("stop", "aggregator")
    survey = surveys(folder)[0]
    crowd(folder, survey, "top_shows", [watched(frozenset({n % 7, n % 30}), 1) for n in range(PEOPLE)])
    # What one process of this machine makes of it, on a volume of its own.
    alone = folder / "alone"
    shutil.copytree(folder / "datasites", alone / "datasites")
    site = Datasite(alone / "datasites", AGGREGATOR)
    look(Aggregator(site, alone / "aggregator", starter_vocabulary(), durable=False))
    stack.compose("start", "aggregator")
    name = f"statistics/{survey.round}.json"
    path = Datasite(folder / "datasites", AGGREGATOR).app_data / "shared" / name
    wait_for(lambda: path.exists() and json.loads(path.read_bytes())["reports"], "the statistics", 300)
    found = json.loads(path.read_bytes())
    assert found["reports"] == PEOPLE
    assert path.read_bytes() == (site.app_data / "shared" / name).read_bytes()
    assert "ClusterGone" not in stack.compose("logs")


def test_a_worker_that_dies_in_the_middle_changes_nothing(stack: Stack) -> None:
    said = json.loads(stack.exec("aggregator", "python", "-c", PASSES).splitlines()[-1])
    assert said["cluster"] == said["here"]
    assert said["here"][1] == PEOPLE
    stack.exec("worker-1", "rm", "/aggregator/shards/died", check=False)
    wait_for(
        lambda: sum(stack.inspect(name)["RestartCount"] for name in ("worker-1", "worker-2")) == 1,
        "one worker to be started again",
    )
    for name in ("worker-1", "worker-2"):
        wait_for(lambda name=name: stack.inspect(name)["State"]["Health"]["Status"] == "healthy", name)


def test_processes_are_locked_in_and_keep_their_keys_to_themselves(stack: Stack) -> None:
    keys = set()
    for name in PROCESSES:
        found = stack.inspect(name)
        assert not found["HostConfig"]["PortBindings"], name
        assert [one.rpartition("_")[2] for one in found["NetworkSettings"]["Networks"]] == ["cluster"], name
        assert found["Config"]["User"].split(":")[0] not in ("", "0", "root")
        assert found["HostConfig"]["ReadonlyRootfs"]
        assert found["HostConfig"]["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in found["HostConfig"]["SecurityOpt"]
        assert found["HostConfig"]["Memory"] > 0
        assert stack.exec(name, "stat", "-c", "%a", "/certificates/key.pem").strip() == "600"
        keys.add(stack.exec(name, "sha256sum", "/certificates/key.pem").split()[0])
    assert len(keys) == len(PROCESSES)
    for name in ("worker-1", "worker-2"):
        listed = stack.exec(
            name, "python", "-c", "import os; print(os.listdir('/aggregator'), os.listdir('/datasites'))"
        )
        assert listed.startswith("['shards']")
        refused = stack.exec(name, "sh", "-c", f"touch /datasites/{AGGREGATOR}/planted 2>&1", check=False)
        assert "Read-only" in refused
    outside = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
    assert "unreachable" in stack.exec("worker-1", "sh", "-c", f'python -c "{outside}" 2>&1', check=False)


def test_certificates_are_made_once(stack: Stack) -> None:
    before = stack.exec("scheduler", "sha256sum", "/certificates/ca.pem")
    stack.compose("run", "--rm", "certificates")
    assert stack.exec("scheduler", "sha256sum", "/certificates/ca.pem") == before
    networks = stack.compose("config", "--format", "json")
    assert json.loads(networks)["networks"]["cluster"]["internal"]
