"""A round of two operators on a real SyftBox network on loopback: each party sees what its own client has synced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.layout import round_path
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.helper import HelperLimits
from netflix_trend.operators.identity import Identity
from netflix_trend.operators.jobs import decode_collected
from netflix_trend.operators.manifest import Manifest, Round, from_bytes
from netflix_trend.operators.reporter import Reporter, ReporterLimits
from netflix_trend.operators.result import Result, check
from netflix_trend.operators.round_folders import SURVEY
from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import LARGEST_SURVEY, OwnFiles, Peer, read_from
from netflix_trend.participant import participant
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.survey.deadlines import DAY, SLACK, Deadlines
from netflix_trend.survey.sum_survey import SumSurvey
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.helper.service import HelperService
from services.aggregator.sums.leading import SumAggregator
from tests.e2e.syftbox_network import SyftBoxNetwork, require_syftbox
from tests.waiting import stays, wait_for

pytestmark = pytest.mark.syftbox
AGGREGATOR, HELPER = "trend@example.net", "helper@example.com"
# The last one is a real participant with a history; the others have only answers.
DAN = "dan@example.org"
PEOPLE = ("alice@example.org", "bob@example.org", "cyd@example.org")
WEEK = Week.parse("2026-W46")
AT = Deadlines.of(WEEK)
MONDAY, EARLY, LATE = AT.early - 4 * DAY, AT.early + SLACK, AT.late + SLACK


def no_noise(_sigma2: Fraction, count: int) -> Sequence[int]:
    return [0] * count


# If these letters are anywhere but on Dan's machine, something private has left.
SENTINEL = "Zyxomma Quillfeather"


class Parties:
    """Two operators and three people, each with the datasites that their own client mirrors."""

    def __init__(self, network: SyftBoxNetwork, root: Path) -> None:
        self.network, self.root = network, root
        self.aggregator = SumAggregator(
            self.site(AGGREGATOR, AGGREGATOR),
            self.volume(AGGREGATOR),
            starter_vocabulary(),
            durable=False,
            list_length=10,
            helper=self.peer(HELPER, AGGREGATOR),
            smallest_batch=3,
            noise=no_noise,
        )
        self.helper = HelperService(
            self.site(HELPER, HELPER),
            self.volume(HELPER),
            self.peer(AGGREGATOR, HELPER),
            HelperLimits(Fraction(108, 1000), 3),
            Fraction(562, 100),
            durable=False,
            noise=no_noise,
        )
        self.people = {email: self.reporter(email) for email in PEOPLE}

    def volume(self, email: str) -> Path:
        return self.root / "volumes" / email

    def site(self, owner: str, viewer: str) -> Datasite:
        return Datasite(self.network.datasites(viewer), owner)

    def peer(self, owner: str, viewer: str) -> Peer:
        identity = Identity.load_or_create(self.volume(owner) / "identity.key")
        return Peer(self.site(owner, viewer), identity.fingerprint)

    def reporter(self, email: str) -> Reporter:
        store = Store(self.volume(email) / "state.sqlite", durable=False)

        def answers(asked: Round) -> Sequence[Any] | None:
            data = read_from(self.site(AGGREGATOR, email), asked.name, SURVEY, LARGEST_SURVEY)
            if data is None:
                return None
            truths = {"top_shows": frozenset({3}), "volume": 4, "event_effect": None}
            return SumSurvey.from_bytes(data).measurements(truths, ["event_effect"])

        return Reporter(
            OwnFiles(self.site(email, email), durable=False),
            store,
            Budget(store, Fraction(562, 100)),
            self.peer(AGGREGATOR, email),
            self.peer(HELPER, email),
            ReporterLimits(Fraction(108, 1000), 3),
            answers,
        )

    def dan(self) -> Settings:
        """Settings of a real participant who names both operators."""
        return load_settings(
            private_dir=self.volume(DAN) / "private",
            publisher_dir=self.volume(DAN) / "publisher",
            datasites_dir=self.network.datasites(DAN),
            syftbox_email=DAN,
            aggregator_datasite=AGGREGATOR,
            aggregator_key=self.peer(AGGREGATOR, DAN).pin.hex,
            helper_datasite=HELPER,
            helper_key=self.peer(HELPER, DAN).pin.hex,
            limit_batch=3,
        )

    def watch(self) -> None:
        """Import Dan's export, with a show of the week's list and one that only he has seen."""
        export = self.volume(DAN) / "NetflixViewingHistory.csv"
        export.parent.mkdir(parents=True, exist_ok=True)
        rows = [f'"{show}: Season 1: Episode {day}","11/{day}/26"\n' for day in range(9, 15) for show in self.watched]
        export.write_text("Title,Date\n" + "".join(rows))
        participant.take_file(self.dan(), export, "test", received=WEEK.sunday + timedelta(days=1))
        participant.refresh(self.dan())

    @property
    def watched(self) -> tuple[str, str]:
        return starter_vocabulary().shows[5].title, SENTINEL

    def dan_sends(self, now: int) -> bool:
        """Let Dan's publisher run once; whether his report is there."""
        participant.publish(self.dan(), WEEK.sunday + timedelta(days=1), now)
        return self.file(DAN, DAN, "report.bin").exists()

    def file(self, owner: str, viewer: str, name: str) -> Path:
        return self.site(owner, viewer).root / round_path(str(WEEK), name)

    def has_arrived(self, email: str) -> bool:
        """Whether somebody's report is at both operators, as it was sent."""
        sent = self.file(email, email, "report.bin").read_bytes()
        there = [self.file(email, operator, "report.bin") for operator in (AGGREGATOR, HELPER)]
        return all(path.exists() and path.read_bytes() == sent for path in there)

    def operate(self, now: int) -> None:
        self.aggregator.lead(now)
        self.helper.look(now)

    def sums(self, viewer: str) -> dict[str, tuple[int, ...]] | None:
        """The early sums as anybody can check them from what their own client has; None before all of it came."""
        leader, helper = self.peer(AGGREGATOR, viewer), self.peer(HELPER, viewer)
        manifest, result = leader.read(str(WEEK), "manifest.json"), leader.read(str(WEEK), "result-early.json")
        share = helper.read(str(WEEK), "agg-share-early.bin")
        if manifest is None or result is None or share is None:
            return None
        asked = Round(from_bytes(Manifest, manifest))
        theirs = decode_collected(asked, share, with_shares=True)
        return {name: found.sums for name, found in check(asked, "early", from_bytes(Result, result), theirs).items()}


