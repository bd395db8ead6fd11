"""What was published and what it cost, in words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from netflix_trend.participant.ledger import open_ledger, read_ledger
from netflix_trend.periods.weeks import Week
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import default_survey
from services.publisher.summary import main, summary

WEEK = Week.parse("2026-W46")
TODAY = date(2026, 11, 22)


def ledger_with(path: Path, *rounds: Week) -> None:
    with open_ledger(path, published=(), now=WEEK, durable=False) as ledger:
        for week in rounds:
            survey = default_survey(week, "b" * 32, range(9))
            question = survey.question("volume")
            assert question is not None
            ledger.commit("aggregator@example.org", survey, question, b"release", survey.week + 1)


def test_the_last_year_and_all_time_are_summed_separately(tmp_path: Path) -> None:
    ledger_with(tmp_path / "ledger.jsonl", WEEK - 60, WEEK - 4, WEEK)
    text = summary(read_ledger(tmp_path / "ledger.jsonl"), frozenset({str(WEEK)}), Limits(), TODAY)
    assert "Reports about the last 52 weeks: 2; your limit is 13." in text
    assert "at most 64 (epsilon 4.16" in text
    assert "at most 512 (epsilon 6.24" in text
    assert f"{WEEK}  volume  odds 8 (epsilon 2.08)  in the datasite" in text
    assert f"{WEEK - 4}  volume  odds 8 (epsilon 2.08)  not in the datasite now" in text


def test_reading_creates_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUBLISHER_DIR", str(tmp_path / "publisher"))
    monkeypatch.setenv("DATASITES_DIR", str(tmp_path / "datasites"))
    assert main() == 0
    assert "No report was made" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_ledger_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUBLISHER_DIR", str(tmp_path))
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "ledger.jsonl").write_text("{}\n")
    assert main() == 1
    assert "line 1" in capsys.readouterr().err


def test_rounds_of_a_lost_ledger_are_named_where_they_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUBLISHER_DIR", str(tmp_path))
    newest = Week.last_complete(date.today())
    ledger = tmp_path / "trial" / "ledger.jsonl"
    with open_ledger(ledger, published=[str(newest - 4), str(newest - 60)], now=newest, durable=False):
        pass
    assert main() == 0
    assert "Also counted: 1 round that a lost or older ledger answered" in capsys.readouterr().out
