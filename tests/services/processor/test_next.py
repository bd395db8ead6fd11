"""The verbs next and model in a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.published.model import MODEL, find_model
from tests.netflix_trend.published.test_statistics import STATISTICS
from tests.services.processor.test_cli import ask, history, private

__all__ = ["ask", "private"]


@pytest.fixture
def imported(ask: Any, tmp_path: Path) -> Any:
    """Two crime series and a film, and the command line."""
    rows = [
        (f"{show}: Season 1: Episode {number}", "2026-02-01") for show in ("Mindhunter", "Narcos") for number in (1, 2)
    ]
    ask("import", history(tmp_path / "a.csv", *rows, ("Roma", "2026-02-01")))
    return ask


def test_shows_are_recommended_with_reasons(imported: Any) -> None:
    code, out, _ = imported("next", "--number", "4")
    assert code == 0
    lines = out.splitlines()
    assert [line[:3] for line in lines if line[1:3].strip(".").isdigit()] == [" 1.", " 2.", " 3.", " 4."]
    assert "Because you watched" in out
    assert "of the genre crime" in out
    assert "nothing was sent for it" in out
    assert "Mindhunter" not in out


def test_as_json_it_is_all_there(imported: Any) -> None:
    found = json.loads(imported("next", "--json")[1])
    assert len(found["shows"]) == 10
    assert (found["answers"], found["seen"], found["problem"]) == (0, 3, None)
    assert all(0 < show["share"] < 1 and show["standard_error"] > 0 for show in found["shows"])


def test_a_show_that_is_not_wanted_is_kept_in_mind(imported: Any) -> None:
    first = json.loads(imported("next", "--json", "--number", "1")[1])["shows"][0]["title"]
    assert imported("next", "--list")[1] == "Nothing is on your list.\n"
    assert "will not be recommended any more" in imported("next", "--not-for-me", first)[1]
    assert "was on your list already" in imported("next", "--not-for-me", first.upper())[1]
    assert imported("next", "--list")[1] == f"{first}\n"
    assert first not in imported("next")[1]
    assert "may be recommended again" in imported("next", "--again", first)[1]
    assert first in imported("next")[1]
    code, _, said = imported("next", "--again", first)
    assert (code, "is not on your list" in said) == (1, True)
    code, _, said = imported("next", "--not-for-me", " ")
    assert (code, "expected the title of a show" in said) == (1, True)
    assert imported("next", "--list", "--again", first)[0] == 2


def test_before_an_import_the_next_step_is_said(ask: Any) -> None:
    code, _, said = ask("next")
    assert (code, "nothing was imported yet" in said) == (1, True)


def test_a_model_is_shown_once_it_is_checked(ask: Any, tmp_path: Path) -> None:
    path = tmp_path / MODEL
    path.write_bytes(find_model([STATISTICS], ["Dark", "Élite", "Ozark"], "1" * 32).to_bytes())
    code, out, _ = ask("model", path)
    assert code == 0
    assert "600 answers in 1 round, 2026-W47 to 2026-W47." in out
    assert "the order of the catalogue" in out
    assert "the order alone" in out
    assert "answers by" in out
    assert "2 more shows are in the file." in ask("model", path, "--number", "1")[1]
    assert json.loads(ask("model", path, "--json")[1])["reports"] == 600


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"schema_version": 9}'])
def test_a_bad_model_is_refused_by_name(ask: Any, tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    code, out, said = ask("model", path)
    assert (code, out) == (1, "")
    assert said.startswith("model: refused: model.json: ")
    (tmp_path / "link").symlink_to(path)
    code, _, said = ask("model", tmp_path / "link")
    assert (code, "refused" in said) == (1, True)


def test_without_a_model_the_next_step_is_said(ask: Any) -> None:
    code, _, said = ask("model")
    assert (code, "no model has arrived" in said, "./run.sh status" in said) == (1, True, True)
