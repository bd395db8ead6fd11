"""The whole network in containers, as `./run.sh demo --network` starts it: real server, real clients, four machines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.demo.containers import AGGREGATOR, PARTICIPANTS, STEPS, composing
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


def test_what_the_user_has_set_for_their_own_machine_changes_nothing(tmp_path: Path) -> None:
    """Every variable of the files that the network is made of, but for base images and the demo's own ports."""
    require_docker()
    texts = [(ROOT / name).read_text() for name in ("docker-compose.yml", "docker-compose.aggregator.yml")]
    texts.append((ROOT / "docker-compose.demo.yml").read_text())
    names = set(re.findall(r"\$\{(\w+)", "".join(texts))) - {"BASE", "SYFTBOX_BASE"}
    names = {name for name in names if not name.startswith("DEMO_")} | {"COMPOSE_PROFILES"}
    assert {"PARTICIPANT_UID", "JOIN", "ENROLMENT", "LIMIT_ODDS"} < names
    hostile = tmp_path / "hostile.env"
    hostile.write_text("".join(f"{name}=4242\n" for name in sorted(names)))

    def config(env_file: str) -> str:
        command = ["docker", "compose", "--env-file", env_file, "-f", str(ROOT / "docker-compose.demo.yml"), "config"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert "4242" not in config(str(hostile))
    assert config(str(hostile)) == config(os.devnull)


def test_the_network_is_removed_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """COMPOSE_PROJECT_NAME in .env names the user's own services."""
    require_docker()
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "mine")
    shown = subprocess.run([*composing(), "config"], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("name: netflix-trend-demo\n")


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    return {f"DEMO_{name.upper()}_PORT": str(free_port()) for name in ("aggregator", *PARTICIPANTS)}


@pytest.fixture(scope="module")
def printed(ports: dict[str, str]) -> Iterator[str]:
    """What the demo prints; afterwards its own --down removes everything."""
    require_docker()
    run_sh("--down")
    result = run_sh("--seconds", "300", **ports)
    if result.returncode:
        logs = Stack("netflix-trend-demo", "docker-compose.demo.yml", {}).compose("logs", "--tail", "15", check=False)
        run_sh("--down")
        pytest.fail(f"{result.stdout[-3000:]}\n{result.stderr[-2000:]}\n{logs[-12000:]}")
    yield result.stdout
    down = run_sh("--down")
    assert down.returncode == 0, down.stderr
    left = subprocess.run(
        ["docker", "volume", "ls", "--quiet", "--filter", "label=com.docker.compose.project=netflix-trend-demo"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not left.stdout, "--down removes everything"


@pytest.fixture(scope="module")
def network(printed: str, ports: dict[str, str]) -> Stack:
    assert printed
    return Stack("netflix-trend-demo", "docker-compose.demo.yml", ports)


def test_statistics_come_back_to_everybody(network: Stack, printed: str) -> None:
    for person in PARTICIPANTS:
        assert any(person in line and STEPS[-1] in line for line in printed.splitlines())
        shared = f"/datasites/{AGGREGATOR}/{APP}/shared"
        latest = json.loads(network.exec(f"{person}-publisher", "cat", f"{shared}/statistics/latest.json"))
        assert latest["reports"] > 0
        assert latest["participants"] >= len(PARTICIPANTS) - 1, "one of them withdraws in another test"


def test_all_pages_are_served_on_this_machine_alone(printed: str, ports: dict[str, str]) -> None:
    for port in ports.values():
        assert f"http://127.0.0.1:{port}" in printed
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            assert b"Netflix Trend" in answer.read()


def test_nobody_sees_another_participants_files_and_the_server_sees_no_title(network: Stack) -> None:
    files = network.exec(
        "alice-client", "find", "/SyftBox/datasites", "-path", "*app_data/netflix_trend*", "-type", "f"
    )
    owners = {line.split("/")[3] for line in files.splitlines()}
    assert owners == {"alice@example.org", AGGREGATOR}
    at_aggregator = network.exec(
        "trend-client", "find", "/SyftBox/datasites", "-name", "syft*", "-path", "*@example.org*"
    )
    assert APP not in at_aggregator, "permission files stay at home"
    export = network.exec("alice-scraper", "sh", "-c", "cat /drop/done/*.csv")
    film = next(line.split('"')[1] for line in export.splitlines() if ": Season" not in line and line != "Title,Date")
    held = network.exec("server", "sh", "-c", 'grep -rlF "$1" /SyftBox || true', "sh", film)
    # The catalogue, which is public, names it; nothing of alice's does.
    assert all(AGGREGATOR in line or not line for line in held.splitlines()), held


def test_who_withdraws_is_gone_from_the_next_statistics(network: Stack) -> None:
    network.exec("carol-processor", "python", "-m", "netflix_trend", "withdraw")
    carol = f"/SyftBox/datasites/carol@example.org/{APP}"
    look = ("trend-client", "sh", "-c", f"find {carol} -type f 2>/dev/null || true")
    wait_for(lambda: not network.exec(*look), "her files are gone", 60)

    def participants() -> set[int]:
        path = f"/datasites/{AGGREGATOR}/{APP}/shared/statistics"
        text = network.exec("aggregator", "sh", "-c", f"cat {path}/2*.json", check=False)
        return {json.loads(line)["participants"] for line in text.splitlines() if line}

    wait_for(lambda: participants() == {len(PARTICIPANTS) - 1}, "the next statistics are without her", 60)
    receipts = network.exec("carol-publisher", "sh", "-c", "cat /publisher/receipts/*.json")
    assert json.loads(receipts)["first_round_without"]


def test_no_machine_of_the_network_reaches_another_or_the_internet(network: Stack) -> None:
    """Participants have their clients for that, and these know the server only."""
    probe = "import socket; s = socket.socket(); s.settimeout(1); s.connect(({0!r}, {1}))"
    for service, other, port in (
        ("alice-processor", "bob-redis", 6379),
        ("alice-publisher", "server", 5001),
        ("alice-client", None, 80),
        ("alice-dashboard", "bob-dashboard", 8651),
        ("alice-dashboard", "aggregator", 8650),
        ("aggregator", "server", 5001),
    ):
        # By address too: not every service may ask for names.
        networks = network.inspect(other)["NetworkSettings"]["Networks"].values() if other else ()
        for host in [other, *(one["IPAddress"] for one in networks)] if other else ["192.0.2.1"]:
            code = probe.format(host, port)
            result = network.exec(service, "sh", "-c", f'python -c "{code}" 2>/dev/null && echo reached || true')
            assert "reached" not in result, (service, host)


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
