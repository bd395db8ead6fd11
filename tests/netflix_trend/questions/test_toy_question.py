"""A new question is one folder and one line of the registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
HERE = Path(__file__).parent
REGISTRY = "netflix_trend/questions/registry.py"


def test_a_folder_and_a_line_carry_a_question_from_survey_to_page(tmp_path: Path) -> None:
    for name in ("services", "netflix_trend/questions"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "services").symlink_to(REPOSITORY / "services")
    for folder in ("netflix_trend", "netflix_trend/questions"):
        (tmp_path / folder).mkdir(exist_ok=True)
        for path in (REPOSITORY / folder).iterdir():
            if path.name not in {"questions", "registry.py", "__pycache__"}:
                (tmp_path / folder / path.name).symlink_to(path)
    (tmp_path / "netflix_trend/questions/weekend").symlink_to(HERE / "weekend")
    registry = (REPOSITORY / REGISTRY).read_text("utf-8")
    last = '    "event_effect": ("EffectQuestion", "EffectSums"),\n'
    assert last in registry
    line = '    "weekend": ("WeekendQuestion", None),\n'
    (tmp_path / REGISTRY).write_text(registry.replace(last, last + line), "utf-8")
    (tmp_path / "data").mkdir()
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, HERE / "from_survey_to_page.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "from survey to page\n"
