"""Every model of what is stored or published can be built: a pydantic that cannot do that is noticed here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib

import pydantic
import pytest
from packaging.requirements import Requirement

from tests.netflix_trend.cli.front_door import ROOT
from tests.waiting import PATIENCE

# In a process of its own, because it imports everything: builds models at once that are built at their first use, and
# their JSON Schemas. Prints the names of all, and what failed.
PROGRAM = """
import importlib, json, pkgutil
from pydantic import BaseModel, TypeAdapter

failed, adapters = {}, {}
for root in ("netflix_trend", "services"):
    for module in pkgutil.walk_packages(importlib.import_module(root).__path__, f"{root}."):
        if not module.name.endswith("__main__"):
            names = vars(importlib.import_module(module.name))
            adapters |= {f"{module.name}.{name}": one for name, one in names.items() if isinstance(one, TypeAdapter)}

def build(name, rebuild, schema):
    try:
        rebuild()
        for mode in ("validation", "serialization"):
            json.dumps(schema(mode=mode))
    except Exception as problem:
        failed[name] = str(problem)

models = [BaseModel]
for model in models:
    models += model.__subclasses__()
ours = [model for model in models if model.__module__.startswith(("netflix_trend.", "services."))]
for model in ours:
    build(f"{model.__module__}.{model.__qualname__}", model.model_rebuild, model.model_json_schema)
for name, adapter in adapters.items():
    build(name, adapter.rebuild, adapter.json_schema)
print(json.dumps({"built": [*(model.__qualname__ for model in ours), *adapters], "failed": failed}))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, str] | list[str]]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", PROGRAM],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    report: dict[str, dict[str, str] | list[str]] = json.loads(result.stdout)
    return report


def test_every_model_is_built_with_its_schema(found: dict[str, dict[str, str] | list[str]]) -> None:
    assert found["failed"] == {}
    models = {"RoundStatistics", "Trends", "Model", "YearStatistics", "Survey", "Manifest", "Entry", "Settings"}
    assert models <= set(found["built"])


def test_none_is_left_out(found: dict[str, dict[str, str] | list[str]]) -> None:
    """Every class of the product whose base is `Strict`, as its source says."""
    sources = (
        path.read_text("utf-8") for folder in ("netflix_trend", "services") for path in (ROOT / folder).rglob("*.py")
    )
    named = {name for source in sources for name in re.findall(r"^class (\w+)\(Strict\b", source, re.MULTILINE)}
    assert len(named) > 50
    assert named - set(found["built"]) == set()


def test_pydantic_is_one_that_the_package_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    (pydantic_,) = (one for one in map(Requirement, declared) if one.name == "pydantic")
    assert pydantic_.specifier.contains(pydantic.VERSION)
