"""A participant in rounds whose reports two operators sum: the publisher's run, from files to sealed reports."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.layout import VOCABULARY as VOCABULARY_FILE
from netflix_trend.layout import round_path, shared_path
from netflix_trend.operators.blocks import Ratio
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.helper import HelperLimits
from netflix_trend.operators.manifest import Plan, Round
from netflix_trend.operators.report import file_size
from netflix_trend.operators.result import Sums
from netflix_trend.operators.round_folders import SURVEY
from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import REPORT
from netflix_trend.participant.choices import Choices, choose, write_choices
from netflix_trend.participant.ledger import open_ledger, read_ledger
from netflix_trend.participant.publishing import publish_with
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.participant.restoring import back_up, restore
from netflix_trend.participant.sealed import FRESH_WEEKS, spent_rounds
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.turns import effect_quarter, is_turn, summed_effect_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.zcdp import epsilon_of_gaussian
from netflix_trend.questions.event_effect.question import EffectQuestion
from netflix_trend.questions.event_effect.sums import SHARE as EVENT_SHARE
from netflix_trend.questions.event_effect.sums import EffectSums
from netflix_trend.questions.registry import sum_questions
from netflix_trend.settings import Settings, load_settings
from netflix_trend.simulation.population import person
from netflix_trend.survey.sum_survey import PRESETS, SumSurvey, default_sum_survey
from netflix_trend.survey.survey import default_survey, dump_surveys
from netflix_trend.syftbox.datasite import Datasite
from tests.netflix_trend.operators.network import (
    AT_EARLY,
    AT_LATE,
    BEFORE,
    EARLY,
    HELPER,
    LEADER,
    Network,
    identity,
    plan,
)

WEEK = Week.parse("2026-W46")
TODAY = WEEK.sunday + timedelta(days=2)
VOCABULARY = "e" * 32
ME, BOB = "me@example.org", "bob@example.org"
ANN = next(email for email in map(person, range(9)) if is_turn(WEEK, email))


def survey(week: Week = WEEK, vocabulary: str = VOCABULARY) -> SumSurvey:
    return default_sum_survey(week, vocabulary, range(9), 2, "x8", frozenset(sum_questions()))


def plan_of(asked: SumSurvey, **changes: Any) -> Plan:
    about = {
        "round": asked.round,
        "first_day": asked.week.monday.isoformat(),
        "last_day": asked.week.sunday.isoformat(),
        "survey": asked.digest,
        "blocks": asked.blocks,
    }
    return plan(**{**about, **changes})


@dataclass
class World:
    """Two operators, and two participants with everything that they have on disk."""

    folder: Path
    network: Network
    settings: dict[str, Settings] = field(default_factory=dict)

    def join(self, email: str, **changes: Any) -> Settings:
        own = self.folder / email
        Datasite(self.folder / "datasites", email).set_up()
        about: dict[str, Any] = {
            "syftbox_email": email,
            "aggregator_datasite": LEADER,
            "aggregator_key": identity(1).fingerprint.hex,
            "helper_datasite": HELPER,
            "helper_key": identity(2).fingerprint.hex,
            "limit_batch": 2,
            "datasites_dir": self.folder / "datasites",
            "private_dir": own / "private",
            "publisher_dir": own / "publisher",
        }
        self.settings[email] = load_settings(**{**about, **changes})
        choose(self.settings[email].private_dir, "joined")
        return self.settings[email]

    def open(self, asked: SumSurvey | None = None, **changes: Any) -> SumSurvey:
        asked = asked or survey()
        self.network.leader.open_round(plan_of(asked, **changes), asked.to_bytes())
        self.network.operate(BEFORE, 3)
        return asked

    def publish(self, email: str = ME, now: int = BEFORE, today: date = TODAY) -> PublisherStatus:
        return publish_with(self.settings[email], today, now)

    def report(self, email: str = ME, name: str = str(WEEK)) -> Path:
        return self.folder / "datasites" / email / round_path(name, REPORT)

    def results(self, asked: SumSurvey, batch: Any = "early") -> dict[str, Sums]:
        return dict(self.network.sums(batch, asked.round))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    network = Network(tmp_path, answers={}, helper_limits=HelperLimits(Fraction(1), 2))
    world = World(tmp_path, network)
    yield world
    for store in network.stores:
        store.close()


def watched(settings: Settings, shows: list[int], through: date = TODAY, version: str = VOCABULARY) -> None:
    """Give a participant a history: one view of each show on the week's Wednesday, and one long before."""
    full = np.zeros(len(shows) + 1, FULL_DTYPE)
    full["day"] = [np.datetime64("2025-01-01"), *[np.datetime64(WEEK.monday + timedelta(days=2))] * len(shows)]
    full["show"] = [-1, *shows]
    folder = settings.private_dir / "profiles" / "me"
    folder.mkdir(parents=True, exist_ok=True)
    save_encodings(folder, Encodings(full, np.zeros(9, "<i4"), version, through))


