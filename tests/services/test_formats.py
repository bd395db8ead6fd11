"""Every file that is written has a format version, and every file that is kept for good has its steps."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import netflix_trend
import services
from netflix_trend.catalogue.charts import Charts
from netflix_trend.history import exclusions, household, removed
from netflix_trend.history.raw import RawExport
from netflix_trend.participant import life_events, not_for_me
from netflix_trend.participant.choices import Choices
from netflix_trend.participant.ledger import Entry, Gap
from netflix_trend.participant.receipts import Receipt
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.volume.statistics import Percentile
from netflix_trend.storage.migrations import AGGREGATOR, PRIVATE, PUBLISHER, SCRAPER, Kind
from netflix_trend.storage.model import Strict
from netflix_trend.survey import survey
from netflix_trend.survey.limits import Limits
from services.aggregator.batches import Batch
from services.aggregator.charts import intake, kept
from services.aggregator.survey_plan import LocalPlan
from services.dashboard import dismissed
from services.scraper.run_state import Latch, PasswordUsed, Plan, Result, Rows
from tests.waiting import PATIENCE

# Models that are no file of their own, and why they need no number.
WITHOUT: dict[type[Strict], str] = {
    Limits: "never written",
    Percentile: "never written",
    Gap: "a line of the ledger, whose first line has the number",
    Entry: "a line of the ledger, whose first line has the number",
    survey._SurveysFile: "a list of surveys, each of which has one",
}
# What is kept for good, in the order of `netflix_trend.storage.migrations`.
KEPT: dict[tuple[Kind, ...], tuple[type[BaseModel], ...]] = {
    PRIVATE: (
        *(Choices, life_events._File, household._File, exclusions._File, dismissed._Dismissed, not_for_me._File),
        *(removed._File, RawExport),
    ),
    PUBLISHER: (Receipt, Receipt),
    AGGREGATOR: (RoundStatistics, Batch, LocalPlan, Charts, kept._Added, intake._Looked),
    SCRAPER: (Latch, Plan, Result, Rows, PasswordUsed),
}
# Written anew by every run, or rebuilt from what is kept: what another version wrote is left alone.
REBUILT = {
    "BuiltFrom",
    "_Description",
    "PublisherStatus",
    "Overview",
    "SumsState",
    "HelperState",
    "Demo",
    "Attempts",
    "Problem",
    "_Replaced",
    "_Head",
}
# Read from others, or by others: within a version fields may be added, or the file is hashed or signed.
PUBLISHED = {"Manifest", "Movement", "Introduction", "RoundList", "YearStatistics", "Trends", "Model"}
EXACT = {"_VocabularyFile", "_Message", "_Release", "SumSurvey", "Opening"}


def models() -> list[type[Strict]]:
    """Return all models of stored JSON that this project has."""
    for package in (netflix_trend, services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found, known = [], [Strict]
    while known:
        below = [
            one for one in known.pop().__subclasses__() if one.__module__.startswith(("netflix_trend", "services"))
        ]
        found += below
        known += below
    return found


def parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from parts(inner)


def whole_files() -> list[type[Strict]]:
    """Return the models that are part of no other one, and no base of another one."""
    everything = models()
    inner = {part for model in everything for field in model.model_fields.values() for part in parts(field.annotation)}
    inner |= {below for part in inner for below in part.__subclasses__()}
    bases = {base for model in everything for base in model.__mro__[1:]}
    return [model for model in everything if model not in inner | bases]


def test_every_file_has_a_format_version() -> None:
    files = whole_files()
    assert len(files) > 30
    for model in files:
        has_number = {"schema_version", "protocol"} & model.model_fields.keys()
        assert bool(has_number) != (model in WITHOUT), f"{model.__module__}.{model.__name__}"


def test_it_is_said_of_every_numbered_file_what_becomes_of_it_with_another_version() -> None:
    kept_for_good = {model.__name__ for kinds in KEPT.values() for model in kinds}
    said = kept_for_good | REBUILT | PUBLISHED | EXACT
    assert {one.__name__ for one in whole_files() if "schema_version" in one.model_fields} <= said


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        pytest.param(kind, model, id=kind.pattern)
        for kinds, files in KEPT.items()
        for kind, model in zip(kinds, files, strict=True)
    ],
)
def test_the_steps_of_a_file_lead_to_the_version_that_its_model_writes(kind: Kind, model: type[BaseModel]) -> None:
    assert get_args(model.model_fields["schema_version"].annotation) == (kind.version,)
    assert model.model_fields["schema_version"].default == kind.version, "a file without a number is of version 1"


@pytest.mark.parametrize(
    ("service", "folder", "name", "code"),
    [
        ("processor", "PRIVATE_DIR", "choices.json", 1),
        ("publisher", "PRIVATE_DIR", "exclusions.json", 1),
        ("publisher", "PUBLISHER_DIR", "receipts/20261130T000000Z.json", 1),
        ("dashboard", "PRIVATE_DIR", "life_events.json", 1),
        ("aggregator", "AGGREGATOR_DIR", "batches/2026-W46.json", 1),
        ("scraper", "SCRAPER_DIR", "passwordused.json", 2),
    ],
)
def test_a_service_does_not_start_on_files_of_a_newer_version(
    tmp_path: Path, service: str, folder: str, name: str, code: int
) -> None:
    path = tmp_path / "volume" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(written := json.dumps({"schema_version": 2, "later": True}).encode())
    role = ["once"] if service == "aggregator" else []
    places = {one: str(tmp_path / one) for one in ("PRIVATE_DIR", "PUBLISHER_DIR", "SCRAPER_DIR", "DATASITES_DIR")}
    ended = subprocess.run(
        [sys.executable, "-m", f"services.{service}", *role],
        env={"PATH": "", **places, folder: str(tmp_path / "volume")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (code, "")
    assert f"volume/{name} has format 2, and Netflix Trend " in ended.stderr
    assert "Nothing was changed. Install the newer version again" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert path.read_bytes() == written
