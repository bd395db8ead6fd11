"""The verb `export`: a file that only its owner can read, and never one in the place of another."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netflix_trend import cli
from netflix_trend.cli.exporting import NAMES
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place
from netflix_trend.history.other_tools import FORMATS
from tests.netflix_trend.history.importers import IMPORTERS
from tests.netflix_trend.history.invented import history

ROWS = (("Wicked", "2024-03-01"), ("Dark: Season 1: Secrets", "2024-03-02"), ("Mission: Impossible", "2024-03-03"))


@pytest.fixture
def ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Any]:
    """Run a verb as in the processor's container; returns its exit code, what it printed and complained about."""
    monkeypatch.setenv("PRIVATE_DIR", str(tmp_path / "private"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, bytes, str]:
        code = cli.run(list(arguments), Place(Machine(tmp_path, {"IN_CONTAINER": "1"})))
        printed = capsysbinary.readouterr()
        return code, printed.out, printed.err.decode()

    (tmp_path / "h.csv").write_bytes(history(*ROWS))
    assert run("import", "h.csv")[0] == 0
    return run


def test_the_verb_knows_the_formats() -> None:
    assert set(NAMES) == set(FORMATS)


@pytest.mark.parametrize("name", sorted(IMPORTERS))
def test_a_file_is_printed_and_what_is_left_out_is_told_beside_it(ask: Callable[..., Any], name: str) -> None:
    code, out, err = ask("export", "--format", name)

    assert code == 0
    assert IMPORTERS[name](out)
    assert b"Mission: Impossible" not in out
    assert f"for {FORMATS[name].name}." in err.splitlines()[0]
    assert "Not in it: 1 view of what may be a film or an episode; --guesses takes it for a film." in err
    assert "Not in it: 1 episode" in err
    assert b"Mission: Impossible" in ask("export", "--format", name, "--guesses")[1]


def test_a_file_is_for_its_owner_only_and_the_same_as_what_is_printed(ask: Callable[..., Any], tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        code, out, err = ask("export", "--format", "json", "all.json")
    finally:
        os.umask(before)

    assert (code, out) == (0, b"")
    assert "all.json was written" in err
    assert (tmp_path / "all.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "all.json").read_bytes() == ask("export", "--format", "json")[1]
    assert len(json.loads((tmp_path / "all.json").read_bytes())["views"]) == len(ROWS)


def test_nothing_is_overwritten_without_force(ask: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("precious")

    code, _, err = ask("export", "--format", "csv", "mine.csv")
    assert code == 1
    assert "mine.csv is there already; nothing was changed." in err
    assert (tmp_path / "mine.csv").read_text() == "precious"

    assert ask("export", "--format", "csv", "--force", "mine.csv")[0] == 0
    assert (tmp_path / "mine.csv").read_text().startswith("day,kind,")
    assert (tmp_path / "mine.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "trakt", "t.csv"), "Trakt imports only rows with an id"),
        (("--format", "csv", "--profile", "Mia", "t.csv"), "Profiles: me"),
        (("--format", "csv", "no/t.csv"), "there is no folder no"),
        (("--format", "csv", "--force", "private"), "private is there already"),
    ],
)
def test_a_refusal_leaves_no_file_behind(
    ask: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = sorted(tmp_path.iterdir())

    code, out, err = ask("export", *arguments)

    assert (code, out) == (1, b"")
    assert said in err
    assert sorted(tmp_path.iterdir()) == before


def test_what_has_appeared_meanwhile_is_not_replaced(
    ask: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def appears(*_: object, **__: object) -> int:
        (tmp_path / "new.csv").write_text("of somebody else")
        return 0

    monkeypatch.setattr("services.processor.exporting.export_history", appears)

    code, _, err = ask("export", "--format", "csv", "new.csv")

    assert code == 1
    assert "new.csv is there already" in err
    assert (tmp_path / "new.csv").read_text() == "of somebody else"
    assert not list(tmp_path.glob(".*.part"))


def test_a_link_is_not_followed_but_replaced(ask: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("precious")
    (tmp_path / "link.csv").symlink_to("other.csv")

    assert ask("export", "--format", "csv", "link.csv")[0] == 1
    assert ask("export", "--format", "csv", "--force", "link.csv")[0] == 0

    assert (tmp_path / "other.csv").read_text() == "precious"
    assert not (tmp_path / "link.csv").is_symlink()
