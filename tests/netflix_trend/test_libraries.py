"""What libraries are told before they are imported, by the command and in the images."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netflix_trend.libraries import TOLD, tell_libraries

ROOT = Path(__file__).parents[2]


def test_libraries_are_told_what_nobody_has_told_them() -> None:
    environ: dict[str, str] = {}
    tell_libraries(environ)
    assert environ == TOLD
    said = {"OPENBLAS_NUM_THREADS": "2", "PYDANTIC_DISABLE_PLUGINS": "one"}
    tell_libraries(said)
    assert said == {"OPENBLAS_NUM_THREADS": "2", "PYDANTIC_DISABLE_PLUGINS": "one"}


@pytest.mark.parametrize("name", ["GOTO_NUM_THREADS", "OMP_NUM_THREADS"])
def test_threads_stay_as_a_person_has_set_them(name: str) -> None:
    environ = {name: "2"}
    tell_libraries(environ)
    assert environ == {name: "2", "PYDANTIC_DISABLE_PLUGINS": "__all__"}


def test_images_say_the_same() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert f"ENV {' '.join(f'{name}={value}' for name, value in TOLD.items())}" in lines


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts the threads that Linux lists")
def test_numpy_starts_no_thread_of_its_own() -> None:
    code = "import numpy, os; print(len(os.listdir('/proc/self/task')))"
    environ = {**os.environ, **TOLD}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
