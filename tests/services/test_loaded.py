"""What each process has loaded once it has started: no library that it does not use, and so little memory.

A table, not a measurement: the time is in `python -m bench`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.netflix_trend.cli.front_door import ROOT
from tests.waiting import PATIENCE

EXPORT = ROOT / "tests" / "fixtures" / "exports" / "en_mdy_us.csv"
# Looked for in every process. Some modules of our own stand for many: a verb imports no other verb.
LARGE = frozenset(
    {
        *(
            "babel",
            "cryptography",
            "distributed",
            "duckdb",
            "flask",
            "gunicorn",
            "jinja2",
            "matplotlib",
            "numpy",
            "pandas",
        ),
        *("PIL", "pyarrow", "pydantic", "redis", "rich", "rq", "scipy", "selenium"),
        *("asyncio", "netflix_trend.settings", "netflix_trend.survey.survey"),
        *("netflix_trend.cli.release", "netflix_trend.cli.stay"),
    }
)
SETTINGS = frozenset({"pydantic", "netflix_trend.settings"})
HISTORY = SETTINGS | {"numpy"}
STAY = frozenset({"netflix_trend.cli.stay"})
# For the help of all verbs, and where one is mistyped.
EVERY_VERB = STAY | {"netflix_trend.cli.release"}
# pandas is in no row: it is for notebooks (`netflix_trend.history.frames`).
TABLES = HISTORY | {"duckdb"}
SURVEYS = HISTORY | {"netflix_trend.survey.survey"}
# Where cryptography is installed, the client of Redis and the models of settings load it.
QUEUE = frozenset({"redis", "rq", "cryptography", "asyncio"})
SEALED = frozenset({"cryptography"})
WEB = frozenset({"flask", "jinja2"})

# What a verb may have loaded when it has ended. They run one after another on the same folders: the third `once` has
# nothing to do.
VERBS: tuple[tuple[str, frozenset[str]], ...] = (
    ("--help", EVERY_VERB),
    ("event add away 2026-01-01 2026-01-09", SETTINGS | {"rich"}),
    (f"read {EXPORT}", TABLES | {"rich"}),
    (f"import {EXPORT}", TABLES | {"rich"}),
    ("event add sick 2026-02-01 2026-02-09", HISTORY | {"duckdb", "rich"}),
    ("event remove 1", SETTINGS | {"rich"}),
    ("insights", HISTORY | {"duckdb", "rich"}),
    ("whose", HISTORY | {"duckdb", "rich"}),
    ("exclude --list", HISTORY | {"duckdb", "rich"}),
    ("once", SURVEYS | STAY | {"cryptography"}),
    ("once", SURVEYS | STAY | {"cryptography"}),
    ("once", STAY),
    ("status", SURVEYS | {"cryptography"}),
    ("privacy", SURVEYS | {"cryptography", "duckdb"}),
)
# The modules that a service has imported when it waits for its first job or visitor.
SERVICES: tuple[tuple[str, tuple[str, ...], frozenset[str]], ...] = (
    ("app that waits", ("netflix_trend.cli.stay",), STAY),
    ("scraper", ("services.scraper.__main__",), SETTINGS | {"redis", "cryptography", "asyncio"}),
    ("receiver", ("services.processor.receive",), HISTORY | QUEUE),
    ("processor", ("services.processor.jobs", "netflix_trend.history.tables"), TABLES | QUEUE),
    ("publisher's clock", ("services.publisher.__main__",), SETTINGS | QUEUE),
    ("publisher", ("services.publisher.jobs", "netflix_trend.participant.publishing"), SURVEYS | QUEUE),
    ("dashboard", ("services.dashboard.web",), SURVEYS | SEALED | WEB | {"babel", "duckdb"}),
    ("page of the app", ("services.local.dashboard",), SURVEYS | SEALED | WEB | {"babel", "duckdb"}),
    ("aggregator", ("services.aggregator.__main__",), SURVEYS | SEALED | WEB | {"gunicorn"}),
    ("aggregator's pages", ("services.aggregator.web",), SURVEYS | SEALED | WEB),
    ("helper", ("services.aggregator.helper.service",), SURVEYS | SEALED),
)
RUN = """
import json, sys
from netflix_trend.cli import find_services, run
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place
find_services()
code = run(sys.argv[1:], Place(Machine.here()))
print("\\n" + json.dumps([code, [name for name in {large!r} if name in sys.modules]]))
"""
LOAD = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print("\\n" + json.dumps([0, [name for name in {large!r} if name in sys.modules]]))
"""


def loaded(script: str, arguments: list[str], environ: dict[str, str], folder: Path) -> frozenset[str]:
    """Run Python, and return which large libraries are loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script.format(large=sorted(LARGE)), *arguments],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    code, names = json.loads(done.stdout.splitlines()[-1])
    # `status` ends with 1 where something is to be done, such as to set up SyftBox.
    assert code == int(arguments == ["status"]), done.stderr
    return frozenset(names)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR")}
    names = {"PRIVATE_DIR": "private", "PUBLISHER_DIR": "publisher", "DATASITES_DIR": "datasites", "OUTPUT_DIR": "drop"}
    folders = {name: str(tmp_path / folder) for name, folder in names.items()}
    return {**kept, **folders, "HOME": str(tmp_path), "TZ": "UTC", "MODE": "folders", "PYTHONPATH": str(ROOT)}


def test_a_verb_loads_what_it_uses(tmp_path: Path, environ: dict[str, str]) -> None:
    found = [(words, loaded(RUN, words.split(), environ, tmp_path) - uses) for words, uses in VERBS]
    assert [(words, sorted(more)) for words, more in found if more] == []


@pytest.mark.parametrize(("modules", "uses"), [one[1:] for one in SERVICES], ids=[one[0] for one in SERVICES])
def test_a_service_loads_what_it_uses(
    tmp_path: Path, environ: dict[str, str], modules: tuple[str, ...], uses: frozenset[str]
) -> None:
    assert sorted(loaded(LOAD, list(modules), environ, tmp_path) - uses) == []
