"""Models of stored JSON."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict

from netflix_trend.storage.canonical import canonical_json


class Strict(BaseModel):
    """Base of all models that are read from files: no unknown fields, no coercion, immutable."""

    # A process imports some hundred models and reads files of a few: each is built at its first use.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    @classmethod
    def of_peer(cls, data: bytes) -> Self:
        """Read a file that may come from a newer version: fields that this one does not know are ignored, at any depth.

        Only for files of which nothing is hashed or signed, and which decide nothing about privacy. Raises
        ValidationError.
        """
        return cls.model_validate_json(data, extra="ignore")

    def to_bytes(self) -> bytes:
        """Return the file: canonical JSON and a line end."""
        return canonical_json(self.model_dump(mode="json")) + b"\n"
