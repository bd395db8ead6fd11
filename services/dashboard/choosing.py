"""On the Start page: aggregators to choose from, and whose viewing counts. What `./run.sh setup` does in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netflix_trend.names import EXAMPLE_AGGREGATOR, EXAMPLE_ME
from netflix_trend.participant import participant
from netflix_trend.published.introduction import Introduction, objections
from netflix_trend.settings import Settings
from netflix_trend.syftbox.aggregators import find_aggregators
from services.dashboard.backend import SetupPlace
from services.dashboard.history import History
from services.dashboard.text import shown


@dataclass(frozen=True)
class OfferedAggregator:
    """An aggregator to choose: its introduction, and why this person's limits would not let it be answered."""

    introduction: Introduction
    objections: Sequence[str]


@dataclass(frozen=True)
class Choosing:
    """What is shown while no aggregator is chosen. place: where one is. me: the person's address, empty without
    SyftBox. is_trial: invented questions are answered meanwhile, and nothing leaves.

    datasites: how many this machine sees. refusals: what was left out, in a sentence.
    """

    place: SetupPlace
    me: str
    is_trial: bool
    datasites: int = 0
    aggregators: tuple[OfferedAggregator, ...] = ()
    refusals: str = ""

    @property
    def has_operators(self) -> bool:
        """Whether there are keys to compare."""
        return any(one.introduction.operators for one in self.aggregators)


def choosing(settings: Settings, place: SetupPlace) -> Choosing | None:
    """Return what is shown; None where an aggregator is chosen, or where nothing can be, as in a demo."""
    if place == "none" or settings.has_aggregator:
        return None
    me = "" if settings.syftbox_email == EXAMPLE_ME else settings.syftbox_email
    if place == "terminal":
        return Choosing(place, me, settings.is_trial)
    found = find_aggregators(settings.datasites_dir)
    offered = (
        OfferedAggregator(one, objections(one, settings.limit_modes, settings.limit_odds))
        for address, one in found.aggregators.items()
        if address not in (settings.syftbox_email, EXAMPLE_AGGREGATOR)
    )
    return Choosing(place, me, settings.is_trial, found.datasites, tuple(offered), found.refusals)


def whose(settings: Settings, history: History, place: SetupPlace) -> tuple[str, ...]:
    """Return the Netflix profiles to choose from; none where that was said, or where people are told apart already."""
    if place != "page" or settings.activity_profiles:
        return ()
    exports = participant.exports(settings)
    if any(export.only for export in exports) or len({export.profile for export in exports}) != 1:
        return ()
    names = history.netflix_profiles()
    return names if len(names) > 1 and not any(";" in name or name != shown(name) for name in names) else ()
