"""What a participant decides, and that nothing but its own lower limits comes of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from netflix_trend.layout import PublisherVolume
from netflix_trend.participant.choices import (
    Choices,
    ChoicesError,
    Participation,
    before_limits,
    choose,
    read_choices,
    write_choices,
)
from netflix_trend.participant.ledger import open_ledger
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.storage.damaged import set_aside
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import default_survey

WEEK = Week.parse("2026-W46")
LIMITS = Limits(odds=Fraction(8), reports_per_year=13)


def settings_of(tmp_path: Path, join: str, *, is_trial: bool) -> Settings:
    addresses = {} if is_trial else {"syftbox_email": "ann@home.net", "aggregator_datasite": "trends@home.net"}
    return load_settings(publisher_dir=tmp_path / "publisher", private_dir=tmp_path / "private", join=join, **addresses)


def ledger_of(settings: Settings, aggregator: str) -> None:
    """The ledger of somebody who has answered `aggregator` once."""
    path = PublisherVolume(settings.records_dir).ledger
    path.parent.mkdir(parents=True)
    survey = default_survey(WEEK, "b" * 32, range(9))
    question = survey.question("volume")
    assert question is not None
    with open_ledger(path, published=(), now=WEEK) as ledger:
        ledger.commit(aggregator, survey, question, b"release", WEEK + 1)


@pytest.mark.parametrize("join", ["ask", "at_once"])
def test_the_first_report_to_a_real_aggregator_leaves_only_after_a_yes(tmp_path: Path, join: str) -> None:
    assert read_choices(tmp_path) == Choices()
    assert not Choices().takes_part(settings_of(tmp_path, join, is_trial=False))
    assert Choices(participation="joined").takes_part(settings_of(tmp_path, join, is_trial=False))


@pytest.mark.parametrize("join", ["ask", "at_once"])
def test_a_trial_answers_at_once_and_counts_for_nothing_later(tmp_path: Path, join: str) -> None:
    trial, real = (settings_of(tmp_path, join, is_trial=is_trial) for is_trial in (True, False))
    assert Choices().takes_part(trial)
    ledger_of(trial, trial.aggregator_datasite)
    assert not Choices().takes_part(real)


@pytest.mark.parametrize(("aggregator", "goes_on"), [("trends@home.net", True), ("another@home.net", False)])
def test_who_has_answered_this_aggregator_before_it_was_asked_goes_on_as_the_setting_says(
    tmp_path: Path, aggregator: str, goes_on: bool
) -> None:
    settings = settings_of(tmp_path, "at_once", is_trial=False)
    ledger_of(settings, aggregator)
    assert Choices().takes_part(settings) is goes_on
    assert not Choices().takes_part(settings_of(tmp_path, "ask", is_trial=False))


@pytest.mark.parametrize("record", ["ledger", "sealed"])
def test_what_says_not_whom_it_was_for_is_no_yes(tmp_path: Path, record: str) -> None:
    settings = settings_of(tmp_path, "at_once", is_trial=False)
    place: Path = getattr(PublisherVolume(settings.records_dir), record)
    place.parent.mkdir(parents=True)
    place.write_text("damaged\n")
    assert not Choices().takes_part(settings)


def test_the_setting_asks_unless_somebody_says_otherwise() -> None:
    assert load_settings().join == "ask"


@pytest.mark.parametrize(("participation", "answers"), [("joined", True), ("paused", False), ("withdrawn", False)])
def test_a_choice_overrides_the_setting(participation: Participation, answers: bool, tmp_path: Path) -> None:
    write_choices(tmp_path / "new", Choices(participation=participation))
    choices = read_choices(tmp_path / "new")
    for join in ("at_once", "ask"):
        for is_trial in (True, False):
            assert choices.takes_part(settings_of(tmp_path, join, is_trial=is_trial)) is answers


def test_limits_are_lowered_and_never_raised() -> None:
    lower = Choices(odds=(3, 1), reports_per_year=4, questions=frozenset({"volume"}))
    assert lower.lowered(LIMITS) == Limits(odds=Fraction(3), reports_per_year=4, questions=frozenset({"volume"}))
    assert Choices(odds=(55, 1), reports_per_year=53).lowered(LIMITS) == LIMITS
    assert Choices().lowered(LIMITS) == LIMITS
    assert Choices(questions=frozenset({"another"})).lowered(LIMITS).questions == frozenset()


def test_choices_are_read_as_they_were_written(tmp_path: Path) -> None:
    choices = Choices(participation="joined", odds=(5, 2), reports_per_year=0, questions=frozenset())
    write_choices(tmp_path, choices)
    assert read_choices(tmp_path) == choices


@pytest.mark.parametrize("damage", [b"", b"{", b'{"participation":"perhaps"}', b'{"odds":[1,0]}', b"\xff"])
def test_a_damaged_file_is_no_consent(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "choices.json").write_bytes(damage)
    with pytest.raises(ChoicesError, match=r"limits that you had lowered are lost"):
        read_choices(tmp_path)


def test_after_damage_no_report_is_allowed_until_limits_are_set(tmp_path: Path) -> None:
    write_choices(tmp_path, Choices(odds=(2, 1)))
    assert choose(tmp_path, "joined")
    assert read_choices(tmp_path).odds == (2, 1)
    (tmp_path / "choices.json").write_text("{")
    with pytest.raises(ChoicesError):
        choose(tmp_path, "joined")
    assert before_limits(tmp_path).participation == "paused"
    assert not choose(tmp_path, "withdrawn")
    assert read_choices(tmp_path) == Choices(participation="withdrawn", reports_per_year=0)


def test_a_damaged_file_is_kept_when_a_person_chooses_again(tmp_path: Path) -> None:
    (tmp_path / "choices.json").write_text('{"odds": [2, 1')
    choose(tmp_path, "withdrawn")
    assert read_choices(tmp_path).participation == "withdrawn"
    (kept,) = (tmp_path / "damaged").iterdir()
    assert kept.read_text() == '{"odds": [2, 1'


def test_a_process_that_is_killed_while_it_replaces_damaged_choices_lets_nobody_answer(tmp_path: Path) -> None:
    """Without any file the person would be undecided, and who has answered before would answer again."""
    (tmp_path / "choices.json").mkdir()
    set_aside(tmp_path / "choices.json", tmp_path)
    with pytest.raises(ChoicesError):
        read_choices(tmp_path)
    choose(tmp_path, "paused")
    assert read_choices(tmp_path).participation == "paused"
