"""A folder laid out like a SyftBox workspace, with invented people, one real participant and an aggregator."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.history.encodings import load_encodings, save_encodings
from netflix_trend.history.tables import History
from netflix_trend.layout import PrivateVolume
from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.participant import participant
from netflix_trend.participant.demo import Demo
from netflix_trend.participant.releases import Participant, publish_due
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.withheld import SMALLEST_ANSWERS
from netflix_trend.settings import Settings, load_settings
from netflix_trend.simulation.population import (
    Population,
    SimulatedWeek,
    life_changes,
    person,
    seeded_randomness,
    watched,
)
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.batches import SMALLEST_CHANGE
from services.demo.plain import DemoAggregator, PagesOnce, PlainPeople

ME = "me@example.org"
_MARKER = ".netflix-trend-demo"
# So many invented people have a datasite and a ledger, in which their publisher works as everybody's.
PUBLISHERS = 200


class DemoError(Exception):
    """The demo cannot run as asked; the message says what to do."""


@dataclass(frozen=True)
class Network:
    """Folders of the demo: `datasites/` as SyftBox would sync them, the rest is private to somebody.

    exponent: how steep the popularity of shows falls among the invented people. smallest_change,
    smallest_answers: as the aggregator's. publishers: how many invented people have folders; the others' answers are
    the same, and are counted without. has_pages: whether the aggregator writes pages, once, at the end.
    """

    root: Path
    exponent: float = 1.0
    smallest_change: int = SMALLEST_CHANGE
    smallest_answers: int = SMALLEST_ANSWERS
    publishers: int = PUBLISHERS
    has_pages: bool = True
    plain: PlainPeople = field(default_factory=PlainPeople, compare=False, repr=False)

    @property
    def datasites(self) -> Path:
        """One folder a datasite."""
        return self.root / "datasites"

    @property
    def private(self) -> Path:
        """The real participant's private volume."""
        return self.root / "private"

    @property
    def settings(self) -> Settings:
        """The real participant's settings."""
        return load_settings(
            private_dir=self.private,
            publisher_dir=self.root / "publisher",
            datasites_dir=self.datasites,
            syftbox_email=ME,
            aggregator_datasite=EXAMPLE_AGGREGATOR,
            **self.more_settings(),
        )

    def more_settings(self) -> dict[str, str]:
        """Return what else the settings name."""
        return {}

    def check(self) -> None:
        """Raise DemoError if the folder holds anything that is not an earlier demo: it would be removed."""
        if self.root.exists() and any(self.root.iterdir()) and not (self.root / _MARKER).exists():
            raise DemoError(f"{self.root} is not empty and not an earlier demo; name another folder with --output")

    def prepare(self) -> None:
        """Begin with an empty folder. Raises DemoError rather than removing anything that is not an earlier demo."""
        self.check()
        if self.root.exists():
            # Last of an earlier demo goes what says that it is ours: whoever is interrupted here can begin again.
            for path in sorted(self.root.iterdir(), key=lambda path: path.name == _MARKER):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        # First, so that what a demo leaves that was interrupted is known as ours.
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / _MARKER).touch()
        self.datasites.mkdir()
        Datasite(self.datasites, ME).set_up()

    def finish(self, people: int, *, is_mine: bool) -> Demo:
        """Remove the folders of the invented people, whose answers are counted, and say that the demo is complete.

        people: how many were invented. is_mine: the viewing is that of a person's own file.
        """
        self.remove_people(people)
        about = Demo(people=people, is_mine=is_mine)
        about.write(self.root)
        return about

    def remove_people(self, people: int) -> None:
        """Remove the folders of the invented people. people: how many there were."""
        shutil.rmtree(self.root / "people", ignore_errors=True)
        for number in range(people):
            shutil.rmtree(self.datasites / person(number), ignore_errors=True)

    def aggregator(self) -> PagesOnce:
        """Return the aggregator of the network; nothing in a demo has to survive a power cut."""
        site = Datasite(self.datasites, EXAMPLE_AGGREGATOR)
        return DemoAggregator(
            site,
            self.root / "aggregator",
            starter_vocabulary(),
            durable=False,
            smallest_change=self.smallest_change,
            smallest_answers=self.smallest_answers,
            invented=True,
            plain=self.plain,
        )

    def import_exports(
        self, exports: Sequence[Path], received: date | None = None, only: Sequence[str] = ()
    ) -> History:
        """Take files through the processor. Without `received` they count as complete: downloaded after their week.

        only: the Netflix profiles that count, where they are not known yet.
        """
        for path in exports:
            downloaded = received or date.min + timedelta(days=7)
            participant.take_file(self.settings, path, "demo", received=downloaded, profile="me", only=tuple(only))
        (history,) = participant.refresh(self.settings, everything=True)
        if received is None and history.encodings is not None and len(history.encodings.full):
            newest = history.encodings.full["day"][-1].astype(date)
            return self.import_exports(exports, Week.of(newest).sunday + timedelta(days=1))
        return history

    def publish_mine(self, today: date) -> PublisherStatus:
        """Let the real participant's publisher answer what the aggregator asks, with real randomness."""
        self.date_files(today)
        return participant.publish(self.settings, today)

    def date_files(self, today: date) -> None:
        """Let the real participant's files be of a day, where they are later: a demo plays many weeks with one file, of
        which only one week would be answered.
        """
        made = max((export.received for export in participant.exports(self.settings)), default=today)
        covered = min(made, today) - timedelta(days=1)
        for folder in PrivateVolume(self.settings.private_dir).profile_folders():
            with suppress(FileNotFoundError):
                save_encodings(folder, replace(load_encodings(folder), covered_through=covered))

    def publish_people(
        self,
        survey: Survey,
        week: SimulatedWeek,
        seed: int,
        progress: Callable[[], None] = lambda: None,
        *,
        events_seed: int = 0,
    ) -> None:
        """Let every invented person answer one survey: the first ones by their publishers.

        seed: of their answers in this week. events_seed: of their life events, the same in all weeks.
        """
        randbelow = seeded_randomness(seed)
        today = survey.week.sunday + timedelta(days=1)
        changes = life_changes(len(week.shows), events_seed, Quarter.of(survey.week.monday).previous)
        for number, shows in enumerate(week.shows):
            progress()
            email = person(number)
            if survey.question_for(email) is None:
                continue
            contribution = watched(shows, int(week.titles[number]), changes[number])
            if number >= self.publishers:
                self.plain.answer(email, survey, contribution, randbelow)
                continue
            participant = Participant(
                site=Datasite(self.datasites, email),
                aggregator=EXAMPLE_AGGREGATOR,
                ledger=self.root / "people" / email / "ledger.jsonl",
                limits=Limits(),
                randbelow=randbelow,
                durable=False,
            )
            publish_due(
                participant,
                [survey],
                lambda _, contribution=contribution: contribution,  # type: ignore[misc]
                vocabulary=survey.vocabulary,
                covered_through=survey.week.sunday,
                today=today,
            )

    def run(
        self, people: int, weeks: int, seed: int, last: Week, progress: Callable[[str], None] = lambda _: None
    ) -> list[RoundStatistics]:
        """Play `weeks` weeks that end with `last`; returns the statistics of each, oldest first.

        progress is called once for each of the `people * (weeks * 2 + 3)` steps.
        """
        aggregator = self.aggregator()
        aggregator.wait_with_pages()
        population = Population(people, len(aggregator.vocabulary), seed, exponent=self.exponent)
        for number, week in enumerate(population.weeks(weeks)):
            today = (last - (weeks - 1 - number)).sunday + timedelta(days=1)
            surveys = aggregator.ask(today)
            self.publish_mine(today)
            self.publish_people(surveys[-1], week, seed + number, lambda: progress("people answer"), events_seed=seed)
            is_last = number == weeks - 1
            if is_last and self.has_pages:
                aggregator.write_pages()
            aggregator.count(surveys if is_last else surveys[-1:], today, lambda: progress("answers are counted"))
        rounds = [last - age for age in reversed(range(weeks))]
        folder = aggregator.shared / "statistics"
        return [RoundStatistics.from_bytes((folder / f"{week}.json").read_bytes()) for week in rounds]
