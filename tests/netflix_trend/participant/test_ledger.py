"""The ledger: on disk before anything appears, one draw a round, and nothing redrawn when it is lost."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter

from netflix_trend.participant.ledger import Entry, Gap, Ledger, LedgerError, open_ledger
from netflix_trend.periods.weeks import Week
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.survey.survey import default_survey

WEEK = Week.parse("2026-W46")


def commit(ledger: Ledger, week: Week, data: bytes = b"release") -> None:
    survey = default_survey(week, "b" * 32, range(9))
    ledger.commit("aggregator@example.org", survey, survey.questions[0], data, week + 1)


def rounds(path: Path) -> list[str]:
    with open_ledger(path, published=(), now=WEEK) as ledger:
        return [entry.round for entry in ledger.entries]


def test_committed_releases_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=(), now=WEEK) as ledger:
        commit(ledger, WEEK, b"\x00\xff bytes")
    with open_ledger(path, published=[str(WEEK)], now=WEEK) as ledger:
        entry = ledger.entry(WEEK)
        assert entry is not None
        assert entry.data == b"\x00\xff bytes"
        assert entry.odds == (8, 1)
        assert not ledger.skips(WEEK)


def test_a_round_is_drawn_once(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.jsonl", published=(), now=WEEK) as ledger:
        commit(ledger, WEEK)
        with pytest.raises(LedgerError, match="already drawn"):
            commit(ledger, WEEK)


def test_a_lost_ledger_skips_all_rounds_so_far_and_answers_later_ones(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=[str(WEEK)], now=WEEK) as ledger:
        assert ledger.skips(WEEK)
        assert ledger.skips(WEEK - 3)
        assert not ledger.skips(WEEK + 1)
        with pytest.raises(LedgerError):
            commit(ledger, WEEK)
        commit(ledger, WEEK + 1)
    with open_ledger(path, published=[str(WEEK)], now=WEEK + 2) as ledger:
        assert ledger.skips(WEEK), "the loss is remembered"
        assert not ledger.skips(WEEK + 2), "and not taken for another one"


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_dropped_and_the_ledger_goes_on(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=(), now=WEEK) as ledger:
        commit(ledger, WEEK)
        commit(ledger, WEEK + 1)
    path.write_bytes(path.read_bytes()[:-cut])
    with open_ledger(path, published=[str(WEEK)], now=WEEK + 1) as ledger:
        assert [entry.round for entry in ledger.entries] == [str(WEEK)]
        commit(ledger, WEEK + 2)
    assert rounds(path) == [str(WEEK), str(WEEK + 2)]


def test_a_ledger_torn_in_its_first_line_counts_as_lost(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b'{"kind": "ope')
    with open_ledger(path, published=[str(WEEK)], now=WEEK) as ledger:
        assert ledger.skips(WEEK)


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_changed_or_removed_line_stops_everything(tmp_path: Path, line: int) -> None:
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=(), now=WEEK) as ledger:
        for number in range(3):
            commit(ledger, WEEK + number)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    with pytest.raises(LedgerError, match="line"), open_ledger(path, published=[str(WEEK)], now=WEEK):
        pass
    plain = json.loads(lines[line])
    plain["previous"] = "f" * 64
    lines[line] = json.dumps(plain).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(LedgerError, match="line"), open_ledger(path, published=[str(WEEK)], now=WEEK):
        pass


def test_reports_are_counted_over_any_52_weeks_with_the_round(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.jsonl", published=(), now=WEEK) as ledger:
        assert ledger.reports_near(WEEK) == 0
        for number in range(13):
            commit(ledger, WEEK + 4 * number)
        assert ledger.reports_near(WEEK + 51) == 13
        assert ledger.reports_near(WEEK + 52) == 12, "the first one is a year old"
        assert ledger.reports_near(WEEK - 1) == 13, "a gap in the past is no room: some window holds all of them"
        assert ledger.reports_near(WEEK + 200) == 0


def _draw(path: Path, number: int) -> int:
    with open_ledger(path, published=(), now=WEEK) as ledger:
        if ledger.entry(WEEK) is not None:
            return 0
        commit(ledger, WEEK, bytes([number]))
        return 1


def test_a_second_process_waits_until_the_ledger_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with ThreadPoolExecutor(1) as pool:
        with open_ledger(path, published=(), now=WEEK) as ledger:
            second = pool.submit(_draw, path, 2)
            assert not wait([second], timeout=0.3).done
            commit(ledger, WEEK)
        assert second.result(30) == 0


def test_two_processes_at_once_draw_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        drawn = pool.starmap(_draw, [(path, number) for number in range(12)])
    assert sum(drawn) == 1
    assert rounds(path) == [str(WEEK)]


def test_the_line_is_on_disk_before_commit_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """fsync is called after the line was written; what it sees is the whole line."""
    path = tmp_path / "ledger.jsonl"
    seen: list[bytes] = []

    with open_ledger(path, published=(), now=WEEK) as ledger:
        monkeypatch.setattr(os, "fsync", lambda _descriptor: seen.append(path.read_bytes()))
        commit(ledger, WEEK)
    assert seen
    assert seen[0].endswith(b"\n")
    assert seen[0] == path.read_bytes()


def test_a_ledger_restored_from_a_backup_skips_what_may_have_been_drawn_since(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=(), now=WEEK) as ledger:
        commit(ledger, WEEK - 4)
    backup = path.read_bytes()
    with open_ledger(path, published=[str(WEEK - 4)], now=WEEK) as ledger:
        commit(ledger, WEEK)
    path.write_bytes(backup)
    published = [str(WEEK - 4), str(WEEK)]
    with open_ledger(path, published=published, now=WEEK + 1) as ledger:
        assert ledger.entry(WEEK - 4) is not None, "what the backup knows stays"
        assert not ledger.skips(WEEK - 4)
        assert ledger.skips(WEEK)
        assert ledger.skips(WEEK + 1), "it may have been drawn and not yet appeared"
        with pytest.raises(LedgerError):
            commit(ledger, WEEK)
        commit(ledger, WEEK + 2)
    with open_ledger(path, published=[str(WEEK - 4)], now=WEEK + 2) as ledger:
        assert ledger.skips(WEEK), "the gap is remembered when its trace is gone"
        assert [entry.round for entry in ledger.entries] == [str(WEEK - 4), str(WEEK + 2)]


def test_releases_that_the_datasite_lists_count_toward_the_year_without_the_ledger(tmp_path: Path) -> None:
    path, listed = tmp_path / "ledger.jsonl", [str(WEEK - 4 * number) for number in range(12)]
    with open_ledger(path, published=[*listed, "2099-W01"], now=WEEK) as ledger:
        assert ledger.reports_near(WEEK + 4) == 12
        commit(ledger, WEEK + 4)
    with open_ledger(path, published=[], now=WEEK + 4) as ledger:
        assert ledger.reports_near(WEEK + 8) == 12, "the oldest is a year old by then, and the new one counts"
        assert ledger.reports_near(WEEK + 54) == 1
        assert ledger.reports_near(Week.parse("2099-W01")) == 0, "a file about the future may be forged"


def test_one_gap_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=(), now=WEEK) as ledger:
        commit(ledger, WEEK - 4)
    for _ in range(3):
        with open_ledger(path, published=[str(WEEK - 1)], now=WEEK) as ledger:
            assert ledger.skips(WEEK - 1)
    assert len(path.read_bytes().splitlines()) == 3


def test_a_forged_file_about_the_future_costs_only_its_round(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.jsonl", published=(), now=WEEK) as ledger:
        commit(ledger, WEEK - 4)
    with open_ledger(tmp_path / "ledger.jsonl", published=[str(WEEK - 4), "2099-W01"], now=WEEK) as ledger:
        assert not ledger.skips(WEEK)
    with open_ledger(tmp_path / "ledger.jsonl", published=[str(WEEK - 4), "2099-W01"], now=WEEK) as ledger:
        assert ledger.skips(Week.parse("2099-W01")), "it may be ours, drawn before the clock went wrong"
    assert len((tmp_path / "ledger.jsonl").read_bytes().splitlines()) == 3


@pytest.mark.parametrize("line", range(4))
def test_a_changed_line_is_detected_even_the_last(tmp_path: Path, line: int) -> None:
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=(), now=WEEK) as ledger:
        for number in range(3):
            commit(ledger, WEEK + number)
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 4
    old, new = (b"8,1", b"2,1") if line else (b"opening", b"Opening")
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new)
    path.write_bytes(b"".join(lines))
    with pytest.raises(LedgerError, match=f"line {line + 1}"):
        rounds(path)


def test_a_ledger_is_synced_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between writing a line and fsync leaves a line that is read, and would be published, but may be lost."""
    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=(), now=WEEK) as ledger:
        commit(ledger, WEEK)
    synced: list[str] = []

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", fsync)
    with open_ledger(path, published=(), now=WEEK):
        assert synced == [str(path), str(tmp_path)]


