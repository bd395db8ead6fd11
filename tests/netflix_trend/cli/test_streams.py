"""Verbs in real processes whose output goes nowhere: the right exit code, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netflix_trend import interrupts
from netflix_trend.cli.frame import FAILED, WRONG_USE
from netflix_trend.interrupts import UNREAD
from tests.netflix_trend.cli.front_door import ROOT
from tests.waiting import PATIENCE

EXPORT = str(ROOT / "tests" / "fixtures" / "exports" / "en_mdy_us.csv")
COMMAND = [sys.executable, "-P", "-m", "netflix_trend"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR")}
    folders = {"PRIVATE_DIR": str(tmp_path / "private"), "HOME": str(tmp_path), "TZ": "UTC"}
    return {**kept, **folders, "IN_CONTAINER": "1", "PYTHONPATH": str(ROOT)}


@contextmanager
def unread() -> Iterator[int]:
    """The writing end of a pipe from which nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def closing(*numbers: int) -> Callable[[], None]:
    def close() -> None:
        for number in numbers:
            os.close(number)

    return close


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--version"], UNREAD),
        (["--help"], UNREAD),
        (["model", "--help"], UNREAD),
        (["read", EXPORT], UNREAD),
        (["import", EXPORT], UNREAD),
        (["nonsense"], WRONG_USE),
        (["insights"], FAILED),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_nobody_reads_what_it_prints(tmp_path: Path, environ: dict[str, str], words: list[str], code: int) -> None:
    """As before `| head`; what fails still says why."""
    with unread() as pipe:
        done = subprocess.run(
            [*COMMAND, *words],
            cwd=tmp_path, env=environ, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert bool(done.stderr) is (code != UNREAD)


@pytest.mark.parametrize(("words", "code"), [(["nonsense"], WRONG_USE), (["insights"], UNREAD), (["--version"], 0)])
def test_nobody_reads_its_messages(tmp_path: Path, environ: dict[str, str], words: list[str], code: int) -> None:
    """In the middle it ends as when nobody reads the rest; what is said last changes nothing."""
    with unread() as pipe:
        done = subprocess.run(
            [*COMMAND, *words],
            cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=pipe, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    assert done.returncode == code
    assert "Traceback" not in done.stdout
    assert bool(done.stdout) is (code == 0)


@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2), (0, 1, 2)], ids=str)
@pytest.mark.parametrize(
    ("words", "code"), [(["import", EXPORT], 0), (["nonsense"], WRONG_USE), (["insights"], FAILED)]
)
def test_a_stream_is_closed_from_the_start(
    tmp_path: Path, environ: dict[str, str], closed: tuple[int, ...], words: list[str], code: int
) -> None:
    """As with >&- in a script."""
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
        preexec_fn=closing(*closed),
    )  # fmt: skip

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert 1 not in closed or not done.stdout
    assert 2 not in closed or not done.stderr
    if words[0] != "import":
        assert not done.stdout, "a message of the other stream"


def test_a_file_never_gets_the_number_of_a_closed_stream(tmp_path: Path, environ: dict[str, str]) -> None:
    script = """
import os, sys
from netflix_trend.interrupts import open_streams
open_streams()
with open("file", "wb") as file:
    number = file.fileno()
    os.write(1, b"printed"), os.write(2, b"said"), print("printed"), print("said", file=sys.stderr)
    talking = "import sys; print(1); print(2, file=sys.stderr)"
    child = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", talking])
sys.exit(10 * (number <= 2) + (sys.stdin.read() != "") + child)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, check=False, timeout=PATIENCE,
        preexec_fn=closing(0, 1, 2),
    )  # fmt: skip

    assert done.returncode == 0
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_what_is_printed_last_does_not_fit(tmp_path: Path, environ: dict[str, str]) -> None:
    """What waits in the stream is written at the very end."""
    script = "import sys; from netflix_trend.interrupts import end; print('all of it'); end(int(sys.argv[1]))"
    with Path("/dev/full").open("wb") as full:
        for code, expected, said in ((0, FAILED, "The disk is full. Make room, then try again.\n"), (3, 3, "")):
            done = subprocess.run(
                [sys.executable, "-c", script, str(code)],
                cwd=tmp_path, env=environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                timeout=PATIENCE,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (expected, said)


@pytest.mark.parametrize("threads", [False, True], ids=["alone", "with a thread"])
def test_what_is_printed_last_is_not_read(tmp_path: Path, environ: dict[str, str], threads: bool) -> None:
    """A verb that is well until then; with threads, Python ends by itself, and flushes once more."""
    script = """
import sys, threading
from netflix_trend.interrupts import end
if len(sys.argv) > 1:
    threading.Thread(target=threading.Event().wait, args=[0.2]).start()
print("all of it")
end(0)
"""
    with unread() as pipe:
        done = subprocess.run(
            [sys.executable, "-c", script, *["threads"] * threads],
            cwd=tmp_path, env=environ, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    assert (done.returncode, done.stderr) == (UNREAD, "")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it(tmp_path: Path, environ: dict[str, str], sent: signal.Signals) -> None:
    """As any program: the shell says 143 or 129."""
    script = f"""
import os, signal, sys
signal.signal({int(sent)}, signal.SIG_DFL)  # whoever runs tests with nohup ignores one of them, which is inherited
def end(name, arguments):
    if name == "import" and arguments[0] == "rich.console":
        os.kill(os.getpid(), {int(sent)})
sys.addaudithook(end)
from netflix_trend.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, "import", EXPORT],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (-sent, "", "")


def test_only_a_closed_pipe_counts_as_unread() -> None:
    try:
        try:
            raise BrokenPipeError
        except BrokenPipeError:
            sys.exit(1)
    except SystemExit as end:
        assert interrupts.is_unread(end)
    assert not interrupts.is_unread(SystemExit(1))
