"""The app in every generation of SyftBox: one story for each, in which every step is a cell of a matrix.

A cell passes, or is in LIMITS with its reason; docs/syftbox.md has the same table.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.generations.go_subscriptions.file import add_rules
from netflix_trend.syftbox.generations.go_subscriptions.rules import needed_by_aggregator
from services.aggregator.collect import collect
from services.aggregator.rounds import Aggregator
from tests.e2e.go_network import SUBSCRIPTIONS
from tests.e2e.machines import AGGREGATOR, ALICE, BOB
from tests.e2e.matrix import ROOT, Generation, Installed, an_export, generation, serves
from tests.e2e.pysyft_network import require_pysyft
from tests.e2e.syftbox_network import SyftBoxNetwork, require_syftbox
from tests.waiting import stays, wait_for

STEPS = (
    "install",
    "Docker late",
    "join",
    "publish",
    "update",
    "file late",
    "restart three times",
    "wipe",
    "reinstall",
    "withdraw",
    "token expired",
)
LIMITS = {
    ("pysyft", "install"): "it starts no apps: you start ./run.sh",
    ("pysyft", "wipe"): "it has no server that could be wiped",
    ("pysyft", "token expired"): "the token is Google's; status shows how old the last sync is",
}


@dataclass
class Story:
    """Alice with her app, and an aggregator."""

    world: Generation
    root: Path
    app: Installed = field(init=False)
    aggregator: Aggregator = field(init=False)

    def __post_init__(self) -> None:
        self.app = Installed(self.world)
        site = Datasite(self.world.net.datasites(AGGREGATOR), AGGREGATOR)
        own = self.root / "aggregator"
        self.aggregator = Aggregator(site, own, starter_vocabulary(), durable=False, smallest_change=1)
        if self.world.key == "go_subscriptions":
            add_rules(site.datasites.parent / ".data" / SUBSCRIPTIONS, needed_by_aggregator())

    # --- what is seen from outside

    def at(self, who: str, owner: str) -> set[str]:
        """The files of the app in a datasite, as somebody else's client has them."""
        self.world.sync()
        return Datasite(self.world.net.datasites(who), owner).published()

    def counted(self) -> int:
        """The answers that the aggregator finds."""
        self.world.sync()
        candidates = self.aggregator.enrolment.candidates()
        surveys = self.aggregator.surveys(date.today())
        found = [collect(self.aggregator.site.datasites, candidates, survey) for survey in surveys]
        return sum(one.reports.total() for one in found)

    def mine(self) -> dict[str, bytes]:
        """What Alice's datasite holds of the app."""
        return Datasite(self.world.net.datasites(ALICE), ALICE).contents()

    def drawn(self) -> list[bytes]:
        """Everything that was ever drawn."""
        return [entry.data for entry in read_ledger(self.app.data / "publisher" / "ledger.jsonl")]

    def setting(self, name: str, value: str) -> None:
        """Change a line of Alice's .env, as a person does in an editor."""
        file = self.app.data / ".env"
        text = file.read_text() if file.exists() else ""
        kept = [line for line in text.splitlines() if not line.startswith(f"{name}=")]
        file.write_text("\n".join([*kept, f"{name}={value}", ""]))

    # --- the steps

    def install(self) -> None:
        """The app runs by itself, its page answers, and status does not claim that it works."""
        (self.app.home / "bin").mkdir(parents=True)
        self.app.install()
        self.one_app_with_its_page()
        said = self.app.verb("status")
        assert said.returncode == 1, said
        assert re.search(r"No aggregator is chosen|nothing leaves this machine", said.stdout + said.stderr), said

    def docker_late(self) -> None:
        """Docker's services start when its engine does, and not before."""
        self.setting("MODE", "containers")
        docker, log = self.app.home / "bin" / "docker", self.app.home / "docker.log"
        asked = f'echo "$*" >>{log}; case "$*" in *"up --build"*) exec sleep 600;; *"compose version") exit 0;; esac'
        docker.write_text(f"#!/bin/sh\n{asked}\nexit 1\n")
        docker.chmod(0o755)
        wait_for(lambda: log.exists() and "info" in log.read_text(), "it looks for Docker", 30)
        assert "up --build" not in log.read_text()
        docker.with_name("new").write_text(f"#!/bin/sh\n{asked}\nexit 0\n")
        docker.with_name("new").chmod(0o755)
        docker.with_name("new").replace(docker)
        wait_for(lambda: "up --build" in log.read_text(), "the services start", 30)
        docker.unlink()
        self.setting("MODE", "folders")
        self.app.end()
        self.start_again()

    def join(self) -> None:
        """One command, and the aggregator knows her."""
        self.aggregator.run(date.today())
        introduced = Datasite(self.world.net.datasites(ALICE), AGGREGATOR).public / "index.json"
        if self.world.key != "go_subscriptions":  # there nothing arrives that nobody has asked for
            wait_for(lambda: self.world.sync() or introduced.exists(), "the introduction", 30)
        export = an_export(self.app.home, date.today())
        where = ("--email", ALICE, "--datasites", str(self.world.net.datasites(ALICE)))
        place = where if self.world.key == "pysyft" else ()
        said = self.app.verb(
            "setup", *place, "--aggregator", AGGREGATOR, "--yes", "--export", str(export), "--take-part"
        )
        assert said.returncode == 0, said
        wait_for(lambda: self.world.sync() or ALICE in self.aggregator.enrolment.participants(), "the announcement", 60)

    def publish(self) -> None:
        """The survey arrives, is answered once, and the answer arrives at the aggregator alone."""
        self.aggregator.run(date.today())
        wait_for(lambda: self.counted() == 1, "a counted answer", 60)
        assert len(self.drawn()) == 1
        assert not self.at(BOB, ALICE)
        said = wait_for(lambda: self.works(), "status says that it works", 60)
        assert AGGREGATOR in said

    def works(self) -> str:
        said = self.app.verb("status")
        return said.stdout if said.returncode == 0 else ""

    def update(self) -> None:
        """What changes arrives: statistics at Alice, her own files when something has changed them."""
        self.aggregator.run(date.today())
        latest = Datasite(self.world.net.datasites(ALICE), AGGREGATOR).app_data / "shared" / "statistics"
        wait_for(lambda: self.world.sync() or list(latest.glob("*.json")), "statistics", 30)
        manifest = Datasite(self.world.net.datasites(ALICE), ALICE).app_data / "manifest.json"
        before, own = manifest.read_bytes(), self.mine()
        manifest.write_bytes(before.replace(b"1", b"2"))
        wait_for(lambda: self.mine() == own, "changed files are repaired", 30)
        theirs = Datasite(self.world.net.datasites(AGGREGATOR), ALICE).app_data / "manifest.json"
        wait_for(lambda: self.world.sync() or theirs.read_bytes() == before, "the repaired file", 30)

    def file_late(self) -> None:
        """A file that is dropped while the app runs is imported."""
        drop = self.app.data / "drop"
        drop.mkdir(exist_ok=True)
        shutil.copy(ROOT / "services" / "demo" / "sample_viewing_history.csv", drop / "late.csv")
        wait_for((drop / "done" / "late.csv").exists, "the file is imported", 75)

    def restart_three_times(self) -> None:
        """Every client that was killed left its app behind; one remains, the newest."""
        for _ in range(3):
            before = self.app.running()
            assert before
            self.world.restart(ALICE)
            if self.world.key in ("go", "go_subscriptions"):
                self.app.start()
            elif self.world.key == "pysyft":
                continue  # its restart leaves the app alone
            wait_for(lambda old=before.pid: (self.app.running() or before).pid != old, "the next app", 60)
        self.one_app_with_its_page()

    def wipe(self) -> None:
        """The server has lost everything; the same bytes are there again, and nothing was drawn again."""
        before, drawn = self.mine(), self.drawn()
        self.world.wipe()
        wait_for(lambda: self.mine() == before and self.counted() == 1, "everything is published again", 90)
        assert self.drawn() == drawn

    def reinstall(self) -> None:
        """Installed again under another name: history, ledger and settings are there, nothing is drawn again."""
        before, drawn, old = self.mine(), self.drawn(), self.app.running()
        assert old
        if self.world.key == "pysyft":
            for name in (".env", "private", "publisher"):  # a clone of one's own: its data is in it
                assert (self.app.place / name).exists()
            kept = self.root / "kept"
            kept.mkdir()
            for name in (".env", "private", "publisher"):
                (self.app.place / name).rename(kept / name)
        self.app.reinstall()
        if self.world.key == "pysyft":
            self.app.end()
            for name in (".env", "private", "publisher"):
                (kept / name).rename(self.app.place / name)
            self.app.start()
        wait_for(lambda: (self.app.running() or old).pid != old.pid, "the new app", 60)
        self.one_app_with_its_page()
        assert self.drawn() == drawn
        wait_for(lambda: self.mine() == before, "its files")
        stays(lambda: self.drawn() == drawn, "nothing is drawn again", 3)

    def withdraw(self) -> None:
        """Readers' copies go, rules too, and the receipt says what is known about it."""
        said = self.app.verb("withdraw")
        assert said.returncode == 0, said
        wait_for(lambda: not self.at(AGGREGATOR, ALICE), "the aggregator's copies are gone", 60)
        wait_for(lambda: self.world.sync() or not self.mine(), "the rules are gone, too", 60)
        (receipt,) = read_receipts(self.app.data / "publisher")
        assert receipt.removed
        assert "Withdrawn on" in self.app.verb("privacy").stdout

    def token_expired(self) -> None:
        """A client that may not sync any more looks alive; status says it, with the next step."""
        if isinstance(self.world.net, SyftBoxNetwork):
            self.world.net.forget_tokens()
        else:
            configuration = self.app.home / ".syftbox" / "config.json"
            payload = base64.urlsafe_b64encode(json.dumps({"exp": int(time.time()) - 60}).encode()).decode().rstrip("=")
            known = json.loads(configuration.read_text())
            configuration.write_text(json.dumps({**known, "refresh_token": f"x.{payload}.x"}))

        def says_so() -> bool:
            said = self.app.verb("status")
            return said.returncode == 1 and bool(re.search(r"sign in", said.stdout, re.IGNORECASE))

        wait_for(says_so, "status says that the token has ended", 60)

    # --- parts of steps

    def start_again(self) -> None:
        """Start the app; a real client does it at its own next start."""
        if self.world.key == "python":
            self.world.restart(ALICE)
        else:
            self.app.start()
        self.one_app_with_its_page()

    def one_app_with_its_page(self) -> None:
        found = wait_for(self.app.running, "the app runs", 60)
        wait_for(lambda: serves(found.page), "its page answers", 60)
        wait_for(lambda: len(self.app.processes()) == 1, "it is the only one", 60)