def outcomes(status: PublisherStatus) -> list[tuple[str, str]]:
    return [(one.round, one.status) for one in status.outcomes]


def test_what_people_watched_is_summed_by_two_operators(world: World) -> None:
    asked = world.open()
    watched(world.join(ME), [1, 2, 3])
    watched(world.join(BOB), [2])
    for email in (ME, BOB):
        status = world.publish(email)
        assert status.state == "answering"
        assert outcomes(status) == [(asked.round, "sent")]
    world.network.operate(AT_EARLY)
    sums = world.results(asked)
    assert sums["shows"].count == 2
    assert sum(sums["shows"].sums) == 3  # two of three shows are named, and the only one
    assert sums["shows"].sums[2] >= 1
    assert sums["titles_groups"].sums == (0, 2, 0, 0, 0, 0, 0)
    assert sums["titles_sum"].sums == (4,)


def test_a_report_is_made_once_and_its_size_is_independent_of_the_history(world: World) -> None:
    asked = world.open()
    watched(world.join(ME), [1, 2, 3])
    watched(world.join(BOB), [])
    world.publish(ME)
    world.publish(BOB)
    first = world.report().read_bytes()
    assert len(first) == len(world.report(BOB).read_bytes())
    assert len(first) == file_size(Round(world.network.round(asked.round).manifest))
    world.publish(ME)
    assert world.report().read_bytes() == first
    world.report().unlink()
    world.publish(ME)
    assert world.report().read_bytes() == first


def test_only_operators_may_read_a_report_and_there_are_no_other_files(world: World) -> None:
    world.open()
    settings = world.join(ME)
    watched(settings, [1])
    world.publish()
    planted = world.report().with_name("history.csv")
    planted.write_text("Secret Title")
    world.publish()
    assert not planted.exists()
    rules = world.report().with_name("syft.pub.yaml").read_text()
    assert LEADER in rules
    assert HELPER in rules
    assert BOB not in rules


def test_without_a_file_for_the_week_a_participant_waits_and_finally_sends_blanks(world: World) -> None:
    asked = world.open()
    watched(world.join(ME), [1], through=WEEK.sunday - timedelta(days=1))
    watched(world.join(BOB), [1])
    assert outcomes(world.publish()) == [(asked.round, "waiting")]
    assert not world.report().exists()
    world.publish(BOB)
    world.publish(now=AT_LATE - 5_000)
    assert world.report().exists()
    world.network.operate(AT_LATE)
    sums = world.results(asked, "late")
    assert sums["titles_groups"].sums == (0, 1, 0, 0, 0, 0, 1)
    assert sum(sums["shows"].sums) == 1


def test_a_file_that_comes_in_time_is_counted_in_the_late_batch(world: World) -> None:
    asked = world.open()
    watched(world.join(ME), [1], through=WEEK.sunday - timedelta(days=1))
    world.publish()
    watched(world.settings[ME], [1])
    assert outcomes(world.publish(now=EARLY + 100_000)) == [(asked.round, "sent")]


