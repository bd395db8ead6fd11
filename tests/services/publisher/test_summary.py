"""What was published and what it cost, in words."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from netflix_trend.ledger import open_ledger, read_ledger
from netflix_trend.survey import Limits
from netflix_trend.weeks import Week
from services.publisher.summary import main, summary

WEEK = Week.parse("2026-W46")
TODAY = date(2026, 11, 22)


def ledger_with(path: Path, *rounds: Week) -> None:
    with open_ledger(path, published=(), now=WEEK, durable=False) as ledger:
        for week in rounds:
            ledger.commit(week, "volume", "square_wave", "a" * 32, "b" * 32, Fraction(8), b"release")


def test_the_year_and_all_time_are_told_apart(tmp_path: Path) -> None:
    ledger_with(tmp_path / "ledger.jsonl", WEEK - 60, WEEK - 4, WEEK)
    text = summary(read_ledger(tmp_path / "ledger.jsonl"), frozenset({str(WEEK)}), Limits(), TODAY)
    assert "Reports about the last 52 weeks: 2; your limit is 13." in text
    assert "at most 64 (epsilon 4.16" in text
    assert "at most 512 (epsilon 6.24" in text
    assert f"{WEEK}  volume        odds 8  in the datasite" in text
    assert f"{WEEK - 4}  volume        odds 8  not in the datasite now" in text


def test_nothing_is_made_by_looking(
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
    (tmp_path / "ledger.jsonl").write_text("{}\n")
    assert main() == 1
    assert "line 1" in capsys.readouterr().err
