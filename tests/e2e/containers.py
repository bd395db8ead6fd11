"""Docker Compose stacks of this project for tests: each with its own name and folders, removed afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def require_docker() -> None:
    """Skip with the reason where there is no engine; fail in CI."""
    if shutil.which("docker") is None:
        reason = "docker is not installed"
    elif subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        reason = "docker has no Compose plugin"
    elif subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        reason = "no Docker engine runs"
    else:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass
class Stack:
    """One Compose project."""

    name: str
    file: str
    environment: dict[str, str]

    def compose(self, *arguments: str, check: bool = True, timeout: float = 900, given: str = "") -> str:
        command = ["docker", "compose", "-p", self.name, "--env-file", str(ROOT / ".env.example")]
        command += ["-f", str(ROOT / self.file), *arguments]
        result = subprocess.run(
            command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/root"), **self.environment},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if check and result.returncode:
            pytest.fail(f"{' '.join(arguments)} failed:\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
        return result.stdout

    def up(self) -> None:
        try:
            self.compose("up", "--detach", "--build", "--wait")
        except BaseException:
            print(self.compose("logs", "--tail", "40", check=False))
            self.down()
            raise

    def down(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20", check=False)

    def exec(self, service: str, *command: str, check: bool = True, given: str = "") -> str:
        return self.compose("exec", "-T", service, *command, check=check, given=given)

    def inspect(self, service: str) -> dict[str, Any]:
        container = self.compose("ps", "--all", "--quiet", service).strip()
        text = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True).stdout
        found: dict[str, Any] = json.loads(text)[0]
        return found
