"""An aggregator whose rounds are sealed: it opens them, runs the leader, and publishes what the operators added up."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property

from netflix_trend import __version__
from netflix_trend.layout import OperatorVolume, round_path
from netflix_trend.operators.budget import Budget, BudgetFull
from netflix_trend.operators.identity import Identity
from netflix_trend.operators.leader import Leader
from netflix_trend.operators.manifest import BATCHES, Manifest, from_bytes
from netflix_trend.operators.round_folders import SURVEY
from netflix_trend.operators.store import RoundRow, Store, cleared_if_damaged
from netflix_trend.operators.sums import Noise, discrete_gaussian
from netflix_trend.operators.transport import LARGEST_SURVEY, REPORT, OwnFiles, Peer
from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import IntroducedOperator, Introduction
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.registry import sum_questions
from netflix_trend.storage.kept import read_kept, write_kept
from netflix_trend.survey.deadlines import Deadlines, plan_round
from netflix_trend.survey.sum_survey import PRESETS, Preset, SumSurvey, default_sum_survey
from netflix_trend.survey.survey import RefusedSurvey
from services.aggregator.overview import OVERVIEW, find_overview, write_overview
from services.aggregator.rounds import Aggregator
from services.aggregator.sums.results import Released, refusals, released, together
from services.aggregator.sums.state import Operator, SummedRound, SumsState, opening, operator_of, write_state
from services.aggregator.survey_plan import SurveyPlan, asked_surveys, current_plan

_log = logging.getLogger("aggregator")
# 52 rounds of the preset x8; the participants' and the helper's own limits are what protects anybody.
RHO_PER_YEAR = Fraction(562, 100)
# Rounds that pages tell of.
_TOLD = 60


@dataclass
class _Known:
    """What a round looked like when it was estimated last. told: for the operator. statistics: as published."""

    looks: Hashable
    told: SummedRound
    statistics: RoundStatistics | None

    @property
    def public(self) -> SummedRound:
        """What pages tell everybody of the round: nothing that changes with a single report."""
        refused = tuple(self.statistics.refused.items()) if self.statistics else ()
        return self.told.model_copy(update={"waiting": 0, "refused": refused})


@dataclass(frozen=True)
class SumAggregator(Aggregator):
    """An aggregator that leads rounds of sums. helper: None when people trust this operator alone.

    smallest_batch: fewest people in a sum. demo_seconds: for `Deadlines.of_demo`, 0 outside of the demo network.
    noise: only tests pass another one.
    """

    helper: Peer | None = None
    preset: Preset = "x8"
    smallest_batch: int = 20
    demo_seconds: int = 0
    noise: Noise = discrete_gaussian
    known: dict[str, _Known] = field(default_factory=dict, compare=False, repr=False)

    @property
    def volume(self) -> OperatorVolume:
        """Where key, database and surveys lie."""
        return OperatorVolume(self.own)

    @cached_property
    def identity(self) -> Identity:
        """The aggregator's key. Raises WrongKey when the file is no key."""
        return Identity.load_or_create(self.volume.identity)

    @cached_property
    def leader(self) -> Leader:
        """The leader's side of the protocol, on the aggregator's own volume."""
        store = Store.open_or_clear(self.volume.database, durable=self.durable)
        return Leader(
            self.identity,
            OwnFiles(self.site, self.durable),
            store,
            Budget(store, RHO_PER_YEAR),
            other=self.helper,
            noise=self.noise,
            executor=self.executor,
        )

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators of new rounds."""
        mine = operator_of("aggregator", self.site.email, self.identity.fingerprint)
        return (mine, operator_of("helper", *self.helper.pinned)) if self.helper else (mine,)

    def lead(self, now: int) -> list[RoundStatistics]:
        """Do everything once: open rounds, take the next steps, estimate, publish. now: seconds since 1970.

        Returns the statistics that have changed since the last time, oldest first. A database that turns out to be
        damaged is cleared.
        """
        try:
            return self._lead(now)
        except sqlite3.DatabaseError as problem:
            cleared_if_damaged(problem, self.leader.store, self.volume.database)
            del self.__dict__["leader"]
            return self._lead(now)

    def _lead(self, now: int) -> list[RoundStatistics]:
        today = datetime.fromtimestamp(now, UTC).date()
        self.recover(today)
        self._look(())
        self.leader.invited = self.enrolment.invited()
        self._give_up_others()
        self.leader.run(now)
        if self._open_rounds(today, now):
            self.leader.run(now)
        changed = [found for row in self.leader.store.rounds() if (found := self._estimate(row)) is not None]
        write_state(self.volume, self._state([one.told for one in self._newest_known()]))
        self._share((), today)
        self._look_over_participants()
        return changed

    def _operators(self) -> SumsState:
        return self._state([one.public for one in self._newest_known()])

    def introduction(self) -> Introduction:
        """Return who asks and what, and who adds the answers up."""
        plan, rho = (
            current_plan(self.own, SurveyPlan.of_settings(self.odds, self.list_length), is_told=False),
            PRESETS[self.preset][0],
        )
        return Introduction(
            aggregator=self.site.email,
            name=self.name,
            software=f"netflix-trend {__version__}",
            mode="two" if self.helper else "one",
            questions=tuple(name for name in plan.questions if name in sum_questions()),
            rho=(rho.numerator, rho.denominator),
            operators=tuple(
                IntroducedOperator(role=one.role, datasite=one.datasite, key=one.key) for one in self.operators
            ),
            smallest_answers=self.smallest_batch,
            invented=self.invented,
        )

    def _newest_known(self) -> list[_Known]:
        return [self.known[name] for name in sorted(self.known, reverse=True)[:_TOLD]]

    def _state(self, rounds: Sequence[SummedRound]) -> SumsState:
        return SumsState(mode="two" if self.helper else "one", operators=self.operators, rounds=tuple(rounds))

    def _look_over_participants(self) -> None:
        depends_on = (self._members.listed(), self.memory.sharing, len(self.vocabulary))
        if self.memory.overview != depends_on or not (self.own / OVERVIEW).exists():
            write_overview(self.own, find_overview(self._members, [], len(self.vocabulary)))
            self.memory.overview = depends_on

    def _give_up_others(self) -> None:
        """Give up rounds that were agreed on with other operators than those of the settings."""
        for row in self.leader.store.rounds(*self.leader.open_states):
            helper = from_bytes(Manifest, row.manifest).helper if row.manifest else None
            agreed = (helper.datasite, helper.identity) if helper else None
            ours = (self.helper.site.email, self.helper.pin.hex) if self.helper else None
            if row.manifest and agreed != ours:
                self.leader.abort(row.name, "operators")

    def _open_rounds(self, today: date, now: int) -> bool:
        """Open a round for every week that is over and not known yet; at the first start for the newest one only."""
        newest = Week.last_complete(today)
        asked = asked_surveys(self.volume.surveys)
        first = min(asked[-1] + 1, newest + 1) if asked else newest
        weeks = [*asked[-8:], *(Week(index) for index in range(first.index, newest.index + 1))]
        is_new = False
        for week in weeks:
            # A week that was asked about in local mode is answered there.
            is_new_week = self.leader.store.round(str(week)) is None and not self.survey_path(week).exists()
            if is_new_week and now < Deadlines.of(week).late and not self._waits(week, today):
                is_new |= self._ask_about(week, now)
        return is_new

    def _ask_about(self, week: Week, now: int) -> bool:
        try:
            survey = self.sum_survey(week)
            vocabulary = self.vocabulary_of(survey.vocabulary).to_bytes()
        except RefusedSurvey as refusal:
            self._say_over(week, refusal)
            return False
        deadlines = Deadlines.of_demo(now, self.demo_seconds) if self.demo_seconds else None
        try:
            self.leader.open_round(plan_round(survey, vocabulary, self.smallest_batch, deadlines), survey.to_bytes())
        except (BudgetFull, ValueError) as problem:
            _log.warning("round=%s is not opened: %s", week, problem)
            return False
        _log.info("round=%s is opened", week)
        return True

    def sum_survey(self, week: Week) -> SumSurvey:
        """Return the survey of a week. A survey once asked is never changed."""
        if (survey := self._asked_survey(str(week))) is not None:
            return survey
        plan = current_plan(self.own, SurveyPlan.of_settings(self.odds, self.list_length))
        candidates, chart = self.week_list(week, plan.list_length)
        people = len(self._members.participants())
        names = frozenset(plan.questions)
        vocabulary = self.vocabulary
        order = (vocabulary.show(show.title) for show in self.model().shows)
        popular = [place for place in order if place is not None]
        survey = default_sum_survey(week, vocabulary.version, candidates, people, self.preset, names, chart, popular)
        self.keep_vocabulary()
        write_kept(self.own, _place(str(week)), survey.to_bytes(), durable=self.durable)
        return survey

    def _asked_survey(self, name: str) -> SumSurvey | None:
        """Return the survey of a round, None when it never was asked or is lost. Raises RefusedSurvey.

        Where the own file is lost or damaged, the one in the datasite takes its place if the round names it.
        """
        found = read_kept(self.own, _place(name), LARGEST_SURVEY, _survey_bytes)
        if found is None:
            row = self.leader.store.round(name)
            plan = self.leader.plan(row) if row and (row.manifest or row.plan) else None
            found = OwnFiles(self.site, self.durable).read(name, SURVEY)
            if plan is None or found is None or hashlib.sha256(found).hexdigest() != plan.survey:
                return None
            write_kept(self.own, _place(name), found, durable=self.durable)
        return SumSurvey.from_bytes(found)

    def _estimate(self, row: RoundRow) -> RoundStatistics | None:
        """Bring what is known of a round up to date; return its statistics when they have changed."""
        arrived = self._arrived(row) if row.state == "open" else 0
        batches = tuple(self.leader.store.batch_state(row.name, batch) for batch in BATCHES)
        looks = (row.state, row.reason, batches, arrived, self.leader.problems.get(row.name, ""))
        before = self.known.get(row.name)
        path = self.statistics.path(row.name)
        # Nobody learns which check a report failed before the sums are out: until then pages tell what they told.
        is_busy = not {"sent", "collecting"}.isdisjoint(batches)
        if before and (is_busy or (before.looks == looks and (before.statistics is None or path.exists()))):
            return None
        told, statistics = self._tell(row, arrived)
        if is_busy:
            told, statistics = told.model_copy(update={"refused": ()}), None
        if statistics is not None:
            published = self.statistics.read(row.name)
            statistics = _settled(published, self._labelled(statistics), is_over=row.state != "open")
        self.known[row.name] = _Known(looks, told, statistics)
        if statistics is not None:
            self.statistics.write(row.name, statistics)
        return statistics if before is None or before.statistics != statistics else None

    def _tell(self, row: RoundRow, arrived: int) -> tuple[SummedRound, RoundStatistics | None]:
        told = opening(row.name, self.leader.problems.get(row.name, row.reason))
        if row.manifest is None or row.state in ("keyed", "offered"):
            return told.model_copy(update={"state": "given_up"} if row.state == "aborted" else {}), None
        asked = self.leader.asked(row)
        batches, refused = released(self.leader, asked), refusals(self.leader, asked)
        counts: dict[str, int] = {batch: one.count for batch, one in batches.items()}
        waiting = max(0, arrived - sum(counts.values()) - sum(refused.values()))
        over = {"closed": "final", "aborted": "final" if batches else "given_up"}
        found: dict[str, object] = {
            "state": over.get(row.state, "early" if batches else "open"),
            "waiting": waiting,
            "refused": tuple(refused.items()),
            **counts,
        }
        statistics = self._statistics_of(row.name, together(batches), waiting, refused) if batches else None
        return told.model_copy(update=found), statistics

    def _statistics_of(
        self, name: str, sums: Released, waiting: int, refused: dict[str, int]
    ) -> RoundStatistics | None:
        try:
            survey = self._asked_survey(name)
            if survey is None:
                raise RefusedSurvey("it has sums, but its survey is lost")
            titles = [show.title for show in self.vocabulary_of(survey.vocabulary).shows]
        except RefusedSurvey as refusal:
            self._say_over(Week.parse(name), refusal)
            return None
        people = max(len(self._members.participants()), sums.count)
        return survey.estimate(sums.sums, sums.count, titles, participants=people, waiting=waiting, refused=refused)

    def _arrived(self, row: RoundRow) -> int:
        """Return how many datasites hold a report of a round, right or wrong."""
        root, path = str(self.site.datasites), round_path(row.name, REPORT)
        return sum(os.path.lexists(f"{root}/{email}/{path}") for email in self.enrolment.candidates())


def _place(name: str) -> str:
    return f"sum_surveys/{name}.json"


def _survey_bytes(data: bytes) -> bytes:
    """Return the bytes of a survey. Raises ValueError for one that is no JSON: no version has written that."""
    json.loads(data)
    return data


def _settled(before: RoundStatistics | None, found: RoundStatistics, *, is_over: bool) -> RoundStatistics:
    """Return statistics with the counts of people and files that were published with the same sums.

    So single reports that come, go or are refused change nothing between the early sums and the end of the round. Then
    everybody reads in the closing file what became of each. before: as they are published.
    """
    if before is None:
        return found
    sums = [{name: one.of_participants(None, None) for name, one in each.asked()} for each in (before, found)]
    if sums[0] != sums[1]:
        return found
    kept = ("participants",) if is_over else ("participants", "waiting", "refused")
    return found.model_copy(update={**dict(before.asked()), **{name: getattr(before, name) for name in kept}})
