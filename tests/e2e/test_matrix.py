"""The app in every generation of SyftBox: one story for each, in which every step is a cell of a matrix.

A cell passes, or is in LIMITS with its reason; docs/syftbox.md has the same table.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.cli.alone import Holder
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.receipts import Receipt, read_receipts
from netflix_trend.status_table import Row, from_json, next_step
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.generations.go_subscriptions.file import add_rules
from netflix_trend.syftbox.generations.go_subscriptions.rules import needed_by_aggregator
from services.aggregator.rounds import Aggregator
from tests.e2e.go_network import SUBSCRIPTIONS
from tests.e2e.machines import counted
from tests.e2e.matrix import AGGREGATOR, ALICE, BOB, ROOT, Generation, Installed, an_export, generation, serves
from tests.e2e.syftbox_network import require_syftbox
from tests.netflix_trend.cli.app import is_alive
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
COLUMNS = ("python", "go", "go_subscriptions", "pysyft")
# What is not as elsewhere. The cell is played with that, but for what cannot be.
LIMITS = {
    ("pysyft", "install"): "it starts no apps: you start `./run.sh`",
    ("pysyft", "restart three times"): "the app is yours, and goes on",
    ("pysyft", "wipe"): "there is no server to wipe",
    ("pysyft", "reinstall"): "data lie in your clone: keep `.env`, `private` and `publisher`",
    ("pysyft", "token expired"): "the token is Google's: `status` says how old the last sync is",
}
NOT_PLAYED = {("pysyft", "wipe")}
# What a receipt can know about a withdrawal.
CONFIRMED = {"python": "noticed", "go": "unseen", "go_subscriptions": "unseen", "pysyft": "noticed"}


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
        self.aggregator = Aggregator(
            site, own, starter_vocabulary(), durable=False, smallest_change=1, smallest_answers=1
        )
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
        return counted(self.aggregator, date.today())

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
        self.app.docker("exit 1")
        self.app.put()
        self.app.start()
        self.one_app_with_its_page()
        said = self.app.verb("status")
        assert said.returncode == 1, said
        assert re.search(r"No aggregator is chosen|nothing leaves this machine", said.stdout + said.stderr), said

    def docker_late(self) -> None:
        """Docker's services start when its engine does, and not before."""
        self.setting("MODE", "containers")
        log = self.app.home / "docker.log"
        asked = f'echo "$*" >>{log}; case "$*" in *"up --build"*) exec sleep 600;; *"compose version") exit 0;; esac; '
        self.app.docker(f"{asked} exit 1")
        wait_for(lambda: log.exists() and "info" in log.read_text(), "it looks for Docker", 180)
        assert "up --build" not in log.read_text()
        self.app.docker(f"{asked} exit 0")
        wait_for(lambda: "up --build" in log.read_text(), "the services start", 180)
        self.app.docker("exit 1")
        self.setting("MODE", "folders")
        self.app.end()
        self.start_again()

    def join(self) -> None:
        """One command, and the aggregator knows her."""
        self.aggregator.run(date.today())
        introduced = Datasite(self.world.net.datasites(ALICE), AGGREGATOR).public / "index.json"
        if self.world.key != "go_subscriptions":  # there nothing arrives that nobody has asked for
            wait_for(lambda: self.world.sync() or introduced.exists(), "the introduction", 180)
        export = an_export(self.app.home, date.today())
        where = ("--email", ALICE, "--datasites", str(self.world.net.datasites(ALICE)))
        place = where if self.world.key == "pysyft" else ()
        said = self.app.verb(
            "setup", *place, "--aggregator", AGGREGATOR, "--yes", "--export", str(export), "--take-part"
        )
        assert said.returncode == 0, said
        known = self.aggregator.enrolment.participants
        wait_for(lambda: self.world.sync() or ALICE in known(), "the announcement", 180)

    def publish(self) -> None:
        """The survey arrives, is answered once, and the answer arrives at the aggregator alone."""
        self.aggregator.run(date.today())
        wait_for(lambda: self.counted() == 1, "a counted answer", 180)
        assert len(self.drawn()) == 1
        assert not self.at(BOB, ALICE)
        said = wait_for(self.works, "status says that it works", 180)
        assert AGGREGATOR in said

    def works(self) -> str:
        said = self.app.verb("status")
        return said.stdout if said.returncode in (0, 3) else ""  # 3: something is to be looked at

    def update(self) -> None:
        """What changes arrives: statistics at Alice, her own files when something has changed them."""
        self.aggregator.run(date.today())
        latest = Datasite(self.world.net.datasites(ALICE), AGGREGATOR).app_data / "shared" / "statistics"
        wait_for(lambda: self.world.sync() or list(latest.glob("*.json")), "statistics", 180)
        manifest = Datasite(self.world.net.datasites(ALICE), ALICE).app_data / "manifest.json"
        before, own = manifest.read_bytes(), self.mine()
        manifest.write_bytes(before.replace(b"1", b"2"))
        wait_for(lambda: self.mine() == own, "changed files are repaired", 180)
        theirs = Datasite(self.world.net.datasites(AGGREGATOR), ALICE).app_data / "manifest.json"
        wait_for(lambda: self.world.sync() or theirs.read_bytes() == before, "the repaired file", 180)

    def file_late(self) -> None:
        """A file that is dropped while the app runs is imported."""
        drop = self.app.data / "drop"
        drop.mkdir(exist_ok=True)
        shutil.copy(ROOT / "services" / "demo" / "sample_viewing_history.csv", drop / "late.csv")
        wait_for((drop / "done" / "late.csv").exists, "the file is imported")

    def restart_three_times(self) -> None:
        """Every client that was killed left its app behind; one remains, the newest."""
        for number in range(3):
            before = self.running()
            self.world.kill(ALICE)
            if self.world.key == "python" and not number:
                rows = self.rows()
                assert rows["next step"].text == "start SyftBox", rows
            self.world.start(ALICE)
            self.app.start() if self.world.key.startswith("go") else None
            if self.world.key == "pysyft":
                assert self.running() == before
            else:
                wait_for(lambda old=before: self.app.running() not in (None, old), "the next app", 180)
        self.one_app_with_its_page()

    def wipe(self) -> None:
        """The server has lost everything; the same bytes are there again, and nothing was drawn again."""
        before, drawn = self.mine(), self.drawn()
        self.world.wipe()
        wait_for(lambda: self.world.sync() or self.world.on_server(ALICE), "the manifest is sent again", 180)
        wait_for(lambda: self.mine() == before and self.counted() == 1, "everything is published again", 180)
        assert self.drawn() == drawn
        # SyftBox's own permission file is not, until the person says so, or withdraws.
        assert self.rows()["SyftBox"].step.endswith("./run.sh setup --repair")

    def reinstall(self) -> None:
        """Installed again: history, ledger and settings are there, nothing is drawn again."""
        before, drawn, old = self.mine(), self.drawn(), self.running()
        kept = self.root / "kept"
        kept.mkdir()
        own = (".env", "private", "publisher") if self.world.key == "pysyft" else ()
        if own:
            self.app.end()
        for name in own:
            (self.app.place / name).rename(kept / name)
        self.app.remove()
        self.app.put()
        for name in own:
            (kept / name).rename(self.app.place / name)
        self.app.start()
        wait_for(lambda: self.app.is_in_place, "the new app", 180)
        self.one_app_with_its_page()
        assert is_alive(old.pid) is (self.world.key == "python"), "0.4.0 has not noticed"
        wait_for(lambda: self.mine() == before, "its files")
        stays(lambda: self.drawn() == drawn and self.mine() == before, "nothing changes", 3)

    def withdraw(self) -> None:
        """Readers' copies go, rules too, and the receipt says what is known about it."""
        said = self.app.verb("withdraw")
        assert said.returncode == 0, said
        wait_for(lambda: not self.at(AGGREGATOR, ALICE), "the aggregator's copies are gone", 180)
        wait_for(lambda: self.world.sync() or not self.mine(), "the rules are gone, too", 180)
        wait_for(lambda: self.receipt().syftbox == CONFIRMED[self.world.key], "what is known is in the receipt", 180)
        assert len(self.receipt().removed) == 2
        assert "Withdrawn on" in self.app.verb("privacy").stdout

    def receipt(self) -> Receipt:
        (found,) = read_receipts(self.app.data / "publisher")
        return found

    def token_expired(self) -> None:
        """A client that may not sync any more looks alive; status says it, with the next step."""
        name, step = ("last sync", "client.sync()") if self.world.key == "pysyft" else ("token", "sign in again")
        assert self.rows()[name].mark != "wrong"
        self.world.end_token(ALICE)
        wait_for(lambda: self.rows()[name].mark == "wrong", "status says that it has ended", 180)
        if self.world.key == "python":  # which removes its own files then, those of its set-up among them
            own = self.world.net.datasites(ALICE) / ALICE / "syftperm.yaml"
            wait_for(lambda: not own.exists(), "the client removes its own files", 180)
            assert [row.name for row in self.rows().values() if row.mark == "wrong"][:3] == [
                "SyftBox",
                "last sync",
                name,
            ]
        assert step in self.rows()["next step"].text
        assert self.app.verb("status").returncode == 1

    # --- parts of steps

    def running(self) -> Holder:
        found = self.app.running()
        assert found
        return found

    def rows(self) -> dict[str, Row]:
        """What `status` says, by row."""
        rows = from_json(self.app.verb("status", "--json").stdout.encode())
        return {row.name: row for row in [*rows, next_step(rows)]}

    def start_again(self) -> None:
        """Start the app; a real client does it at its own next start."""
        if self.world.key == "python":
            self.world.kill(ALICE)
            self.world.start(ALICE)
        else:
            self.app.start()
        self.one_app_with_its_page()

    def one_app_with_its_page(self) -> None:
        found = wait_for(self.app.running, "the app runs", 180)
        wait_for(lambda: serves(found.page), "its page answers", 180)
        wait_for(lambda: len(self.app.processes()) == 1, "it is the only one", 180)


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
    """Each step begins where the one before it has ended."""
    if key == "python":
        require_syftbox()
    with generation(key, tmp_path / "net") as world:
        story, at = Story(world, tmp_path), ""
        try:
            for at in STEPS:
                if (key, at) not in NOT_PLAYED:
                    getattr(story, at.lower().replace(" ", "_"))()
        except (AssertionError, OSError, pytest.fail.Exception) as problem:
            pytest.fail(f"step {at}: {problem}\n{log_of(story)}")
        finally:
            story.app.end()


def log_of(story: Story) -> str:
    """The end of what the app has said."""
    places = [story.world.root / "app.log", *story.app.place.glob("logs/*.log")]
    return "\n".join(place.read_text("utf-8", "replace")[-3000:] for place in places if place.exists())


def test_docs_show_the_same_matrix() -> None:
    text = (ROOT / "docs" / "syftbox.md").read_text()
    lines = text[text.index("\n| step |") :].split("\n\n")[0].splitlines()[3:]
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert shown == [[step, *(LIMITS.get((key, step), "passes") for key in COLUMNS)] for step in STEPS]
