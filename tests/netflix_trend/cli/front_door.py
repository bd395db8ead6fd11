"""A clone with a Docker that notes what it is asked to do, and the command line in this process."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from netflix_trend import cli
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place

ROOT = Path(__file__).parents[3]
TOOLS = ("sh", "cat", "sleep", "touch", "mv", "kill")


@dataclass(frozen=True)
class Said:
    """How a verb ended and what it printed by itself."""

    returncode: int
    stdout: str
    stderr: str


def make_clone(folder: Path) -> Path:
    """What tells a clone, without Python or Docker."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / ".env.example", folder)
    (folder / "docker-compose.yml").touch()
    return folder


def make_path(folder: Path) -> Path:
    """A PATH without Docker, as SyftBox may hand over."""
    for tool in TOOLS:
        if found := shutil.which(tool):
            (folder / tool).symlink_to(found)
    return folder


def fake_docker(path: Path, body: str) -> None:
    (path / "docker").write_text(f"#!/bin/sh\n{body}\n")
    (path / "docker").chmod(0o755)


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def place_in(clone: Path, path: Path, **environment: str) -> Place:
    return Place(Machine(clone, {"PATH": str(path), "HOME": str(clone), **environment}))


def run(clone: Path, path: Path, *arguments: str, **environment: str) -> Said:
    """Run a verb in a clone, from the clone's folder."""
    out, err = io.StringIO(), io.StringIO()
    with as_it_was(), contextlib.chdir(clone), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(list(arguments), place_in(clone, path, **environment))
    return Said(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def as_it_was() -> Iterator[None]:
    """Undo what a verb does to this process: its settings and time zone."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        time.tzset()
