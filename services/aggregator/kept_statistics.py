"""The statistics of every round on the aggregator's own volume: what is published are copies of them.

A closed round is never counted again, so its statistics cannot be made again. Where the own copy is lost or damaged,
the published one takes its place, and nothing of a round that cannot be made again is removed from the datasite.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from netflix_trend.periods.weeks import Week, weeks_in
from netflix_trend.published.statistics import MAX_FILE, RoundStatistics, StatisticsError
from netflix_trend.published.year import YEARS, year_of_round
from netflix_trend.storage.damaged import paths_set_aside
from netflix_trend.storage.files import read_own
from netflix_trend.storage.kept import set_aside, write_kept
from netflix_trend.syftbox.permissions import LARGEST_FILE

_log = logging.getLogger("aggregator")
FOLDER = "statistics"


class ReadRound(NamedTuple):
    """The file of a round's statistics as it was read: its bytes, and what they mean."""

    data: bytes
    statistics: RoundStatistics


@dataclass(frozen=True)
class KeptStatistics:
    """The statistics in the aggregator's own folder. shared, public: the folders with published copies of them.

    known: every round as it was read last, by its name.
    """

    own: Path
    shared: Path
    public: Path
    durable: bool = True
    known: dict[str, ReadRound] = field(default_factory=dict, compare=False, repr=False)

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.own / FOLDER

    def path(self, name: str) -> Path:
        """Where those of a round lie."""
        return self.folder / f"{name}.json"

    def rounds(self) -> list[str]:
        """Return the names of the rounds with statistics, oldest first."""
        return sorted(_rounds_in(self.folder))

    def read(self, name: str) -> RoundStatistics | None:
        """Return the statistics of a round, None when there are none that this version can read.

        A damaged file is moved aside, and the published copy takes its place.
        """
        found = self._parsed(name)
        if found is None and not os.path.lexists(self.path(name)) and self._take_back(name):
            found = self._parsed(name)
        return found

    def read_all(self) -> dict[str, RoundStatistics]:
        """Return the statistics of every round that this version can read, oldest first."""
        found = ((name, self.read(name)) for name in self.rounds())
        read = {name: one for name, one in found if one is not None}
        for name in self.known.keys() - read.keys():
            del self.known[name]
        return read

    def write(self, name: str, statistics: RoundStatistics) -> None:
        """Keep the statistics of a round."""
        write_kept(self.own, f"{FOLDER}/{name}.json", statistics.to_bytes(), durable=self.durable)

    def recover(self, newest: Week) -> None:
        """Take back what is published and not here. newest: the newest week that can have been asked about."""
        published = _names_in(self.shared / FOLDER) | _names_in(self.public / FOLDER)
        for week in sorted(weeks_in(published - _names_in(self.folder))):
            if week <= newest and self._take_back(str(week)):
                _log.warning("round=%s its statistics were lost here and are those that are published", week)

    def left(self, made: Container[str], newest: Week) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return published files of rounds that cannot be made again, by name in the folders shared and public.

        made: names of rounds that can be; the others have damaged statistics, or such of another version. newest: as
        `recover`.
        """
        found = {*self._published(), *_rounds_in(self.folder), *self._damaged()}
        lost = [name for name in sorted(found) if name not in made and self._is_ours(name, newest)]
        statistics = [
            f"{FOLDER}/{name}.json"
            for name in lost
            if any(_names_round(name, data) for data in self._copies(name, self.shared, self.public))
        ]
        years = sorted({year_of_round(name) for name in lost})
        pages = [f"{YEARS}/{year}.{kind}" for year in years for kind in ("html", "json", "png", "svg")]
        pages += [f"rounds/{name}.html" for name in lost]
        return _files_in(self.shared, statistics), _files_in(self.public, [*statistics, *pages])

    def _is_ours(self, name: str, newest: Week) -> bool:
        """Return whether we published a round: its statistics were damaged here, or a copy of them is left."""
        copies = self._copies(name, self.own, self.shared, self.public)
        return Week.parse(name) <= newest and (
            name in self._damaged() or any(_names_round(name, data) for data in copies)
        )

    def _copies(self, name: str, *folders: Path) -> list[bytes]:
        found = (read_own(folder / FOLDER / f"{name}.json", MAX_FILE) for folder in folders)
        return [data for data in found if data is not None]

    def _parsed(self, name: str) -> RoundStatistics | None:
        place = f"{FOLDER}/{name}.json"
        try:
            data = read_own(self.path(name), MAX_FILE)
        except OSError:
            data = None
        if data is None:
            if os.path.lexists(self.path(name)):
                set_aside(self.own, place, "is no plain file that can be read")
            return None
        if (known := self.known.get(name)) is not None and known.data == data:
            return known.statistics
        try:
            found = RoundStatistics.from_bytes(data)
        except StatisticsError:
            if not _names_round(name, data):  # else it is of another version, which may come back
                set_aside(self.own, place, "is damaged")
            return None
        if found.round == name:
            self.known[name] = ReadRound(data, found)
            return found
        set_aside(self.own, place, "is of another round")
        return None

    def _take_back(self, name: str) -> bool:
        for folder in (self.shared, self.public):
            try:
                data = read_own(folder / FOLDER / f"{name}.json", MAX_FILE)
                if data is not None and RoundStatistics.from_bytes(data).round == name:
                    write_kept(self.own, f"{FOLDER}/{name}.json", data, durable=self.durable)
                    return True
            except (StatisticsError, OSError):
                continue
        return False

    def _published(self) -> set[str]:
        return _rounds_in(self.shared / FOLDER) | _rounds_in(self.public / FOLDER)

    def _damaged(self) -> set[str]:
        names = {Path(name).stem for name in paths_set_aside(self.own) if name.startswith(f"{FOLDER}/")}
        return set(map(str, weeks_in(names)))


def _rounds_in(folder: Path) -> set[str]:
    return set(map(str, weeks_in(_names_in(folder))))


def _names_in(folder: Path) -> set[str]:
    """Return the names of the JSON files in a folder, without their ending."""
    try:
        return {name.removesuffix(".json") for name in os.listdir(folder) if name.endswith(".json")}  # noqa: PTH208
    except OSError:
        return set()


def _files_in(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    found = ((name, read_own(folder / name, LARGEST_FILE)) for name in names)
    return {name: data for name, data in found if data}


def _names_round(name: str, data: bytes) -> bool:
    """Return whether a file is a JSON object that says it is about this round."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("round") == name
