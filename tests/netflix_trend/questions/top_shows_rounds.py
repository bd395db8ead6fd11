"""Rounds about top shows with the answers that a test wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.world import World, WorldShow
from tests.netflix_trend.published.test_statistics import STATISTICS

MANY = 1e6


def world(week: str, titles: Sequence[str]) -> World:
    """A chart that states its order only."""
    shows = tuple(
        WorldShow(show=place, title=title, rank=place + 1, world=None, share=None, lower=0, upper=1, verdict="unclear")
        for place, title in enumerate(titles)
    )
    return World(week=week, source="a list", confidence=0.975, differs=False, chance=None, shows=shows)


def answers(
    shares: Mapping[str, float],
    people: float = MANY,
    chart: Sequence[str] = (),
    week: str = "2026-W46",
    noise: float = 1,
) -> TopShows:
    """A round in which these shares of so many people named the shows. noise: times the root of their number."""
    top = STATISTICS.top_shows
    assert isinstance(top, TopShows)
    shows = tuple(
        top.shows[0].model_copy(
            update={
                "title": title,
                "show": place,
                "estimate": share * people,
                "standard_error": noise * people**0.5,
                "is_signal": False,
                "lower": 0.0,
            }
        )
        for place, (title, share) in enumerate(shares.items())
    )
    return top.model_copy(
        update={
            "reports": int(people),
            "noise": noise * people**0.5,
            "shows": shows,
            "world": world(week, chart) if chart else None,
        }
    )
