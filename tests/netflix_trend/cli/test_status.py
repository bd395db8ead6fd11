"""`./run.sh status`: everything that has to work, on folders and in containers, and its exit code."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.cli.status import app_rows, services_row
from netflix_trend.participant.choices import choose
from netflix_trend.settings import load_settings
from netflix_trend.status_table import Row, as_json
from netflix_trend.syftbox.generations import GENERATIONS
from netflix_trend.syftbox.generations.go_subscriptions.file import add_rules
from netflix_trend.syftbox.generations.go_subscriptions.rules import needed_by_participant
from services.local.__main__ import once
from tests.netflix_trend.cli.front_door import Said, as_it_was, fake_docker, make_clone, place_in, run
from tests.netflix_trend.cli.test_mode import WITH_VOLUME
from tests.netflix_trend.syftbox.local_interface import Interface, configured, serving
from tests.netflix_trend.syftbox.test_client_rows import BY_KEY, TOKENS, WORKS, token

ME, AGGREGATOR = "ann@home.net", "agg@home.net"
YEAR = 365 * 86_400
ENV = f"MODE=folders\nSYFTBOX_EMAIL={ME}\nAGGREGATOR_DATASITE={AGGREGATOR}\nDATASITES_DIR=./SyftBox/datasites\n"


@dataclass(frozen=True)
class Installation:
    """A clone that works with a SyftBox of one generation, whose local interface is `interface`."""

    clone: Path
    path: Path
    interface: Interface
    key: str

    @property
    def data(self) -> Path:
        return self.clone / "SyftBox"

    @property
    def datasites(self) -> Path:
        return BY_KEY[self.key].datasites_of(self.data)

    def status(self, *words: str) -> Said:
        return run(self.clone, self.path, "status", *words)

    def configure(self, **known: Any) -> None:
        signed_in = {TOKENS[self.key]: token(time.time() + YEAR)} if self.key in TOKENS else {}
        content = {"data_dir": str(self.data), "email": ME, "client_url": self.interface.url, "client_token": "secret"}
        configured(self.clone / ".syftbox", **{**content, **signed_in, **known})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose owner has joined, imported a file and waits for a survey."""
    clone = make_clone(tmp_path_factory.mktemp("made") / "clone")
    day = date.today() - timedelta(days=3)
    (clone / "history.csv").write_text(f'Title,Date\n"Dark: Season 1: Episode 1","{day:%m/%d/%y}"\n')
    (clone / ".env").write_text(ENV)
    site = clone / "SyftBox" / "datasites" / ME
    site.mkdir(parents=True)
    (site / "syft.pub.yaml").touch()
    names = {"PRIVATE_DIR": "private", "PUBLISHER_DIR": "publisher", "DATASITES_DIR": "SyftBox/datasites"}
    with as_it_was():
        os.environ |= {name: str(clone / folder) for name, folder in names.items()}
        os.environ |= {"SYFTBOX_EMAIL": ME, "AGGREGATOR_DATASITE": AGGREGATOR}
        assert not load_settings().is_trial
        choose(clone / "private", "joined")
        assert once([clone / "history.csv"]) == 0
    return clone


@pytest.fixture
def install(made: Path, tmp_path: Path, path: Path) -> Iterator[Callable[[str], Installation]]:
    with serving() as interface:

        def make(key: str) -> Installation:
            one = Installation(shutil.copytree(made, tmp_path / "clone"), path, interface, key)
            interface.answers.update(WORKS[key])
            (one.clone / ".syftbox").mkdir()
            if key == "pysyft":
                home = one.clone / f"SyftBox_{ME}"
                (one.data / "datasites").rename(home)
                (home / ".cache").mkdir()
                (home / ".sync.lock").touch()
                text = (one.clone / ".env").read_text().replace("./SyftBox/datasites", str(home))
                (one.clone / ".env").write_text(text)
            elif key == "python":
                (one.data / "syftbox.pid").touch()
            else:
                (one.data / ".data").mkdir()
            if key == "go_subscriptions":
                add_rules(one.data / ".data" / "syft.sub.yaml", needed_by_participant(AGGREGATOR))
            if key != "pysyft":
                one.configure()
            return one

        yield make


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda one: one.key)
def test_it_works_with_each_generation(install: Callable[[str], Installation], generation: Any) -> None:
    one = install(generation.key)
    result = one.status("--json")
    found = {row["name"]: row for row in json.loads(result.stdout)["rows"]}
    assert result.returncode == 3, result.stdout + result.stderr
    assert found["SyftBox"]["text"] == generation.name
    assert [name for name, row in found.items() if row["mark"] != "fine"] == ["publisher"], "it waits for a survey"
    assert "secret" not in result.stdout
    table = one.status()
    assert table.returncode == 3
    assert all(line.split("  ")[0] in {*found, "next step", ""} for line in table.stdout.splitlines())
    assert "wait until the aggregator has seen you" in " ".join(table.stdout.split("\n")[-3:])


