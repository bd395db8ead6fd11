"""What the table of rules says about many people."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

import pytest

from bench import permissions
from bench.permissions import BY_ITS_CODE, LOOKS, ON_A_SERVER, SIZES, main, person, print_rules
from netflix_trend.names import DATASITE_NAME
from netflix_trend.syftbox.permissions import MOST_NAMED


def test_rules_for_any_number_of_people_have_the_same_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(person(999_999)) == 60
    assert DATASITE_NAME.fullmatch(person(7))
    for size in (MOST_NAMED, MOST_NAMED + 1, 100_000):
        print_rules(size)
    named, more, many = (line.replace(",", "").split() for line in capsys.readouterr().out.splitlines())
    assert named[1] == named[4], "each of them is named"
    assert more[1] == many[1]
    assert int(many[1]) < 1000 < int(named[1])
    assert int(many[5]) == 3, "files of 8 MB, if each were named"


def test_every_row_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    measured: list[int] = []
    monkeypatch.setattr(permissions, "print_rules", measured.append)
    assert main([]) == 0
    assert measured == list(SIZES)
    assert "SyftBox" not in capsys.readouterr().out


def test_every_row_with_a_server_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []
    people: list[Sequence[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        asked.append(command[2:])
        figures = {"megabytes": 1, "seconds": 2, "look": 3, "mebibytes": 4}
        return subprocess.CompletedProcess(command, 0, json.dumps(figures).encode())

    monkeypatch.setattr(permissions, "print_rules", lambda _: None)
    monkeypatch.setattr(permissions, "print_on_a_server", people.append)
    monkeypatch.setattr(subprocess, "run", run)
    assert main(["--server"]) == 0
    rules, looks = ([line[1:] for line in asked if line[0] == name] for name in ("rules", "looks"))
    assert rules == [[str(number), str(files)] for number, files in BY_ITS_CODE]
    assert looks == [[str(number)] for number in LOOKS]
    assert [len(some) for some in people[:-1]] == list(ON_A_SERVER)
    assert people[-1] == ["*"]
    printed = capsys.readouterr().out
    assert all(f"{number:,}" in printed for number in (*(number for number, _ in BY_ITS_CODE), *LOOKS))