def told(step: Callable[[], None]) -> str:
    """Play a step. Returns why it failed; empty if it did not."""
    try:
        step()
    except (AssertionError, OSError, pytest.fail.Exception) as problem:
        return f"{type(problem).__name__}: {problem}"[:3000]
    return ""


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("python", marks=pytest.mark.syftbox),
        pytest.param("pysyft", marks=pytest.mark.pysyft),
        "go",
        "go_subscriptions",
    ],
)
def test_every_step_works_in_every_generation(key: str, tmp_path: Path) -> None:
    if key == "python":
        require_syftbox()
    if key == "pysyft":
        require_pysyft()
    with generation(key, tmp_path / "net") as world:
        story = Story(world, tmp_path)
        failed = {}
        try:
            for step in STEPS:
                if (key, step) in LIMITS and step != "install":
                    continue
                if reason := told(getattr(story, step.lower().replace(" ", "_"))):
                    failed[step] = reason
                    break  # the next ones begin where this one ends
        finally:
            story.app.end()
        assert not failed, f"{failed}\n{log_of(story)}"


def log_of(story: Story) -> str:
    """The end of what the app has said."""
    places = [story.world.root / "app.log", *story.app.place.glob("logs/*.log")]
    return "\n".join(place.read_text("utf-8", "replace")[-3000:] for place in places if place.exists())


def test_docs_show_the_same_limits() -> None:
    text = " ".join((ROOT / "docs" / "syftbox.md").read_text().split())
    for (_, step), reason in LIMITS.items():
        assert reason in text, f"docs/syftbox.md does not name the limit of the step {step}"
    assert os.linesep == "\n"
