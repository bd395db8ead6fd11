"""Options for reading files, from the settings and from a person's answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from netflix_trend.settings import Settings


def _all_of(rows: Mapping[str, int], _: Collection[str]) -> frozenset[str]:
    return frozenset(rows)


@dataclass(frozen=True)
class ReadOptions:
    """Options for reading files. date_order: for files whose dates are ambiguous. answered_order: what the person says
    about this file, which outranks the sort of its rows. zone: of the days (None: the
    machine's). shortest_seconds: of a view.

    keep_profile: whether a Netflix profile in ViewingActivity.csv may count. decide_profiles: which of these do, from
    the rows of each and the names of those with plays; see `netflix_trend.history.household.Claim`. answers: Netflix
    profiles that count, by stored profile, where the person has not said it.
    """

    date_order: str | None = None
    answered_order: str | None = None
    zone: tzinfo | None = None
    keep_profile: Callable[[str], bool] = lambda _: True
    decide_profiles: Callable[[Mapping[str, int], Collection[str]], frozenset[str]] = _all_of
    shortest_seconds: int = 60
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> ReadOptions:
        """Return the options in the settings."""
        said = {settings.netflix_profile: settings.activity_profiles} if settings.activity_profiles else {}
        shortest = settings.shortest_view_seconds
        return cls(settings.date_order, zone=settings.zone, shortest_seconds=shortest, answers=said)
