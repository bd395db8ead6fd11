"""The whole network in containers, as `./run.sh demo --network` starts it: real server, real clients, five machines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.cli.demo import container_network
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.reference import rows
from netflix_trend.operators.identity import Fingerprint
from netflix_trend.simulation.histories import NAME
from services.demo.containers import AGGREGATOR, HELPER, PARTICIPANTS, PROJECT, STEPS, Project
from tests.e2e.containers import ROOT, Stack, require_docker
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.docker
APP = "app_data/netflix_trend"
OPERATORS = ("aggregator", "helper")
# No catalogue knows it: whoever has it in clear has it from alice.
PLANTED = "The Planted Title 7351"


def run_sh(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "run.sh"), "demo", "--network", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=590,
    )


def projects(machine: Machine | None = None) -> list[Project]:
    return container_network(machine or Machine.here()).projects


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
        return [project.output("config").decode() for project in projects(Machine(tmp_path, {}))]

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
    shown = [project.output("config").decode() for project in projects()]
    assert [text.splitlines()[0] for text in shown] == [
        "name: netflix-trend-demo",
        "name: netflix-trend-demo-helper",
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


def test_the_images_of_the_network_are_built() -> None:
    """By themselves, so that what follows has its time for the network. All participants have the same ones."""
    require_docker()
    network = container_network(Machine.here())
    for project in (network.middle, network.helper, network.participant(PARTICIPANTS[0])):
        command = project.command("build", "--quiet")
        subprocess.run(command, env=project.environment, capture_output=True, check=True, timeout=590)


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    return {f"DEMO_{name.upper()}_PORT": str(free_port()) for name in (*OPERATORS, *PARTICIPANTS)}


def plant_a_title() -> None:
    """Let alice bring an export of her own, with a title that nobody else has."""
    network = container_network(Machine.here())
    network.invent("alice", 1)
    day = date.today() - timedelta(days=8)
    with (network.folder / "alice" / "drop" / NAME).open("a") as export:
        export.write(f'"{PLANTED}","{day.month}/{day.day}/{day:%y}"\n')


@pytest.fixture(scope="module")
def printed(ports: dict[str, str]) -> Iterator[str]:
    """The demo's output; afterwards its own --down removes everything."""
    require_docker()
    run_sh("--down")
    plant_a_title()
    result = run_sh("--seconds", "300", **ports)
    if result.returncode:
        logs = b"".join(project.output("logs", "--tail", "15") for project in projects()).decode()
        run_sh("--down")
        pytest.fail(f"{result.stdout[-3000:]}\n{result.stderr[-2000:]}\n{logs[-12000:]}")
    yield result.stdout
    down = run_sh("--down")
    assert down.returncode == 0, down.stderr
    for project in projects():
        for kind in ("volume", "network", "container"):
            left = subprocess.run(
                ["docker", kind, "ls", "--quiet", "--filter", f"label=com.docker.compose.project={project.name}"],
                capture_output=True,
                text=True,
                check=True,
            )
            assert not left.stdout, "--down removes everything"
    assert not (ROOT / "demo-network").exists()


@dataclass
class Network:
    """The containers that run, by machine: alice, bob, carol, the helper or the middle."""

    ports: dict[str, str]

    def stack(self, machine: str) -> Stack:
        network = container_network(Machine.here())
        if machine == "middle":
            return Stack(PROJECT, "docker-compose.demo.yml", self.ports)
        if machine == "helper":
            settings = dict(network.helper.settings)
            return Stack(network.helper.name, "docker-compose.demo-helper.yml", {**settings, **self.ports})
        settings = dict(network.participant(machine).settings)
        return Stack(f"{PROJECT}-{machine}", "docker-compose.yml", {**settings, **self.ports})

    def exec(self, machine: str, service: str, *command: str, check: bool = True) -> str:
        return self.stack(machine).exec(service, *command, check=check)

    def page(self, name: str, path: str = "/") -> str:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(
            f"http://127.0.0.1:{self.ports[f'DEMO_{name.upper()}_PORT']}{path}", timeout=PATIENCE
        ) as answer:
            return " ".join(answer.read().decode().split())


@pytest.fixture(scope="module")
def network(printed: str, ports: dict[str, str]) -> Network:
    assert printed
    return Network(ports)


def test_sums_of_both_operators_come_back_to_everybody(network: Network, printed: str) -> None:
    for person in PARTICIPANTS:
        assert any(person in line and STEPS["two"][-1] in line for line in printed.splitlines())
        latest = json.loads(
            network.exec(person, "publisher", "cat", f"{in_app(AGGREGATOR)}/shared/statistics/latest.json")
        )
        assert (latest["reports"], latest["refused"]) == (len(PARTICIPANTS), {})
        # The helper's share is there for everybody to add up, and so is the leader's. The files of a round
        # are synced in no order: the result can be here before the helper's word that it closed.
        for operator, name in ((HELPER, "agg-share-*.bin"), (AGGREGATOR, "result-*.json"), (HELPER, "close.json")):
            look = (person, "publisher", "sh", "-c", f"ls {in_app(operator)}/rounds/*/{name}")
            wait_for(lambda look=look: network.exec(*look, check=False), f"{name} of {operator}")


