"""ISO weeks with their year: the periods of statistics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

_PATTERN = re.compile(r"([12]\d{3})-W(\d{2})", re.ASCII)


@dataclass(frozen=True, order=True)
class Week:
    """One ISO week, ordered by time. `index` counts weeks since 0001-01-01 without a gap at new year."""

    index: int

    @classmethod
    def of(cls, day: date) -> Week:
        """Return the week that contains `day`."""
        return cls((day.toordinal() - 1) // 7)

    @classmethod
    def parse(cls, text: str) -> Week:
        """Read `2026-W47`. Raises ValueError for anything else, including a week 53 that the year does not have."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not an ISO week such as 2026-W47")
        return cls.of(date.fromisocalendar(int(match[1]), int(match[2]), 1))

    @classmethod
    def last_complete(cls, today: date) -> Week:
        """Return the last week that ended before `today`."""
        return cls(cls.of(today).index - 1)

    @property
    def monday(self) -> date:
        """First day of the week."""
        return date.fromordinal(self.index * 7 + 1)

    @property
    def sunday(self) -> date:
        """Last day of the week."""
        return self.monday + timedelta(days=6)

    def __add__(self, weeks: int) -> Week:
        return Week(self.index + weeks)

    def __sub__(self, weeks: int) -> Week:
        return Week(self.index - weeks)

    def __str__(self) -> str:
        year, week, _ = self.monday.isocalendar()
        return f"{year:04d}-W{week:02d}"


def is_week(value: str) -> str:
    """Return the value, a week such as `2026-W47`. Raises ValueError for anything else."""
    Week.parse(value)
    return value


def weeks_in(names: Iterable[str]) -> Iterator[Week]:
    """Yield the weeks that some names are, such as those of files, in their order; other names are left out."""
    for name in names:
        with suppress(ValueError):
            yield Week.parse(name)
