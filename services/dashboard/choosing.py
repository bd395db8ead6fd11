"""On the Start page: aggregators to choose from, and whose viewing counts. What `./run.sh setup` does in a terminal."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from netflix_trend.names import EXAMPLE_AGGREGATOR, EXAMPLE_ME
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


@dataclass(frozen=True)
class NetflixProfile:
    """A Netflix profile to choose. mark: what its form sends, because a name may hold any character."""

    mark: str
    name: str
    rows: int
    counts: bool


@dataclass(frozen=True)
class WhoseForm:
    """Whose viewing counts for a stored profile. files: names of those of which nothing counts before an answer."""

    profile: str
    counted: tuple[str, ...]
    choices: tuple[NetflixProfile, ...]
    files: tuple[str, ...]


def whose_forms(history: History) -> tuple[WhoseForm, ...]:
    """Return a form for each stored profile that can choose; those with files that wait first."""
    forms = (
        WhoseForm(
            one.profile,
            tuple(shown(name, 60) for name in one.counted),
            tuple(
                NetflixProfile(mark_of_name(name), shown(name, 100), rows, name in one.counted)
                for name, rows in one.choices.items()
            ),
            tuple(shown(file.name, 60) for file in one.waiting),
        )
        for one in history.whose()
    )
    return tuple(sorted(forms, key=lambda form: not form.files))


def mark_of_name(name: str) -> str:
    """Return what a form sends for the name of a Netflix profile."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
