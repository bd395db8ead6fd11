"""The verb exclude in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.services.processor.test_cli import ask, history, private

__all__ = ["ask", "private"]


@pytest.fixture
def imported(ask: Any, tmp_path: Path) -> Any:
    """A history of six views, and the command line."""
    rows = [(f"Dark: Season 1: Episode {number}", f"2026-02-0{number}") for number in (1, 2, 3)]
    films = [("Roma", "2026-02-01"), ("Roma", "2026-02-04"), ("Okja", "2026-02-04")]
    ask("import", history(tmp_path / "a.csv", *rows, *films))
    return ask


def test_what_matches_is_shown_first(imported: Any) -> None:
    code, out, _ = imported("exclude", "dark", "episode")
    assert code == 0
    assert "Dark: Season 1: Episode 2  1 view, 2026-02-02" in out
    assert "3 titles, 3 views." in out
    code, out, _ = imported("exclude", "dark")
    assert "--show would exclude whole shows, also later episodes: Dark" in out
    assert "2 views, 2 days, 2026-02-01 to 2026-02-04" in imported("exclude", "roma")[1]
    assert "Nothing is excluded" in imported("exclude", "--list")[1]


def test_titles_are_excluded_and_included_again(imported: Any) -> None:
    code, out, _ = imported("exclude", "roma", "--yes")
    assert (code, "Excluded: 1  Roma" in out, "me: 4 views" in out) == (0, True, True)
    assert "Answers that have left stay as they are" in out
    assert imported("exclude", "--list")[1] == "1  Roma\n"
    code, out, _ = imported("exclude", "--undo", "1")
    assert (code, "Included again: 1  Roma" in out, "me: 6 views" in out) == (0, True, True)
    assert imported("exclude", "--undo", "1")[0] == 1


def test_a_show_or_a_day_is_excluded(imported: Any) -> None:
    assert "me: 3 views" in imported("exclude", "--show", "--yes", "dark")[1]
    assert "me: 2 views" in imported("exclude", "roma", "--on", "2026-02-04", "--yes")[1]
    assert imported("exclude", "--list")[1] == "1  the show Dark\n2  Roma on 2026-02-04\n"
    assert "1 titles" not in imported("exclude", "okja")[1]


@pytest.mark.parametrize("words", [["nothing"], ["roma", "--on", "2026-02-02"], ["--show", "roma"]])
def test_nothing_that_matches_is_an_error(imported: Any, words: list[str]) -> None:
    code, _, err = imported("exclude", *words, "--yes")
    assert (code, err) == (1, "exclude: nothing in your history matches. Next: fewer words, or a part of the title\n")


def test_wrong_use(imported: Any) -> None:
    for words in ([], ["roma", "--list"], ["--show", "dark", "--on", "2026-02-01"], ["--undo", "x"]):
        assert imported("exclude", *words)[0] == 2


def test_excluded_titles_are_not_in_the_log_or_the_insights(imported: Any, caplog: pytest.LogCaptureFixture) -> None:
    imported("exclude", "okja", "--yes")
    assert "Okja" not in caplog.text
    assert "Okja" not in imported("insights")[1]
