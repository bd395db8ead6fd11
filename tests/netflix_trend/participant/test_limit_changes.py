"""Changing limits: what changes, what is raised, and what is then never answered."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from netflix_trend.participant.choices import read_choices
from netflix_trend.participant.limit_changes import asked_odds, changes, is_raised, never_answered
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import load_settings
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import dump_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.shared_files import starter_surveys
from services.runtime.choose import lower_limits

TODAY = Week.parse("2026-W46").sunday + timedelta(days=2)
MOST = Limits(odds=Fraction(8), reports_per_year=13)


def lowered(**values: object) -> Limits:
    return MOST.model_copy(update=values)


@pytest.mark.parametrize(
    ("after", "words", "raised"),
    [
        (MOST, [], False),
        (lowered(odds=Fraction(3)), ["Odds of one report: from 8"], False),
        (lowered(odds=Fraction(9)), ["Odds of one report: from 8"], True),
        (lowered(reports_per_year=4), ["Reports in 52 weeks: from 13 to 4."], False),
        (lowered(reports_per_year=14), ["Reports in 52 weeks: from 13 to 14."], True),
        (lowered(questions=frozenset({"volume"})), ["Questions: from"], False),
        (lowered(questions=frozenset()), ["Questions: from"], False),
        (lowered(questions=MOST.questions | {"another"}), ["Questions: from"], True),
    ],
)
def test_every_change_is_told_from_what_to_what(after: Limits, words: list[str], *, raised: bool) -> None:
    said = changes(MOST, after)
    assert len(said) == len(words)
    assert all(one.startswith(start) for one, start in zip(said, words, strict=True))
    assert is_raised(MOST, after) is raised


def test_odds_below_what_is_asked_are_never_answered(tmp_path: Path) -> None:
    settings = load_settings(
        datasites_dir=tmp_path, syftbox_email="ann@home.net", aggregator_datasite="trends@home.net"
    )
    assert asked_odds(settings, TODAY) is None, "no survey has come"
    shared = Datasite(tmp_path, "trends@home.net").app_data / "shared"
    shared.mkdir(parents=True)
    (shared / "survey.json").write_bytes(dump_surveys(starter_surveys(TODAY)))
    asked = asked_odds(settings, TODAY)
    assert asked == 8
    assert never_answered(MOST, asked) == ""
    assert "it is never answered" in never_answered(lowered(odds=Fraction(3)), asked)
    (shared / "survey.json").write_bytes(b"{")
    assert asked_odds(settings, TODAY) is None


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("private", "publisher", "datasites"):
        monkeypatch.setenv(f"{name.upper()}_DIR", str(tmp_path / name))
    return tmp_path / "private"


def set_odds(odds: int, *, is_sure: bool = False) -> int:
    return lower_limits(odds=Fraction(odds), reports=None, questions=None, is_reset=False, may_raise=lambda _: is_sure)


def test_large_odds_do_not_undo_lower_ones_without_a_yes(private: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert set_odds(3) == 0
    said = capsys.readouterr().out
    assert "Odds of one report: from 8" in said
    assert "it is never answered" in said
    assert set_odds(99) == 1
    refused = capsys.readouterr().err
    assert "from 3" in refused
    assert "--yes" in refused
    assert "More than LIMIT_ODDS in .env" in refused
    assert read_choices(private).odds == (3, 1)
    assert set_odds(99, is_sure=True) == 0
    assert "odds 8" in capsys.readouterr().out
    assert set_odds(2) == 0


def test_going_back_to_the_settings_takes_a_yes_too(private: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert set_odds(3) == 0
    assert lower_limits(odds=None, reports=None, questions=None, is_reset=True) == 1
    assert read_choices(private).odds == (3, 1)
    assert lower_limits(odds=None, reports=None, questions=None, is_reset=True, may_raise=lambda _: True) == 0
    assert read_choices(private).odds is None


def test_limits_out_of_range_are_told_in_plain_words(private: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lower_limits(odds=None, reports=99, questions=None, is_reset=False) == 1
    assert capsys.readouterr().err == "limits: expected 53 or less\n"
    assert not private.exists()
