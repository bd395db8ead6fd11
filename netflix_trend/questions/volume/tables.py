"""The tables of the interval channel that surveys ask weekly viewing with; `python -m bench.volume_channel` made them.

Nobody needs to trust a table: a survey states it, and privacy is exact for every balanced one.
"""

from __future__ import annotations

import csv
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files

from netflix_trend.privacy.interval_channel import Interval

_FILE = "intervals.csv"


@lru_cache(maxsize=1)
def shipped_tables() -> dict[int, tuple[Interval, ...]]:
    """Return the intervals made for each odds, smallest odds first."""
    tables: dict[int, list[Interval]] = {}
    with (files("netflix_trend.questions.volume") / _FILE).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            interval = int(row["low"]), int(row["high"]), int(row["multiplicity"])
            tables.setdefault(int(row["odds"]), []).append(interval)
    return {odds: tuple(intervals) for odds, intervals in sorted(tables.items())}


def best_intervals(odds: Fraction) -> tuple[Interval, ...]:
    """Return the table made for the odds nearest to these, by ratio; of two as near the smaller one."""
    tables = shipped_tables()
    return tables[min(tables, key=lambda made: max(odds / made, made / odds))]
