"""When a run of the publisher is due: what it reads and what it wrote, compared by times and sizes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.layout import VOCABULARY, round_path, shared_path
from netflix_trend.operators.round_folders import ABORT, SURVEY
from netflix_trend.participant.due import LONGEST_SECONDS, Places, Record, environment

TODAY = date(2026, 11, 16)
SAID = ["answering", "  2026-W46  kept"]
ME, AGGREGATOR, HELPER = "ann@example.net", "trend@example.net", "helper@example.net"


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A run wrote files, and the next one had nothing to do."""
    site = tmp_path / "datasites" / ME / "app_data" / "netflix_trend"
    (site / "releases").mkdir(parents=True)
    for name in ("private/raw", "private/profiles/me", "publisher"):
        (tmp_path / name).mkdir(parents=True)
    places = Places(
        tmp_path / "private", tmp_path / "publisher", tmp_path / "datasites", ME, AGGREGATOR, HELPER
    )  # fmt: skip
    made = Record(places, tmp_path / ".env", environment({"HOME": "/home/ann"}))
    run = made.begin(TODAY)
    (site / "releases" / "2026-W46.json").write_text("{}")
    (tmp_path / "publisher" / "ledger.jsonl").write_text("{}\n")
    made.end(run, SAID)
    assert made.said(TODAY) is None, "what changed meanwhile may be somebody else's change"
    made.end(made.begin(TODAY), SAID)
    return made


def test_a_run_that_would_do_nothing_says_what_the_last_one_said(record: Record) -> None:
    assert record.said(TODAY) == SAID
    assert record.said(TODAY) == SAID, "asking changes nothing"


@pytest.mark.parametrize(
    "changed",
    [
        ".env",
        "private/choices.json",
        "private/life_events.json",
        "private/exclusions.json",
        "private/household.json",
        "private/raw/abc.json",
        "private/profiles/me/built_from.json",
        "private/profiles/me/netflix_full.npy",
        "publisher/ledger.jsonl",
        "publisher/outlook.json",
        f"datasites/{ME}/syft.pub.yaml",
        f"datasites/{ME}/app_data/netflix_trend/releases/2026-W46.json",
        f"datasites/{ME}/app_data/netflix_trend/releases/foreign.json",
        f"datasites/{AGGREGATOR}/{shared_path(VOCABULARY)}",
        f"datasites/{AGGREGATOR}/{round_path('2026-W46', SURVEY)}",
        f"datasites/{HELPER}/{round_path('2026-W46', ABORT)}",
    ],
)
def test_a_change_of_what_it_reads_or_wrote_makes_another_run_due(record: Record, tmp_path: Path, changed: str) -> None:
    path = tmp_path / changed
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed, and longer")
    assert record.said(TODAY) is None


def test_a_lost_file_makes_another_run_due(record: Record, tmp_path: Path) -> None:
    (tmp_path / "datasites" / ME / "app_data" / "netflix_trend" / "releases" / "2026-W46.json").unlink()
    assert record.said(TODAY) is None


def test_time_makes_another_run_due(record: Record, tmp_path: Path) -> None:
    """A new day, and deadlines of operators, which pass without a file. A clock that was set back says nothing."""
    now = record.begin(TODAY).at
    record.end(record.begin(TODAY), SAID)
    assert record.said(TODAY + timedelta(days=1)) is None
    assert record.said(TODAY, now + LONGEST_SECONDS - 60) == SAID
    assert record.said(TODAY, now + LONGEST_SECONDS + 60) is None
    assert record.said(TODAY, now - 60) is None


def test_other_settings_in_the_environment_make_another_run_due(record: Record) -> None:
    assert replace(record, environ=environment({"HOME": "/home/ann", "JOIN": "ask"})).said(TODAY) is None
    assert replace(record, environ=environment({"HOME": "/home/ann", "PWD": "/elsewhere"})).said(TODAY) == SAID


def test_a_run_that_began_and_did_not_end_is_repeated(record: Record) -> None:
    record.begin(TODAY)
    assert record.said(TODAY) is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"inputs": 1}', b"\xff", b"0" * 300_000])
def test_a_damaged_record_counts_as_none(record: Record, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "publisher" / ".last_run.json").write_bytes(data)
    assert record.said(TODAY) is None


def test_a_change_during_a_run_is_not_missed(record: Record, tmp_path: Path) -> None:
    run = record.begin(TODAY)
    (tmp_path / "private" / "choices.json").write_text("{}")
    record.end(run, SAID)
    assert record.said(TODAY) is None


def test_damage_during_a_run_is_not_taken_for_its_result(record: Record, tmp_path: Path) -> None:
    run = record.begin(TODAY)
    (tmp_path / "datasites" / ME / "app_data" / "netflix_trend" / "releases" / "2026-W46.json").write_text("damaged")
    record.end(run, SAID)
    assert record.said(TODAY) is None