def test_without_keys_nothing_is_answered_and_the_next_step_is_named(world: World) -> None:
    world.open()
    settings = world.join(ME, aggregator_key="", helper_key="", helper_datasite="")
    watched(settings, [1])
    status = world.publish()
    assert status.state == "waiting_for_survey"
    assert "./run.sh setup shows their keys as words" in status.message
    assert not world.report().exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"helper_key": "ab" * 32}, "signed by"),
        ({"limit_odds": "2"}, "costs rho"),
        ({"limit_batch": 3}, "people"),
        ({"limit_rho_per_year": "0.05"}, "left of this year"),
    ],
)
def test_forbidden_questions_are_not_answered_and_the_reason_is_given(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    world.open()
    watched(world.join(ME, **changes), [1])
    (outcome,) = world.publish().outcomes
    assert outcome.status == "refused"
    assert reason in outcome.reason
    assert not world.report().exists()


def test_one_operator_is_trusted_only_where_settings_say_so(world: World) -> None:
    world.open()
    watched(world.join(ME, helper_key="", helper_datasite=""), [1])
    assert world.publish().outcomes == ()
    watched(world.join(ME, helper_key="", helper_datasite="", limit_modes="one"), [1])
    (outcome,) = world.publish().outcomes
    assert outcome.status == "refused"  # the round has a helper whom these settings do not name
    assert not world.report().exists()


def test_questions_that_are_not_allowed_are_left_blank(world: World) -> None:
    asked = world.open()
    watched(world.join(ME, limit_questions="top_shows"), [1, 2])
    watched(world.join(BOB), [])
    world.publish(ME)
    world.publish(BOB)
    world.network.operate(AT_EARLY)
    sums = world.results(asked)
    assert sum(sums["shows"].sums) == 2
    assert sums["titles_groups"].sums == (1, 0, 0, 0, 0, 0, 1)
    assert sums["titles_sum"].sums == (0,)


def test_a_week_is_answered_in_one_mode_only(world: World) -> None:
    settings = world.join(ANN)
    watched(settings, [1])
    shared = Datasite(settings.datasites_dir, LEADER).app_data / "shared"
    shared.mkdir(parents=True, exist_ok=True)
    local = default_survey(WEEK, VOCABULARY, range(9)).model_copy(update={"rotation": 1})
    (shared / "survey.json").write_bytes(dump_surveys([local]))
    assert outcomes(world.publish(ANN)) == [(str(WEEK), "drawn")]
    world.open()
    (_, sealed) = world.publish(ANN).outcomes
    assert sealed.status == "refused"
    assert "local mode" in sealed.reason
    other = world.join(BOB)
    watched(other, [1])
    (shared / "survey.json").unlink()
    assert outcomes(world.publish(BOB)) == [(str(WEEK), "sent")]
    (shared / "survey.json").write_bytes(dump_surveys([local]))
    assert outcomes(world.publish(BOB)) == [(str(WEEK), "sent")]
    assert not read_ledger(other.records_dir / "ledger.jsonl")


def test_another_vocabulary_is_waited_for(world: World) -> None:
    asked = world.open()
    watched(world.join(ME), [1], version="f" * 32)
    assert outcomes(world.publish()) == [(asked.round, "waiting")]


def test_a_survey_about_a_vocabulary_that_has_grown_since_is_answered(world: World) -> None:
    """A chart has added a show behind all others: the survey means the same shows, so there is nothing to wait for."""
    old = Vocabulary.build([CatalogueTitle(title=f"Show {n}", kind="series") for n in range(9)])
    grown = old.extended([CatalogueTitle(title="New", kind="series")])
    settings = world.join(ME)
    asked = world.open(survey(vocabulary=old.version))
    watched(settings, [1], version=grown.version)
    assert outcomes(world.publish()) == [(asked.round, "waiting")], "the vocabulary itself has not arrived"
    shared = world.folder / "datasites" / LEADER / shared_path(VOCABULARY_FILE)
    shared.parent.mkdir(parents=True, exist_ok=True)
    shared.write_bytes(grown.to_bytes())
    assert outcomes(world.publish()) == [(asked.round, "sent")]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[1]", b" " * 300_000, b'{"schema_version":1}'],
    ids=["empty", "object", "list", "large", "short"],
)
def test_a_survey_that_is_another_one_is_refused(world: World, data: bytes) -> None:
    asked = world.open()
    watched(world.join(ME), [1])
    (world.folder / "datasites" / LEADER / round_path(asked.round, SURVEY)).write_bytes(data)
    (outcome,) = world.publish().outcomes
    assert outcome.status == "refused"
    assert not world.report().exists()


def test_a_survey_whose_sums_are_not_those_of_the_manifest_is_refused(world: World) -> None:
    asked = survey()
    other = plan_of(asked, blocks=asked.blocks[:2])
    world.network.leader.open_round(other, asked.to_bytes())
    world.network.operate(BEFORE, 3)
    watched(world.join(ME), [1])
    (outcome,) = world.publish().outcomes
    assert (outcome.status, "other days or sums" in outcome.reason) == ("refused", True)


def test_a_survey_about_a_week_long_ago_is_refused(world: World) -> None:
    asked = world.open(survey(WEEK - 10))
    watched(world.join(ME), [1])
    (outcome,) = world.publish().outcomes
    assert (outcome.round, outcome.status) == (asked.round, "refused")
    assert "too old" in outcome.reason


