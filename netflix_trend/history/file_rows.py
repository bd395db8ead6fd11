"""The rows of one export as whole numbers; the texts behind the numbers are in `staging`, or in a file of kept rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from netflix_trend.history.activity import local_offsets
from netflix_trend.history.exports import ExportKind

Ints = NDArray[np.int32]
NOTHING: Ints = np.empty(0, np.int32)
# Columns of rows that only ViewingActivity.csv has.
PLAY_COLUMNS = ("seconds", "lengths", "profiles", "devices", "autoplayed")
_EPOCH = date(1970, 1, 1)


def number_of(day: date) -> int:
    """Return the days since 1970."""
    return day.toordinal() - _EPOCH.toordinal()


def day_of(number: int) -> date:
    """Return the day so many days after 1970."""
    return _EPOCH + timedelta(days=int(number))


@dataclass
class ReadFile:
    """The content of a single file. Rows without a usable date, including damaged ones, are undated.

    dropped_profiles: number of rows of unwanted Netflix profiles. profiles: those that count. netflix_rows: number of
    rows of every Netflix profile; played: those with plays that count as views. in_future: rows of days after the file
    was made. repaired: rows whose letters another program had saved wrongly. durations: views with one;
    unknown_durations: views whose duration cannot be read.
    """

    kind: ExportKind
    encoding: str
    delimiter: str
    is_encoding_sure: bool = True
    rows: int = 0
    damaged: int = 0
    undated: int = 0
    supplemental: int = 0
    too_short: int = 0
    shortest_seconds: int = 0
    dropped_profiles: int = 0
    date_order: str = ""
    date_evidence: str = ""
    date_example: str = ""
    ascents: int = 0
    descents: int = 0
    in_future: int = 0
    repaired: int = 0
    unknown_durations: int = 0
    durations: int = 0
    profiles: list[str] = field(default_factory=list)
    netflix_rows: dict[str, int] = field(default_factory=dict)
    played: frozenset[str] = frozenset()
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return all fields as JSON has them."""
        return {**vars(self), "played": sorted(self.played)}

    @classmethod
    def of_json(cls, fields: dict[str, Any]) -> ReadFile:
        """Return what `to_json` gave. Raises TypeError or KeyError for other fields."""
        return cls(**{**fields, "played": frozenset(fields["played"])})


@dataclass(frozen=True)
class FileRows:
    """The rows of an export that count, in the order of the file, each an int32 of every column.

    texts: codes of titles (`Staging.text`). days: days since 1970, UTC in ViewingActivity.csv. Only there are seconds
    (of that day), lengths (seconds, -1 if unknown), profiles and devices (codes of names) and autoplayed (0 or 1).
    others: codes of the titles of rows that do not count. staged: rows that were counted against the memory.
    """

    report: ReadFile
    texts: Ints
    days: Ints
    seconds: Ints = field(default_factory=NOTHING.copy)
    lengths: Ints = field(default_factory=NOTHING.copy)
    profiles: Ints = field(default_factory=NOTHING.copy)
    devices: Ints = field(default_factory=NOTHING.copy)
    autoplayed: Ints = field(default_factory=NOTHING.copy)
    others: Ints = field(default_factory=NOTHING.copy)
    staged: int = 0

    @property
    def is_archive(self) -> bool:
        """Whether they are of a ViewingActivity.csv."""
        return self.report.kind == "viewing_activity"


def joined(columns: Iterable[NDArray[Any]], dtype: DTypeLike = np.int32) -> NDArray[Any]:
    """Return columns one after the other; an empty one of this type without any."""
    return np.concatenate([np.empty(0, dtype), *columns])


def local_times(days: Ints, seconds: Ints, zone: tzinfo | None) -> tuple[Ints, NDArray[np.int64], Ints]:
    """Return for each second of a UTC day the local day (int32), the UTC second since 1970 (int64), and by how many
    seconds the local time is later (int32).

    zone None is the machine's time zone.
    """
    different, places = np.unique(days, return_inverse=True)
    offsets = np.array([_offsets(int(day), zone) for day in different], np.int64).reshape(-1, 3)[places]
    shift = np.where(seconds >= offsets[:, 1], offsets[:, 2], offsets[:, 0])
    start = 86_400 * days.astype(np.int64) + seconds
    return ((start + shift) // 86_400).astype(np.int32), start, shift.astype(np.int32)


@lru_cache(maxsize=20_000)
def _offsets(day: int, zone: tzinfo | None) -> tuple[int, int, int]:
    return local_offsets(day_of(day), zone)