def in_app(email: str) -> str:
    return f"/datasites/{email}/{APP}"


def test_pages_of_everybody_tell_of_the_round(network: Network) -> None:
    page = network.page("aggregator")
    assert "This is the final result." in page
    assert "Counted: 3 people" in page
    counted = re.search(
        r'<td>over</td> <td class="number">(\d)</td><td class="number">(\d)</td>', network.page("helper")
    )
    assert counted
    assert sum(map(int, counted.groups())) == len(PARTICIPANTS)
    for person in PARTICIPANTS[:2]:  # the third withdraws in another test
        assert "counted in the " in network.page(person, "/sharing")


def test_everybody_shows_the_same_two_keys(network: Network) -> None:
    """The demo has told them by another way than SyftBox, and nobody trusts another one."""
    for machine, service in (("middle", "aggregator"), ("helper", "helper")):
        shown = network.exec(machine, service, "python", "-m", "services.aggregator", "key")
        key = Fingerprint.parse(shown.strip().rpartition("=")[2])
        assert key.words in shown
        assert key.words in network.page("aggregator")
        assert key.words in network.page("helper")
        assert key.words in network.page("alice", "/sharing")


def test_all_pages_are_served_on_this_machine_alone(printed: str, ports: dict[str, str], network: Network) -> None:
    for name, port in ports.items():
        assert f"http://127.0.0.1:{port}" in printed
        assert "Netflix Trend" in network.page(name.removeprefix("DEMO_").removesuffix("_PORT"))


def test_nobody_sees_another_participants_files_and_nobody_else_has_a_title_in_clear(network: Network) -> None:
    files = network.exec(
        "alice", "syftbox", "find", "/SyftBox/datasites", "-path", "*app_data/netflix_trend*", "-type", "f"
    )
    owners = {line.split("/")[3] for line in files.splitlines()}
    assert owners == {"alice@example.org", AGGREGATOR, HELPER}
    # What operators send each other is for them alone.
    assert not [line for line in files.splitlines() if "agg-init" in line or "agg-resp" in line or "collect" in line]
    for operator in ("middle", "helper"):
        held = network.exec(operator, "syftbox", "find", "/SyftBox/datasites", "-path", "*@example.org*", "-type", "f")
        assert "report.bin" in held
        assert not [line for line in held.splitlines() if "syft" in line.split("/")[-1] and APP in line], (
            "permission files stay at home"
        )
    export = network.exec("alice", "scraper", "sh", "-c", "cat /drop/done/*.csv")
    film = next(line.split('"')[1] for line in export.splitlines() if ": Season" not in line and line != "Title,Date")
    assert PLANTED in export
    held = network.exec("middle", "server", "sh", "-c", 'grep -rlF "$1" /SyftBox || true', "sh", film)
    # The catalogue, which is public, names it; nothing of alice's does.
    assert all(AGGREGATOR in line or not line for line in held.splitlines()), held
    for machine, service, folders in (
        ("middle", "server", "/SyftBox"),
        ("middle", "syftbox", "/SyftBox"),
        ("middle", "aggregator", "/aggregator /datasites"),
        ("helper", "syftbox", "/SyftBox"),
        ("helper", "helper", "/helper /datasites"),
    ):
        look = f'grep -rlF "$1" {folders} || true'
        assert not network.exec(machine, service, "sh", "-c", look, "sh", PLANTED), (machine, service)
        # The look would find it: everybody has the aggregator's address.
        assert network.exec(machine, service, "sh", "-c", look, "sh", "example.net"), (machine, service)


def test_a_withdrawal_arrives_at_both_operators_and_says_what_is_summed(network: Network) -> None:
    network.exec("carol", "processor", "python", "-m", "netflix_trend", "withdraw")
    carol = f"/SyftBox/datasites/carol@example.org/{APP}"
    for operator in ("middle", "helper"):
        look = (operator, "syftbox", "sh", "-c", f"find {carol} -type f 2>/dev/null || true")
        wait_for(lambda look=look: not network.exec(*look), f"her files are gone at the {operator}")

    def takes_part() -> str:
        return network.exec("middle", "aggregator", "python", "-m", "services.aggregator", "participants")

    wait_for(lambda: "carol" not in takes_part(), "she takes no part any more")
    assert "bob@example.org" in takes_part()
    (receipt,) = network.exec("carol", "publisher", "sh", "-c", "cat /publisher/receipts/*.json").splitlines()
    latest = json.loads(network.exec("bob", "publisher", "cat", f"{in_app(AGGREGATOR)}/shared/statistics/latest.json"))
    assert json.loads(receipt)["summed"] == [latest["round"]], "a sum cannot be taken apart"
    assert json.loads(receipt)["first_round_without"] > latest["round"]
    assert latest["reports"] == len(PARTICIPANTS)


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
        ("alice", "publisher", ("helper", "helper"), 8650),
        ("middle", "aggregator", ("middle", "server"), 5001),
        ("middle", "aggregator", ("helper", "helper"), 8650),
        ("helper", "helper", ("middle", "server"), 5001),
        ("helper", "helper", ("middle", "aggregator"), 8650),
        ("helper", "syftbox", ("bob", "dashboard"), int(network.ports["DEMO_BOB_PORT"])),
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
