"""How charts come in: from a folder and from an address. A file that cannot be used is named once and stops nothing."""

from __future__ import annotations

import io
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from netflix_trend.catalogue.chart_files import LARGEST_CHART, ChartFileError, read_charts
from netflix_trend.catalogue.charts import Charts
from netflix_trend.catalogue.keys import plain_title
from netflix_trend.periods.weeks import Week
from netflix_trend.storage.files import UnsafeFile, open_untrusted
from netflix_trend.storage.kept import read_kept, write_kept
from netflix_trend.storage.model import Strict
from services.aggregator.charts.fetching import FetchError, fetch
from services.aggregator.charts.kept import KeptCharts

_log = logging.getLogger("aggregator")
FILES, FETCHED = "chart_files.json", "chart_fetched"
WANTED = (".tsv", ".csv", ".txt", ".xlsx")
_MAX_FILES = 100
_LARGEST_LIST = 1_000_000
# A file is complete when it has not changed for this long; a copy may pause for a second or two.
_SETTLED_SECONDS = 3
# The address is asked at most so often, also after a restart.
FETCH_SECONDS = 3 * 3600


class _Looked(Strict):
    """Files of the folder that were read or refused: inode, size and time of change by name. country: read for it."""

    schema_version: Literal[1] = 1
    country: str = ""
    files: dict[str, Annotated[tuple[int, int, int], Field(strict=False)]] = Field(default_factory=dict)


@dataclass
class ChartIntake:
    """Takes charts into an aggregator's own volume. folder, url: where they come from, if anywhere."""

    kept: KeptCharts
    folder: Path | None = None
    country: str = ""
    url: str = ""
    clock: Callable[[], float] = time.time
    fetch: Callable[[str], bytes] = field(default=fetch, repr=False)

    def look(self, today: date) -> None:
        """Read what is new in the folder, and ask the address while the chart of the last complete week is missing."""
        if self.folder is not None:
            self._look_into(self.folder)
        if self.url and not self._is_complete(today) and self._is_time():
            self._fetch()

    # --- the folder

    def _look_into(self, folder: Path) -> None:
        known = self._looked()
        try:
            names = sorted(path.name for path in folder.iterdir() if path.name[0] != "." and _is_wanted(path))
            states = {name: state for name in names[:_MAX_FILES] if (state := self._settled(folder / name)) is not None}
        except OSError:
            return  # no such folder, or none that may be read
        new = [name for name, state in states.items() if known.files.get(_printable(name)) != state]
        # The newest last: what it says about a week goes before what older files say.
        for name in sorted(new, key=lambda name: states[name][2]):
            self._take_file(folder, name)
        if new:
            looked = _Looked(country=self.country, files={_printable(name): state for name, state in states.items()})
            write_kept(self.kept.own, FILES, looked.to_bytes(), durable=self.kept.durable)

    def _settled(self, path: Path) -> tuple[int, int, int] | None:
        status = os.lstat(path)
        is_settled = abs(self.clock() - status.st_mtime) >= _SETTLED_SECONDS
        return (status.st_ino, status.st_size, status.st_mtime_ns) if is_settled else None

    def _looked(self) -> _Looked:
        looked = read_kept(self.kept.own, FILES, _LARGEST_LIST, _Looked.model_validate_json)
        return looked if looked and looked.country == self.country else _Looked()

    def _take_file(self, folder: Path, name: str) -> None:
        shown = plain_title(_printable(name))[:80]
        try:
            with open_untrusted(folder, name, LARGEST_CHART) as file:
                charts = read_charts(file, self.country)
            self.kept.add(charts)
            _log.info("chart file=%r read: %s", shown, in_words(charts))
        except (UnsafeFile, ChartFileError) as refusal:
            _log.warning("chart file=%r is refused: %s", shown, plain_title(str(refusal)))
        except FileNotFoundError:
            pass
        except Exception as error:  # a bad file must not stop others, or the rounds
            _log.warning("chart file=%r is refused: it cannot be read: %s", shown, error)

    # --- the address

    def _is_complete(self, today: date) -> bool:
        return Week.last_complete(today) in self.kept.charts.of_country(self.country)

    def _is_time(self) -> bool:
        try:
            last = (self.kept.own / FETCHED).stat().st_mtime
        except FileNotFoundError:
            return True
        return abs(self.clock() - last) >= FETCH_SECONDS

    def _fetch(self) -> None:
        self.kept.own.mkdir(parents=True, exist_ok=True)
        (self.kept.own / FETCHED).touch()
        now = self.clock()
        os.utime(self.kept.own / FETCHED, (now, now))
        try:
            charts = charts_of(self.fetch(self.url), self.country)
            self.kept.add(charts)
            _log.info("CHART_URL read: %s", in_words(charts))
        except (FetchError, ChartFileError) as problem:
            _log.warning("CHART_URL: nothing is read: %s", problem)
        except Exception as error:  # what an address sends must not stop the rounds
            _log.warning("CHART_URL: nothing is read: %s", error)


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def _is_wanted(path: Path) -> bool:
    return path.suffix.lower() in WANTED and not path.is_dir()


def in_words(charts: Charts) -> str:
    """Return what was read: weeks, shows, and whose lists they are."""
    found = []
    if charts.weekly:
        first, last = charts.weekly[0].week, charts.weekly[-1].week
        shows = len({show.title for one in charts.weekly for show in one.shows})
        found.append(f"{charts.weekly[-1].source}: {len(charts.weekly)} weeks, {first} to {last}, {shows} series")
    if charts.popular:
        found.append(f"most popular: {len(charts.popular)} series")
    if charts.watched:
        others = sum(bool(show.aliases) for show in charts.watched)
        found.append(f"What We Watched: {len(charts.watched)} series, {others} with a title in another language")
    return "; ".join(found)


def charts_of(data: bytes, country: str) -> Charts:
    """Return the charts in the bytes of a file. Raises ChartFileError."""
    return read_charts(io.BytesIO(data), country)