@pytest.mark.parametrize("key", ["python", "go"])
def test_datasites_that_syftbox_has_left_are_wrong(install: Callable[[str], Installation], key: str) -> None:
    """The settings name where they were before; what the client left there must not be taken for one that syncs."""
    one = install(key)
    moved = one.clone / "Moved"
    (moved / "datasites" / ME).mkdir(parents=True)
    one.configure(data_dir=str(moved))
    result = one.status("--json")
    assert result.returncode == 1
    found = {row["name"]: row for row in json.loads(result.stdout)["rows"]}
    assert (found["datasites"]["mark"], found["datasites"]["step"]) == (
        "wrong",
        f"DATASITES_DIR={moved}/datasites in .env",
    )


def test_the_files_in_google_drive_are_said(install: Callable[[str], Installation]) -> None:
    said = " ".join(install("pysyft").status().stdout.split())
    assert "Google Drive" in said
    assert "who runs the server" not in said


@pytest.mark.parametrize("key", TOKENS)
def test_a_token_that_has_ended(install: Callable[[str], Installation], key: str) -> None:
    one = install(key)
    one.configure(**{TOKENS[key]: token(time.time() - 5)})
    result = one.status()
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].endswith("sign in again in SyftBox")
    assert token(0)[:20] not in result.stdout


def _env(one: Installation, old: str, new: str) -> None:
    assert old in (one.clone / ".env").read_text()
    (one.clone / ".env").write_text((one.clone / ".env").read_text().replace(old, new))


def _publisher(one: Installation, **changed: Any) -> None:
    place = one.clone / "publisher" / "outlook.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), **changed}))


def _choose(one: Installation, choice: str) -> None:
    (one.clone / "private" / "choices.json").write_text(json.dumps({"participation": choice}))


REASONS: dict[str, tuple[str, Callable[[Installation], Any]]] = {
    "no aggregator": ("aggregator", lambda one: _env(one, f"AGGREGATOR_DATASITE={AGGREGATOR}\n", "")),
    "another address": ("address", lambda one: one.configure(email="bob@home.net")),
    "no SyftBox": ("SyftBox", lambda one: (shutil.rmtree(one.clone / ".syftbox"), (one.data / "syftbox.pid").unlink())),
    "not set up": ("SyftBox", lambda one: (one.datasites / ME / "syft.pub.yaml").unlink()),
    "sync stopped": ("last sync", lambda one: one.interface.answers.update({"GET /sync/health": (503, {})})),
    "not running": ("last sync", lambda one: one.configure(client_url="http://127.0.0.1:1")),
    "token": ("token", lambda one: one.configure(access_token=token(1))),
    "no file": ("history", lambda one: shutil.rmtree(one.clone / "private")),
    "never ran": ("publisher", lambda one: (one.clone / "publisher" / "outlook.json").unlink()),
    "ran long ago": ("publisher", lambda one: _publisher(one, looked_at="2026-01-01T00:00:00Z")),
    "problem": ("publisher", lambda one: _publisher(one, state="problem", message="the disk is full")),
    "pause that is not carried out": ("taking part", lambda one: _choose(one, "paused")),
    "withdrawal that is not carried out": ("taking part", lambda one: _choose(one, "withdrawn")),
    "damaged choices": ("taking part", lambda one: (one.clone / "private" / "choices.json").write_text("{")),
    "settings": ("settings", lambda one: _env(one, "MODE=folders\n", "MODE=folders\nLIMIT_ODDS=lots\n")),
    "mode": ("mode", lambda one: _env(one, "MODE=folders\n", "MODE=boxes\n")),
}


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_flips_the_exit_code(install: Callable[[str], Installation], reason: str) -> None:
    name, break_it = REASONS[reason]
    one = install("python")
    assert one.status().returncode == 3, "it waits for a survey"
    break_it(one)
    result = one.status("--json")
    found = json.loads(result.stdout)
    assert result.returncode == 1
    assert name in [row["name"] for row in found["rows"] if row["mark"] == "wrong"], result.stdout
    assert found["next_step"] in [row["step"] for row in found["rows"] if row["mark"] == "wrong"]
    assert not found["works"]


def test_missing_rules_about_subscriptions_flip_it_until_join(install: Callable[[str], Installation]) -> None:
    one = install("go_subscriptions")
    (one.data / ".data" / "syft.sub.yaml").write_text("version: 1\nrules: []\n")
    assert one.status().returncode == 1
    assert run(one.clone, one.path, "join").returncode == 0
    assert one.status().returncode == 3


def test_a_pause_that_is_carried_out_works(install: Callable[[str], Installation]) -> None:
    one = install("python")
    for verb in ("pause", "withdraw"):
        assert run(one.clone, one.path, verb).returncode == 0
        result = one.status()
        assert result.returncode == 0, result.stdout


def test_a_trial_does_not_work(clone: Path, path: Path) -> None:
    result = run(clone, path, "status")
    assert result.returncode == 1
    assert "Trial: nothing leaves this machine" in " ".join(result.stdout.split())
    assert not (clone / ".env").exists()


