"""The aggregator's work: ask, collect, estimate, publish. Everything can be repeated at any time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.layout import OperatorVolume
from netflix_trend.periods.turns import COUNTED, ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.published.trends import TRENDS, Trends
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.top_shows.candidates import next_candidates
from netflix_trend.storage.files import restore_file, write_atomically
from netflix_trend.survey.limits import DEFAULT_ODDS
from netflix_trend.survey.survey import RefusedSurvey, Survey, dump_surveys, load_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.shared_files import CANDIDATES, SURVEYS, VOCABULARY
from services.aggregator.collect import RoundReports, read_round
from services.aggregator.community import PUBLIC, Community
from services.aggregator.enrolment import Enrolment
from services.aggregator.estimation import estimate_round
from services.aggregator.memory import KnownRound, Memory, stamp, stamps
from services.aggregator.overview import OVERVIEW, find_overview, write_overview
from services.aggregator.sums.state import SumsState
from services.aggregator.survey_plan import LocalPlan, current_plan
from services.aggregator.trends import find_trends

_log = logging.getLogger("aggregator")


@dataclass(frozen=True)
class Aggregator:
    """Who asks, what about, and where the own files lie. `own` is the aggregator's private folder.

    use_chart: the catalogue's order is a public chart and may be used as a labelled prior of filtered shares.
    odds: what the surveys ask for. list_length: shows on a week's list. automatic: whether everybody who shares a valid
    manifest takes part. processes: how many read datasites at once. memory: what the last run found.
    """

    site: Datasite
    own: Path
    vocabulary: Vocabulary
    durable: bool = True
    use_chart: bool = False
    odds: Fraction = DEFAULT_ODDS
    list_length: int = CANDIDATES
    processes: int = 1
    automatic: bool = True
    memory: Memory = field(default_factory=Memory, compare=False, repr=False)

    @property
    def enrolment(self) -> Enrolment:
        """Who takes part."""
        return Enrolment(self.site, self.own, self.automatic)

    @property
    def has_asked(self) -> bool:
        """Whether something was published once: then the datasite was set up, even if it has lost everything since."""
        return (self.own / "surveys").exists() or OperatorVolume(self.own).surveys.exists()

    @property
    def shared(self) -> Path:
        """Folder that participants can read."""
        return self.site.app_data / "shared"

    def surveys(self, today: date) -> list[Survey]:
        """Return the surveys of the open rounds, oldest first. A survey once asked is never changed."""
        return self._open(Week.last_complete(today))

    def _just_closed(self, today: date) -> list[Survey]:
        """Return the surveys that are not asked any more and still counted, if they ever were asked."""
        newest = Week.last_complete(today)
        weeks = [newest - age for age in reversed(range(ROTATION, COUNTED))]
        return self._surveys([week for week in weeks if self.survey_path(week).exists()])

    def survey_path(self, week: Week) -> Path:
        """Where the survey of a week in local mode lies once it was asked."""
        return self.own / "surveys" / f"{week}.json"

    def _open(self, newest: Week) -> list[Survey]:
        weeks = [newest - age for age in reversed(range(ROTATION))]
        # A week is asked about in one mode: its statistics are one file.
        summed = OperatorVolume(self.own).surveys
        return self._surveys([week for week in weeks if not (summed / f"{week}.json").exists()])

    def _surveys(self, weeks: Sequence[Week]) -> list[Survey]:
        """Return the surveys of some weeks, without those that an earlier version asked and this one cannot read.

        Such a round is over: its answers cannot be counted any more, and asking again would draw a second answer from
        those who gave one. Its statistics stay as they are.
        """
        found = []
        for week in weeks:
            try:
                found.append(self._survey(week))
            except RefusedSurvey as refusal:
                if week not in self.memory.over:
                    self.memory.over.add(week)
                    _log.warning("round=%s is over: this version cannot read its survey (%s)", week, refusal)
        return found

    def _survey(self, week: Week) -> Survey:
        """Return the survey of a week, asked now if it never was. Raises RefusedSurvey if it cannot be read."""
        path = self.survey_path(week)
        try:
            return load_surveys(path.read_bytes())[0]
        except FileNotFoundError:
            pass
        plan = current_plan(self.own, LocalPlan.of_settings(self.odds, self.list_length))
        survey = plan.survey(week, self.vocabulary.version, self.candidates(week, plan.list_length))
        self.keep_vocabulary()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, dump_surveys([survey]), durable=self.durable)
        return survey

    def _vocabulary_path(self, version: str) -> Path:
        return self.own / "vocabularies" / f"{version}.json"

    def vocabulary_of(self, version: str) -> Vocabulary:
        """Return the vocabulary that a survey was asked with."""
        if version == self.vocabulary.version:
            return self.vocabulary
        return Vocabulary.from_bytes(self._vocabulary_path(version).read_bytes())

    def keep_vocabulary(self) -> None:
        """Keep the vocabulary for good: a round's results need its titles even after the catalogue has changed."""
        restore_file(self._vocabulary_path(self.vocabulary.version), self.vocabulary.to_bytes(), durable=self.durable)

    def candidates(self, week: Week, length: int) -> list[int]:
        """Return vocabulary indices to ask about: the catalogue's first ones, later the strongest and some new."""
        return next_candidates(answers_to(self._newest_statistics(), "top_shows"), self.vocabulary.shows, week, length)

    def trends(self) -> Trends:
        """Return what the statistics of the last 52 rounds tell together."""
        chart = [show.title for show in self.vocabulary.shows] if self.use_chart else None
        return find_trends(self._newest_statistics(), chart)

    def _newest_statistics(self) -> list[RoundStatistics]:
        return [RoundStatistics.from_bytes(path.read_bytes()) for path in self._statistics()[-MAX_ROUNDS:]]

    def _statistics(self) -> list[Path]:
        """The statistics of all rounds, oldest first. The datasite only holds copies: it may be emptied at any time."""
        return sorted((self.own / "statistics").glob("[0-9]*.json"))

    def latest_statistics(self) -> RoundStatistics | None:
        """Return the newest statistics that rest on at least one report."""
        for path in reversed(self._statistics()):
            statistics = RoundStatistics.from_bytes(path.read_bytes())
            if statistics.reports:
                return statistics
        return None

    def ask(self, today: date) -> list[Survey]:
        """Publish vocabulary and surveys for the participants; returns the open surveys, oldest first."""
        surveys = self.surveys(today)
        self._share(surveys)
        return surveys

    def count(
        self, surveys: Sequence[Survey], progress: Callable[[], None] = lambda: None
    ) -> list[tuple[RoundReports, RoundStatistics]]:
        """Collect and estimate rounds, publish their statistics and trends; returns them in the order of `surveys`."""
        results = [self._count(survey, progress) for survey in surveys]
        self.memory.keep({survey.round for survey in surveys})
        if surveys:
            self._share(self._open(max(survey.week for survey in surveys)))
        return results

    def _count(self, survey: Survey, progress: Callable[[], None]) -> tuple[RoundReports, RoundStatistics]:
        releases = read_round(
            self.site.datasites, self.enrolment.candidates(), survey, progress, processes=self.processes
        )
        digest, path = releases.digest(), self.own / "statistics" / f"{survey.round}.json"
        known = self.memory.rounds.get(survey.round)
        if known is None or known.digest != digest:
            found = releases.count()
            statistics = estimate_round(found, self.vocabulary_of(survey.vocabulary))
        elif known.file == stamp(path):
            return known.found, known.statistics
        else:
            found, statistics = known.found, known.statistics
        restore_file(path, statistics.to_bytes(), durable=self.durable)
        self.memory.rounds[survey.round] = KnownRound(digest, found, statistics, stamp(path))
        return found, statistics

    def run(self, today: date) -> list[RoundStatistics]:
        """Do everything once; returns the statistics of the counted rounds, oldest first."""
        return [statistics for _, statistics in self.work(today)]

    def work(self, today: date) -> list[tuple[RoundReports, RoundStatistics]]:
        """Do everything once: ask, collect, estimate, publish, and leave an overview for the operator."""
        asked, closed = self.ask(today), self._just_closed(today)
        results = self.count([*closed, *asked])
        open_rounds = [found for found, _ in results[len(closed) :]]
        self._look_over(asked, open_rounds)
        return results

    def _look_over(self, asked: Sequence[Survey], found: Sequence[RoundReports]) -> None:
        """Leave an overview for the operator, unless the last one still holds."""
        digests = tuple(self.memory.rounds[survey.round].digest for survey in asked)
        depends_on = (digests, tuple(self.enrolment.participants()), len(self.vocabulary))
        if self.memory.overview != (depends_on, stamp(self.own / OVERVIEW)):
            write_overview(self.own, find_overview(self.enrolment, found, len(self.vocabulary)))
            self.memory.overview = (depends_on, stamp(self.own / OVERVIEW))

    def _operators(self) -> SumsState | None:
        """Return what pages tell of operators; there are none in local mode."""
        return None

    def _share(self, surveys: Sequence[Survey]) -> None:
        """Make the datasite hold everything that is published, and nothing else; unless it still does."""
        patterns = (VOCABULARY, SURVEYS, TRENDS, "statistics/*.json")
        readers = self.enrolment.readers(patterns)
        depends_on = (
            tuple(survey.version for survey in surveys),
            tuple(readers),
            self._operators(),
            stamps(self.own / "statistics", "[0-9]*.json"),
        )
        if self.memory.shared == (depends_on, stamps(self.shared), stamps(self.site.public)):
            return
        latest, trends = self.latest_statistics(), self.trends()
        statistics = {path.stem: path.read_bytes() for path in self._statistics()}
        everybody = Community(self.site.email, statistics, trends, self._operators()).files()
        participants = {
            VOCABULARY: self.vocabulary.to_bytes(),
            SURVEYS: dump_surveys(surveys),
            TRENDS: trends.to_bytes(),
            **{f"statistics/{name}.json": data for name, data in statistics.items()},
        }
        if latest:
            participants["statistics/latest.json"] = latest.to_bytes()
        self.site.share(self.shared, participants, dict.fromkeys(patterns, readers), durable=self.durable)
        self.site.share(self.site.public, everybody, {name: ["*"] for name in PUBLIC}, durable=self.durable)
        self.memory.shared = (depends_on, stamps(self.shared), stamps(self.site.public))
