"""The app as a process, in a clone of links, with a minute that is shorter than it is said."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netflix_trend.cli.alone import Lock
from netflix_trend.cli.data_home import data_home
from tests.netflix_trend.cli.front_door import ROOT, lines, make_clone
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

EXPORT = 'Title,Date\n"Dark: Season 1: Episode 1","1/13/26"\n'
LOOKING = "Without Docker: looking every minute"


class Clone:
    """A clone whose interpreter notes the verbs it runs, inside of SyftBox by default. minute: in seconds."""

    def __init__(self, folder: Path, path: Path, minute: float = 0.3) -> None:
        self.data = folder / "syftbox"
        self.folder, self.path, self.minute, self.port = self._clone(), path, minute, free_port()
        for name in ("run.sh", "netflix_trend", "services"):
            (self.folder / name).symlink_to(ROOT / name)
        self.home.mkdir(parents=True)
        self.log = self.folder / "out.log"
        self.started: list[subprocess.Popen[bytes]] = []
        self.python()

    def _clone(self) -> Path:
        """A clone among the apps of a SyftBox that is found by its folder, as in a person's terminal."""
        (self.data / "datasites").mkdir(parents=True)
        (self.data / ".metadata.json").write_text('{"email": "ann@home.net"}')
        return make_clone(self.data / "apps" / "clone")

    def python(self, body: str = "") -> None:
        """Make the interpreter for steps. body: lines of sh that run first."""
        file = self.folder / ".venv" / "bin" / "python"
        file.parent.mkdir(parents=True, exist_ok=True)
        note = 'echo "$*" >>"$HOME/python.log"'
        file.write_text(f'#!/bin/sh\n{note}\n{body}\nexec {sys.executable} "$@"\n')
        file.chmod(0o755)

    @property
    def home(self) -> Path:
        """The folder with `.env`, the drop folder and what is stored."""
        return data_home({"HOME": str(self.folder)})

    @property
    def inside(self) -> dict[str, str]:
        """What SyftBox sets."""
        data = {"SYFTBOX_DATA_DIR": str(self.data), "SYFTBOX_EMAIL": "ann@home.net"}
        return {**data, "SYFTBOX_ASSIGNED_PORT": str(self.port)}

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every process here."""
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
        paths = {"PATH": str(self.path), "HOME": str(self.folder), "PYTHONPATH": str(self.folder)}
        return {**coverage, **paths, "NETFLIX_TREND_MINUTE": str(self.minute)}

    def start(self, *words: str, is_inside: bool = True, **options: Any) -> subprocess.Popen[bytes]:
        """Start a verb, or the app."""
        environ = {**self.environ, **(self.inside if is_inside else {"DASHBOARD_PORT": str(self.port)})}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "netflix_trend", *words],
                cwd=self.folder,
                **{"env": environ, "stdout": log, "stderr": subprocess.STDOUT, **options},
            )
        self.started.append(process)
        return process

    def called(self) -> list[str]:
        """What Docker was asked to do, without where the settings are."""
        return [line.replace(f"--env-file {self.home / '.env'} ", "") for line in lines(self.folder / "called")]

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def waits_until_said(self, text: str, seconds: float = 60) -> None:
        wait_for(lambda: text in self.said(), f"it says {text!r}", seconds)

    def verbs(self) -> list[str]:
        """The verbs of the steps, without the interpreter's options."""
        return [line.partition("netflix_trend ")[2] for line in lines(self.folder / "python.log")]

    def page(self, path: str = "/healthz") -> tuple[int, str]:
        """Visit the page: status, 0 if nobody answers, and text."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()
        except OSError:
            return 0, ""

    def processes(self) -> list[int]:
        """All processes that work in this clone."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"PYTHONPATH={self.folder}\0".encode() in (place / "environ").read_bytes():
                    found.append(int(place.name))
        return [pid for pid in found if pid != os.getpid() and is_alive(pid)]

    def apps(self) -> list[int]:
        """The processes that are the app itself."""
        return [pid for pid in self.processes() if words_of(pid)[-1:] == ["netflix_trend"]]

    def holder(self) -> int:
        """The app that holds the lock, 0 without one."""
        found = Lock(self.home).holder()
        return found.pid if found else 0

    def drop(self, name: str, text: str = EXPORT) -> Path:
        """Put a file into the drop folder."""
        (self.home / "drop").mkdir(exist_ok=True)
        (self.home / "drop" / name).write_text(text)
        return self.home / "drop" / name

    def close(self) -> None:
        """End everything that still runs."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def words_of(pid: int) -> list[str]:
    """The command of a process, none after its end."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether a process runs; one whose parent has not noticed its end does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextlib.contextmanager
def clone_in(folder: Path, path: Path, minute: float = 0.3) -> Iterator[Clone]:
    """A clone; nothing that was started there outlives the test."""
    made = Clone(folder, path, minute)
    try:
        yield made
    finally:
        made.close()
