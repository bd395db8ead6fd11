"""What the last run found: a run in which nothing has changed since estimates nothing and writes nothing.

It lives as long as the process. Files are recognized by their stamps, so nothing has to be read to see that it is still
as it was left.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from services.aggregator.batches import Batch
from services.aggregator.collect import LookMemory, RoundReports
from services.aggregator.kept_statistics import ReadRound

# Inode, size, and times of the last change of content and of attributes; None where there is nothing.
Stamp = tuple[int, int, int, int] | None


def stamp(path: Path) -> Stamp:
    """Return the stamp of a file, or of a link itself."""
    try:
        return _stamp(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None


def stamps(folder: Path) -> frozenset[tuple[str, Stamp]]:
    """Return the stamps of everything below a folder but folders, by path."""
    return frozenset(_below(str(folder)))


def _below(folder: str) -> Iterator[tuple[str, Stamp]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _below(entry.path)
                else:
                    with suppress(FileNotFoundError):  # gone by now
                        yield entry.path, _stamp(entry.stat(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@dataclass(frozen=True)
class KnownRound:
    """A round as it was counted last. looks: digest of the releases, and the day. found: what is there. batch: what is
    published of it, None when that stays as it is. file: stamp of the published statistics.
    """

    looks: tuple[str, date]
    found: RoundReports
    batch: Batch | None
    statistics: RoundStatistics
    file: Stamp


@dataclass
class Memory:
    """look: of the last look at datasites. candidates: whose, and what that depends on. sharing: who shared a valid
    manifest then. readers: of what is shared, and what that depends on. rounds: by name. shared, overview: what was
    published, and the operator's overview, were made from. over: rounds of another version of which the log has told.

    statistics: of every round, as they were read last, by name. vocabulary: with the titles that charts had added when
    it was made. waiting: weeks of which the log says so. recovered: whether what the own folder had lost was looked for
    in the datasite.
    """

    look: LookMemory = field(default_factory=LookMemory)
    candidates: tuple[object, tuple[str, ...]] | None = None
    sharing: tuple[str, ...] = ()
    readers: tuple[object, tuple[str, ...]] | None = None
    rounds: dict[str, KnownRound] = field(default_factory=dict)
    statistics: dict[str, ReadRound] = field(default_factory=dict)
    vocabulary: tuple[Hashable, Vocabulary] | None = None
    waiting: set[Week] = field(default_factory=set)
    shared: Hashable = None
    overview: Hashable = None
    over: set[Week] = field(default_factory=set)
    recovered: bool = False

    def keep(self, rounds: Collection[str]) -> None:
        """Forget all other rounds: they are not counted any more."""
        self.rounds = {name: known for name, known in self.rounds.items() if name in rounds}