def test_withdrawing_takes_an_open_report_back_and_says_what_was_summed(world: World) -> None:
    asked = world.open()
    for email in (ME, BOB):
        watched(world.join(email), [1])
        world.publish(email)
    world.network.operate(AT_EARLY)
    later = world.open(
        survey(WEEK - 1), first_day=(WEEK - 1).monday.isoformat(), last_day=(WEEK - 1).sunday.isoformat()
    )
    world.publish(now=BEFORE)
    assert world.report(name=later.round).exists()
    write_choices(world.settings[ME].private_dir, Choices(participation="withdrawn"))
    status = world.publish(now=BEFORE)
    assert status.state == "withdrawn"
    assert not list((world.folder / "datasites" / ME / "app_data").rglob("report.bin"))
    (receipt,) = read_receipts(world.settings[ME].records_dir)
    assert receipt.summed == (asked.round,)
    assert "cannot be taken apart" in receipt.sentence
    write_choices(world.settings[ME].private_dir, Choices(participation="joined"))
    assert dict(outcomes(world.publish(now=BEFORE)))[later.round] == "skipped"
    assert not world.report(name=later.round).exists()


def test_pausing_keeps_the_report_and_answers_no_new_round(world: World) -> None:
    world.open()
    watched(world.join(ME), [1])
    world.publish()
    kept = world.report().read_bytes()
    write_choices(world.settings[ME].private_dir, Choices(participation="paused"))
    world.open(survey(WEEK - 1), first_day=(WEEK - 1).monday.isoformat(), last_day=(WEEK - 1).sunday.isoformat())
    status = world.publish()
    assert status.state == "paused"
    assert world.report().read_bytes() == kept
    assert not world.report(name=str(WEEK - 1)).exists()


def test_the_ledger_of_sealed_reports_is_written_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = world.open()
    settings = world.join(ME)
    watched(settings, [1])

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("netflix_trend.operators.reporter.build", killed)
    with pytest.raises(KeyboardInterrupt):
        world.publish()
    assert not world.report().exists()
    assert spent_rounds(settings.records_dir / "operators.sqlite") == {asked.round}
    monkeypatch.undo()
    assert outcomes(world.publish()) == [(asked.round, "sent")]


def test_no_file_contains_titles_or_measurements_in_clear(world: World) -> None:
    world.open()
    settings = world.join(ME)
    watched(settings, [1, 2, 3])
    world.publish()
    for folder, _, names in os.walk(world.folder / "datasites" / ME):
        for name in names:
            assert b"Show" not in (Path(folder) / name).read_bytes()
    kept = b"".join(path.read_bytes() for path in sorted(settings.records_dir.glob("operators.sqlite*")))
    assert world.report().read_bytes()[:64] in kept  # the database holds the sealed bytes, not what they say


def test_a_week_is_answered_from_a_file_of_the_two_weeks_after_it_and_else_left_blank(world: World) -> None:
    """Otherwise a week's viewing could change the answers about all weeks before it, through one file."""
    asked = world.open()
    for email, week in ((ME, WEEK + 2), (BOB, WEEK + 3)):
        watched(world.join(email), [1], through=week.sunday - timedelta(days=1))  # made on Sunday
        assert outcomes(world.publish(email)) == [(asked.round, "sent")]
    world.network.operate(AT_EARLY)
    sums = world.results(asked)
    assert sums["shows"].count == 2
    assert sum(sums["shows"].sums) == 1
    assert sums["titles_groups"].sums[-1] == 1


def test_life_events_of_a_quarter_may_be_summed_in_one_round_alone() -> None:
    """Whatever a survey asks: two rounds about the same events would let one week change both."""
    first = Week.parse("2020-W01")
    asked = [week for week in (first + offset for offset in range(40 * 52)) if allowed(week)]
    quarters = [Quarter.of(week.monday).previous for week in asked]
    assert quarters == [Quarter(quarters[0].index + number) for number in range(160)]
    assert all(effect_quarter(week) == quarter for week, quarter in zip(asked, quarters, strict=True))


def test_a_week_matters_for_sums_about_life_events_of_two_quarters_at_most() -> None:
    first = Week.parse("2020-W01")
    asked = [week for week in (first + offset for offset in range(40 * 52)) if summed_effect_quarter(week)]
    assert len(asked) == 160
    assert all(week + FRESH_WEEKS + 1 < EffectQuestion.independent_from(week) for week in asked)