def sealed(content: dict[str, Any]) -> bytes:
    """Return a line as any version writes it."""
    return canonical_json({**content, "seal": hashlib.sha256(canonical_json(content)).hexdigest()})


def chained(*contents: dict[str, Any]) -> bytes:
    """Return a ledger of lines with these contents."""
    lines, previous = [], "0" * 64
    for content in contents:
        lines.append(sealed({**content, "previous": previous}))
        previous = hashlib.sha256(lines[-1]).hexdigest()
    return b"".join(line + b"\n" for line in lines)


def old_release(week: Week) -> dict[str, Any]:
    """Return the content of a release's line as version 0.2.0 wrote it."""
    return {
        "aggregator": "aggregator@example.com",
        "kind": "release",
        "mechanism": "k_subset",
        "odds": [8, 1],
        "question": "top_shows",
        "release": "cmVsZWFzZQ==",
        "round": str(week),
        "survey": "s" * 32,
        "vocabulary": "b" * 32,
    }


def test_lines_of_the_released_version_are_read_and_the_ledger_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    before = chained({"kind": "opening"}, old_release(WEEK))
    path.write_bytes(before)
    with open_ledger(path, published=[str(WEEK)], now=WEEK) as ledger:
        assert ledger.entry(WEEK) is not None
        commit(ledger, WEEK + 1)
    assert path.read_bytes().startswith(before), "no line is ever written again"
    assert rounds(path) == [str(WEEK), str(WEEK + 1)]


