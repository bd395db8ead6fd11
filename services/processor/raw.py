"""The exports as received: the source of truth that every table is rebuilt from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from netflix_trend.canonical import canonical_json
from netflix_trend.files import write_atomically
from netflix_trend.settings import PROFILE_PATTERN
from netflix_trend.survey import Strict


class RawExport(Strict):
    """What is known about a file in `raw/`; lies beside it as `<sha256>.json`.

    received is the day on which the file was downloaded as far as known: what was watched before it is in the file.
    """

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    profile: Annotated[str, Field(pattern=PROFILE_PATTERN)]
    source: Annotated[str, Field(max_length=40)]
    name: Annotated[str, Field(max_length=255)]
    received: date


@dataclass(frozen=True)
class RawStore:
    """The folder `raw/` of the private volume."""

    private: Path

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self.private / "raw"

    def save(self, data: bytes, profile: str, source: str, name: str, received: date) -> RawExport:
        """Keep an export for good. The same bytes are kept once, with the latest day they were received on."""
        sha256 = hashlib.sha256(data).hexdigest()
        known = self.describe(sha256)
        if known is not None:
            profile, source, name = known.profile, known.source, known.name
            received = max(received, known.received)
        export = RawExport(sha256=sha256, profile=profile, source=source, name=name, received=received)
        if export != known:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / f"{sha256}.csv", data)
            write_atomically(self.folder / f"{sha256}.json", canonical_json(export.model_dump(mode="json")) + b"\n")
        return export

    def describe(self, sha256: str) -> RawExport | None:
        """Return what is known about a file, None when it was never received."""
        try:
            return RawExport.model_validate_json((self.folder / f"{sha256}.json").read_bytes())
        except FileNotFoundError:
            return None

    def read(self, export: RawExport) -> bytes:
        """Return the bytes of an export."""
        return (self.folder / f"{export.sha256}.csv").read_bytes()

    def exports(self, profile: str | None = None) -> Iterator[RawExport]:
        """Yield the exports of one profile or of all, in an order that does not depend on when they came."""
        for path in sorted(self.folder.glob("*.json")):
            export = self.describe(path.stem)
            if export is not None and profile in (None, export.profile):
                yield export
