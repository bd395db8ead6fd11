"""Calendar quarters: the periods of questions about life events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_PATTERN = re.compile(r"([12]\d{3})-Q([1-4])", re.ASCII)


@dataclass(frozen=True, order=True)
class Quarter:
    """Three calendar months, ordered by time. `index` counts quarters since the year 0 without a gap."""

    index: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        """Return the quarter that contains `day`."""
        return cls(day.year * 4 + (day.month - 1) // 3)

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read `2026-Q3`. Raises ValueError for anything else."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a quarter such as 2026-Q3")
        return cls(int(match[1]) * 4 + int(match[2]) - 1)

    @property
    def first_day(self) -> date:
        """First day of the quarter."""
        year, number = divmod(self.index, 4)
        return date(year, 3 * number + 1, 1)

    @property
    def last_day(self) -> date:
        """Last day of the quarter."""
        return Quarter(self.index + 1).first_day - timedelta(days=1)

    @property
    def previous(self) -> Quarter:
        """The quarter before."""
        return Quarter(self.index - 1)

    def __str__(self) -> str:
        year, number = divmod(self.index, 4)
        return f"{year:04d}-Q{number + 1}"
