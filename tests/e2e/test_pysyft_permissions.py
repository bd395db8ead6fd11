"""PySyft v2's own code judges every permission file that ours writes, and the table of the Go generation."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.pysyft_network import PYTHON, require_pysyft
from tests.netflix_trend.syftbox.go_rules import TABLE, Row
from tests.netflix_trend.syftbox.judged import DECISIONS, write_everything
from tests.waiting import PATIENCE

pytestmark = pytest.mark.pysyft
JUDGE = Path(__file__).with_name("pysyft_judge.py")


def judge(cases: Sequence[tuple[Path, str, str, str]]) -> list[bool]:
    """Return whether each user may do something. cases: a datasite's folder, a path below it, user and level."""
    require_pysyft()
    asked = json.dumps([(str(datasite), *rest) for datasite, *rest in cases])
    done = subprocess.run(
        [PYTHON, "-I", JUDGE], input=asked, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    answers: list[bool] = json.loads(done.stdout)
    assert len(answers) == len(cases)
    return answers


def test_every_permission_file_that_we_write(tmp_path: Path) -> None:
    root = tmp_path / "datasites"
    write_everything(root)
    answers = judge([(root / one.owner, one.path, one.user, "read") for one in DECISIONS])
    wrong = [one for one, allowed in zip(DECISIONS, answers, strict=True) if allowed is not one.allowed]
    assert wrong == []
    assert set(answers) == {True, False}


def test_nobody_but_the_owner_may_write_anywhere(tmp_path: Path) -> None:
    root = tmp_path / "datasites"
    write_everything(root)
    others = [one for one in DECISIONS if one.user != one.owner]
    for level in ("write", "admin"):
        answers = judge([(root / one.owner, one.path, one.user, level) for one in others])
        assert [one for one, allowed in zip(others, answers, strict=True) if allowed] == []


def test_the_table_of_the_go_generation(tmp_path: Path) -> None:
    """Where the two differ, the table says so (docs/method/syftbox.md#permissions)."""
    datasites = [row.written(tmp_path / str(number)) for number, row in enumerate(TABLE)]
    answers = judge([(datasite, row.path, row.user, row.level) for datasite, row in zip(datasites, TABLE, strict=True)])
    wrong: list[Row] = [
        row for row, allowed in zip(TABLE, answers, strict=True) if allowed is not row.allowed_by_pysyft
    ]
    assert [row.what for row in wrong] == []
