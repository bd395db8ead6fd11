"""The benchmark measures what it says, here and in another revision, and its table goes into a document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import measuring
from bench.measuring import ROOT, Figures, Measured, Revision, measured, median
from bench.tasks import TASKS, Task
from netflix_trend import __version__

WARM = Measured(2.0, 3.0, 100.0)


def test_a_task_is_measured_warm_and_cold_and_in_a_process_of_its_own() -> None:
    found = measured("floor", 200, 1)
    assert found.before is None
    assert found.cold is not None
    for one in (found.warm, found.cold):
        assert 0 < one.processor <= one.seconds + 0.02
        assert one.mebibytes > 10


def test_processor_time_of_other_processes_counts(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < .3: pass"
    code = (
        "import os, subprocess, sys\nos.setpgid(0, 0)\nfrom bench.measuring import processor_seconds\n"
        f"began = processor_seconds()\nsubprocess.run([sys.executable, '-c', {busy!r}], check=True)\n"
        "print(processor_seconds() - began)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert 0.3 <= float(ran.stdout) < 3


def test_memory_and_processor_time_of_a_step_are_those_of_all_its_processes() -> None:
    """First with what this process holds, then, as of a command, without it."""
    code = (
        "import json, os, subprocess, sys\nos.setpgid(0, 0)\nfrom bench.measuring import taken\n"
        "busy = 'import time; held = bytearray(b\"x\") * 80_000_000\\nwhile time.process_time() < .5: pass'\n"
        "def command():\n    subprocess.run([sys.executable, '-c', busy], check=True)\n"
        "def work():\n    held = bytearray(b'x') * 160_000_000\n    command()\n"
        "print(json.dumps([vars(taken(command, is_command=True)), vars(taken(work))]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    command, whole = (Measured(**one) for one in json.loads(ran.stdout))
    assert 80 / 1.05 < command.mebibytes < 150
    assert 240 / 1.05 < whole.mebibytes < 500
    for one in (command, whole):
        assert 0.5 <= one.processor < 5


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the system keeps the peak of a whole life")
def test_memory_that_was_given_back_before_a_step_is_not_its() -> None:
    code = (
        "import os\nos.setpgid(0, 0)\nfrom bench.measuring import taken\n"
        "held = bytearray(b'x') * 300_000_000\ndel held\nprint(taken(lambda: None).mebibytes)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert 5 < float(ran.stdout) < 200


def test_a_step_that_fails_is_not_measured() -> None:
    with pytest.raises(ZeroDivisionError):
        measuring.taken(lambda: 1 // 0)


def test_a_revision_that_cannot_do_a_task_has_no_figures(tmp_path: Path) -> None:
    """A tree in which the module fails stands for a revision without the task."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").touch()
    (tmp_path / "bench" / "measuring.py").write_text("raise SystemExit(1)\n")
    assert measured("floor", 100, 1, Revision("old", tmp_path)).before is None
    printed = json.dumps(vars(WARM))
    (tmp_path / "bench" / "measuring.py").write_text(f"print({printed!r})\n")
    assert measured("floor", 100, 1, Revision("old", tmp_path)).before == WARM


def test_what_a_revision_says_when_it_fails_is_not_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "measuring.py").write_text("raise ValueError('not in this version')\n")
    measured("floor", 100, 1, Revision("old", tmp_path))
    assert capfd.readouterr().err == ""


