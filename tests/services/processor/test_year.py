"""The verb `year`: what it prints, and the picture that it writes after saying what is in it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from netflix_trend import cli
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place
from tests.netflix_trend.history.invented import history
from tests.netflix_trend.history.test_review import SMALL

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a verb on a history of 2024 and 2025; returns its exit code, what it printed and what it complained about."""
    monkeypatch.setenv("PRIVATE_DIR", str(tmp_path / "private"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "history.csv").write_bytes(history(*SMALL))

    def run(*arguments: object) -> tuple[int, str, str]:
        place = Place(Machine(tmp_path, {"IN_CONTAINER": "1"}))
        code = cli.run([str(argument) for argument in arguments], place)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    assert run("import", tmp_path / "history.csv")[0] == 0
    return run


def test_the_newest_year_is_printed(ask: Ask) -> None:
    code, out, err = ask("year")
    assert (code, err) == (0, "")
    assert "\n2025\n10 views: at least, on 5 days\n" in out
    assert "Nobody Farm: your most watched show, with 5 episodes, before Ozark" in out
    assert "10 times as much: compared with 2024: 10 views against 1 view" in out
    assert "Invented Film" in out
    assert "NetflixViewingHistory.csv keeps only the last view" in out


@pytest.mark.parametrize(
    ("days", "views"),
    [(["2024"], 1), (["2023"], 0), (["--from", "2025-03-01", "--to", "2025-03-31"], 7)],
)
def test_any_year_and_any_days_are_printed_as_json(ask: Ask, days: list[str], views: int) -> None:
    code, out, _ = ask("year", *days, "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["views"], found["year"]) == (views, int(days[0]) if len(days) == 1 else None)


def test_a_year_without_views_says_so(ask: Ask) -> None:
    code, out, _ = ask("year", "2019")
    assert (code, out) == (0, "\n2019\nYou watched nothing on these days.\n")


@pytest.mark.parametrize(("shape", "size"), [("story", (1080, 1920)), ("wide", (1200, 630))])
def test_a_picture_is_written_after_what_it_tells(ask: Ask, tmp_path: Path, shape: str, size: tuple[int, int]) -> None:
    file = tmp_path / "year.PNG"
    code, out, err = ask("year", "2025", "--picture", file, "--shape", shape)
    assert code == 0
    assert err.startswith("The picture tells whoever sees it:\n- Which time it is about: 2025.\n")
    assert "Nobody Farm" in err
    assert "only on this machine" in out
    with Image.open(file) as image:
        assert image.size == size


def test_without_titles_neither_the_picture_nor_its_description_has_one(ask: Ask, tmp_path: Path) -> None:
    named, unnamed = tmp_path / "named.svg", tmp_path / "unnamed.svg"
    _, _, err = ask("year", "--picture", unnamed, "--without-titles")
    ask("year", "--picture", named)
    assert "Nobody Farm" in named.read_text()
    assert "Invented Film" in named.read_text()
    for text in (err, unnamed.read_text()):
        assert "Nobody Farm" not in text
        assert "Invented" not in text


def test_a_picture_is_printed_for_another_program(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr("sys.stdout", printed)
    assert ask("year", "2025", "--picture", "-", "--format", "png", "--shape", "wide")[0] == 0
    assert Image.open(printed.buffer).size == (1200, 630)


def test_an_existing_file_is_left_alone(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "mine.svg"
    file.write_text("mine")
    code, _, err = ask("year", "--picture", file)
    assert (code, file.read_text()) == (1, "mine")
    assert "is there already" in err


def test_what_cannot_be_drawn_leaves_no_file(ask: Ask, tmp_path: Path) -> None:
    for arguments in (["2019", "--picture", tmp_path / "a.svg"], ["--picture", tmp_path / "nowhere" / "a.svg"]):
        code, _, err = ask("year", *arguments)
        assert code == 1
        assert "nothing was watched in 2019" in err or "there is no folder" in err
    assert not list(tmp_path.rglob("*.svg"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["2025", "--from", "2025-01-01", "--to", "2025-02-01"],
        ["--from", "2025-01-01"],
        ["--from", "2025-02-01", "--to", "2025-01-01"],
        ["--shape", "wide"],
        ["--picture", "a.jpg"],
        ["--picture", "a.svg", "--format", "png"],
        ["--picture", "-"],
        ["--picture", "a.svg", "--json"],
        ["0"],
    ],
)
def test_what_makes_no_sense_is_wrong_use(ask: Ask, arguments: list[str]) -> None:
    code, out, err = ask("year", *arguments)
    assert (code, out) == (2, "")
    assert err


def test_nothing_imported_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRIVATE_DIR", str(tmp_path / "private"))
    place = Place(Machine(tmp_path, {"IN_CONTAINER": "1"}))
    assert cli.run(["year"], place) == 1
    assert "nothing was imported yet" in capsys.readouterr().err
