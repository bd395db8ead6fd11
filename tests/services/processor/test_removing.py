"""The verb forget in a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.services.processor.test_cli import ask, history, private

__all__ = ["ask", "private"]


def test_a_file_is_forgotten_and_comes_back(ask: Any, tmp_path: Path) -> None:
    ask("import", history(tmp_path / "a.csv", ("Roma", "2026-02-01")))
    ask("import", history(tmp_path / "b.csv", ("Okja", "2026-02-02"), ("Dune", "2026-02-03")))

    code, out, err = ask("forget", "b.csv")

    assert (code, err) == (0, "")
    assert "me: 1 view of 1 file" in out
    for said in ("Forgotten:\n  b.csv", "Answers that have left stay as they are", "--undo", "yours to delete"):
        assert said in out
    listed = [json.loads(line) for line in ask("forget", "--list", "--json")[1].splitlines()]
    assert [one["name"] for removal in listed for one in removal["exports"]] == ["b.csv"]
    assert "b.csv" in ask("forget", "--list")[1]

    code, out, _ = ask("forget", "--undo")
    assert code == 0
    assert "me: 3 views of 2 files" in out
    assert "can be brought back" in ask("forget", "--list")[1]
    assert ask("forget", "--undo")[0] == 1


def test_a_path_means_the_file_with_the_same_content(ask: Any, tmp_path: Path) -> None:
    ask("import", history(tmp_path / "a.csv", ("Roma", "2026-02-01")))
    renamed = (tmp_path / "a.csv").rename(tmp_path / "download.csv")

    code, out, _ = ask("forget", renamed)

    assert code == 0
    assert "Nothing is left of your history" in out
    assert renamed.exists(), "the person's own download is theirs"


def test_a_whole_profile_is_forgotten(ask: Any, tmp_path: Path) -> None:
    ask("import", history(tmp_path / "a.csv", ("Roma", "2026-02-01")))
    ask("import", "--profile", "Zoe", history(tmp_path / "b.csv", ("Okja", "2026-02-02")))
    ask("import", "--profile", "Zoe", history(tmp_path / "c.csv", ("Dune", "2026-02-02")))

    code, out, _ = ask("forget", "--profile", "Zoe")

    assert code == 0
    assert "Zoe:" not in out
    assert "me: 1 view of 1 file" in out


def test_what_is_meant_must_be_clear(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    ask("import", history(tmp_path / "a.csv", ("Roma", "2026-02-01")))
    ask("import", history(tmp_path / "other" / "a.csv", ("Okja", "2026-02-02")))

    code, _, err = ask("forget", "a.csv")
    assert code == 1
    assert "2 files match" in err
    digits = err.splitlines()[1].split()[-1]
    assert ask("forget", digits)[0] == 0
    code, _, err = ask("forget", "nothing.csv")
    assert code == 1
    assert "Imported were:\n  a.csv" in err
    assert ask("forget")[0] == ask("forget", "a.csv", "--undo")[0] == 2
