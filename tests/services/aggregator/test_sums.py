"""Rounds of sums: the aggregator and the helper as their services run them, with participants who seal reports."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.layout import round_path
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.helper import HelperLimits
from netflix_trend.operators.identity import Identity
from netflix_trend.operators.manifest import Round
from netflix_trend.operators.reporter import Reporter, ReporterLimits
from netflix_trend.operators.round_folders import SURVEY
from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import LARGEST_SURVEY, OwnFiles, Peer, read_from
from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import Introduction
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.settings import load_settings
from netflix_trend.survey.deadlines import DAY, SLACK, Deadlines
from netflix_trend.survey.sum_survey import SumSurvey
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.helper.service import HelperService
from services.aggregator.rounds import Aggregator
from services.aggregator.sums.leading import SumAggregator
from services.aggregator.sums.state import read_state
from services.aggregator.web import create_app

AGGREGATOR, HELPER = "aggregator@example.org", "helper@example.net"
WEEK = Week.parse("2026-W46")
AT = Deadlines.of(WEEK)
# The Monday after the week, and when batches are added up.
MONDAY = AT.early - 4 * DAY
EARLY, LATE = AT.early + SLACK, AT.late + SLACK
VOCABULARY = Vocabulary.build([CatalogueTitle(title=f"Show {number}", kind="series") for number in range(30)])
# Everybody watched show 3, one in two show 5, and 4 titles in the week.
TRUTHS: list[dict[str, Any]] = [
    {"top_shows": frozenset({3, 5} if number % 2 else {3}), "volume": 4, "event_effect": None} for number in range(8)
]


def no_noise(_sigma2: Fraction, count: int) -> Sequence[int]:
    return [0] * count


class World:
    """Both operators and some people in one folder of datasites; each has its own private folder."""

    def __init__(self, root: Path, *, two: bool = True, smallest: int = 5, helper: HelperLimits | None = None) -> None:
        self.root, self.two, self.smallest = root, two, smallest
        self.helper_limits = helper or HelperLimits(Fraction(108, 1000), smallest)
        self.stores: list[Store] = []
        for email in (AGGREGATOR, HELPER):
            (root / "datasites" / email).mkdir(parents=True, exist_ok=True)
            (root / "datasites" / email / "syftperm.yaml").touch()
        self.start()

    def start(self) -> None:
        """Start both operators anew from what is on disk."""
        for store in self.stores:
            store.close()
        self.aggregator = SumAggregator(
            Datasite(self.root / "datasites", AGGREGATOR),
            self.root / "aggregator",
            VOCABULARY,
            durable=False,
            list_length=10,
            helper=self.peer(HELPER) if self.two else None,
            smallest_batch=self.smallest,
            noise=no_noise,
        )
        self.helper = HelperService(
            Datasite(self.root / "datasites", HELPER),
            self.root / "helper",
            self.peer(AGGREGATOR),
            self.helper_limits,
            Fraction(562, 100),
            durable=False,
            noise=no_noise,
        )
        self.stores = [self.aggregator.leader.store, self.helper.helper.store]

    def peer(self, email: str) -> Peer:
        folder = self.root / email.split("@", maxsplit=1)[0]
        identity = Identity.load_or_create(folder / "identity.key")
        return Peer(Datasite(self.root / "datasites", email), identity.fingerprint)

    def operate(self, now: int, times: int = 4) -> list[RoundStatistics]:
        """Let both run some times; returns the statistics that changed."""
        found = []
        for _ in range(times):
            found += self.aggregator.lead(now)
            if self.two:
                self.helper.look(now)
        return found

    def report(self, numbers: Sequence[int], now: int) -> list[dict[str, str]]:
        """Let some people answer; returns what became of each round, by person."""
        return [self._person(number).run(now) for number in numbers]

    def _person(self, number: int) -> Reporter:
        email = f"person{number}@example.org"
        (self.root / "datasites" / email).mkdir(parents=True, exist_ok=True)
        store = Store(self.root / "people" / email / "state.sqlite", durable=False)

        def answers(asked: Round) -> Sequence[Any] | None:
            data = read_from(self.peer(AGGREGATOR).site, asked.name, SURVEY, LARGEST_SURVEY)
            assert data is not None
            survey = SumSurvey.from_bytes(data)
            return survey.measurements(TRUTHS[number % len(TRUTHS)], ["event_effect"])

        return Reporter(
            OwnFiles(Datasite(self.root / "datasites", email), durable=False),
            store,
            Budget(store, Fraction(562, 100)),
            self.peer(AGGREGATOR),
            self.peer(HELPER) if self.two else None,
            ReporterLimits(Fraction(108, 1000), 2),
            answers,
        )

    def statistics(self, week: Week = WEEK) -> RoundStatistics | None:
        path = self.root / "aggregator" / "statistics" / f"{week}.json"
        return RoundStatistics.from_bytes(path.read_bytes()) if path.exists() else None

    def page(self, name: str = "index.html") -> str:
        return " ".join((self.aggregator.site.public / name).read_text().split())


def named(statistics: RoundStatistics) -> dict[str, float]:
    return {show.title: show.estimate for show in statistics.top_shows.shows}


@pytest.mark.parametrize("two", [True, False])
def test_a_round_goes_from_a_survey_to_an_early_and_a_final_result(tmp_path: Path, *, two: bool) -> None:
    world = World(tmp_path, two=two)
    world.operate(MONDAY)
    assert world.report(range(6), MONDAY) == [{str(WEEK): "sent"}] * 6
    world.operate(MONDAY)
    assert world.statistics() is None, "nothing is known before a batch closes"
    assert "no results yet" in world.page()
    assert "have been added up: those about 9 to 15 November 2026 on 20 November 2026." in world.page()

    (early,) = world.operate(EARLY)
    assert (early.reports, early.volume.reports) == (6, 6)
    assert named(early)["Show 3"] == 6
    assert named(early)["Show 5"] == 3
    assert world.statistics() == early
    page = world.page()
    assert "This is the early result." in page
    assert "18 December 2026" in page
    assert "Counted: 6 people." in page

    world.report(range(6, 12), EARLY + DAY)
    final = world.operate(LATE)[-1]
    assert (final.reports, final.waiting, final.refused) == (12, 0, {})
    assert named(final)["Show 3"] == 12
    page = world.page(f"rounds/{WEEK}.html")
    assert "This is the final result." in page
    assert "Counted: 12 people (6 early, 6 late)" in page
    # Sums add, and so do the variances of their noise.
    assert final.top_shows.noise == pytest.approx(2**0.5 * early.top_shows.noise)


def test_what_was_published_is_where_local_mode_publishes_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    shared, public = world.aggregator.shared, world.aggregator.site.public
    assert (shared / "survey.json").read_text() == '{"open":[]}\n', "nobody is asked to randomize at home"
    assert (shared / "statistics" / f"{WEEK}.json").exists()
    assert (public / "statistics" / f"{WEEK}.json").exists()
    assert (shared / "trends.json").exists()
    assert "Show 3" in (public / "index.html").read_text()


def test_each_week_is_asked_once_and_the_first_start_asks_about_the_newest_only(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    assert [row.name for row in world.aggregator.leader.store.rounds()] == [str(WEEK)]
    world.operate(MONDAY + 21 * DAY)
    names = [str(WEEK + age) for age in range(4)]
    assert [row.name for row in world.aggregator.leader.store.rounds()] == names
    first = world.aggregator.sum_survey(WEEK)
    world.start()
    world.operate(MONDAY + 21 * DAY)
    assert [row.name for row in world.aggregator.leader.store.rounds()] == names
    assert world.aggregator.sum_survey(WEEK) == first


def test_a_restart_at_any_step_changes_no_result(tmp_path: Path) -> None:
    world, other = World(tmp_path / "a"), World(tmp_path / "b")
    for one in (world, other):
        one.operate(MONDAY)
        one.report(range(6), MONDAY)
    for now in (EARLY, LATE):
        other.operate(now)
        for _ in range(4):
            world.start()
            world.aggregator.lead(now)
            world.start()
            world.helper.look(now)
    assert world.statistics() is not None
    assert named(world.statistics()) == named(other.statistics())  # type: ignore[arg-type]
    before = (world.root / "aggregator" / "statistics" / f"{WEEK}.json").stat()
    world.start()
    world.operate(LATE + DAY)
    assert (world.root / "aggregator" / "statistics" / f"{WEEK}.json").stat().st_mtime_ns == before.st_mtime_ns


def test_a_run_in_which_nothing_happened_writes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)

    def looks() -> dict[str, int]:
        found = [*world.root.glob("datasites/*/**/*"), *(world.root / "aggregator").glob("**/*.json")]
        return {str(path): path.stat().st_mtime_ns for path in found if path.is_file()}

    before = looks()
    assert world.operate(EARLY) == []
    assert looks() == before


def test_a_report_that_was_tampered_with_is_refused_and_counted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(7), MONDAY)
    path = world.root / "datasites" / "person6@example.org" / round_path(str(WEEK), "report.bin")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    early = world.operate(EARLY)[-1]
    assert sum(early.refused.values()) == 1
    state = read_state(world.root / "aggregator")
    assert state is not None
    assert dict(state.rounds[0].refused) == early.refused


def test_late_reports_are_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    world.report([6, 7], AT.late - DAY)
    world.operate(LATE)
    statistics = world.statistics()
    assert statistics is not None
    assert (statistics.reports, statistics.refused) == (6, {"late": 2}), "two are too few for a batch of their own"
    assert "Too late: 2" in world.page()


def test_single_reports_change_nothing_that_others_see_until_the_round_is_over(tmp_path: Path) -> None:
    """One comes late, one is damaged, one is taken back, somebody joins; also after a restart."""
    world = World(tmp_path)
    for number in range(12):  # more take part than answer, so that one more is counted
        Datasite(world.root / "datasites", f"silent{number}@example.org").publish({}, AGGREGATOR, durable=False)
    world.operate(MONDAY)
    world.report(range(7), MONDAY)
    world.operate(EARLY)

    def seen() -> dict[str, bytes]:
        site = world.aggregator.site
        found = [*site.public.rglob("*"), *world.aggregator.shared.rglob("*.json")]
        return {str(path): path.read_bytes() for path in found if path.is_file()}

    before = seen()
    assert len(before) > 10
    reports = [
        world.root / "datasites" / f"person{number}@example.org" / round_path(str(WEEK), "report.bin")
        for number in range(9)
    ]
    world.report([7, 8], EARLY + DAY)
    world.operate(EARLY + DAY)
    assert seen() == before, "two reports came"
    state = read_state(world.root / "aggregator")
    assert state is not None
    assert state.rounds[0].waiting == 2, "the operator sees them"
    reports[7].write_bytes(b"damaged")
    reports[6].unlink()
    Datasite(world.root / "datasites", "somebody@example.org").publish({}, AGGREGATOR, durable=False)
    world.operate(EARLY + 2 * DAY)
    assert seen() == before
    world.start()
    world.operate(EARLY + 2 * DAY)
    assert seen() == before, "after a restart"
    world.operate(LATE)
    assert seen() != before
    statistics = world.statistics()
    assert statistics is not None
    assert (statistics.reports, statistics.waiting) == (7, 0)
    assert {statistics.participants, statistics.top_shows.participants} == {12}
    assert statistics.refused


def test_nobody_learns_which_check_failed_before_the_sums_are_out(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    world.report(range(6, 12), EARLY + DAY)
    path = world.root / "datasites" / "person6@example.org" / round_path(str(WEEK), "report.bin")
    data = bytearray(path.read_bytes())
    data[-1500] ^= 1
    path.write_bytes(data)
    public = world.aggregator.site.public / "statistics" / f"{WEEK}.json"
    world.aggregator.lead(LATE - 2 * SLACK)
    before = public.read_bytes()
    for restart in (False, True):
        if restart:
            world.start()
        for _ in range(2):
            world.aggregator.lead(LATE)
        assert public.read_bytes() == before
        state = read_state(world.root / "aggregator")
        assert state is not None
        assert state.rounds[0].refused == ()
    world.operate(LATE)
    statistics = world.statistics()
    assert statistics is not None
    assert (statistics.reports, sum(statistics.refused.values())) == (12, 1), "one block of one person is refused"


def test_the_helper_refuses_what_its_settings_forbid_and_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, helper=HelperLimits(Fraction(1, 100), 5))
    world.operate(MONDAY)
    state = world.helper.look(MONDAY)
    assert state is not None
    assert [(one.state, one.problem) for one in state.rounds] == [("given_up", "noise")]
    assert state.spent == 0
    assert world.report([0], MONDAY)[0][str(WEEK)].startswith("refused")
    told = read_state(world.root / "aggregator")
    assert told is not None
    assert [(one.state, one.problem) for one in told.rounds] == [("given_up", "other_operator")]


def test_the_helper_tells_what_it_answered_and_what_the_year_cost(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    state = world.helper.look(EARLY)
    assert state is not None
    assert [(one.round, one.state, one.early) for one in state.rounds] == [(str(WEEK), "early", 6)]
    asked = sum(block.rho.value for block in world.aggregator.sum_survey(WEEK).blocks)
    assert state.spent == pytest.approx(float(asked))
    assert [one.role for one in state.operators] == ["helper", "aggregator"]


def test_a_helper_that_was_off_for_days_still_answers(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    for day in range(9):
        world.aggregator.lead(EARLY + day * DAY)
    world.start()
    world.operate(EARLY + 9 * DAY)
    statistics = world.statistics()
    assert statistics is not None
    assert statistics.reports == 6


def test_rounds_of_other_operators_are_given_up_when_the_settings_change(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.two = False
    world.start()
    world.operate(EARLY)
    state = read_state(world.root / "aggregator")
    assert state is not None
    assert [(one.state, one.problem) for one in state.rounds] == [("given_up", "operators")]
    assert world.statistics() is None


def test_who_never_takes_part_is_not_counted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.aggregator.enrolment.remove("person0@example.org")
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    early = world.operate(EARLY)[-1]
    assert (early.reports, early.refused) == (5, {"not_invited": 1})


def test_no_key_and_no_survey_is_lost_with_the_datasite(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    for email in (AGGREGATOR, HELPER):
        assert not list((world.root / "datasites" / email).rglob("identity.key"))
    shutil.rmtree(world.aggregator.site.app_data)
    shutil.rmtree(world.aggregator.site.public)
    world.start()
    world.operate(EARLY)
    assert world.statistics() is not None
    assert "Show 3" in world.page()


def test_a_round_whose_survey_this_version_refuses_keeps_its_statistics(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An earlier version may have asked what is refused now, such as life events in several rounds of a quarter."""
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    before = world.statistics()
    path = world.aggregator.volume.surveys / f"{WEEK}.json"
    path.write_bytes(path.read_bytes().replace(b'"name":"volume"', b'"name":"mood"'))
    world.start()
    world.operate(EARLY)
    assert world.statistics() == before
    assert f"round={WEEK} is over: this version cannot read its survey" in caplog.text


