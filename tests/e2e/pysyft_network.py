"""PySyft v2 without a network: everybody's real client code over one mock drive, in folders of a test
(docs/method/syftbox.md#pysyft-v2).

`PySyftNetwork(root, [addresses])` as a context manager. PySyft syncs when it is told to, never by itself: after
`sync(...)` or `settle()` what a test looks for is there, or is not coming.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-pysyft" / "bin" / "python"
ENGINE = Path(__file__).with_name("pysyft_engine.py")
# Who shares needs the owner's role, who receives the reader's (PySyft: data owner and data scientist).
BOTH_ROLES = ("owner", "reader")


def require_pysyft() -> None:
    """Skip with the reason where PySyft is not installed; fail in CI."""
    if not PYTHON.exists():
        reason = "PySyft v2 is not installed in .venv-pysyft; ./run.sh test installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@dataclass
class PySyftNetwork:
    """A client for each address, all peers of each other. `datasites(me)` is what `me` sees."""

    root: Path
    emails: list[str]
    roles: dict[str, Sequence[str]] = field(default_factory=dict)
    _engine: subprocess.Popen[bytes] | None = None

    def datasites(self, email: str) -> Path:
        return self.root / f"SyftBox_{email}"

    @property
    def log(self) -> Path:
        """What PySyft prints."""
        return self.root / "pysyft.log"

    def __enter__(self) -> PySyftNetwork:
        require_pysyft()
        self.root.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._engine = subprocess.Popen(
                [PYTHON, "-I", ENGINE, self.root],
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.root), "PRE_SYNC": "false"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            first, self.emails = self.emails, []
            for email in first:
                self.add_person(email)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.stdin.close()
        try:
            self._engine.wait(10)
        except subprocess.TimeoutExpired:
            self._engine.kill()
            self._engine.wait()
        self._engine.stdout.close()

    def add_person(self, email: str, *, peers: Sequence[str] | None = None) -> None:
        """Log somebody in, and make them a peer of `peers`: everybody who is there, if not given."""
        self._ask("login", email=email, roles=self.roles.get(email, BOTH_ROLES))
        for other in self.emails if peers is None else peers:
            self.accept(email, other)
        self.emails.append(email)

    def accept(self, email: str, other: str) -> None:
        """Make two people peers: one asks, the other approves."""
        self._ask("accept", email=email, other=other)

    def sync(self, *emails: str) -> bool:
        """Sync these in turn, everybody if none is named. Returns whether anything was sent or received."""
        changed = [self._ask("sync", email=email) for email in emails or self.emails]
        return any(changed)

    def settle(self) -> None:
        """Sync everybody until nothing is sent or received any more."""
        for _ in range(10):
            if not self.sync():
                return
        pytest.fail("ten syncs of everybody, and something is still sent")

    def stop(self, email: str) -> None:
        """End a client: nothing of its folders is synced until `restart`."""
        self._ask("stop", email=email)
        self.emails.remove(email)

    def restart(self, email: str) -> None:
        """Start a client again on its folders. Like every login, that syncs once."""
        if email in self.emails:
            self.stop(email)
        self._ask("login", email=email, roles=self.roles.get(email, BOTH_ROLES))
        self.emails.append(email)

    def on_drive(self, text: str) -> list[str]:
        """Return the names of files on the drive that contain a text, in upper or lower case."""
        found: list[str] = self._ask("find", text=text)
        return found

    def _ask(self, do: str, **arguments: Any) -> Any:
        engine = self._engine
        try:
            engine.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            engine.stdin.flush()
            answer = json.loads(self._line(60))
        except (BrokenPipeError, ValueError):
            pytest.fail(f"PySyft ended at {do}: {self.log.read_text()[-2000:]}")
        if "error" in answer:
            pytest.fail(f"PySyft fails at {do} {arguments}: {answer['error']}")
        return answer["result"]

    def _line(self, seconds: float) -> bytes:
        """Return the engine's next line; every answer is one line, so nothing is left in the buffer."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._engine.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                pytest.fail(f"PySyft does not answer for {seconds:.0f} s: {self.log.read_text()[-2000:]}")
        return self._engine.stdout.readline()
