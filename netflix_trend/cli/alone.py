"""One app process a home folder: a lock, and who holds it.

SyftBox starts the app again whenever its client starts, and what an earlier client started may still run.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO

from netflix_trend.causes import cause
from netflix_trend.cli.frame import Failure
from netflix_trend.storage.files import lock_now

LOCK = ".app.lock"
# An app ends within seconds; services that have to finish their jobs take longer.
_PATIENCE = 30.0
_AFTER_KILL = 10.0
_POLL = 0.1


@dataclass(frozen=True)
class Holder:
    """The app that runs. pid: its process. page: the address of its page."""

    pid: int
    page: str


class Lock:
    """The lock in a home folder. The operating system frees it when its holder ends, however that happens."""

    def __init__(self, home: Path) -> None:
        self.path = home / LOCK
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Take the lock. Returns False when another process holds it. Raises Failure if it cannot be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Not inherited by children: the lock ends with this process.
            file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+", encoding="utf-8")
        except OSError as problem:
            raise Failure(f"{self.path}: {cause(problem)}. The app's folder has to be writable") from None
        if not lock_now(file):
            file.close()
            return False
        self._file = file
        self.describe("")
        return True

    def describe(self, page: str) -> None:
        """Write down this process and the address of its page, for those who ask."""
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "page": page}, self._file)
        self._file.flush()

    def release(self) -> None:
        """Let others take it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def is_held(self) -> bool:
        """Return whether an app runs."""
        with suppress(OSError), self.path.open("rb") as file:
            return not lock_now(file, shared=True)
        return False

    def holder(self) -> Holder | None:
        """Return the app that runs; None if none does, or if it has not said yet who it is."""
        if self.is_held():
            with suppress(OSError, ValueError, KeyError, TypeError), self.path.open(encoding="utf-8") as file:
                known = json.loads(file.read(10_000))
                return Holder(int(known["pid"]), str(known["page"]))
        return None

    def take_over(self, patience: float = _PATIENCE, after_kill: float = _AFTER_KILL) -> None:
        """Ask the app that runs to end, and take the lock. After `patience` seconds it is killed.

        Raises Failure if the lock stays taken, such as by a process that cannot be seen from here.
        """
        asked, number, deadline = 0, signal.SIGTERM, time.monotonic() + patience
        while not self.take():
            if time.monotonic() > deadline:
                if number == signal.SIGKILL:
                    raise Failure(f"another app holds {self.path} and does not end. End it, then start SyftBox again")
                asked, number, deadline = 0, signal.SIGKILL, time.monotonic() + after_kill
            holder = self.holder()
            if holder and holder.pid != asked and is_ours(holder.pid):
                asked = holder.pid
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(asked, number)
            time.sleep(_POLL)


def is_ours(pid: int) -> bool:
    """Return whether a process is one of this program, so that a reused number is never sent a signal."""
    if pid <= 1 or pid == os.getpid():
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return False
        asked = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S607
        command = asked.stdout.replace(b" ", b"\0")
    words = [word.strip() for word in command.split(b"\0")]
    # Not somebody who reads a file of this name.
    is_module = any(pair == (b"-m", b"netflix_trend") for pair in pairwise(words))
    return is_module or any(word.rpartition(b"/")[2] == b"netflix-trend" for word in words[:2])
