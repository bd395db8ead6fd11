"""The demo's network when operators sum: an aggregator and a helper with folders of their own, and sealed reports."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cached_property

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.layout import DEMO_SETTINGS, round_path
from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.operators.helper import HelperLimits
from netflix_trend.operators.identity import Identity
from netflix_trend.operators.manifest import Round
from netflix_trend.operators.report import build
from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import REPORT, Peer
from netflix_trend.participant import participant
from netflix_trend.participant.demo import Demo
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.simulation.population import (
    FLAT,
    Population,
    SimulatedWeek,
    life_changes,
    person,
    seeded_randomness,
    watched,
)
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.survey.deadlines import SLACK, Deadlines
from netflix_trend.survey.sum_survey import Preset, SumSurvey
from netflix_trend.syftbox.datasite import Datasite, announced
from services.aggregator.helper.service import HelperService
from services.aggregator.sums.leading import SumAggregator
from services.demo.network import Network
from services.demo.plain import PagesOnce

HELPER = "helper@example.org"
# Fewer people than this in a sum are not asked for, and the real participant would not answer.
FEWEST = 20
# From here on the noise is one that a network of this size can afford.
_MANY = 500
# The leader announces, the helper gives its key, the leader offers, the helper accepts, the leader goes on.
_EXCHANGES = 3
# How the names of the files begin in which the operators name every report to each other.
_JOBS = ("agg-init-", "agg-resp-")
_YEAR = Fraction(562, 100)


@dataclass(frozen=True)
class DemoSumAggregator(PagesOnce, SumAggregator):
    """A leader whose pages are written once."""


@dataclass(frozen=True)
class SealedNetwork(Network):
    """A network in which reports are summed, by two operators or, with `helped` false, by one."""

    helped: bool = True
    preset: Preset = "x8"
    exponent: float = FLAT

    def more_settings(self) -> dict[str, str]:
        """Return the operators' addresses and keys, as everybody's settings name them."""
        keys = {"aggregator_key": self._key("aggregator"), "limit_modes": "one"}
        if self.helped:
            keys |= {"helper_datasite": HELPER, "helper_key": self._key("helper"), "limit_modes": "two"}
        return keys

    def _key(self, operator: str) -> str:
        return Identity.load_or_create(self.root / operator / "identity.key").fingerprint.hex

    def prepare(self) -> None:
        """Begin with an empty folder, in which SyftBox has set up both operators."""
        super().prepare()
        for email in (EXAMPLE_AGGREGATOR, HELPER) if self.helped else (EXAMPLE_AGGREGATOR,):
            Datasite(self.datasites, email).set_up()
        # For `dashboard --demo`, which shows the real participant's pages.
        (self.root / DEMO_SETTINGS).write_bytes(canonical_json(self.more_settings()))

    def aggregator(self) -> DemoSumAggregator:
        """The leader."""
        return self._leader

    @cached_property
    def _leader(self) -> DemoSumAggregator:
        site = Datasite(self.datasites, EXAMPLE_AGGREGATOR)
        return DemoSumAggregator(
            site,
            self.root / "aggregator",
            starter_vocabulary(),
            durable=False,
            helper=self._peer(HELPER, "helper") if self.helped else None,
            preset=self.preset,
            smallest_batch=FEWEST,
            invented=True,
        )

    @cached_property
    def _helper(self) -> HelperService:
        return HelperService(
            Datasite(self.datasites, HELPER),
            self.root / "helper",
            self._peer(EXAMPLE_AGGREGATOR, "aggregator"),
            HelperLimits(Fraction(108, 1000), FEWEST),
            _YEAR,
            durable=False,
        )

    def _peer(self, email: str, operator: str) -> Peer:
        identity = Identity.load_or_create(self.root / operator / "identity.key")
        return Peer(Datasite(self.datasites, email), identity.fingerprint)

    def publish_at(self, now: int, week: Week) -> PublisherStatus:
        """Let the real participant's publisher answer, with real randomness."""
        self.date_files(week.sunday + timedelta(days=1))
        return participant.publish(self.settings, week.sunday + timedelta(days=1), now)

    def run(
        self, people: int, weeks: int, seed: int, last: Week, progress: Callable[[str], None] = lambda _: None
    ) -> list[RoundStatistics]:
        """Play `weeks` weeks that end with `last`; returns the statistics of each, oldest first.

        progress is called once for each of the `people * (weeks * 2 + 3)` steps.
        """
        self._join(people, progress)
        self._leader.wait_with_pages()
        for number, week in enumerate(self.population(people, seed).weeks(weeks)):
            asked_week = last - (weeks - 1 - number)
            opened = timegm((asked_week.sunday + timedelta(days=1)).timetuple()) + 12 * 3600
            self._operate(opened)
            self.publish_at(opened, asked_week)
            survey = self._leader.sum_survey(asked_week)
            row = self._leader.leader.store.round(survey.round)
            assert row is not None
            self._send(survey, self._leader.leader.asked(row), week, seed, progress)
            self._operate(Deadlines.of(asked_week).early + SLACK, is_last=number == weeks - 1)
            self._forget_reports(people, survey.round)
            for _ in range(people):
                progress("operators sum")
        folder = self._leader.shared / "statistics"
        rounds = [last - age for age in reversed(range(weeks))]
        return [RoundStatistics.from_bytes((folder / f"{week}.json").read_bytes()) for week in rounds]

    def population(self, people: int, seed: int) -> Population:
        """The invented people."""
        return Population(people, len(self._leader.vocabulary), seed, exponent=self.exponent)

    def _operate(self, now: int, *, is_last: bool = False) -> None:
        for _ in range(_EXCHANGES):
            self._leader.lead(now)
            if self.helped:
                self._helper.look(now)
        if is_last:
            self._leader.write_pages()
        self._leader.lead(now)

    def _join(self, people: int, progress: Callable[[str], None]) -> None:
        # The first ones as everybody, with the rules by which SyftBox shares a folder; nothing here reads the others'.
        for number in range(people):
            site = Datasite(self.datasites, person(number))
            if number < self.publishers:
                site.publish({}, EXAMPLE_AGGREGATOR, durable=False, keep_rounds=True)
            else:
                site.app_data.mkdir(parents=True)
                for name, data in announced({}, EXAMPLE_AGGREGATOR)[0].items():
                    (site.app_data / name).write_bytes(data)
            progress("people join")

    def _forget_reports(self, people: int, name: str) -> None:
        """Remove the invented people's reports of a round that is summed, as people may, so that a demo stays small."""
        for number in range(people):
            path = self.datasites / person(number) / round_path(name, REPORT)
            with suppress(OSError):  # an earlier step was interrupted, or a person has put something beside it
                path.unlink()
                path.parent.rmdir()

    def finish(self, people: int, *, is_mine: bool) -> Demo:
        """Remove the folders of the invented people, and what the operators wrote to each other about every report."""
        for store, party in self._stores():
            store.drop(*_JOBS)
            for job in _JOBS:
                for path in (self.datasites / party).glob(round_path("*", f"{job}*")):
                    path.unlink()
        return super().finish(people, is_mine=is_mine)

    def _stores(self) -> list[tuple[Store, str]]:
        helper = [(self._helper.helper.store, HELPER)] if self.helped else []
        return [(self._leader.leader.store, EXAMPLE_AGGREGATOR), *helper]

    def _send(
        self, survey: SumSurvey, asked: Round, week: SimulatedWeek, seed: int, progress: Callable[[str], None]
    ) -> None:
        """Let every invented person seal a report."""
        randbelow = seeded_randomness(seed + survey.week.index)
        changes = life_changes(len(week.shows), seed, Quarter.of(survey.week.monday).previous)
        for number, shows in enumerate(week.shows):
            truths = watched(shows, int(week.titles[number]), changes[number])
            email = person(number)
            path = self.datasites / email / round_path(asked.name, REPORT)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(build(asked, email, survey.measurements(truths, (), randbelow)))
            progress("people answer")


def preset_for(people: int) -> Preset:
    """Return what a network of this size asks for: more noise where there are more people."""
    return "x3" if people >= _MANY else "x8"
