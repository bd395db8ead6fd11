"""The whole network in containers, as `./run.sh demo --network` starts it: real server, real clients, four machines."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from netflix_trend.cli.demo import container_network
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.reference import rows
from services.demo.containers import AGGREGATOR, PARTICIPANTS, PROJECT, STEPS, ContainerNetwork, Project
from tests.e2e.containers import ROOT, Stack, require_docker
from tests.ports import free_port
from tests.waiting import wait_for

pytestmark = pytest.mark.docker
APP = "app_data/netflix_trend"


def run_sh(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "run.sh"), "demo", "--network", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=590,
    )


def projects(network: ContainerNetwork) -> list[Project]:
    return [network.middle, *map(network.participant, PARTICIPANTS)]


def test_what_the_user_has_set_for_their_own_machine_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every setting, in the environment and in .env, but for base images and the demo's own ports."""
    require_docker()
    names = {row.name for row in rows()} - {"BASE", "SYFTBOX_BASE"} | {"SYFTBOX_ASSIGNED_PORT"}
    assert {"PARTICIPANT_UID", "JOIN", "ENROLMENT", "LIMIT_ODDS", "COMPOSE_PROFILES"} < names
    (tmp_path / ".env").write_text("".join(f"{name}=4242\n" for name in sorted(names)))
    for name in ("docker-compose.yml", *(path.name for path in ROOT.glob("docker-compose.*.yml")), "services"):
        (tmp_path / name).symlink_to(ROOT / name)

    def configs() -> list[str]:
        return [project.output("config").decode() for project in projects(container_network(Machine(tmp_path, {})))]

    before = configs()
    assert all(before)
    for name in names:
        monkeypatch.setenv(name, "4242")
    assert configs() == before
    assert "4242" not in "".join(before)


def test_the_network_is_removed_by_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """COMPOSE_PROJECT_NAME in .env names the user's own services."""
    require_docker()
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "mine")
    shown = [project.output("config").decode() for project in projects(container_network(Machine.here()))]
    assert [text.splitlines()[0] for text in shown] == [
        "name: netflix-trend-demo",
        *(f"name: netflix-trend-demo-{person}" for person in PARTICIPANTS),
    ]


def test_a_participant_is_the_file_that_participants_run() -> None:
    """Except for the browser, which the demo lacks, and the network of the server."""
    require_docker()
    project = container_network(Machine.here()).participant("alice")
    ours = json.loads(project.output("config", "--format", "json"))
    own = Project(ROOT, project.name, ("docker-compose.yml",), project.settings)
    theirs = json.loads(own.output("config", "--format", "json"))
    assert ours["networks"].pop("outside")["name"] == "netflix-trend-demo_syft"
    assert theirs["networks"].pop("outside")
    for one in (ours, theirs):
        for name in ("image", "networks"):
            del one["services"]["scraper"][name]
    assert ours == theirs


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    return {f"DEMO_{name.upper()}_PORT": str(free_port()) for name in ("aggregator", *PARTICIPANTS)}


