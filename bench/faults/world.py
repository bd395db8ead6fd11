"""The parties of a simulated network, each with a machine of its own, and the relay between their datasites."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.faults.disk import Disk
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.layout import PublisherVolume
from netflix_trend.names import APP_NAME
from netflix_trend.participant import participant
from netflix_trend.participant.choices import Participation
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import LocalPlan, write_plan

AGGREGATOR = "trend@example.com"
SHOWS = 60
FIRST_DAY = date(2026, 9, 14)
# In every title of a private file, and in nothing that may be published.
CANARY = "Zwiebelfisch"
Snapshot = dict[str, bytes]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Return the aggregator's catalogue."""
    return Vocabulary.build([CatalogueTitle(title=f"Show {number}", kind="series") for number in range(SHOWS)])


@contextmanager
def seeded_randomness(seed: int) -> Iterator[None]:
    """Let everything that asks the operating system for randomness get the same for the same seed."""
    generator = random.Random(f"randomness {seed}")
    before = os.urandom, random._urandom  # type: ignore[attr-defined]
    assert isinstance(secrets.SystemRandom(), random.SystemRandom)
    os.urandom = random._urandom = generator.randbytes  # type: ignore[attr-defined]
    try:
        yield
    finally:
        os.urandom, random._urandom = before  # type: ignore[attr-defined]


@dataclass
class Person:
    """A participant. limit: of reports in 52 weeks. offset: by how many days their clock is wrong.

    kept: bytes of the exports that were taken, by hash. decided: what the person has chosen, and what else may have
    been saved when a choice was interrupted. lost_ledger: whether the ledger was ever lost or replaced by an older
    one. altered: files of the datasite that others have changed since the last run.
    """

    email: str
    home: Path
    limit: int
    offset: int = 0
    imports: int = 0
    kept: dict[str, bytes] = field(default_factory=dict)
    decided: set[Participation] = field(default_factory=lambda: {"joined"})
    lost_ledger: bool = False
    wrong_clock: bool = False
    altered: set[str] = field(default_factory=set)
    backups: list[bytes] = field(default_factory=list)

    @cached_property
    def settings(self) -> Settings:
        """The settings."""
        return load_settings(
            private_dir=self.home / "private",
            publisher_dir=self.home / "publisher",
            datasites_dir=self.home / "datasites",
            syftbox_email=self.email,
            aggregator_datasite=AGGREGATOR,
            limit_reports_per_year=self.limit,
        )

    @property
    def site(self) -> Datasite:
        """The own datasite."""
        return Datasite(self.home / "datasites", self.email)

    @property
    def ledger(self) -> Path:
        """The ledger."""
        return PublisherVolume(self.settings.records_dir).ledger

    def take(self, today: date) -> None:
        """Take an export of today, and make the tables that answers need."""
        self.imports += 1
        generator = random.Random(f"{self.email} {today}")
        rows = "".join(
            f'"{CANARY} {self.email} {today} {n}","1/{n}/26"\n' for n in range(1, 1 + generator.randint(1, 9))
        )
        data = f"Title,Date\n{rows}".encode()
        delivery = Delivery(profile="me", source="drop", name="NetflixViewingHistory.csv", received=today)
        raw = participant.take(self.settings, iter([data]), delivery)
        self.kept[raw.sha256] = data
        self.build(today)

    def build(self, today: date) -> None:
        """Write the tables of a file that was made today."""
        generator = np.random.default_rng([today.toordinal(), *self.email.encode()])
        views = np.zeros(40, FULL_DTYPE)
        days = np.sort(generator.integers((today - timedelta(days=60)).toordinal(), today.toordinal(), len(views)))
        views["day"] = np.array([date.fromordinal(int(day)) for day in days], dtype="<M8[D]")
        views["show"] = generator.integers(0, SHOWS, len(views))
        vector = np.bincount(views["show"], minlength=SHOWS).astype("<i4")
        folder = self.home / "private" / "profiles" / "me"
        folder.mkdir(parents=True, exist_ok=True)
        covered = today - timedelta(days=1)
        save_encodings(folder, Encodings(views, vector, vocabulary().version, covered))

    def publish(self, today: date) -> PublisherStatus:
        """Run the publisher once."""
        return participant.publish(self.settings, today, now=today.toordinal() * 86_400)

    def decide(self, choice: Participation) -> None:
        """Save a choice."""
        participant.decide(self.settings, choice)

    def recorded(self) -> tuple[list[str], set[str], str]:
        """Return what the ledger says, read without the code under test: rounds, single rounds that are skipped, and
        the last round that is skipped with all before it; empty where there is none.
        """
        values = self._lines()
        gaps = [value for value in values if value["kind"] == "gap"]
        skipped = {name for gap in gaps for name in gap["rounds"]}
        through = max((gap["skip_through"] or "" for gap in gaps), default="")
        return [value["round"] for value in values if value["kind"] == "release"], skipped, through

    def depends(self) -> list[str]:
        """Return the last week that each answer of the ledger depends on."""
        return [value["depends_through"] for value in self._lines() if value["kind"] == "release"]

    def _lines(self) -> list[dict[str, Any]]:
        """Return the whole lines of the ledger."""
        try:
            *lines, _ = self.ledger.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        values = []
        for line in lines:
            with suppress(ValueError):
                values.append(json.loads(line))
        return values

    def witnessed(self) -> set[str]:
        """Return the rounds of which the own datasite shows that they were answered."""
        app = self.site.app_data
        found = {path.stem for path in app.glob("releases/*.json")}
        try:
            names = json.loads((app / "manifest.json").read_bytes())["files"]
        except (OSError, ValueError):
            names = ()
        return found | {Path(name).stem for name in names}