@pytest.mark.parametrize(("preset", "usual", "most"), [("x8", 4.03, 5.10), ("x3", 2.10, 2.64)])
def test_docs_state_what_one_week_costs(preset: Literal["x8", "x3"], usual: float, most: float) -> None:
    """Its own round, those of FRESH_WEEKS weeks before it, and the part about life events, or all, of two others."""
    rho, _ = PRESETS[preset]
    rounds = FRESH_WEEKS + 1
    assert round(epsilon_of_gaussian(rho * (rounds + 2 * EVENT_SHARE)), 2) == usual
    assert round(epsilon_of_gaussian(rho * (rounds + 2)), 2) == most
    text = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text("utf-8")
    assert f"epsilon {usual:.2f}" in text
    assert f"{most:.2f}" in text


def allowed(week: Week) -> bool:
    """Whether a survey may ask about the life events of the quarter before."""
    quarter = str(Quarter.of(week.monday).previous)
    return EffectSums(share=Ratio.of(EVENT_SHARE), clip=12, quarter=quarter).problem(week) is None


# Backup and restore


def backed_up(settings: Settings) -> bytes:
    out = io.BytesIO()
    back_up(settings, out, now=datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC))
    return out.getvalue()


@pytest.mark.parametrize("report_is_there", [True, False])
@pytest.mark.parametrize("volumes_are_there", [True, False])
def test_records_restored_from_a_backup_answer_no_week_again(
    world: World, report_is_there: bool, volumes_are_there: bool
) -> None:
    asked = world.open()
    settings = world.join(ME)
    with closing(Store(settings.records_dir / "operators.sqlite")):
        pass  # of an earlier week
    data = backed_up(settings)
    watched(settings, [1, 2, 3])
    assert outcomes(world.publish()) == [(asked.round, "sent")]
    first = world.report().read_bytes()
    if not report_is_there:
        world.report().unlink()
    if not volumes_are_there:
        shutil.rmtree(settings.private_dir)
        shutil.rmtree(settings.publisher_dir)
    restore(settings, io.BytesIO(data), lambda _: "", replace=True, today=TODAY)
    choose(settings.private_dir, "joined")
    watched(settings, [1, 2, 3])
    status = world.publish()
    if report_is_there or volumes_are_there:  # with its volumes nothing was lost
        assert outcomes(status) == [(asked.round, "sent")]
        assert world.report().read_bytes() == first
    else:
        assert outcomes(status) == [(asked.round, "refused")]
        assert "restored from a backup" in status.outcomes[0].reason
        assert not world.report().exists()
    assert str(WEEK) in spent_rounds(settings.records_dir / "operators.sqlite")


def test_records_restored_over_others_keep_what_those_have_spent(world: World) -> None:
    settings = world.join(ME)
    with closing(Store(settings.records_dir / "operators.sqlite")) as store, store.transaction():
        Budget(store, Fraction(9)).enter("2026-W02", date(2026, 1, 5).toordinal(), Fraction(1, 10), b"2" * 32)
    data = backed_up(settings)
    (settings.records_dir / "operators.sqlite").unlink()
    with closing(Store(settings.records_dir / "operators.sqlite")) as store, store.transaction():
        Budget(store, Fraction(9)).enter("2026-W03", date(2026, 1, 12).toordinal(), Fraction(1, 20), b"3" * 32)
    restore(settings, io.BytesIO(data), lambda _: "", replace=True, today=TODAY)
    with closing(Store(settings.records_dir / "operators.sqlite")) as store:
        budget = Budget(store, Fraction(9))
        assert budget.spent("2026-W02") == b"2" * 32
        assert budget.spent("2026-W03") == b""
        # Ten weeks up to now may have been answered, each with the largest preset.
        assert budget.total() == Fraction(1, 10) + Fraction(1, 20) + 9 * PRESETS["x8"][0]
    (kept,) = settings.publisher_dir.glob("before_restore/*/operators.sqlite")
    assert spent_rounds(kept) == {"2026-W03"}


def test_weeks_that_a_lost_ledger_may_have_answered_are_not_answered_to_operators(world: World) -> None:
    asked = world.open()
    settings = world.join(ME)
    watched(settings, [1])
    with open_ledger(settings.records_dir / "ledger.jsonl", published=[str(WEEK - 4)], now=WEEK):
        pass
    assert outcomes(world.publish()) == [(asked.round, "refused")]
    assert not world.report().exists()