def test_a_gap_of_an_older_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(chained({"kind": "opening"}, {"kind": "gap", "skip_through": str(WEEK), "rounds": []}))
    with open_ledger(path, published=[], now=WEEK) as ledger:
        assert ledger.skips(WEEK)
        assert ledger.reports_near(WEEK + 4) == 0


def test_a_field_that_a_later_version_adds_leaves_older_lines_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(Entry):
        noted: str = ""

    path = tmp_path / "ledger.jsonl"
    with open_ledger(path, published=(), now=WEEK) as ledger:
        commit(ledger, WEEK)
    later: TypeAdapter[Gap | Later] = TypeAdapter(Annotated[Gap | Later, Field(discriminator="kind")])
    monkeypatch.setattr("netflix_trend.participant.ledger._LATER_LINE", later)
    assert rounds(path) == [str(WEEK)]


@pytest.mark.parametrize(
    "content",
    [{**old_release(WEEK), "later": 1}, {"kind": "later"}],
    ids=["an added field", "an added kind of line"],
)
def test_a_line_of_a_newer_version_is_called_newer_and_stays(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(before := chained({"kind": "opening"}, content))
    with pytest.raises(LedgerError, match="line 2: a newer version of Netflix Trend wrote it"):
        rounds(path)
    assert path.read_bytes() == before


def test_a_ledger_of_a_newer_format_is_called_newer(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(chained({"kind": "opening", "schema_version": 2}))
    with pytest.raises(LedgerError, match="line 1: a newer version of Netflix Trend wrote it"):
        rounds(path)
