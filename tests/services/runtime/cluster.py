"""A scheduler and workers as processes of this machine, with their certificates."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from services.runtime.cluster.certificates import ensure_certificates
from services.runtime.cluster.executor import Cluster
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[3]


@dataclass
class LocalCluster:
    """Started by `start`, ended by `end`. processes: by name, `scheduler` among them."""

    folder: Path
    names: Sequence[str] = ("worker-1", "worker-2")
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"tls://127.0.0.1:{self.port}"

    def certificates(self, name: str) -> Path:
        return self.folder / "certificates" / name

    def start(self) -> None:
        for name in ("scheduler", "client", *self.names):
            self.certificates(name).mkdir(parents=True)
        ensure_certificates([self.certificates(name) for name in ("scheduler", "client", *self.names)])
        self.start_process("scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        for name in self.names:
            self.start_worker(name)

    def start_worker(self, name: str) -> None:
        scratch = self.folder / "scratch" / name
        scratch.mkdir(parents=True, exist_ok=True)
        self.start_process("worker", "--scheduler", self.address, "--name", name, "--scratch", str(scratch), name=name)

    def start_process(self, role: str, *options: str, name: str = "") -> None:
        name = name or role
        beats = self.folder / "beats" / name
        beats.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "services.runtime.cluster", role]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*command, "--certificates", str(self.certificates(name)), *options],
                cwd=ROOT,
                env={**os.environ, "HEARTBEAT_DIR": str(beats)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def executor(self, patience: float = 60) -> Cluster:
        return Cluster(self.address, self.certificates("client"), patience)

    def wait_for(self, workers: int) -> None:
        """Wait until so many workers are there."""
        with ExitStack() as stack:
            executor = self.executor()
            stack.callback(executor.close)
            wait_for(lambda: len(executor.names()) == workers, f"{workers} workers: {self.logs()}")

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log")))

    def end(self) -> dict[str, int]:
        """End all processes as their container would; return their exit codes."""
        for process in self.processes.values():
            process.terminate()
        try:
            return {name: process.wait(PATIENCE) for name, process in self.processes.items()}
        finally:
            for process in self.processes.values():
                process.kill()
                process.wait()
