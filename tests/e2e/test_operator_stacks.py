"""An aggregator and a helper in containers, over one folder of datasites."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.containers import Stack, require_docker
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.docker
AGGREGATOR, HELPER = "aggregator@example.org", "helper@example.org"
HELPER_FILE, AGGREGATOR_FILE = "docker-compose.helper.yml", "docker-compose.aggregator.yml"


def key_of(stack: Stack, service: str) -> str:
    """The operator's key, made in its own volume before it starts."""
    stack.compose("run", "--rm", "--build", "prepare")
    command = (service, "python", "-m", "services.aggregator", "key")
    said = stack.compose("run", "--rm", "--build", "--no-deps", "-T", *command)
    found = re.search(r"_KEY=([0-9a-f]{64})", said)
    assert found is not None, said
    return found[1]


@pytest.fixture(scope="module")
def datasites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operators") / "datasites"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def stacks(datasites: Path) -> Iterator[tuple[Stack, Stack]]:
    require_docker()
    environment = {
        "DATASITES_DIR": str(datasites),
        "HELPER_DATASITE": HELPER,
        "SURVEY_MODE": "two",
        "AGGREGATOR_PORT": str(free_port()),
        "AGGREGATOR_POLL_SECONDS": "1",
        "HELPER_PORT": str(free_port()),
        "HELPER_POLL_SECONDS": "1",
        "PARTICIPANT_UID": "1000",
        "PARTICIPANT_GID": "1000",
    }
    aggregator = Stack("netflix-trend-test-leader", AGGREGATOR_FILE, dict(environment))
    helper = Stack("netflix-trend-test-helper", HELPER_FILE, dict(environment))
    both = (aggregator, helper)
    for stack in both:
        stack.down()
    try:
        keys = {"AGGREGATOR_KEY": key_of(aggregator, "aggregator"), "HELPER_KEY": key_of(helper, "helper")}
        for stack in both:
            stack.environment.update(keys)
            stack.up()
        yield both
    finally:
        for stack in both:
            stack.down()


def get(stack: Stack, setting: str, path: str) -> str:
    address = f"http://127.0.0.1:{stack.environment[setting]}{path}"
    with urllib.request.urlopen(address, timeout=PATIENCE) as response:
        return str(response.read().decode())


def test_the_two_agree_on_a_round_and_say_so(stacks: tuple[Stack, Stack], datasites: Path) -> None:
    aggregator, helper = stacks
    rounds = datasites / HELPER / "app_data" / "netflix_trend" / "rounds"
    wait_for(lambda: bool(list(rounds.glob("*/accept.json"))), "the helper's agreement")
    assert '"ok":true' in get(helper, "HELPER_PORT", "/healthz")
    wait_for(lambda: "reports are collected" in get(helper, "HELPER_PORT", "/"), "the helper's page")
    words = re.search(r"Key of helper@example.org in words: (\S+)", helper.compose("logs", "helper"))
    assert words is not None
    for page in (get(helper, "HELPER_PORT", "/"), get(aggregator, "AGGREGATOR_PORT", "/")):
        assert words[1] in page
    said = helper.exec("helper", "python", "-m", "services.aggregator", "status")
    assert ": open, counted 0" in said


def test_a_helper_is_locked_in_and_its_key_is_nowhere_else(stacks: tuple[Stack, Stack], datasites: Path) -> None:
    _, helper = stacks
    found = helper.inspect("helper")
    assert found["HostConfig"]["PortBindings"]["8650/tcp"][0]["HostIp"] == "127.0.0.1"
    assert found["Config"]["User"].split(":")[0] not in ("", "0", "root")
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in found["HostConfig"]["SecurityOpt"]
    assert found["HostConfig"]["Memory"] > 0
    mode = helper.exec("helper", "stat", "-c", "%a", "/helper/identity.key").strip()
    assert mode == "600"
    assert not list(datasites.rglob("identity.key"))
    refused = helper.exec("helper", "sh", "-c", "touch /datasites/aggregator@example.org/planted 2>&1", check=False)
    assert "Read-only" in refused


def test_a_helper_that_is_started_again_is_the_same(stacks: tuple[Stack, Stack]) -> None:
    _, helper = stacks
    before = helper.exec("helper", "python", "-m", "services.aggregator", "key")
    helper.compose("restart", "helper")
    wait_for(lambda: "helper" in helper.compose("ps", "--services", "--status", "running"), "the restart")
    assert helper.exec("helper", "python", "-m", "services.aggregator", "key") == before
