"""Options for reading files, from the settings and from a person's answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from netflix_trend.settings import Settings


@dataclass(frozen=True)
class ReadOptions:
    """Options for reading files. date_order: for files whose dates are ambiguous. zone: of the days (None: the
    machine's). keep_profile: whether a Netflix profile in ViewingActivity.csv counts. shortest_seconds: of a view.
    """

    date_order: str | None = None
    zone: tzinfo | None = None
    keep_profile: Callable[[str], bool] = lambda _: True
    shortest_seconds: int = 60

    @classmethod
    def of(cls, settings: Settings) -> ReadOptions:
        """Return the options in the settings."""
        return cls(settings.date_order, settings.zone, shortest_seconds=settings.shortest_view_seconds)
