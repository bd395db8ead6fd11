"""What an aggregator keeps of public charts on its own volume: the charts, and shows that joined the vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from netflix_trend.catalogue.charts import Charts, ChartsError
from netflix_trend.catalogue.vocabulary import CatalogueTitle
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import locked
from netflix_trend.storage.kept import read_kept, write_kept
from netflix_trend.storage.model import Strict
from services.aggregator.memory import Stamp, stamp

CHARTS, ADDED = "charts.json", "added_titles.json"
_LOCK = ".charts.lock"
# Sixty weeks of two hundred countries, and the lists of no week, have about a tenth of that.
_LARGEST = 100_000_000
_T = TypeVar("_T")


class _Added(Strict):
    schema_version: Literal[1] = 1
    titles: Annotated[tuple[CatalogueTitle, ...], Field(strict=False)] = ()


@dataclass
class KeptCharts:
    """Charts and added titles in the aggregator's own folder. Files are read again only when they have changed."""

    own: Path
    durable: bool = True
    _charts: tuple[Stamp, Charts] = field(default=(None, Charts()), repr=False)
    _added: tuple[Stamp, tuple[CatalogueTitle, ...]] = field(default=(None, ()), repr=False)

    @property
    def charts(self) -> Charts:
        """All charts; none when there are none. A damaged file is moved aside."""
        self._charts = self._read(CHARTS, self._charts, Charts.from_bytes, Charts())
        return self._charts[1]

    @property
    def added(self) -> tuple[CatalogueTitle, ...]:
        """Shows that charts have added to the catalogue, in the order in which they were added."""
        self._added = self._read(ADDED, self._added, _titles, ())
        return self._added[1]

    def add(self, charts: Charts) -> None:
        """Keep charts that were just read. Safe in several processes at once."""
        with locked(self.own / _LOCK):
            kept = self.charts.with_newer(charts)
            write_kept(self.own, CHARTS, kept.to_bytes(), durable=self.durable)

    def add_titles(self, titles: Sequence[CatalogueTitle]) -> None:
        """Keep shows behind those that were added before. Their order never changes: it is that of the vocabulary."""
        added = _Added(titles=(*self.added, *titles))
        content = added.model_dump(mode="json", exclude_defaults=True)
        data = canonical_json({**content, "schema_version": added.schema_version}) + b"\n"
        write_kept(self.own, ADDED, data, durable=self.durable)

    def _read(self, name: str, known: tuple[Stamp, _T], parse: Callable[[bytes], _T], nothing: _T) -> tuple[Stamp, _T]:
        now = stamp(self.own / name)
        if now == known[0]:
            return known
        found = read_kept(self.own, name, _LARGEST, parse, ChartsError)
        return (now, found) if found is not None else (None, nothing)


def _titles(data: bytes) -> tuple[CatalogueTitle, ...]:
    return _Added.model_validate_json(data).titles
