"""What must hold in every history, after every operation and at the end. Read from files, mostly without the code
under test.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.faults.disk import Process
from bench.faults.world import AGGREGATOR, CANARY, Person, World
from netflix_trend.layout import PrivateVolume, release_path
from netflix_trend.participant.choices import ChoicesError, read_choices
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.periods.turns import COUNTED, ROTATION, is_turn
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.survey.release import SIZE
from services.aggregator.answers import are_apart
from services.aggregator.batches import Batch
from services.aggregator.collect import RoundReports, collect
from services.aggregator.estimation import estimate_round

_YEAR = 52
# States of a run that has put the datasite right.
_RESTORES = frozenset({"answering", "paused", "waiting_for_survey", "survey_refused", "withdrawn"})
_RELEASES = "app_data/netflix_trend/releases"


class Violation(Exception):
    """Something that must always hold does not."""


class Checks:
    """Everything that was ever visible, and what must hold about it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.visible: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        self.closed: dict[str, bytes] = {}
        self.looks: object = None
        self.people = {one.email: one for one in world.people}

    # --- while it happens

    def replaced(self, path: Path) -> None:
        """A file got its name: a release in its owner's datasite is visible from now on."""
        home, datasites, email, *rest = path.relative_to(self.world.disk.root).parts
        if datasites == "datasites" and email in self.people and home == self.people[email].home.name:
            name = "/".join(rest)
            if name.startswith(f"{_RELEASES}/"):
                self._see(email, path.stem, self.world.disk.read(path))
            elif name == "app_data/netflix_trend/manifest.json":
                self._names_what_is_there(email, path)

    def _names_what_is_there(self, email: str, path: Path) -> None:
        """A manifest was written: every file that it names is there as it says."""
        for name, entry in json.loads(self.world.disk.read(path))["files"].items():
            try:
                found = hashlib.sha256(self.world.disk.read(path.parent / name)).hexdigest()
            except OSError:
                found = "missing"
            if found != entry["sha256"]:
                raise Violation(f"{email}: the manifest names {name}, which is not there as it says")

    def _see(self, email: str, name: str, data: bytes) -> None:
        seen = self.visible[email, name]
        seen.add(data)
        if len(seen) > 1:
            raise Violation(f"{email} gave two distinct answers about {name}")

    def counted(self, results: Sequence[tuple[RoundReports, RoundStatistics]]) -> None:
        """The aggregator has counted: nobody counts twice."""
        datasites = self.world.home / "datasites"
        for found, statistics in results:
            name = statistics.round
            there = sum((datasites / email / f"{_RELEASES}/{name}.json").exists() for email in self.people)
            if found.reports.total() > there or found.participants > len(self.people):
                raise Violation(f"{name}: {found.reports.total()} answers of {there} people")

    def published(self, one: Person, status: PublisherStatus, *, is_undisturbed: bool) -> None:
        """A run of the publisher ended by itself."""
        if is_undisturbed and status.state in _RESTORES:
            one.altered.clear()
            if status.state == "withdrawn":
                self.is_withdrawn(one)

    def is_withdrawn(self, one: Person) -> None:
        """Somebody has withdrawn: nothing of the app is in their datasite."""
        if left := sorted(path.name for path in one.site.app_data.rglob("*") if path.is_file()):
            raise Violation(f"{one.email} withdrew, and {left} is still there")

    def _unwitnessed(self, one: Person) -> set[str]:
        """Return the visible rounds that the ledger neither holds nor skips."""
        rounds, skipped, through = one.recorded()
        visible = {name for email, name in self.visible if email == one.email}
        return {name for name in visible if name not in rounds and name not in skipped and name > through}

    def may_damage_datasite(self, one: Person) -> bool:
        """Return whether the ledger knows everything that was visible: only one of both may be lost at a time."""
        return not self._unwitnessed(one)

    def may_lose_ledger(self, one: Person) -> bool:
        """Return whether the datasite shows everything that was visible."""
        return {name for email, name in self.visible if email == one.email} <= one.witnessed()

    # --- after every operation

    def always(self) -> None:
        """Check what holds at any time."""
        for one in self.world.people:
            self._nothing_torn(one)
            self._nothing_private(one)
            self._nothing_lost(one)
            self._within_the_year(one)
            self._choice_is_kept(one)
        self._statistics_whole()

    def _nothing_torn(self, one: Person) -> None:
        app = one.site.app_data
        for path in sorted(app.rglob("*.json")):
            if str(path) in one.altered or path.name.startswith("."):
                continue
            data = path.read_bytes()
            try:
                json.loads(data)
            except ValueError:
                raise Violation(f"{one.email}: {path.name} is torn: {len(data)} bytes") from None
            if path.parent.name == "releases" and len(data) != SIZE:
                raise Violation(f"{one.email}: the release {path.name} has {len(data)} bytes")

    def _nothing_private(self, one: Person) -> None:
        for path in sorted(one.site.root.rglob("*")):
            if path.is_file() and not path.is_symlink() and CANARY.encode() in path.read_bytes():
                raise Violation(f"{one.email}: {path.name} in the datasite has a private title")

    def _nothing_lost(self, one: Person) -> None:
        volume = PrivateVolume(one.home / "private")
        for sha256, data in one.kept.items():
            try:
                is_there = volume.export(sha256).read_bytes() == data and volume.description(sha256).exists()
            except OSError:
                is_there = False
            if not is_there:
                raise Violation(f"{one.email}: an export that was taken is not in raw/ any more")

    def _within_the_year(self, one: Person) -> None:
        visible = [name for email, name in self.visible if email == one.email]
        rounds = one.recorded()[0] if one.lost_ledger else visible
        weeks = sorted(Week.parse(name).index for name in rounds)
        for first in weeks:
            if (inside := sum(first <= week < first + _YEAR for week in weeks)) > one.limit:
                raise Violation(f"{one.email} gave {inside} reports in 52 weeks, the limit is {one.limit}")

    def _choice_is_kept(self, one: Person) -> None:
        try:
            choice = read_choices(one.settings.private_dir).participation
        except ChoicesError:
            raise Violation(f"{one.email}: choices.json is damaged") from None
        if choice not in one.decided:
            raise Violation(f"{one.email} chose {sorted(one.decided)}, and {choice} is saved")

    def _statistics_whole(self) -> None:
        own = self.world.home / "own"
        looks = frozenset(
            (path.name, path.stat().st_ino, path.stat().st_mtime_ns)
            for folder in ("statistics", "batches", "surveys")
            for path in own.glob(f"{folder}/*.json")
        )
        if looks == self.looks:
            return
        self.looks = looks
        for path in [*own.glob("statistics/*.json"), *own.glob("batches/*.json"), *own.glob("surveys/*.json")]:
            if path.name.startswith("."):
                continue
            try:
                json.loads(path.read_bytes())
            except ValueError:
                raise Violation(f"the aggregator's {path.parent.name}/{path.name} is torn") from None
        gone = set(self.closed) - {path.stem for path in own.glob("statistics/*.json")}
        if gone:
            raise Violation(f"closed rounds disappeared: {sorted(gone)}")
        newest = Week.last_complete(self.world.aggregators_day)
        for path in own.glob("statistics/[0-9]*.json"):
            if Week.parse(path.stem) <= newest - COUNTED:
                data = path.read_bytes()
                if self.closed.setdefault(path.stem, data) != data and not self.world.wrong_clock:
                    raise Violation(f"the statistics of the closed round {path.stem} changed")
        for path in own.glob("batches/[0-9]*.json"):
            self._apart(path)

    def _apart(self, path: Path) -> None:
        """Any two published versions of a statistic differ by enough answers, or by none."""
        batch = Batch.model_validate_json(path.read_bytes())
        survey = self.world.aggregator.survey(Week.parse(path.stem))
        smallest = min(2, self.world.smallest_change)
        for question in survey.questions:
            if question.name in batch.versions:
                versions = batch.answers(question)
                for number, one in enumerate(versions):
                    if not all(are_apart(one, other, smallest) for other in versions[:number]):
                        raise Violation(f"{path.stem}: two published versions differ by less than {smallest} answers")

    # --- at the end

    def at_the_end(self) -> None:
        """Check that the network has come right by itself."""
        for one in self.world.people:
            self._has_come_right(one)
        self._aggregator_has_come_right()

    def _has_come_right(self, one: Person) -> None:
        choice = read_choices(one.settings.private_dir).participation
        copies = self.world.home / "datasites" / one.email / "app_data"
        if choice == "withdrawn":
            self.is_withdrawn(one)
            if any(path.is_file() for path in copies.rglob("*")):
                raise Violation(f"{one.email} withdrew, and the aggregator still has files")
            return
        with self.world.disk.running(Process()):
            status = one.publish(self.world.day)
        rounds, skipped, through = one.recorded()
        expected = {"paused": ("paused", "not_joined"), "joined": ("answering",)}
        if status.state not in expected[choice]:
            raise Violation(f"{one.email} {choice}: the publisher says {status.state}: {status.message}")
        there = {path.stem for path in one.site.app_data.glob("releases/*.json")}
        # Paused and without a ledger, nothing is published or removed: no file is known as one of ours.
        is_left_alone = one.lost_ledger and status.state == "not_joined"
        if there != set(rounds) and not is_left_alone:
            raise Violation(f"{one.email}: {sorted(there)} in the datasite, {sorted(rounds)} in the ledger")
        if choice == "joined":
            self._has_answered(one, status, rounds, skipped, through)

    def _has_answered(
        self, one: Person, status: PublisherStatus, rounds: Sequence[str], skipped: set[str], through: str
    ) -> None:
        newest = self.world.newest
        mine = [week for week in (newest - age for age in range(ROTATION)) if is_turn(week, one.email)]
        outcomes = {outcome.round: outcome for outcome in status.outcomes}
        for week in mine:
            outcome = outcomes.get(str(week))
            if outcome is None:
                raise Violation(f"{one.email} is not asked about {week}")
            if outcome.status == "kept":
                continue
            is_full = len(rounds) >= one.limit
            was_hurt = one.lost_ledger or one.wrong_clock or self.world.wrong_clock
            may_depend = any(through >= str(week) for through in one.depends())
            may_be_lost = may_depend or str(week) in skipped or str(week) <= through
            if not is_full and not may_be_lost and not was_hurt:
                raise Violation(f"{one.email} has not answered {week}: {outcome.status}: {outcome.reason}")

    def _aggregator_has_come_right(self) -> None:
        world, newest = self.world, self.world.newest
        aggregator = world.aggregator
        emails = sorted(self.people)
        for age in range(COUNTED):
            week = newest - age
            path = aggregator.survey_path(week)
            if not path.exists():
                raise Violation(f"nobody was asked about {week}")
            survey = aggregator.survey(week)
            found = collect(world.home / "datasites", emails, survey)
            answered = [
                one
                for one in world.people
                if (one.site.app_data / release_path(str(week))).exists() and one.email != AGGREGATOR
            ]
            if found.reports.total() + found.refused.total() != len(answered) or found.waiting:
                raise Violation(
                    f"{week}: {len(answered)} people answered, {found.reports.total()} are counted, "
                    f"{found.waiting} wait, refused: {dict(found.refused)}"
                )
            if found.refused and not world.wrong_clock:
                raise Violation(f"{week}: refused {dict(found.refused)}")
            published = RoundStatistics.from_bytes((aggregator.shared / "statistics" / f"{week}.json").read_bytes())
            if published.reports > found.reports.total() and world.smallest_change == 1 and not world.wrong_clock:
                raise Violation(f"{week}: {published.reports} answers are published, {found.reports.total()} are there")
            if world.smallest_change == 1 and not world.wrong_clock:
                scratch = estimate_round(found, aggregator.vocabulary_of(survey.vocabulary))
                if _asked(published) != _asked(scratch):
                    raise Violation(f"{week}: the statistics are not those of a computation from scratch")
        shared = {path.stem for path in (aggregator.shared / "statistics").glob("[0-9]*.json")}
        if gone := set(self.closed) - shared:
            raise Violation(f"closed rounds are not published any more: {sorted(gone)}")


def _asked(statistics: RoundStatistics) -> object:
    """Return the statistics of the questions, without how many people took part on the day of the last change."""
    return [(name, one.of_participants(None, None)) for name, one in statistics.asked()]
