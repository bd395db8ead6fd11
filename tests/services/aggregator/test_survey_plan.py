"""The operator's plan: counts from the next survey on, changes no earlier one, and is refused where it makes none."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.event_effect.question import EffectQuestion
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.survey.survey import default_survey
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import (
    PLAN,
    LocalPlan,
    PlanError,
    SurveyPlan,
    asked_surveys,
    current_plan,
    plan_of,
    read_plan,
    write_plan,
)
from tests.services.aggregator.people import AGGREGATOR

WEEK = Week.parse("2026-W46")
TODAY = WEEK.sunday + timedelta(days=2)
GOOD = {"odds": "5/2", "list_length": 30, "k": 2, "questions": ["top_shows"]}


def aggregator(root: Path) -> Aggregator:
    (root / "datasites").mkdir(exist_ok=True)
    return Aggregator(Datasite(root / "datasites", AGGREGATOR), root / "own", starter_vocabulary(), durable=False)


@pytest.mark.parametrize("week", ["2026-W46", "2027-W01"])
def test_the_settings_alone_ask_the_default_survey(week: str) -> None:
    plan = LocalPlan.of_settings(Fraction(8), 50)
    vocabulary = starter_vocabulary()
    asked = plan.survey(Week.parse(week), vocabulary.version, range(50))
    assert asked == default_survey(Week.parse(week), vocabulary.version, range(50), Fraction(8))


def test_a_plan_counts_from_the_next_survey_on_and_changes_no_earlier_one(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    first = here.ask(TODAY)
    write_plan(here.own, plan_of(LocalPlan, GOOD), durable=False)
    assert here.ask(TODAY) == first
    later = here.ask(TODAY + timedelta(days=7))
    assert later[:3] == first[1:]
    question = later[-1].question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    assert (question.odds, len(question.candidates), question.k) == (Fraction(5, 2), 30, 2)
    assert later[-1].question("volume") is None
    write_plan(here.own, None)
    assert here.ask(TODAY + timedelta(days=14))[-1].question("volume") is not None
    assert here.ask(TODAY + timedelta(days=14))[-2] == later[-1]


def test_volume_and_events_can_be_asked_without_shows(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    write_plan(here.own, plan_of(LocalPlan, {**GOOD, "questions": ["event_effect", "volume"]}), durable=False)
    asked = [survey.questions for survey in here.ask(Week.parse("2027-W01").sunday + timedelta(days=1))]
    assert [type(question) for question in asked[-1]] == [VolumeQuestion, EffectQuestion]
    assert [type(question) for question in asked[0]] == [VolumeQuestion]
    assert here.run(Week.parse("2027-W01").sunday + timedelta(days=1))[-1].top_shows is None


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("odds", "1", "ratio above 1"),
        ("odds", "x", "ratio above 1"),
        ("odds", "1/0", "ratio above 1"),
        ("odds", "nan", "ratio above 1"),
        ("odds", "9" * 30, "ratio above 1"),
        ("list_length", 1, "at least 2 shows"),
        ("list_length", "many", "whole number"),
        ("list_length", 0, "at least 2 shows"),
        ("list_length", 251, "at most 250"),
        ("k", 0, "at least 1"),
        ("k", 17, "at most 16"),
        ("questions", [], "top_shows or volume"),
        ("questions", ["event_effect"], "top_shows or volume"),
        ("questions", ["top_shows", "shoe_size"], "expected some of"),
        ("questions", ["top_shows", "top_shows"], "each once"),
    ],
)
def test_an_invalid_plan_is_refused_by_field(field: str, value: object, expected: str) -> None:
    with pytest.raises(PlanError, match=expected) as refusal:
        plan_of(LocalPlan, {**GOOD, field: value})
    assert list(refusal.value.problems) == [field]


def test_a_list_shorter_than_what_one_person_names_is_refused() -> None:
    with pytest.raises(PlanError, match="at least 9 shows"):
        plan_of(LocalPlan, {**GOOD, "list_length": 8, "k": 9})


def test_lists_that_operators_sum_may_be_longer() -> None:
    assert plan_of(SurveyPlan, {**GOOD, "list_length": 3000}).list_length == 3000
    with pytest.raises(PlanError, match="at most 3000"):
        plan_of(SurveyPlan, {**GOOD, "list_length": 3001})


def test_a_kept_plan_about_a_whole_vocabulary_is_not_used_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As an earlier version kept it; and a list that is too long, kept while operators summed."""
    here = aggregator(tmp_path)
    here.own.mkdir()
    for number, length in enumerate((0, 1000)):
        kept = {"schema_version": 1, "odds": [3, 1], "list_length": length, "k": 3, "questions": ["top_shows"]}
        (here.own / PLAN).write_text(json.dumps(kept))
        question = here.ask(TODAY + timedelta(weeks=number))[-1].question("top_shows")
        assert isinstance(question, TopShowsQuestion)
        assert (len(question.candidates), question.k, question.odds) == (50, 1, 8)
    assert "list_length: a list needs at least 3 shows" in caplog.text
    assert "list_length: expected at most 250" in caplog.text


def test_a_plan_is_read_back_exactly(tmp_path: Path) -> None:
    plan = plan_of(LocalPlan, GOOD)
    write_plan(tmp_path / "own", plan, durable=False)
    assert read_plan(LocalPlan, tmp_path / "own") == plan


def test_a_damaged_plan_stops_nothing_and_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / PLAN).write_text('{"odds": [1, 2]}')
    settings = LocalPlan.of_settings(Fraction(3), 40)
    with pytest.raises(PlanError):
        read_plan(LocalPlan, tmp_path)
    assert current_plan(tmp_path, settings) == settings
    assert "cannot be read, the settings are used" in caplog.text


def test_asked_surveys_are_known_by_their_files(tmp_path: Path) -> None:
    assert asked_surveys(tmp_path) == []
    here = aggregator(tmp_path)
    here.ask(TODAY)
    assert asked_surveys(here.own / "surveys") == [WEEK - 3, WEEK - 2, WEEK - 1, WEEK]
