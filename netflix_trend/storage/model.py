"""Models of stored JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from netflix_trend.storage.canonical import canonical_json


class Strict(BaseModel):
    """Base of all models that are read from files: no unknown fields, no coercion, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def to_bytes(self) -> bytes:
        """Return the file: canonical JSON and a line end."""
        return canonical_json(self.model_dump(mode="json")) + b"\n"
