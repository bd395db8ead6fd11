"""The JSON Schema of everything that is published, made from the models that write it.

`python -m netflix_trend.published.schema >docs/statistics-schema.json` after a model has changed.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from netflix_trend.published.introduction import INTRODUCTION, Introduction
from netflix_trend.published.model import MODEL, Model
from netflix_trend.published.round_list import ROUNDS, RoundList
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.trends import TRENDS, Trends
from netflix_trend.published.year import YEARS, YearStatistics
from netflix_trend.questions.top_shows.movement import MOVEMENT, Movement
from netflix_trend.storage.model import Strict

SCHEMA = "schema.json"
# The newest round with answers.
LATEST = "latest.json"
# Fields that are written only where they say something.
_LEFT_OUT = {"invented", "withheld", "smallest_answers"}
# The model of each file. `latest.json` is an empty object before the first answer.
FILES: dict[str, type[Strict]] = {
    INTRODUCTION: Introduction,
    LATEST: RoundStatistics,
    "statistics/<round>.json": RoundStatistics,
    TRENDS: Trends,
    MODEL: Model,
    MOVEMENT: Movement,
    ROUNDS: RoundList,
    f"{YEARS}/<year>.json": YearStatistics,
}


def statistics_schema() -> dict[str, Any]:
    """Return the schema. What it says about a file is at `#/$defs/<model>`.

    Fields may be added within a version, so unknown ones are allowed here, and our own readers ignore them.
    """
    models = sorted(set(FILES.values()), key=lambda model: model.__name__)
    _, schema = models_json_schema([_written(model) for model in models])
    for definition in schema["$defs"].values():
        definition.pop("additionalProperties", None)
        for name in _LEFT_OUT & {*definition.get("required", ())}:
            definition["required"].remove(name)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Netflix Trend statistics, version 1",
        "anyOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in models],
        **schema,
    }


def _written(model: type[BaseModel]) -> tuple[type[BaseModel], JsonSchemaMode]:
    return model, "serialization"


@cache
def schema_file() -> bytes:
    """Return the schema as a file. Made once in a process: it depends on nothing but the code."""
    return json.dumps(statistics_schema(), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(schema_file())