@pytest.fixture(scope="module")
def printed(ports: dict[str, str]) -> Iterator[str]:
    """The demo's output; afterwards its own --down removes everything."""
    require_docker()
    run_sh("--down")
    result = run_sh("--seconds", "300", **ports)
    if result.returncode:
        logs = b"".join(
            project.output("logs", "--tail", "15") for project in projects(container_network(Machine.here()))
        ).decode()
        run_sh("--down")
        pytest.fail(f"{result.stdout[-3000:]}\n{result.stderr[-2000:]}\n{logs[-12000:]}")
    yield result.stdout
    down = run_sh("--down")
    assert down.returncode == 0, down.stderr
    for project in projects(container_network(Machine.here())):
        left = subprocess.run(
            ["docker", "volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={project.name}"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert not left.stdout, "--down removes everything"
    assert not (ROOT / "demo-network").exists()


@dataclass
class Network:
    """The containers that run, by machine: alice, bob, carol or the middle."""

    ports: dict[str, str]

    def stack(self, machine: str) -> Stack:
        if machine == "middle":
            return Stack(PROJECT, "docker-compose.demo.yml", self.ports)
        settings = dict(container_network(Machine.here()).participant(machine).settings)
        return Stack(f"{PROJECT}-{machine}", "docker-compose.yml", {**settings, **self.ports})

    def exec(self, machine: str, service: str, *command: str, check: bool = True) -> str:
        return self.stack(machine).exec(service, *command, check=check)


@pytest.fixture(scope="module")
def network(printed: str, ports: dict[str, str]) -> Network:
    assert printed
    return Network(ports)


def test_statistics_come_back_to_everybody(network: Network, printed: str) -> None:
    for person in PARTICIPANTS:
        assert any(person in line and STEPS[-1] in line for line in printed.splitlines())
        shared = f"/datasites/{AGGREGATOR}/{APP}/shared"
        latest = json.loads(network.exec(person, "publisher", "cat", f"{shared}/statistics/latest.json"))
        assert latest["reports"] > 0
        assert latest["participants"] >= len(PARTICIPANTS) - 1, "one of them withdraws in another test"


def test_all_pages_are_served_on_this_machine_alone(printed: str, ports: dict[str, str]) -> None:
    for port in ports.values():
        assert f"http://127.0.0.1:{port}" in printed
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            assert b"Netflix Trend" in answer.read()


def test_nobody_sees_another_participants_files_and_the_server_sees_no_title(network: Network) -> None:
    files = network.exec(
        "alice", "syftbox", "find", "/SyftBox/datasites", "-path", "*app_data/netflix_trend*", "-type", "f"
    )
    owners = {line.split("/")[3] for line in files.splitlines()}
    assert owners == {"alice@example.org", AGGREGATOR}
    at_aggregator = network.exec(
        "middle", "syftbox", "find", "/SyftBox/datasites", "-name", "syft*", "-path", "*@example.org*"
    )
    assert APP not in at_aggregator, "permission files stay at home"
    export = network.exec("alice", "scraper", "sh", "-c", "cat /drop/done/*.csv")
    film = next(line.split('"')[1] for line in export.splitlines() if ": Season" not in line and line != "Title,Date")
    held = network.exec("middle", "server", "sh", "-c", 'grep -rlF "$1" /SyftBox || true', "sh", film)
    # The catalogue, which is public, names it; nothing of alice's does.
    assert all(AGGREGATOR in line or not line for line in held.splitlines()), held


def test_a_withdrawn_participant_is_not_in_the_next_statistics(network: Network) -> None:
    network.exec("carol", "processor", "python", "-m", "netflix_trend", "withdraw")
    carol = f"/SyftBox/datasites/carol@example.org/{APP}"
    look = ("middle", "syftbox", "sh", "-c", f"find {carol} -type f 2>/dev/null || true")
    wait_for(lambda: not network.exec(*look), "her files are gone", 60)

    def participants() -> set[int]:
        path = f"/datasites/{AGGREGATOR}/{APP}/shared/statistics"
        text = network.exec("middle", "aggregator", "sh", "-c", f"cat {path}/2*.json", check=False)
        return {json.loads(line)["participants"] for line in text.splitlines() if line}

    wait_for(lambda: participants() == {len(PARTICIPANTS) - 1}, "the next statistics are without her", 60)
    receipts = network.exec("carol", "publisher", "sh", "-c", "cat /publisher/receipts/*.json")
    assert json.loads(receipts)["first_round_without"]


def test_no_machine_of_the_network_reaches_another_or_the_internet(network: Network) -> None:
    """Participants have their clients for that, and these know the server only."""
    probe = "import socket; s = socket.socket(); s.settimeout(1); s.connect(({0!r}, {1}))"
    for machine, service, (other_machine, other), port in (
        ("alice", "processor", ("bob", "redis"), 6379),
        ("alice", "publisher", ("middle", "server"), 5001),
        ("alice", "scraper", ("middle", "server"), 5001),
        ("alice", "syftbox", ("", ""), 80),
        ("alice", "dashboard", ("bob", "dashboard"), int(network.ports["DEMO_BOB_PORT"])),
        ("alice", "dashboard", ("middle", "aggregator"), 8650),
        ("middle", "aggregator", ("middle", "server"), 5001),
    ):
        # By address too: not every service may ask for names.
        found = network.stack(other_machine).inspect(other)["NetworkSettings"]["Networks"].values() if other else ()
        for host in [other, *(one["IPAddress"] for one in found)] if other else ["192.0.2.1"]:
            # The name of another machine's service may be that of one's own.
            if host == other and other in ("redis", "dashboard"):
                continue
            code = probe.format(host, port)
            result = network.exec(
                machine, service, "sh", "-c", f'python -c "{code}" 2>/dev/null && echo reached || true'
            )
            assert "reached" not in result, (machine, service, host)


def test_the_client_in_a_container_sees_datasites_and_nothing_else() -> None:
    """The profile of the participant's own file: SyftBox never gets near the private volume."""
    require_docker()
    stack = Stack("netflix-trend-profile", "docker-compose.yml", {"COMPOSE_PROFILES": "syftbox"})
    services = json.loads(stack.compose("config", "--format", "json"))["services"]
    client = services["syftbox"]
    targets = {mount["target"] for mount in client["volumes"]}
    assert targets == {"/SyftBox", "/SyftBox/datasites", "/run/syftbox-token"}
    assert not {"private", "publisher"} & {mount["source"] for mount in client["volumes"]}
    assert client["cap_drop"] == ["ALL"]
    assert client["read_only"]
    assert "ports" not in client
    assert not [name for name in client["environment"] if "TOKEN" in name and not name.endswith("_FILE")]
    assert services["datasite"]["depends_on"]["syftbox"] == {"condition": "service_healthy", "required": False}
    without = Stack("netflix-trend-profile", "docker-compose.yml", {})
    assert "syftbox" not in json.loads(without.compose("config", "--format", "json"))["services"]
