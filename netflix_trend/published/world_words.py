"""Here against the world in words, of a week and of a year."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netflix_trend.formats import decimal, number, percent
from netflix_trend.language import _
from netflix_trend.published.wording import LISTED_SHOWS, Certainty, heard, joined, title_in_text
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.world import World, WorldShow
from netflix_trend.questions.top_shows.year import YearWorldShow
from netflix_trend.questions.words import shown as plain


def world_certainty(show: WorldShow | YearWorldShow) -> Certainty:
    """Return how certain it is that a show is watched otherwise here than in the world."""
    return Certainty.UNCLEAR if show.verdict == "unclear" else Certainty.CLEAR


def world_in_words(world: World) -> str:
    """Return what participants watched more or less than the public chart says, or that the list tells nothing more."""
    more, less = (_named([show for show in world.shows if show.verdict == verdict]) for verdict in ("more", "less"))
    said = _order_in_words(more, less) if world.states_order_only else _shares_in_words(more, less)
    if said:
        return said
    if world.differs:
        return _("As a whole the list differs from %(chart)s, but no single show does clearly.", chart=_chart(world))
    if world.states_order_only:
        return _(
            "Nothing here differs clearly from %(chart)s, which states an order only: this list tells nothing beyond "
            "it.",
            chart=_chart(world),
        )
    return _("Nothing here differs clearly from %(chart)s: this list tells nothing beyond it.", chart=_chart(world))


def _shares_in_words(more: str, less: str) -> str:
    said = [
        _("Watched more here than in the world: %(shows)s.", shows=more) if more else "",
        _("Watched less here than in the world: %(shows)s.", shows=less) if less else "",
    ]
    return " ".join(filter(None, said))


def _order_in_words(more: str, less: str) -> str:
    said = [
        _("Clearly higher here than in the chart's order: %(shows)s.", shows=more) if more else "",
        _("Clearly lower here than in the chart's order: %(shows)s.", shows=less) if less else "",
    ]
    return " ".join(filter(None, said))


def _named(shows: Sequence[WorldShow]) -> str:
    """Return at most three shows by name, each with how many times as much it was watched here."""
    named = [title_in_text(show.title) + (f" ({times})" if (times := _times(show)) else "") for show in shows[:3]]
    return joined(named, max(0, len(shows) - 3))


def _times(show: WorldShow) -> str:
    """Return how many times the world's share the share here is; empty without a share of the world."""
    if not show.world:
        return ""
    upper = None if show.upper >= 1 else show.upper / show.world
    return times_in_words(None if show.share is None else show.share / show.world, show.lower / show.world, upper)


def times_in_words(factor: float | None, lower: float, upper: float | None) -> str:
    """Return how many times as much something is, with its interval; without an upper end only how many at least."""
    if upper is None:
        return _("at least %(low)s times as much", low=_factor(lower))
    values = {"low": _factor(lower), "high": _factor(upper)}
    if factor is None:
        return _("%(low)s to %(high)s times as much", **values)
    return _("%(factor)s times as much, %(low)s to %(high)s", factor=_factor(factor), **values)


def _factor(value: float) -> str:
    """Return a factor in two digits or so; one close to 1 never as 1 itself, so that nobody mistakes its side."""
    if 0.95 <= value < 1 or 1 < value < 1.05:
        away = math.floor if value < 1 else math.ceil
        return decimal(away(100 * value) / 100, 2)
    if value >= 9.95 or value == 0:
        return number(round(value))
    return decimal(value, 1 if value >= 0.095 else 2)


def _chart(world: World) -> str:
    return _("the public chart (%(source)s, week %(week)s)", source=plain(world.source), week=world.week)


def world_note(world: World, top_shows: TopShows) -> str:
    """Return what the comparison rests on. top_shows: the estimates that are compared."""
    first = _(
        "From %(answers)s. The chart's entries are public and not from participants: %(source)s, week %(week)s.",
        answers=heard(top_shows),
        source=plain(world.source),
        week=world.week,
    )
    shares = (
        _("Its order only is known, so no share of the world is shown.")
        if world.states_order_only
        else _("World: each show's share of the chart's views.")
    )
    last = _(
        "Here: its share of all times that participants named a show of the chart. All intervals hold together with "
        "%(confidence)s. Forged answers are not examined.",
        confidence=percent(world.confidence, 1),
    )
    return f"{first} {shares} {last}"


def listed_world(world: World) -> list[WorldShow]:
    """Return the shows worth a row, in the chart's order: every one that differs, and the first up to LISTED_SHOWS."""
    clear = sum(show.verdict != "unclear" for show in world.shows)
    places = {show.rank for show in world.shows if show.verdict == "unclear"}
    first = set(sorted(places)[: max(0, LISTED_SHOWS - clear)])
    return [show for show in world.shows if show.verdict != "unclear" or show.rank in first]


def world_scale(shows: Sequence[WorldShow]) -> float:
    """Return the largest share to draw: intervals of few answers reach further, and would leave nothing to see."""
    return min(1.0, max([3 * (show.world or 0) for show in shows] + [1.1 * (show.share or 0.05) for show in shows]))


def world_reading(world: World, show: WorldShow) -> str:
    """Return whether a show differs from the chart, and how many times as much it was watched here."""
    if show.verdict == "unclear":
        return Certainty.UNCLEAR.word
    if world.states_order_only:
        return _("clear: higher here") if show.verdict == "more" else _("clear: lower here")
    return _("clear: %(times)s", times=_times(show))


def share_interval(show: WorldShow) -> str:
    """Return the interval of a show's share here, in percent."""
    low, high = 100 * show.lower, 100 * show.upper
    if high >= 100:
        return _("at least %(low)s %%", low=decimal(low, 1)) if low >= 0.05 else _("0 to 100 %")
    if low >= 0.05:
        return _("%(low)s to %(high)s %%", low=decimal(low, 1), high=decimal(high, 1))
    return _("up to %(high)s %%", high=decimal(high, 1))


def chart_places(top_shows: TopShows) -> dict[int, int]:
    """Return the chart's rank of each show that comes from it, by vocabulary index; empty without a chart."""
    return {show.show: show.rank for show in top_shows.world.shows} if top_shows.world else {}
