"""Ctrl-C in real processes: one line and exit code 130, at any moment, and no traceback."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netflix_trend.interrupts import INTERRUPTED, SAID
from netflix_trend.storage.files import held
from tests.netflix_trend.cli.front_door import ROOT
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

EXPORT = ROOT / "tests" / "fixtures" / "exports" / "en_mdy_us.csv"
# Presses Ctrl-C in its own process, at the first audit event whose name and first argument are those.
PRESSING = """
import os, signal, sys
event, word = {event!r}, {word!r}
def press(name, arguments):
    global event
    if name == event and arguments and word in str(arguments[0]):
        event = None
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(press)
sys.argv[0] = "netflix-trend"
from netflix_trend.__main__ import main
main()
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR")}
    folders = {"PRIVATE_DIR": str(tmp_path / "private"), "HOME": str(tmp_path), "TZ": "UTC"}
    return {**kept, **folders, "IN_CONTAINER": "1", "PYTHONPATH": str(ROOT), "DASHBOARD_PORT": str(free_port())}


def assert_one_line(code: int, stdout: str, stderr: str) -> None:
    assert code == INTERRUPTED, stderr
    assert stderr.split() == SAID.split(), stderr
    assert "Traceback" not in stdout


@pytest.mark.parametrize(
    ("event", "word", "arguments"),
    [
        ("import", "netflix_trend.cli", ["insights"]),
        ("import", "click", ["--help"]),
        ("import", "numpy._core._multiarray_umath", ["import", str(EXPORT)]),
        ("import", "_duckdb", ["import", str(EXPORT)]),
        ("import", "rich.console", ["read", str(EXPORT)]),
        ("shutil.rmtree", ".rebuild", ["import", str(EXPORT)]),
        ("os.mkdir", "profiles", ["import", str(EXPORT)]),
        ("tempfile.mkdtemp", "netflix-trend", ["read", str(EXPORT)]),
        ("os.mkdir", "aggregator", ["demo", "--mode", "local", "--people", "10", "--weeks", "1"]),
    ],
)
def test_at_any_moment(tmp_path: Path, environ: dict[str, str], event: str, word: str, arguments: list[str]) -> None:
    script = PRESSING.format(event=event, word=word)
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, *arguments],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert_one_line(done.returncode, done.stdout, done.stderr)


def interrupted(environ: dict[str, str], folder: Path, words: list[str], is_there: Callable[[], object]) -> str:
    """Start a verb, press Ctrl-C once something is there, and return what it printed."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "netflix_trend", *words],
        cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            wait_for(lambda: is_there() or process.poll() is not None, "the moment")
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert_one_line(process.returncode, stdout, stderr)
    return stdout


def test_while_an_import_waits_for_another(tmp_path: Path, environ: dict[str, str]) -> None:
    """Both rebuild the same profile, one after the other; the lock says that it is the other's turn."""
    folder = tmp_path / "private" / "profiles" / "me"
    folder.mkdir(parents=True)
    with held(folder / ".lock") as is_mine:
        assert is_mine
        interrupted(environ, tmp_path, ["import", str(EXPORT)], lambda: list(tmp_path.glob("private/raw/*.json")))


def test_the_page(tmp_path: Path, environ: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-u", "-m", "netflix_trend", "dashboard"],
        cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        said = process.stdout.readline()
        while said and "Ctrl-C ends it" not in said:
            said = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == INTERRUPTED


def test_the_demo_while_people_take_part(tmp_path: Path, environ: dict[str, str]) -> None:
    output = tmp_path / "demo-output"
    stdout = interrupted(
        environ, tmp_path, ["demo", "--mode", "local", "--people", "5000"], lambda: list(output.glob("datasites/*")),
    )  # fmt: skip

    assert "Top shows" not in stdout


def test_a_demo_ends_although_a_library_dropped_it(tmp_path: Path, environ: dict[str, str]) -> None:
    """As modules in Cython do while they are imported."""
    pressing = PRESSING.format(event="os.mkdir", word="aggregator")
    kill = "os.kill(os.getpid(), signal.SIGINT)"
    drop = "import contextlib\n        with contextlib.suppress(KeyboardInterrupt): signal.raise_signal(signal.SIGINT)"
    dropping = pressing.replace(kill, drop)
    assert dropping != pressing
    done = subprocess.run(
        [sys.executable, "-P", "-c", dropping, "demo", "--mode", "local", "--people", "10", "--weeks", "1"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert_one_line(done.returncode, done.stdout, done.stderr)
    assert "Top shows" not in done.stdout


def test_a_process_that_ignores_it_goes_on(tmp_path: Path, environ: dict[str, str]) -> None:
    """As with & in a script: the Ctrl-C of the terminal is for others."""
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    script = PRESSING.format(event="import", word="netflix_trend.cli.frame")
    command = [sys.executable, "-P", "-c", script, "--version"]
    done = subprocess.run(
        [sys.executable, "-c", ignoring, *command],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Netflix Trend")


def on_terminal(environ: dict[str, str], folder: Path, words: list[str], columns: int) -> str:
    """Run a verb on a terminal so many characters wide, and return what it shows."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb") as screen:
        subprocess.run(
            [sys.executable, "-P", "-m", "netflix_trend", *words],
            cwd=folder, env={**environ, "COLUMNS": str(columns), "TERM": "xterm-256color"},
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL, check=True, timeout=PATIENCE,
        )  # fmt: skip
        os.close(theirs)
        shown = bytearray()
        try:
            while block := screen.read1(65_536):
                shown += block
        except OSError:  # the other end is closed
            pass
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_insights_fit_a_terminal_and_have_no_colour_where_nobody_wants_any(
    tmp_path: Path, environ: dict[str, str], columns: int
) -> None:
    subprocess.run(
        [sys.executable, "-P", "-m", "netflix_trend", "import", str(EXPORT)],
        cwd=tmp_path, env=environ, capture_output=True, check=True, timeout=PATIENCE,
    )  # fmt: skip

    shown = on_terminal({**environ, "NO_COLOR": "1"}, tmp_path, ["insights"], columns)

    assert not re.search(r"\x1b\[[0-9;]*(?:3[0-9]|4[0-9]|9[0-7])m", shown), "colours"
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    tables = re.split(r"\n(?=By |Top |Calendar|Binges|Streaks|Films|Weekends)", plain)
    for table in tables:
        for line in table.splitlines()[1:]:
            if not line.startswith(("NetflixViewingHistory.csv keeps", "Guesses", "Only ", "Seen ", "The same")):
                assert len(line) <= columns, line
    assert "…" not in plain
