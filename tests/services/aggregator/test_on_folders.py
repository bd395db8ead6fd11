"""Operators without Docker: the real verbs as processes, on folders, from run.sh to the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.layout import ROUNDS
from netflix_trend.operators.round_folders import ACCEPT, MANIFEST
from netflix_trend.periods.turns import is_turn
from netflix_trend.periods.weeks import Week
from netflix_trend.syftbox.datasite import Datasite
from tests.ports import free_port
from tests.test_run_sh import ROOT, TOOLS, give_environment
from tests.waiting import PATIENCE, wait_for

AGGREGATOR, HELPER, ANN = "trends@example.net", "helper@example.net", "ann@example.net"
# Somebody who is asked about the newest week: a file of today is too late for an earlier one.
ASKED = next(
    one for one in map("ann{}@example.net".format, range(99)) if is_turn(Week.last_complete(date.today()), one)
)


@dataclass
class Clone:
    """A clone with an environment, on a machine without Docker. settings: as in .env."""

    root: Path
    path: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        passed = {name: value for name, value in os.environ.items() if name in ("TMPDIR", "LANG")}
        return {**passed, "PATH": str(self.path), "HOME": str(self.root), **self.settings}

    def site(self, email: str) -> Datasite:
        return Datasite(Path(self.settings["DATASITES_DIR"]), email)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "run.sh", *words],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start a verb in a process group of its own, as a terminal does, and end it at the end."""
        log = self.root / f"{words[0]}.log"
        with (
            log.open("w") as out,
            subprocess.Popen(
                ["sh", "run.sh", *words],
                cwd=self.root,
                env=self.env,
                stdout=out,
                stderr=out,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()
                process.wait(PATIENCE)

    def said(self, verb: str) -> str:
        """Return what a running verb has printed."""
        return (self.root / f"{verb}.log").read_text()


@pytest.fixture
def clone(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    root = tmp_path / "clone"
    root.mkdir()
    for name in ("run.sh", ".env.example", "docker-compose.yml", "netflix_trend", "services"):
        (root / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "requirements", root / "requirements")
    give_environment(root)
    path = tmp_path_factory.mktemp("bin")
    for tool in TOOLS:
        if found := shutil.which(tool):
            (path / tool).symlink_to(found)
    settings = {"DATASITES_DIR": str(tmp_path / "sites"), "AGGREGATOR_DATASITE": AGGREGATOR}
    for role in ("AGGREGATOR", "HELPER"):
        settings |= {f"{role}_PORT": str(free_port()), f"{role}_POLL_SECONDS": "0.2"}
    return Clone(root, path, settings)


def page(port: str, name: str = "") -> str:
    """Return what is served on a port of this machine; empty while nothing is."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=PATIENCE) as answer:
            text: str = answer.read().decode()
            return text
    except (urllib.error.URLError, ConnectionError):
        return ""


def export(place: Path) -> Path:
    days = [date.today() - timedelta(days=number) for number in range(60)]
    rows = [f'"Stranger Things: Season 1: Episode {number}","{day:%Y-%m-%d}"' for number, day in enumerate(days)]
    place.write_text("\n".join(["Title,Date", *rows, ""]))
    return place


def test_an_aggregator_on_folders_goes_from_the_list_to_the_page(clone: Clone, tmp_path: Path) -> None:
    clone.settings |= {"SYFTBOX_EMAIL": ASKED, "ENROLMENT": "list", "SMALLEST_CHANGE": "1", "SMALLEST_ANSWERS": "1"}
    port = clone.settings["AGGREGATOR_PORT"]
    for email in (AGGREGATOR, ASKED):
        clone.site(email).set_up()
    enrolled = clone.run("aggregator", "enrol", ASKED)
    assert (enrolled.returncode, "1 take part (list enrolment)" in enrolled.stdout) == (0, True), enrolled.stderr
    own = clone.root / "aggregator"
    assert own.stat().st_mode & 0o777 == 0o700
    assert "AGGREGATOR_MODE=folders" in (clone.root / ".env").read_text().splitlines()
    shared = clone.site(AGGREGATOR).app_data / "shared"
    with clone.running("aggregator") as process:
        wait_for((shared / "survey.json").exists, "the survey")
        answered = clone.run("once", str(export(tmp_path / "history.csv")))
        assert answered.returncode == 0, answered.stdout + answered.stderr
        assert list((clone.site(ASKED).app_data / "releases").glob("*.json")), answered.stdout
        latest = wait_for(lambda: page(port, "statistics/latest.json"), "statistics")
        assert json.loads(latest)["round"]
        assert "Trial" not in clone.said("aggregator")
        assert wait_for(lambda: page(port), "the page", 60).startswith("<!doctype html>")
        assert json.loads(page(port, "healthz")) == {"ok": True, "error": None, "damaged": []}
        second = clone.run("aggregator")
        assert second.returncode == 1
        assert f"one works on {own} already: end that one first" in second.stderr
        assert page(port), "the first one goes on"
        assert "1 take part" in clone.run("aggregator", "participants").stdout, "other verbs work beside it"
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert not page(port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_trial_needs_no_syftbox(clone: Clone, number: signal.Signals) -> None:
    """The example address: nobody will ever set its datasite up. Ctrl-C reaches every process of the terminal."""
    clone.settings["AGGREGATOR_DATASITE"] = "aggregator@example.org"
    with clone.running("aggregator") as process:
        wait_for(lambda: page(clone.settings["AGGREGATOR_PORT"], "survey.json"), "the survey")
        assert clone.said("aggregator").startswith("Trial: nothing leaves this machine.")
        os.killpg(process.pid, number)
        assert process.wait(PATIENCE) == 0


def test_a_real_datasite_is_never_set_up_by_us(clone: Clone) -> None:
    assert clone.run("aggregator", "key").returncode == 0
    assert not clone.site(AGGREGATOR).root.exists()


def key_of(clone: Clone, role: str) -> str:
    said = clone.run(role, "key")
    found = re.search(rf"{role.upper()}_KEY=([0-9a-f]{{64}})", said.stdout)
    assert found, said.stderr
    return found[1]


def test_two_operators_on_folders_agree_on_a_round(clone: Clone) -> None:
    clone.settings |= {"HELPER_DATASITE": HELPER, "SURVEY_MODE": "two"}
    for email in (AGGREGATOR, HELPER):
        clone.site(email).set_up()
    clone.settings |= {f"{role.upper()}_KEY": key_of(clone, role) for role in ("aggregator", "helper")}
    accepted = clone.site(HELPER).app_data / ROUNDS
    with clone.running("aggregator"), clone.running("helper") as helper:
        wait_for(lambda: list(accepted.glob(f"*/{ACCEPT}")), "the helper's signature")
        assert list((clone.site(AGGREGATOR).app_data / ROUNDS).glob(f"*/{MANIFEST}"))
        # The page may be asked for before the signed round is among what it lists.
        wait_for(
            lambda: "reports are collected" in " ".join((page(clone.settings["HELPER_PORT"]) or "").split()),
            "the round on the helper's page",
        )
        assert ": open, counted 0, refused none" in clone.run("helper", "status").stdout
        assert "1 on the list" in clone.run("helper", "enrol", ANN).stdout
        assert "0 on the list" in clone.run("helper", "remove", ANN).stdout
        assert clone.run("helper").returncode == 1, "a second one"
        helper.terminate()
        assert helper.wait(PATIENCE) == 0
    assert (clone.root / "helper").stat().st_mode & 0o777 == 0o700
