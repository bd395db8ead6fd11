"""A participant's machine and an aggregator's view, on whichever generation of SyftBox a test runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.participant import participant
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.collect import RoundReports, collect
from services.aggregator.rounds import Aggregator
from services.local.__main__ import publish_once

WEEK = Week.parse("2026-W46")
TODAY = WEEK.sunday + timedelta(days=2)
AGGREGATOR, ALICE, BOB = "trend@example.net", "alice@example.org", "bob@example.org"
# A made-up title: if it appears anywhere else, private data has leaked.
SENTINEL = "Zyxomma Quillfeather"


class Network(Protocol):
    """Where each person's client mirrors the datasites."""

    def datasites(self, email: str) -> Path: ...


@dataclass
class Machine:
    """A participant's machine: private folders, and the datasites as its client sees them."""

    network: Network
    email: str
    root: Path

    @property
    def settings(self) -> Settings:
        return load_settings(
            private_dir=self.root / "private",
            publisher_dir=self.root / "publisher",
            datasites_dir=self.network.datasites(self.email),
            syftbox_email=self.email,
            aggregator_datasite=AGGREGATOR,
        )

    @property
    def site(self) -> Datasite:
        return Datasite(self.network.datasites(self.email), self.email)

    def watch(self, title: str, received: date = TODAY) -> None:
        """Import an export of that day with a show that only this person has seen, and one of the catalogue."""
        self.root.mkdir(parents=True, exist_ok=True)
        export = self.root / "NetflixViewingHistory.csv"
        rows = [f'"{title}: Season 1: Episode {number}","11/{number}/26"\n' for number in range(1, 15)]
        rows += [f'"Stranger Things: Season 1: Episode {number}","11/{number}/26"\n' for number in range(9, 15)]
        export.write_text("Title,Date\n" + "".join(rows))
        settings = self.settings
        participant.take_file(settings, export, "test", received=received)
        participant.refresh(settings)

    def publish(self, today: date = TODAY) -> PublisherStatus:
        return publish_once(self.settings, today)

    def files(self) -> dict[str, bytes]:
        return self.site.contents()

    def releases(self) -> list[bytes]:
        return [entry.data for entry in read_ledger(self.settings.records_dir / "ledger.jsonl")]


def aggregator_of(network: Network, root: Path) -> Aggregator:
    site = Datasite(network.datasites(AGGREGATOR), AGGREGATOR)
    return Aggregator(
        site, root / "aggregator", starter_vocabulary(), durable=False, smallest_change=1, smallest_answers=1
    )


class SettlingNetwork(Network, Protocol):
    """One that syncs when it is told to."""

    def settle(self) -> None: ...


def surveyed(network: SettlingNetwork, root: Path) -> tuple[Aggregator, Machine]:
    """Return an aggregator, and Alice, who has announced herself and has its survey, and has not answered it."""
    aggregator, alice = aggregator_of(network, root), Machine(network, ALICE, root / "alice")
    alice.watch(SENTINEL)
    alice.publish()
    network.settle()
    aggregator.run(TODAY)
    network.settle()
    return aggregator, alice


def seen(network: Network, who: str, owner: str) -> set[str]:
    """Return the files of the app in a datasite, as somebody else's client has them."""
    return Datasite(network.datasites(who), owner).published()


def collected(aggregator: Aggregator, today: date = TODAY) -> list[RoundReports]:
    """What the aggregator finds in its datasites, before it estimates anything."""
    folder, candidates = aggregator.site.datasites, aggregator.enrolment.candidates
    return [collect(folder, candidates(), survey) for survey in aggregator.surveys(today)]


def counted(aggregator: Aggregator, today: date = TODAY) -> int:
    return sum(found.reports.total() for found in collected(aggregator, today))


def holds(path: Path, text: str) -> bool:
    """Whether the first word of a text is in a file, in upper or lower case."""
    return text.split(maxsplit=1)[0].lower().encode() in path.read_bytes().lower()