def test_a_revision_is_checked_out_with_the_modules_that_measure_and_is_gone_afterwards(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    with measuring.revision("HEAD") as other:
        assert other.root != ROOT
        assert other.name == __version__
        assert (other.root / "bench" / "measuring.py").read_bytes() == (ROOT / "bench" / "measuring.py").read_bytes()
    assert not other.root.exists()
    listed = subprocess.run(["git", "-C", ROOT, "worktree", "list"], check=True, capture_output=True, text=True).stdout
    assert str(other.root) not in listed


def test_the_bytes_of_files_are_dropped_and_read_again(tmp_path: Path) -> None:
    assert not measuring.forget_pages(tmp_path)
    (tmp_path / "file").write_bytes(os.urandom(10_000))
    before = (tmp_path / "file").read_bytes()
    assert measuring.forget_pages(tmp_path)
    assert (tmp_path / "file").read_bytes() == before


def test_medians_are_of_each_figure() -> None:
    assert median([Measured(1, 9, 5), Measured(3, 1, 4), Measured(2, 2, 6)]) == Measured(2, 2, 5)


def test_a_line_has_ratios_to_the_floor_and_to_the_other_revision() -> None:
    line = bench.row("processor", 1000, Figures(WARM, None, Measured(4.0, 1.0, 50.0)), 0.5, is_compared=True)
    assert line.split(" | ")[2:] == ["2.00", "2.00", "3.00", "-", "-", "100", "4.0", "4.00", "50", "0.50 |"]
    alone = bench.row("read", 1, Figures(WARM, WARM), None, is_compared=False)
    assert alone.split(" | ")[2:] == ["2.00", "-", "3.00", "2.00", "3.00", "100", "- |"]
    columns = bench.head(Revision("0.3.0", ROOT)).splitlines()[0].count("|")
    assert line.count("|") == columns


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "page"
    path.write_text(f"# Page\n\n{bench.BEGIN}\n{bench.END}\n\nMore.\n")
    return path


def test_a_table_is_written_and_its_lines_are_replaced_one_by_one(document: Path) -> None:
    head = bench.head(None)
    bench.write(document, [head, "| a | 1 rows | 5 |", "| b | 1 rows | 6 |"])
    bench.write(document, [head, "| b | 1 rows | 7 |", "| c | 1 rows | 8 |"])
    table = "| a | 1 rows | 5 |\n| b | 1 rows | 7 |\n| c | 1 rows | 8 |"
    assert document.read_text() == f"# Page\n\n{bench.BEGIN}\n\n{head}\n{table}\n\n{bench.END}\n\nMore.\n"
    other = bench.head(Revision("0.3.0", ROOT))
    bench.write(document, [other, "| a | 1 rows | 9 |"])
    assert document.read_text() == f"# Page\n\n{bench.BEGIN}\n\n{other}\n| a | 1 rows | 9 |\n\n{bench.END}\n\nMore.\n"


def test_a_document_without_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("# Page\n")
    with pytest.raises(ValueError, match="missing"):
        bench.write(tmp_path / "page", [bench.head(None)])


def test_the_readme_shows_the_same_figures_of_the_largest_sizes() -> None:
    """`python -m bench --write` fills both."""
    table, shown = (
        [
            line.strip("| ").split(" | ")
            for line in path.read_text("utf-8").partition(bench.BEGIN)[2].partition(bench.END)[0].strip().splitlines()
        ]
        for path in (ROOT / "docs" / "performance.md", ROOT / "README.md")
    )
    assert len(shown) > 4
    lines = ["\n".join("| " + " | ".join(line) + " |" for line in table[:2])]
    lines += ["| " + " | ".join(line) + " |" for line in table[2:]]
    expected = [line.strip("| ").split(" | ") for line in "\n".join(bench.summary(lines)).splitlines()]
    assert shown[0] == expected[0]
    assert shown[2:] == expected[2:]


def test_a_summary_has_the_largest_size_of_each_task() -> None:
    then = Figures(WARM, WARM, Measured(4.0, 1.0, 50.0))
    lines = [bench.head(Revision("0.3.0", ROOT))]
    lines += [bench.row("floor", size, then, None, is_compared=True) for size in (1000, 10_000)]
    assert bench.summary(lines) == [
        "| task | size | processor s | MiB | 0.3.0: processor s | MiB |\n|---|---:|---:|---:|---:|---:|",
        "| csv to counts (floor) | 10,000 rows | 2.00 | 100 | 4.00 | 50 |",
    ]


def test_the_floor_is_measured_once_for_each_size(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def fake(name: str, size: int, runs: int, other: Revision | None = None) -> Figures:
        asked.append((name, size))
        return Figures(WARM)

    monkeypatch.setattr(bench, "measured", fake)
    lines = list(bench.rows(["processor"], 1, range(1, 1001), None))
    assert len(lines) == 1 + len(TASKS["processor"].beside)
    assert asked.count(("floor", 1000)) == 1
    assert {size for _, size in asked} == {1000}


def test_a_task_that_only_reads_works_on_the_input_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def prepare(folder: Path, _size: int) -> None:
        (folder / "input").write_bytes(b"x")

    ran: list[str] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(command[-1])
        return subprocess.CompletedProcess(command, 0, json.dumps(vars(WARM)).encode())

    nothing: Callable[[Path, int], None] = lambda _folder, _size: None  # noqa: E731
    monkeypatch.setattr(subprocess, "run", run)
    # Only measuring runs anything here.
    for writes in (True, False):
        monkeypatch.setitem(TASKS, "trial", Task("trial", "people", (1,), prepare, nothing, writes=writes))
        assert measured("trial", 1, 2).warm == WARM
    assert len(set(ran[:4])) == 4
    assert len(set(ran[4:])) == 1
