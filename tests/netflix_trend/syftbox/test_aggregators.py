"""Aggregators are found by their introductions; whatever else lies there is counted by reason and never shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from netflix_trend.published.introduction import MAX_INTRODUCTION, Introduction
from netflix_trend.syftbox.aggregators import MOST_READ, FoundAggregators, find_aggregators, introduction_of

CLUB, OTHER = "club@example.com", "other@example.net"


def introduce(datasites: Path, email: str, **more: object) -> Path:
    fields = {"software": "x", "mode": "local", "questions": ("volume",), "odds": (8, 1), "aggregator": email}
    file = datasites / email / "public" / "netflix_trend" / "index.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(Introduction.model_validate({**fields, **more}).to_bytes())
    return file


def test_everybody_who_introduces_themselves_is_found(tmp_path: Path) -> None:
    introduce(tmp_path, OTHER)
    introduce(tmp_path, CLUB, name="Our cinema club")
    (tmp_path / "me@example.org").mkdir()
    (tmp_path / "not a datasite").mkdir()
    found = find_aggregators(tmp_path)
    assert [(name, one.name) for name, one in found.aggregators.items()] == [(CLUB, "Our cinema club"), (OTHER, "")]
    assert (dict(found.refused), found.left_out, found.datasites, found.refusals) == ({}, 0, 3, "")


def test_without_a_folder_nobody_is_found(tmp_path: Path) -> None:
    assert find_aggregators(tmp_path / "datasites") == FoundAggregators({}, {})


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("too_large", "larger than 16384 bytes"),
        ("hard_link", "unsafe to open"),
        ("not_a_file", "unsafe to open"),
        ("another_address", "naming another address"),
        ("schema", "not readable"),
        ("not_json", "not readable"),
        ("earlier_version", "of an earlier version"),
    ],
)
def test_hostile_files_are_counted_by_reason_and_never_shown(tmp_path: Path, reason: str, said: str) -> None:
    file = introduce(tmp_path, CLUB)
    known = json.loads(file.read_bytes())
    if reason == "too_large":
        file.write_bytes(b" " * MAX_INTRODUCTION + file.read_bytes())
    elif reason == "hard_link":
        os.link(file, tmp_path / "elsewhere")
    elif reason == "not_a_file":
        file.rename(tmp_path / "real.json")
        file.symlink_to(tmp_path / "real.json")
    elif reason == "another_address":
        file.write_text(json.dumps({**known, "aggregator": OTHER}))
    elif reason == "schema":
        file.write_text(json.dumps({**known, "name": "\x1b]0;evil\x07<script>"}))
    elif reason == "not_json":
        file.write_bytes(b"<html>")
    else:
        file.write_text(json.dumps({"schema_version": 1, "vocabulary": "a", "round": "2026-W46"}))
    found = find_aggregators(tmp_path)
    assert not found.aggregators
    assert dict(found.refused) == {reason: 1}
    assert found.refusals.startswith("Left out: 1 introduction ")
    assert said in found.refusals
    assert found.refusals.isprintable()
    assert CLUB not in found.refusals


@pytest.mark.parametrize("where", ["datasite", "public", "netflix_trend"])
def test_a_linked_folder_is_not_entered(tmp_path: Path, where: str) -> None:
    introduce(tmp_path / "outside", CLUB)
    (tmp_path / "datasites").mkdir()
    target, place = tmp_path / "outside" / CLUB, tmp_path / "datasites" / CLUB
    for part in ("public", "netflix_trend")[: ("datasite", "public", "netflix_trend").index(where)]:
        place.mkdir()
        target, place = target / part, place / part
    place.symlink_to(target)
    assert not find_aggregators(tmp_path / "datasites").aggregators


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    file = introduce(tmp_path, CLUB)
    file.unlink()
    os.mkfifo(file)
    assert dict(find_aggregators(tmp_path).refused) == {"not_a_file": 1}


def test_of_very_many_only_some_are_read_and_the_chosen_one_always(tmp_path: Path) -> None:
    for number in range(600):
        introduce(tmp_path, f"a{number:03}@example.com")
    introduce(tmp_path, "zoe@example.com")
    found = find_aggregators(tmp_path, preferred="zoe@example.com")
    assert len(found.aggregators) == MOST_READ
    assert "zoe@example.com" in found.aggregators
    assert found.left_out == 101
    assert "101 introductions beyond the first 500" in found.refusals


@pytest.mark.parametrize("name", ["../secret", "", "Club@Example.com", "a/b@example.com"])
def test_only_a_datasite_is_asked(tmp_path: Path, name: str) -> None:
    with pytest.raises(Exception, match="another_address"):
        introduction_of(tmp_path, name)
