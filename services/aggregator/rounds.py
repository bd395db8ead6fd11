"""The aggregator's work: ask, collect, estimate, publish. Everything can be repeated at any time."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from netflix_trend import __version__
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary, VocabularyError
from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.language import WRITTEN
from netflix_trend.layout import SURVEYS, VOCABULARY, OperatorVolume
from netflix_trend.periods.turns import COUNTED, ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import Introduction
from netflix_trend.published.model import MODEL, Model, find_model
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.published.trends import TRENDS, Trends
from netflix_trend.published.withheld import SMALLEST_ANSWERS
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.registry import questions
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.storage.kept import keep_folder
from netflix_trend.survey.limits import DEFAULT_ODDS
from netflix_trend.survey.survey import RefusedSurvey, Survey, dump_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import EVERYBODY, GO_FILE
from netflix_trend.syftbox.shared_files import CANDIDATES
from services.aggregator.asked import AskedSurveys
from services.aggregator.batches import SMALLEST_CHANGE, Batches
from services.aggregator.charts.kept import ADDED, KeptCharts
from services.aggregator.charts.listing import joining, week_list
from services.aggregator.charts.waiting import DEFAULT_RULES, ChartRules, chart_of
from services.aggregator.collect import RoundReleases, RoundReports, look, nothing
from services.aggregator.community import PUBLIC, Community
from services.aggregator.enrolment import SHARED, Enrolment
from services.aggregator.kept_statistics import KeptStatistics, ReadRound
from services.aggregator.memory import KnownRound, Memory, stamp, stamps
from services.aggregator.overview import OVERVIEW, find_overview, write_overview
from services.aggregator.sums.state import SumsState
from services.aggregator.survey_plan import LocalPlan, current_plan, set_aside_damaged
from services.aggregator.sweep import SETTLED
from services.aggregator.trends import find_trends, public_order

_log = logging.getLogger("aggregator")
# Of the own folder.
FOLDERS = ("statistics", "surveys", "sum_surveys", "vocabularies", "batches", "shards")


@dataclass(frozen=True)
class Aggregator:
    """Who asks, what about, and where the own files lie. `own` is the aggregator's private folder.

    name: what the aggregator calls itself, may be empty. language: of the public pages. use_chart: the order of public
    charts may be used as a labelled prior of filtered shares.
    odds: what the surveys ask for. list_length: shows on a week's list. automatic: whether everybody who shares a valid
    manifest takes part. executor: where datasites are read, or reports verified. chart_rules: which public charts lists
    begin with, and how long they are waited for. smallest_change: fewest answers by which published statistics change.
    smallest_answers: fewest answers to a question of which anything is published. invented: the participants are those
    of a demo. clock: tells seconds since 1970. memory: what the last run found.
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
    executor: Executor = field(default_factory=ThisProcess, compare=False, repr=False)
    automatic: bool = True
    chart_rules: ChartRules = DEFAULT_RULES
    smallest_change: int = SMALLEST_CHANGE
    smallest_answers: int = SMALLEST_ANSWERS
    invented: bool = False
    clock: Callable[[], float] = field(default=time.time, compare=False, repr=False)
    memory: Memory = field(default_factory=Memory, compare=False, repr=False)

    @property
    def enrolment(self) -> Enrolment:
        """Who takes part."""
        return Enrolment(self.site, self.own, self.automatic, tolerant=True)

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
    def statistics(self) -> KeptStatistics:
        """The statistics of every round. The datasite only holds copies: it may be emptied at any time."""
        return KeptStatistics(self.own, self.shared, self.site.public, self.durable, self.memory.statistics)

    @property
    def batches(self) -> Batches:
        """What is published of each round, and when that changes."""
        return Batches(self.own, self.statistics, self.smallest_change, self.smallest_answers, self.durable)

    @property
    def asked(self) -> AskedSurveys:
        """The surveys that were asked, and the vocabularies that they were asked with."""
        return AskedSurveys(self.own, self.shared, self.durable)

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
        return self.asked.path(week)

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
                found.append(self.survey(week))
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

    def survey(self, week: Week) -> Survey:
        """Return the survey of a week, asked now if it never was. Raises RefusedSurvey if it cannot be read."""
        if (survey := self.asked.read(week)) is not None:
            return survey
        if self.asked.is_lost(week) or self.statistics.path(str(week)).exists():
            raise RefusedSurvey("it was asked, and its survey is lost")
        plan = current_plan(self.own, LocalPlan.of_settings(self.odds, self.list_length))
        candidates, chart = self.week_list(week, plan.list_length)
        survey = plan.survey(week, self.vocabulary.version, candidates, chart)
        self.keep_vocabulary()
        self.asked.keep(survey)
        return survey

    def vocabulary_of(self, version: str) -> Vocabulary:
        """Return the vocabulary that a survey was asked with. Raises RefusedSurvey when it is lost."""
        if version == self.vocabulary.version:
            return self.vocabulary
        try:
            return self.asked.vocabulary(version)
        except RefusedSurvey:
            if version in self.vocabulary.beginnings:
                return self.vocabulary  # its shows lie at the same places
            raise

    def keep_vocabulary(self) -> None:
        """Keep the vocabulary for good: a round's results need its titles even after the catalogue has changed."""
        self.asked.keep_vocabulary(self.vocabulary)

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

    def model(self) -> Model:
        """Return what the same statistics say about what to watch next."""
        titles = [show.title for show in self.vocabulary.shows]
        return find_model(self._newest_statistics(), titles, self.vocabulary.version)

    def _newest_statistics(self) -> list[RoundStatistics]:
        return list(self.statistics.read_all().values())[-MAX_ROUNDS:]

    def recover(self, today: date) -> None:
        """Bring back what the own folder has lost and the datasite still shows, before anything is published."""
        for name in FOLDERS:
            keep_folder(self.own, name)
        set_aside_damaged(self.own)
        self.enrolment.keep_copy()
        self.statistics.recover(Week.last_complete(today))
        if self.memory.recovered:
            return
        # So that a damaged file is named even if nothing needs it for a while.
        self.kept_charts.charts  # noqa: B018
        self.kept_charts.added  # noqa: B018
        self.enrolment.pseudonym("")
        if not os.path.lexists(self.own / ADDED) and (added := self.asked.added_titles(self.catalogue)):
            self.kept_charts.add_titles(added)
        self.asked.recover()
        self.memory.recovered = True

    def ask(self, today: date) -> list[Survey]:
        """Publish vocabulary and surveys for the participants; returns the open surveys, oldest first."""
        self.recover(today)
        surveys = self.surveys(today)
        self._look([*self._just_closed(today), *surveys])
        self._share(surveys, today)
        return surveys

    def count(
        self, surveys: Sequence[Survey], today: date, progress: Callable[[], None] = nothing
    ) -> list[tuple[RoundReports, RoundStatistics]]:
        """Collect rounds and publish what is due of them; returns what is there and what is published, in the order of
        `surveys`.
        """
        others = (survey for survey in (*self._just_closed(today), *self.surveys(today)) if survey not in surveys)
        return self._publish(self._look([*surveys, *others], progress)[: len(surveys)], today)

    def _look(self, surveys: Sequence[Survey], progress: Callable[[], None] = nothing) -> tuple[RoundReleases, ...]:
        """Look into all datasites; returns what is there of the rounds.

        Always for all rounds that are counted: what is kept of others is forgotten.
        """
        looked = look(
            *(self.site.datasites, self.own, self._candidates(), surveys, progress),
            memory=self.memory.look,
            executor=self.executor,
        )
        self.memory.sharing = looked.sharing
        return looked.releases

    def _candidates(self) -> tuple[str, ...]:
        """Return whose datasites are looked into; the same as the last time while nothing has come or gone."""
        began, place = time.time_ns(), self.site.datasites
        # Through links, unlike a stamp: what comes changes the folder, not a link to it.
        folder = place.stat() if place.is_dir() else None
        looks = (folder.st_dev, folder.st_ino, folder.st_ctime_ns) if folder else None
        depends_on = (looks, self.enrolment.listed())
        if self.memory.candidates is None or self.memory.candidates[0] != depends_on:
            is_settled = folder is not None and folder.st_ctime_ns < began - SETTLED
            self.memory.candidates = (depends_on if is_settled else None, tuple(self.enrolment.candidates()))
        return self.memory.candidates[1]

    @property
    def _members(self) -> Enrolment:
        """Who takes part, by the last look."""
        return replace(self.enrolment, sharing=self.memory.sharing)

    def _publish(self, releases: Sequence[RoundReleases], today: date) -> list[tuple[RoundReports, RoundStatistics]]:
        """Publish what is due of rounds that were looked at; as `count`."""
        counted = (self._count(one, today) for one in releases)
        results = [one for one in counted if one is not None]
        self.memory.keep({one.found.survey.round for one in releases})
        if releases:
            self._share(self.surveys(today), today)
        return results

    def _count(self, releases: RoundReleases, today: date) -> tuple[RoundReports, RoundStatistics] | None:
        """Publish what is due of a round; None when its titles are lost: what is published stays."""
        survey = releases.found.survey
        # What was not due yesterday may be today.
        looks, path = (releases.digest(), today), self.statistics.path(survey.round)
        known = self.memory.rounds.get(survey.round)
        if known is not None and known.looks == looks:
            if known.file == stamp(path):
                return known.found, known.statistics
            found, batch, statistics = known.found, known.batch, known.statistics
        else:
            try:
                found, vocabulary = releases.count(), self.vocabulary_of(survey.vocabulary)
            except RefusedSurvey as refusal:
                self._say_over(survey.week, refusal)
                return None
            batch = self.batches.advance(survey, releases, found, vocabulary, today)
            if known is not None and known.batch == batch:
                statistics = known.statistics
            else:
                statistics = self._labelled(self.batches.statistics(survey, batch, vocabulary))
        self.statistics.write(survey.round, statistics)
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
        self.recover(today)
        asked, closed = self.surveys(today), self._just_closed(today)
        counted = [*closed, *asked]
        releases = self._look(counted)
        self._share(asked, today)
        results = self._publish(releases, today)
        self.batches.forget({survey.round for survey in counted})
        self._look_over([found for found, _ in results if found.survey not in closed])
        return results

    def _look_over(self, found: Sequence[RoundReports]) -> None:
        """Leave an overview for the operator, unless the last one still holds. found: in the open rounds."""
        looks = tuple(self.memory.rounds[one.survey.round].looks for one in found)
        depends_on = (looks, self._members.listed(), self.memory.sharing, len(self.vocabulary))
        if self.memory.overview != (depends_on, stamp(self.own / OVERVIEW)):
            write_overview(self.own, find_overview(self._members, found, len(self.vocabulary)))
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
            smallest_answers=self.smallest_answers,
            invented=self.invented,
        )

    def _readers(self) -> tuple[str, ...]:
        """Return who may read what participants may; the same as the last time while nothing says otherwise."""
        depends_on = (self._members.listed(), self.memory.sharing, stamp(self.shared / GO_FILE))
        if self.memory.readers is None or self.memory.readers[0] != depends_on:
            self.memory.readers = (depends_on, tuple(self._members.readers(self.shared)))
        return self.memory.readers[1]

    def _public_files(
        self, introduction: Introduction, rounds: Mapping[str, ReadRound], trends: Trends, model: Model
    ) -> dict[str, bytes]:
        """Return what everybody may read, by name."""
        return Community(
            introduction, rounds, trends, model, self.smallest_change, self._operators(), self.language
        ).files()

    def _share(self, surveys: Sequence[Survey], today: date) -> None:
        """Make the datasite hold everything that is published, and nothing else; unless it still does."""
        self.site.offer_again(self.clock())
        readers, introduction = self._readers(), self.introduction()
        depends_on = (
            tuple(survey.version for survey in surveys),
            self.vocabulary.version,
            readers,
            self._operators(),
            introduction,
            stamps(self.statistics.folder),
        )
        if self.memory.shared == (depends_on, stamps(self.shared), stamps(self.site.public)):
            return
        kept = self.statistics.read_all()
        rounds = {name: self.memory.statistics[name] for name in kept}
        trends, model = self.trends(), self.model()
        left, left_public = self.statistics.left(kept, Week.last_complete(today))
        everybody = self._public_files(introduction, rounds, trends, model)
        participants = {
            VOCABULARY: self.vocabulary.to_bytes(),
            SURVEYS: dump_surveys(surveys),
            TRENDS: trends.to_bytes(),
            MODEL: model.to_bytes(),
            **left,
            **{f"statistics/{name}.json": one.data for name, one in rounds.items()},
        }
        if latest := next((one for one in reversed(kept.values()) if one.reports), None):
            participants["statistics/latest.json"] = latest.to_bytes()
        self.site.share(self.shared, participants, dict.fromkeys(SHARED, readers), durable=self.durable)
        self.site.share(
            self.site.public, {**left_public, **everybody}, {name: [EVERYBODY] for name in PUBLIC}, durable=self.durable
        )
        self.site.offer_again(self.clock())
        self.memory.shared = (depends_on, stamps(self.shared), stamps(self.site.public))