@pytest.mark.parametrize(
    "content", ['{"pid": 1, "page": "http://127.0.0.1:8651"}', "", "[", '{"page": 5}', '{"page": "x"}']
)
def test_an_app_that_runs_is_said_with_its_page(clone: Path, path: Path, content: str) -> None:
    machine = place_in(clone, path).machine
    assert app_rows(machine) == [], "it has never run here"
    (clone / ".app.lock").write_text(content)
    with (clone / ".app.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        (row,) = app_rows(machine)
        assert row.mark == "fine"
        assert row.text in {"it runs", "it runs, its page is http://127.0.0.1:8651"}
        assert ("8651" in row.text) == ("8651" in content)
    (row,) = app_rows(machine)
    assert (row.mark, row.text.startswith("it does not run")) == ("fine", True)


def test_inside_syftbox_an_app_that_does_not_run_is_to_be_looked_at(clone: Path, path: Path) -> None:
    environment = {"SYFTBOX_DATA_DIR": str(clone / "SyftBox"), "XDG_DATA_HOME": str(clone / "data")}
    (clone / "data" / "netflix-trend").mkdir(parents=True)
    (clone / "data" / "netflix-trend" / ".app.lock").touch()
    (row,) = app_rows(place_in(clone, path, **environment).machine)
    assert (row.mark, row.step) == ("look here", "start SyftBox")


# --- in containers


def containers(clone: Path, path: Path, rows: str, states: str) -> Said:
    (clone / "datasites" / ME).mkdir(parents=True, exist_ok=True)
    (clone / ".env").write_text(ENV.replace("MODE=folders", "MODE=containers").replace("./SyftBox/", "./"))
    (clone / "rows.json").write_text(rows)
    (clone / "states").write_text(states)
    fake_docker(
        path,
        f'{WITH_VOLUME}; case "$*" in *" ps "*"--format"*) cat "$HOME/states";; *"--status running"*) echo 1;; '
        '*" status --json"*) cat "$HOME/rows.json";; esac',
    )
    return run(clone, path, "status", "--json")


UP = "processor\tUp 2 minutes (healthy)\npublisher\tUp 2 minutes\nprepare\tExited (0) 2 minutes ago\n"


def test_rows_of_the_publisher_s_container_are_shown_with_those_of_this_machine(clone: Path, path: Path) -> None:
    inside = [Row("history", "1 file"), Row("publisher", "it has not run yet", "wrong", "./run.sh up")]
    result = containers(clone, path, as_json(inside), UP)
    found = json.loads(result.stdout)
    names = [row["name"] for row in found["rows"]]
    assert names[-4:] == ["mode", "services", "history", "publisher"]
    assert {row["name"]: row["mark"] for row in found["rows"]}["services"] == "fine"
    assert result.returncode == 1


@pytest.mark.parametrize("answer", ["", "no such option --json", '{"rows": [{"name": "x"}]}'])
def test_of_a_container_that_answers_otherwise_nothing_can_be_told(clone: Path, path: Path, answer: str) -> None:
    row = json.loads(containers(clone, path, answer, UP).stdout)["rows"][-1]
    assert (row["mark"], row["step"]) == ("unknown", "./run.sh up")


def test_docker_that_does_not_run_is_said(clone: Path, path: Path) -> None:
    containers(clone, path, "", UP)
    fake_docker(path, 'case "$*" in info) exit 1;; esac')
    rows = json.loads(run(clone, path, "status", "--json").stdout)["rows"]
    assert rows[-1]["mark"] == "unknown"
    assert (rows[-1]["name"], rows[-1]["step"]) == ("services", "start Docker, then ./run.sh up")


@pytest.mark.parametrize(
    ("states", "mark"),
    [
        ({}, "wrong"),
        ({"publisher": "Up 1 second", "processor": "Up 1 second"}, "fine"),
        ({"publisher": "Up 1 second", "processor": "Exited (0) 1 second ago"}, "wrong"),
        ({"publisher": "Up 1 second", "processor": "Up 1 second (unhealthy)"}, "wrong"),
        ({"publisher": "Up 1 second", "processor": "Up 1 second", "redis": "Restarting (1)"}, "wrong"),
        ({"publisher": "Up 1 second", "processor": "Up 1 second", "prepare": "Exited (0) 1 hour ago"}, "fine"),
    ],
)
def test_services_have_to_run(states: dict[str, str], mark: str) -> None:
    assert services_row(states, {"publisher", "processor"}).mark == mark


def test_in_a_container_the_verb_shows_its_own_rows(clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.publisher.status.rows", lambda **_: [Row("history", "1 file")])
    result = run(clone, path, "status", "--json", IN_CONTAINER="1")
    assert (result.returncode, [row["name"] for row in json.loads(result.stdout)["rows"]]) == (0, ["history"])


def test_pysyft_that_starts_no_apps_is_not_blamed_for_one_that_does_not_run(tmp_path: Path, path: Path) -> None:
    box = tmp_path / "SyftBox_ann@home.net"
    (box / "ann@home.net").mkdir(parents=True)
    (box / "SYFT_version.json").touch()
    machine = place_in(make_clone(box / "clone"), path, HOME=str(tmp_path)).machine
    assert machine.inside_syftbox
    machine.home.mkdir(parents=True)
    (machine.home / ".app.lock").touch()
    assert [row.mark for row in app_rows(machine)] == ["fine"]