@pytest.mark.parametrize("two", [True, False])
def test_the_introduction_names_the_operators_and_their_keys(tmp_path: Path, *, two: bool) -> None:
    world = World(tmp_path, two=two)
    world.aggregator.lead(MONDAY)
    data = (world.aggregator.site.public / "index.json").read_bytes()
    found = Introduction.from_bytes(data, AGGREGATOR)
    assert (found.mode, found.odds, found.rho) == ("two" if two else "one", None, (1079, 10_000))
    pinned = [(AGGREGATOR, world.aggregator.identity.fingerprint.hex)]
    pinned += [(HELPER, world.peer(HELPER).pin.hex)] if two else []
    assert [(one.datasite, one.key) for one in found.operators] == pinned
    assert "weekday" in found.questions


def test_operators_are_named_with_their_keys_in_words(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    page = world.page()
    for operator in world.aggregator.operators:
        assert operator.words in page
        assert f"{operator.role.upper()}_KEY={operator.key}" in page


def test_the_operators_view_tells_keys_and_rounds(tmp_path: Path) -> None:
    world = World(tmp_path)
    token = "a-token-of-at-least-20-characters"
    settings = load_settings(
        survey_mode="two",
        aggregator_datasite=AGGREGATOR,
        aggregator_dir=tmp_path / "aggregator",
        datasites_dir=tmp_path / "datasites",
        operator_token=token,
    )
    client = create_app(settings, lambda: True, lambda: WEEK.sunday + timedelta(days=1)).test_client()
    origin = "http://127.0.0.1:8650"
    client.post("/operator/enter", base_url=origin, data={"token": token}, headers={"Origin": origin})

    def view(path: str = "/operator/") -> str:
        return " ".join(client.get(path, base_url=origin).text.split())

    assert "has not finished its first run yet" in view()
    for number in range(3):
        world.aggregator.enrolment.enrol(f"person{number}@example.org")
    world.operate(MONDAY)
    assert "<dt>participants</dt><dd>3</dd>" in view()
    world.report(range(6), MONDAY)
    world.operate(MONDAY)
    text = view()
    assert "reports are collected" in text
    assert "20 November 2026, 18 December 2026" in text
    assert f"Round {WEEK + 1} will be asked" in text
    for operator in world.aggregator.operators:
        assert operator.words in text
    world.operate(EARLY)
    assert "the early sums are published" in view()
    assert "Answers are sealed" in view("/operator/survey")


def local_mode(world: World) -> Aggregator:
    aggregator = world.aggregator
    return Aggregator(aggregator.site, aggregator.own, VOCABULARY, durable=False, list_length=10)


def test_a_week_that_was_asked_in_local_mode_is_not_asked_again_sealed(tmp_path: Path) -> None:
    world = World(tmp_path)
    asked = local_mode(world).ask(WEEK.sunday + timedelta(days=1))
    assert asked[-1].week == WEEK
    world.operate(MONDAY)
    assert world.aggregator.leader.store.rounds() == []
    world.operate(MONDAY + 7 * DAY)
    assert [row.name for row in world.aggregator.leader.store.rounds()] == [str(WEEK + 1)]


def test_local_mode_leaves_the_sums_of_earlier_weeks_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    before = world.statistics()
    local = local_mode(world)
    local.run(WEEK.sunday + timedelta(days=1))
    assert [survey.week for survey in local.surveys(WEEK.sunday + timedelta(days=1))] == [WEEK - 3, WEEK - 2, WEEK - 1]
    assert world.statistics() == before
