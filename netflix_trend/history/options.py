"""How files are read: what the settings say, and what a person answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from netflix_trend.settings import Settings


@dataclass(frozen=True)
class ReadOptions:
    """How files are read. date_order answers for files that do not tell; zone cuts UTC times into days (None: the
    machine's); keep_profile says which Netflix profiles of ViewingActivity.csv count; shorter plays are too short.
    """

    date_order: str | None = None
    zone: tzinfo | None = None
    keep_profile: Callable[[str], bool] = lambda _: True
    shortest_seconds: int = 60

    @classmethod
    def of(cls, settings: Settings) -> ReadOptions:
        """Return what the settings say."""
        return cls(settings.date_order, settings.zone, shortest_seconds=settings.shortest_view_seconds)
