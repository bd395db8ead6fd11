"""The published schema is that of the models, and the documentation names what they hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.published.schema import FILES, schema_file, statistics_schema

DOCS = Path(__file__).parents[3] / "docs"


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        here = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return here.union(*(references(inner) for inner in value.values()))
    return set().union(*(references(inner) for inner in value)) if isinstance(value, list) else set()


def test_the_file_is_made_from_the_models() -> None:
    made = "python -m netflix_trend.published.schema >docs/statistics-schema.json"
    assert (DOCS / "statistics-schema.json").read_bytes() == schema_file(), f"run: {made}"


def test_every_reference_leads_to_a_definition_and_none_forbids_new_fields() -> None:
    schema = statistics_schema()
    assert references(schema) == {f"#/$defs/{name}" for name in schema["$defs"]}
    assert "additionalProperties" not in json.dumps(
        {name: list(definition) for name, definition in schema["$defs"].items()}
    )


@pytest.mark.parametrize("name", FILES)
def test_the_documentation_names_every_file_and_its_fields(name: str) -> None:
    text = (DOCS / "statistics-schema.md").read_text()
    model = FILES[name]
    assert re.search(rf"\| `{re.escape(name)}` \|.*`#/\$defs/{model.__name__}` \|", text)
    assert "schema_version" in model.model_fields
    for field in model.model_fields:
        assert f"`{field}`" in text, field