class Relay:
    """What SyftBox's server holds: the last states of every datasite."""

    KEPT = 5

    def __init__(self, disk: Disk, homes: dict[str, Path]) -> None:
        self.disk, self.homes = disk, homes
        self.states: dict[str, list[Snapshot]] = {email: [] for email in homes}
        self.held: dict[tuple[str, str], Snapshot] = {}

    def capture(self, email: str) -> None:
        """Take the present state of a datasite from its owner."""
        site = self.homes[email] / "datasites" / email
        found: Snapshot = {}
        for top in (f"app_data/{APP_NAME}", f"public/{APP_NAME}"):
            for path in sorted((site / top).rglob("*")):
                if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                    found[path.relative_to(site).as_posix()] = path.read_bytes()
        self.states[email] = [*self.states[email][1 - self.KEPT :], found]

    def deliver(self, email: str, viewer: str, age: int = 0, *, some: Callable[[str], bool] = lambda _: True) -> None:
        """Make a viewer's copy of a datasite a state of it. age: 0 for the newest, 1 for the one before, and so on.

        some: which files arrive.
        """
        states = self.states[email]
        if not states:
            return
        state, site = states[max(0, len(states) - 1 - age)], self.homes[viewer] / "datasites" / email
        for path in sorted(site.rglob("*"), reverse=True):
            name = path.relative_to(site).as_posix()
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()) and name.startswith((f"app_data/{APP_NAME}", f"public/{APP_NAME}")):
                    path.rmdir()
            elif name not in state and name.startswith(("app_data/", "public/")) and some(name):
                path.unlink()
                self.held.get((email, viewer), {}).pop(name, None)
        # A reader's SyftBox writes what has changed; nobody else changes a reader's copy.
        held = self.held.setdefault((email, viewer), {}) if email != viewer else {}
        for name, data in state.items():
            if some(name) and held.get(name) != data:
                held[name] = data
                target = site / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.is_symlink() or target.is_dir():
                    shutil.rmtree(target) if not target.is_symlink() else target.unlink()
                target.write_bytes(data)
        self.disk.settle(site)


class World:
    """All parties, below one folder.

    smallest_change: fewest answers by which published statistics change. is_plain: the surveys ask about shows only,
    which is faster.
    """

    def __init__(self, disk: Disk, people: int, limit: int, smallest_change: int, *, is_plain: bool) -> None:
        self.disk, self.smallest_change = disk, smallest_change
        self.day = FIRST_DAY
        self.people = [Person(f"p{number}@home.net", disk.root / f"p{number}", limit) for number in range(people)]
        self.home = disk.root / "aggregator"
        self.offset = 0
        self.wrong_clock = False
        self.altered = False
        self.relay = Relay(disk, {AGGREGATOR: self.home, **{one.email: one.home for one in self.people}})
        for home, email in [(self.home, AGGREGATOR), *((one.home, one.email) for one in self.people)]:
            for folder in ("datasites", "private", "publisher", "own"):
                (home / folder).mkdir(parents=True)
            Datasite(home / "datasites", email).set_up()
        for one in self.people:
            one.decide("joined")
        if is_plain:
            write_plan(self.home / "own", LocalPlan(questions=("top_shows",)))
        disk.settle(disk.root)
        self.restart()

    def restart(self) -> None:
        """Start the aggregator's process anew."""
        site = Datasite(self.home / "datasites", AGGREGATOR)
        self.aggregator = Aggregator(
            site,
            self.home / "own",
            vocabulary(),
            smallest_change=self.smallest_change,
            smallest_answers=1,
            clock=lambda: 0.0,
        )

    def today(self, person: Person) -> date:
        """Return the day by a person's clock."""
        return self.day + timedelta(days=person.offset)

    @property
    def aggregators_day(self) -> date:
        """The day by the aggregator's clock."""
        return self.day + timedelta(days=self.offset)

    @property
    def newest(self) -> Week:
        """The last week that is over."""
        return Week.last_complete(self.day)

    def set_up(self) -> None:
        """Let SyftBox set up datasites anew that were wiped before anything was published, as its client does."""
        for one in self.people:
            if not one.site.is_initialized:
                one.site.set_up()
                self.disk.settle(one.site.root)

    def exchange(self) -> None:
        """Bring every datasite wholly to everybody who reads it."""
        for email in self.relay.homes:
            self.relay.capture(email)
        for one in self.people:
            self.relay.deliver(one.email, AGGREGATOR)
            self.relay.deliver(AGGREGATOR, one.email)
