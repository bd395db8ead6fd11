"""What was published and what it cost, in words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from netflix_trend.participant.ledger import open_ledger, read_ledger
from netflix_trend.participant.status import Outcome, PublisherStatus, write_status
from netflix_trend.periods.weeks import Week
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import default_survey
from netflix_trend.syftbox.datasite import Datasite
from services.publisher.status import lines_about
from services.publisher.status import main as status_main
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
    assert f"{WEEK}  volume        odds 8 (epsilon 2.08)  in the datasite" in text
    assert f"{WEEK - 4}  volume        odds 8 (epsilon 2.08)  not in the datasite now" in text


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


def test_the_status_lists_the_files_in_the_datasite_and_their_readers(tmp_path: Path) -> None:
    site = Datasite(tmp_path, "me@example.org")
    assert lines_about(site.status("a@example.org"), "a@example.org") == ["Datasite: SyftBox has not set it up yet."]
    site.set_up()
    site.publish({"releases/2026-W46.json": b"1", "releases/2026-W42.json": b"2"}, "a@example.org", durable=False)
    lines = lines_about(site.status("a@example.org"), "a@example.org")
    assert lines[0] == (
        "Datasite: 3 files, readable by a@example.org: 3. The rules name nobody else; who runs the server can read "
        "everything."
    )
    assert len(lines) == 4
    (site.app_data / "releases/2026-W46.json").write_bytes(b"altered")
    (site.app_data / "releases/2026-W42.json").unlink()
    (site.app_data / "stranger.txt").write_text("?")
    lines = lines_about(site.status("a@example.org"), "a@example.org")
    assert "  releases/2026-W46.json  (altered)" in lines
    assert "  releases/2026-W42.json  (missing)" in lines
    assert "  stranger.txt  (not readable by the aggregator, not ours)" in lines
    assert "repairs this" in lines[-1]


def test_the_status_begins_with_the_last_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("datasites", "publisher"):
        monkeypatch.setenv(f"{name.upper()}_DIR", str(tmp_path / name.replace("datasites", "sites")))
    assert status_main() == 0
    assert "\n\nThe publisher has not run yet.\n" in capsys.readouterr().out
    outcomes = (Outcome("2026-W46", "not_asked", "each person is asked one week in 4"),)
    looked_at = datetime(2026, 11, 26, tzinfo=UTC)
    write_status(
        tmp_path / "publisher" / "trial", PublisherStatus(looked_at=looked_at, state="answering", outcomes=outcomes)
    )
    assert status_main() == 0
    assert "answering\n  2026-W46  not asked (each person is asked" in capsys.readouterr().out
