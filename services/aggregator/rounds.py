"""The aggregator's work: ask, collect, estimate, publish. Everything can be repeated at any time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from netflix_trend import __version__
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary, VocabularyError
from netflix_trend.language import WRITTEN
from netflix_trend.layout import SURVEYS, VOCABULARY, OperatorVolume
from netflix_trend.periods.turns import COUNTED, ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import Introduction
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.published.trends import TRENDS, Trends
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.registry import questions
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.storage.files import make_folder, restore_file, write_atomically
from netflix_trend.survey.limits import DEFAULT_ODDS
from netflix_trend.survey.survey import RefusedSurvey, Survey, dump_surveys, load_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.shared_files import CANDIDATES
from services.aggregator.batches import SMALLEST_CHANGE, Batches
from services.aggregator.charts.kept import KeptCharts
from services.aggregator.charts.listing import joining, week_list
from services.aggregator.charts.waiting import DEFAULT_RULES, ChartRules, chart_of
from services.aggregator.collect import RoundReports, read_round
from services.aggregator.community import PUBLIC, Community
from services.aggregator.enrolment import Enrolment
from services.aggregator.memory import KnownRound, Memory, stamp, stamps
from services.aggregator.overview import OVERVIEW, find_overview, write_overview
from services.aggregator.sums.state import SumsState
from services.aggregator.survey_plan import LocalPlan, current_plan
from services.aggregator.trends import find_trends, public_order

_log = logging.getLogger("aggregator")


@dataclass(frozen=True)
class Aggregator:
    """Who asks, what about, and where the own files lie. `own` is the aggregator's private folder.

    name: what the aggregator calls itself, may be empty. language: of the public pages. use_chart: the order of public
    charts may be used as a labelled prior of filtered shares.
    odds: what the surveys ask for. list_length: shows on a week's list. automatic: whether everybody who shares a valid
    manifest takes part. processes: how many read datasites at once. chart_rules: which public charts lists begin with,
    and how long they are waited for. smallest_change: fewest answers by which published statistics change. invented:
    the participants are those of a demo. clock: tells seconds since 1970. memory: what the last run found.
    """

    site: Datasite
    own: Path
    catalogue: Vocabulary
    durable: bool = True
    name: str = ""
    language: str = WRITTEN
    use_chart: bool = False
    odds: Fraction = DEFAULT_ODDS
    list_length: int = CANDIDATES
    processes: int = 1
    automatic: bool = True
    chart_rules: ChartRules = DEFAULT_RULES
    smallest_change: int = SMALLEST_CHANGE
    invented: bool = False
    clock: Callable[[], float] = field(default=time.time, compare=False, repr=False)
    memory: Memory = field(default_factory=Memory, compare=False, repr=False)

    @property
    def enrolment(self) -> Enrolment:
        """Who takes part."""
        return Enrolment(self.site, self.own, self.automatic)

    @cached_property
    def kept_charts(self) -> KeptCharts:
        """The public charts on the aggregator's own volume."""
        return KeptCharts(self.own, self.durable)

    @property
    def vocabulary(self) -> Vocabulary:
        """The catalogue, and behind it the shows that public charts have added."""
        added = self.kept_charts.added
        if not added:
            return self.catalogue
        made_from = (self.catalogue.version, added)
        if self.memory.vocabulary is None or self.memory.vocabulary[0] != made_from:
            self.memory.vocabulary = (made_from, self.catalogue.extended(added))
        return self.memory.vocabulary[1]

    @property
    def batches(self) -> Batches:
        """What is published of each round, and when that changes."""
        return Batches(self.own, self.shared, self.smallest_change, self.durable)

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
        newest = Week.last_complete(today)
        return self._surveys([week for week in self._open_weeks(newest) if not self._waits(week, today)])

    def _just_closed(self, today: date) -> list[Survey]:
        """Return the surveys that are not asked any more and still counted, if they ever were asked."""
        newest = Week.last_complete(today)
        weeks = [newest - age for age in reversed(range(ROTATION, COUNTED))]
        return self._surveys([week for week in weeks if self.survey_path(week).exists()])

    def survey_path(self, week: Week) -> Path:
        """Where the survey of a week in local mode lies once it was asked."""
        return self.own / "surveys" / f"{week}.json"

    def _open_weeks(self, newest: Week) -> list[Week]:
        weeks = [newest - age for age in reversed(range(ROTATION))]
        # A week is asked about in one mode: its statistics are one file.
        summed = OperatorVolume(self.own).surveys
        return [week for week in weeks if not (summed / f"{week}.json").exists()]

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
                self._say_over(week, refusal)
        return found

    def _say_over(self, week: Week, refusal: RefusedSurvey) -> None:
        """Log once that a round is over, because an earlier version asked it."""
        if week not in self.memory.over:
            self.memory.over.add(week)
            _log.warning("round=%s is over: this version cannot read its survey (%s)", week, refusal)

    def _waits(self, week: Week, today: date) -> bool:
        """Return whether a week is not asked about yet, because its public chart may still come; it is logged once."""
        if self.survey_path(week).exists() or (OperatorVolume(self.own).surveys / f"{week}.json").exists():
            return False
        charts = self.kept_charts.charts.of_country(self.chart_rules.country)
        if not self.chart_rules.waits(charts, week, today):
            return False
        if week not in self.memory.waiting:
            self.memory.waiting.add(week)
            _log.info("round=%s waits for the public chart of its week until %s", week, self.chart_rules.until(week))
        return True

    def _survey(self, week: Week) -> Survey:
        """Return the survey of a week, asked now if it never was. Raises RefusedSurvey if it cannot be read."""
        path = self.survey_path(week)
        try:
            return load_surveys(path.read_bytes())[0]
        except FileNotFoundError:
            pass
        plan = current_plan(self.own, LocalPlan.of_settings(self.odds, self.list_length))
        candidates, chart = self.week_list(week, plan.list_length)
        survey = plan.survey(week, self.vocabulary.version, candidates, chart)
        self.keep_vocabulary()
        make_folder(path.parent, durable=self.durable)
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

    def week_list(self, week: Week, length: int) -> tuple[list[int], AskedChart | None]:
        """Return vocabulary indices to ask about, and the public chart that they begin with.

        Shows of the chart that the vocabulary does not know join it, behind all others; the indices of rounds that were
        asked before stay what they are.
        """
        charts = self.kept_charts.charts
        chart = chart_of(charts.of_country(self.chart_rules.country), week)
        self._join(joining(charts, chart, self.vocabulary))
        rounds = answers_to(self._newest_statistics(), "top_shows")
        return week_list(charts, chart, self.vocabulary, rounds, week, length)

    def _join(self, titles: Sequence[CatalogueTitle]) -> None:
        if not titles:
            return
        try:
            self.vocabulary.extended(titles).to_bytes()
        except VocabularyError as problem:
            _log.warning("%d shows of a public chart do not join the vocabulary: %s", len(titles), problem)
            return
        self.kept_charts.add_titles(titles)

    def trends(self) -> Trends:
        """Return what the statistics of the last 52 rounds tell together."""
        statistics = self._newest_statistics()
        titles = [show.title for show in self.vocabulary.shows]
        return find_trends(statistics, public_order(statistics, titles) if self.use_chart else None)

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
        self.batches.recover()
        surveys = self.surveys(today)
        self._share(surveys)
        return surveys

    def count(
        self, surveys: Sequence[Survey], today: date, progress: Callable[[], None] = lambda: None
    ) -> list[tuple[RoundReports, RoundStatistics]]:
        """Collect rounds and publish what is due of them; returns what is there and what is published, in the order of
        `surveys`.
        """
        results = [self._count(survey, today, progress) for survey in surveys]
        self.memory.keep({survey.round for survey in surveys})
        if surveys:
            self._share(self.surveys(today))
        return results

    def _count(self, survey: Survey, today: date, progress: Callable[[], None]) -> tuple[RoundReports, RoundStatistics]:
        releases = read_round(
            self.site.datasites, self.enrolment.candidates(), survey, progress, processes=self.processes
        )
        # What was not due yesterday may be today.
        looks, path = (releases.digest(), today), self.batches.statistics_path(survey.round)
        known = self.memory.rounds.get(survey.round)
        if known is not None and known.looks == looks:
            if known.file == stamp(path):
                return known.found, known.statistics
            found, batch, statistics = known.found, known.batch, known.statistics
        else:
            found, vocabulary = releases.count(), self.vocabulary_of(survey.vocabulary)
            batch = self.batches.advance(survey, releases, found, vocabulary, today)
            if known is not None and known.batch == batch:
                statistics = known.statistics
            else:
                statistics = self._labelled(self.batches.statistics(survey, batch, vocabulary))
        restore_file(path, statistics.to_bytes(), durable=self.durable)
        self.memory.rounds[survey.round] = KnownRound(looks, found, batch, statistics, stamp(path))
        return found, statistics

    def _labelled(self, statistics: RoundStatistics) -> RoundStatistics:
        """Return statistics that say where invented people took part."""
        return statistics.model_copy(update={"invented": True}) if self.invented else statistics

    def run(self, today: date) -> list[RoundStatistics]:
        """Do everything once; returns the published statistics of the counted rounds, oldest first."""
        return [statistics for _, statistics in self.work(today)]

    def work(self, today: date) -> list[tuple[RoundReports, RoundStatistics]]:
        """Do everything once: ask, collect, publish what is due, and leave an overview for the operator.

        Returns what is there and what is published of the counted rounds, oldest first.
        """
        asked, closed = self.ask(today), self._just_closed(today)
        counted = [*closed, *asked]
        results = self.count(counted, today)
        self.batches.forget({survey.round for survey in counted})
        open_rounds = [found for found, _ in results[len(closed) :]]
        self._look_over(asked, open_rounds)
        return results

    def _look_over(self, asked: Sequence[Survey], found: Sequence[RoundReports]) -> None:
        """Leave an overview for the operator, unless the last one still holds."""
        looks = tuple(self.memory.rounds[survey.round].looks for survey in asked)
        depends_on = (looks, tuple(self.enrolment.participants()), len(self.vocabulary))
        if self.memory.overview != (depends_on, stamp(self.own / OVERVIEW)):
            write_overview(self.own, find_overview(self.enrolment, found, len(self.vocabulary)))
            self.memory.overview = (depends_on, stamp(self.own / OVERVIEW))

    def _operators(self) -> SumsState | None:
        """Return what pages tell of operators; there are none in local mode."""
        return None

    def introduction(self) -> Introduction:
        """Return who asks and what, for everybody who might take part."""
        plan = current_plan(self.own, LocalPlan.of_settings(self.odds, self.list_length), is_told=False)
        return Introduction(
            aggregator=self.site.email,
            name=self.name,
            software=f"netflix-trend {__version__}",
            mode="local",
            questions=tuple(name for name in plan.questions if name in questions()),
            odds=(plan.odds.numerator, plan.odds.denominator),
            invented=self.invented,
        )

    def _share(self, surveys: Sequence[Survey]) -> None:
        """Make the datasite hold everything that is published, and nothing else; unless it still does."""
        self.site.offer_again(self.clock())
        patterns = (VOCABULARY, SURVEYS, TRENDS, "statistics/*.json")
        readers, introduction = self.enrolment.readers(patterns), self.introduction()
        depends_on = (
            tuple(survey.version for survey in surveys),
            self.vocabulary.version,
            tuple(readers),
            self._operators(),
            introduction,
            stamps(self.own / "statistics", "[0-9]*.json"),
        )
        if self.memory.shared == (depends_on, stamps(self.shared), stamps(self.site.public)):
            return
        latest, trends = self.latest_statistics(), self.trends()
        statistics = {path.stem: path.read_bytes() for path in self._statistics()}
        everybody = Community(
            introduction, statistics, trends, self.smallest_change, self._operators(), self.language
        ).files()
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
        self.site.offer_again(self.clock())
        self.memory.shared = (depends_on, stamps(self.shared), stamps(self.site.public))
