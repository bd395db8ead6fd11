"""Folders that take seconds to make, made once for all processes of a run of the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from netflix_trend.storage.files import locked


def made_once(temporary: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a copy, for this process, of a folder that the first process of the run makes. name: of the folder."""
    run = temporary.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent
    made = run / name
    with locked(run / f".{name}.lock"):
        if not made.exists():
            # One that was given up half-way is made again.
            unfinished = run / f"{name}.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(made)
    return Path(shutil.copytree(made, temporary.mktemp(name) / name, symlinks=True))