def holds(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


def test_a_round_of_two_operators_over_syftbox(tmp_path: Path) -> None:
    require_syftbox()
    with SyftBoxNetwork(tmp_path / "network", [AGGREGATOR, HELPER, DAN, *PEOPLE]) as network:
        parties = Parties(network, tmp_path)
        parties.watch()

        def everybody_sent() -> bool:
            parties.operate(MONDAY)
            said = [person.run(MONDAY).get(str(WEEK)) for person in parties.people.values()]
            return parties.dan_sends(MONDAY) and said == ["sent"] * len(PEOPLE)

        wait_for(everybody_sent, "the operators to agree and everybody to report")
        wait_for(lambda: all(parties.has_arrived(email) for email in (DAN, *PEOPLE)), "each report at each operator")
        sizes = {parties.file(email, email, "report.bin").stat().st_size for email in (DAN, *PEOPLE)}
        assert len(sizes) == 1, "a report's size tells nothing"
        stays(lambda: not parties.file(PEOPLE[0], PEOPLE[1], "report.bin").exists(), "others get no report")

        def summed() -> bool:
            parties.operate(EARLY)
            return parties.sums(PEOPLE[0]) is not None

        wait_for(summed, "the early sums at a participant")
        found = parties.sums(PEOPLE[0])
        assert found is not None
        assert found["shows"] == tuple({3: 3, 5: 1}.get(place, 0) for place in range(10))
        assert not parties.file(AGGREGATOR, PEOPLE[0], "agg-init-early-1.bin").exists(), "it is for the helper"

        def over() -> bool:
            parties.operate(LATE)
            return all(person.status(str(WEEK)) is not None for person in parties.people.values())

        wait_for(over, "the end of the round at everybody")
        statuses = [person.status(str(WEEK)) for person in parties.people.values()]
        assert [(status.status, status.batch) for status in statuses if status] == [("counted", "early")] * 3
        page = network.datasites(PEOPLE[0]) / AGGREGATOR / "public" / "netflix_trend" / "index.html"
        wait_for(lambda: page.exists() and "This is the final result." in page.read_text(), "the page at everybody")
        leaked = [path for path in network.server_data.rglob("*") if path.is_file() and holds(path, SENTINEL)]
        assert not leaked, "a title that is only in a private history is on the server"
        assert [path for path in parties.volume(DAN).rglob("*") if path.is_file() and holds(path, SENTINEL)]
        keys = [path for path in network.server_data.rglob("*") if path.is_file() and path.name == "identity.key"]
        assert not keys
