"""Estimates in words, for the community page, the dashboard, the operator's view and the demo.

There is one scale of certainty (`Certainty`) with one legend (`LEGEND`). Published files use other names, such as
`is_signal`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import bidirectional

from netflix_trend.catalogue.keys import plain_title
from netflix_trend.plain_text import counted
from netflix_trend.questions.event_effect.statistics import (
    LARGEST_CHANGE_ERROR,
    LARGEST_EFFECT_ERROR,
    EffectEstimate,
    QuarterEffect,
)
from netflix_trend.questions.question import Needed, Statistic
from netflix_trend.questions.top_shows.movement import ShowMovement
from netflix_trend.questions.top_shows.statistics import AllTimeShow, ShowEstimate, ShowTrend, TopShows
from netflix_trend.questions.top_shows.world import World, WorldShow
from netflix_trend.questions.volume.statistics import Percentile, Viewing, Volume, VolumeGroup, WeeklyMean, percentile
from netflix_trend.questions.words import answers_of, needed_people
from netflix_trend.questions.words import shown as plain

_Z = 1.96
# An interval this wide on each side tells almost nothing about a person's percentile.
_TOO_WIDE = 0.25
# Counts of titles that a page lists with their place.
MAX_LISTED_TITLES = 60
_MAX_TITLE = 60
FORGED = ", if no answer was forged"
# Shows that are not clear are listed only to fill a table up to this length.
LISTED_SHOWS = 12


class Certainty(StrEnum):
    """How far chance can explain a number; `LEGEND` explains it in words."""

    CLEAR = "clear"
    UNCLEAR = "unclear"
    NOISE = "noise"


LEGEND = {
    Certainty.CLEAR: "Chance alone would give this in at most one of twenty such rounds.",
    Certainty.UNCLEAR: "The numbers do not decide: it may be so, or it may be chance.",
    Certainty.NOISE: "Chance alone explains the number, or there are too few answers. It tells nothing.",
}
FORGED_LEGEND = (
    '"Unless 12 forged": it holds unless so many or more of the answers were forged. '
    '"If no answer was forged": one forged answer in a hundred would be enough to change this.'
)


@dataclass(frozen=True)
class Said:
    """A sentence about an estimate, and how certain it is."""

    text: str
    certainty: Certainty


# --- numbers -----------------------------------------------------------------------------------------------------


def group_labels(volume: Volume) -> list[str]:
    """Return `0`, `1-3`, `22+` and so on, one a group."""
    lows = [group.low for group in volume.groups]
    ends = [*(low - 1 for low in lows[1:]), None]
    return [
        f"{low}+" if end is None else f"{low}" if low == end else f"{low}-{end}"
        for low, end in zip(lows, ends, strict=True)
    ]


def shown(show: ShowEstimate) -> float:
    """Return an estimate for display, clipped: the unbiased one may lie outside the valid range."""
    return min(max(show.estimate, show.lower), show.upper)


def heard(statistic: Statistic) -> str:
    """Return how many answers a statistic rests on, of how many participants."""
    return answers_of(statistic.reports, statistic.participants)


def takes_in_words(needed: Needed | None) -> str:
    """Return how many participants a result takes and how many there are; nothing for None."""
    if needed is None:
        return ""
    there = counted(needed.answers, "answer")
    if needed.participants is not None:
        there = counted(needed.participants, "participant") + (f" ({there})" if needed.part != 1 else "")
    are = "is" if there.startswith("1 ") else "are"
    return f"It takes {needed_people(needed.needed, needed.part)} for {needed.what}; there {are} {there}."


# --- top shows ---------------------------------------------------------------------------------------------------


def listed_shows(top_shows: TopShows) -> list[ShowEstimate]:
    """Return the shows worth a row: every clear one, then the next strongest up to LISTED_SHOWS."""
    if not top_shows.reports:
        return []
    clear = sum(show.is_signal for show in top_shows.shows)
    return list(top_shows.shows[: max(clear, min(LISTED_SHOWS, len(top_shows.shows)))])


def show_certainty(show: ShowEstimate | ShowTrend | AllTimeShow) -> Certainty:
    """Return how certain it is that anybody named a show."""
    return Certainty.CLEAR if show.is_signal else Certainty.NOISE


def reading(show: ShowEstimate | ShowTrend | AllTimeShow) -> str:
    """Return in words what an estimate of one round, or a show's share over several, says."""
    forged = None if isinstance(show, ShowTrend) else show.fragile_reports
    if show.is_signal and forged is not None:
        return f"{Certainty.CLEAR}, unless {forged:,} forged"
    return _reading(show_certainty(show), is_robust=show.is_robust)


def shows_in_words(shows: Sequence[ShowEstimate | ShowTrend | AllTimeShow]) -> str:
    """Return which shows are clear, at most three by name, and whether the first is ahead."""
    clear = [show for show in shows if show.is_signal]
    if not clear:
        return "No show is clear yet."
    more = f" and {len(clear) - 3} more" if len(clear) > 3 else ""
    names = ", ".join(title_in_text(show.title) for show in clear[:3])
    ahead = first_in_words([show for show in clear if isinstance(show, ShowEstimate)])
    return f"Clear: {names}{more}. {ahead}".rstrip()


def title_in_text(title: str) -> str:
    """Return a title for the middle of a sentence: cut, and isolated if it is written from right to left."""
    plain = plain_title(title)
    if len(plain) > _MAX_TITLE:
        plain = f"{plain[: _MAX_TITLE - 1]}…"
    is_turned = any(bidirectional(sign) in ("R", "AL", "AN") for sign in plain)
    # First strong isolate and pop directional isolate, Unicode Standard Annex 9, section 2.4.
    return f"\u2068{plain}\u2069" if is_turned else plain


def first_in_words(shows: Sequence[ShowEstimate]) -> str:
    """Return whether the first of the clear shows, largest first, is clearly ahead of the others.

    That a show is clear proves only that somebody named it. Intervals that do not overlap are more than a difference
    at 95 % needs, which leaves room for looking at several shows.
    """
    if len(shows) < 2:
        return ""
    if shows[0].lower > max(show.upper for show in shows[1:]):
        return "The first is ahead of the others."
    return "Which of them is ahead is unclear."


def first_place_in_words(top_shows: TopShows) -> str:
    """Return how many forged answers the first place withstands, nothing where no show is clear."""
    if top_shows.forged_first is None or not any(show.is_signal for show in top_shows.shows):
        return ""
    return (
        f"A show that people watched is first, unless {top_shows.forged_first:,} or more of the "
        f"{counted(top_shows.reports, 'answer')} were forged."
    )


def moved(show: ShowMovement | None) -> str:
    """Return how a show moved since the week before; None when that was not asked in both weeks."""
    if show is None:
        return "not asked then"
    if show.direction == "unsure":
        return Certainty.UNCLEAR
    points, low, high = (100 * value for value in (show.change, show.lower, show.upper))
    doubt = "" if show.is_robust else FORGED
    return f"{show.direction} {abs(points):.1f} points, {low:+.1f} to {high:+.1f}{doubt}"


# --- here against the world --------------------------------------------------------------------------------------


def world_in_words(world: World) -> str:
    """Return what participants watched more or less than the public chart says, or that the list tells nothing more."""
    where = "in the chart's order" if world.states_order_only else "in the world"
    words = ("Clearly higher", "Clearly lower") if world.states_order_only else ("Watched more", "Watched less")
    named = [_named_world([show for show in world.shows if show.verdict == verdict]) for verdict in ("more", "less")]
    if any(named):
        said = zip(words, named, strict=True)
        return " ".join(f"{word} here than {where}: {shows}." for word, shows in said if shows)
    if world.differs:
        return f"As a whole the list differs from {_chart_in_words(world)}, but no single show does clearly."
    order = ", which states an order only" if world.states_order_only else ""
    return f"Nothing here differs clearly from {_chart_in_words(world)}{order}: this list tells nothing beyond it."


def _named_world(shows: Sequence[WorldShow]) -> str:
    """Return at most three shows by name, each with how many times as much it was watched here."""
    named = [title_in_text(show.title) + (f" ({times})" if (times := _times(show)) else "") for show in shows[:3]]
    return ", ".join(named) + (f" and {len(shows) - 3} more" if len(shows) > 3 else "")


def _times(show: WorldShow) -> str:
    """Return how many times the world's share the share here is; empty without a share of the world."""
    if not show.world:
        return ""
    low, high = (_factor(end / show.world) for end in (show.lower, show.upper))
    if show.upper >= 1:
        return f"at least {low} times as much"
    if show.share is None:
        return f"{low} to {high} times as much"
    return f"{_factor(show.share / show.world)} times as much, {low} to {high}"


def _factor(value: float) -> str:
    """Return a factor in two digits or so; one close to 1 never as 1 itself, so that nobody mistakes its side."""
    if 0.95 <= value < 1 or 1 < value < 1.05:
        away = math.floor if value < 1 else math.ceil
        return f"{away(100 * value) / 100:.2f}"
    return f"{value:,.0f}" if value >= 9.95 or value == 0 else f"{value:.1f}" if value >= 0.095 else f"{value:.2f}"


def _chart_in_words(world: World) -> str:
    return f"the public chart ({plain(world.source)}, week {world.week})"


def world_note(world: World, top_shows: TopShows) -> str:
    """Return what the comparison rests on. top_shows: the estimates that are compared."""
    shares = (
        "Its order only is known, so no share of the world is shown."
        if world.states_order_only
        else "World: each show's share of the chart's views."
    )
    return (
        f"From {heard(top_shows)}. The chart's entries are public and not from participants: {plain(world.source)}, "
        f"week {world.week}. {shares} Here: its share of all times that participants named a show of the chart. All "
        f"intervals hold together with {100 * world.confidence:g} %. Forged answers are not examined."
    )


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
        return Certainty.UNCLEAR
    if world.states_order_only:
        return f"{Certainty.CLEAR}: {'higher' if show.verdict == 'more' else 'lower'} here"
    return f"{Certainty.CLEAR}: {_times(show)}"


def share_interval(show: WorldShow) -> str:
    """Return the interval of a show's share here, in percent."""
    low, high = 100 * show.lower, 100 * show.upper
    if high >= 100:
        return f"at least {low:.1f} %" if low >= 0.05 else "0 to 100 %"
    return f"{low:.1f} to {high:.1f} %" if low >= 0.05 else f"up to {high:.1f} %"


def chart_places(top_shows: TopShows) -> dict[int, int]:
    """Return the chart's rank of each show that comes from it, by vocabulary index; empty without a chart."""
    return {show.show: show.rank for show in top_shows.world.shows} if top_shows.world else {}


# --- viewing volume ----------------------------------------------------------------------------------------------


def group_certainty(volume: Volume, group: VolumeGroup) -> Certainty:
    """Return how certain it is that a group is not empty."""
    return Certainty.NOISE if volume.is_noise(group) else Certainty.CLEAR


def volume_in_words(volume: Volume) -> str:
    """Return a caveat about a distribution, empty if all of it is reliable."""
    if not volume.is_reliable:
        return f"Noise: {heard(volume)} are too few, and these shares mostly repeat what was assumed beforehand."
    return "" if volume.is_robust else "If no answer was forged: one in a hundred could have moved these shares."


def place_in_words(found: Percentile) -> Said:
    """Return how a week compares with those of the participants."""
    error = _Z * found.standard_error
    give = f"give or take {100 * error:.0f} (95 %)"
    if not found.is_reliable or error > _TOO_WIDE:
        return Said("There are too few answers to say how that compares: any number would be noise.", Certainty.NOISE)
    if found.share - error > 0.5:
        return Said(f"That is more than about {100 * found.share:.0f} % of participants, {give}.", Certainty.CLEAR)
    if found.share + error < 0.5:
        as_many = f"About {100 * (1 - found.share):.0f} % of participants, {give}, started as many or more."
        return Said(as_many, Certainty.CLEAR)
    return Said(
        f"That is near the middle: more than about {100 * found.share:.0f} % of participants, {give}. Whether it is "
        "above or below the middle is unclear.",
        Certainty.UNCLEAR,
    )


def place_of(volume: Volume, titles: int) -> Said:
    """Return how a week with so many titles compares, in the published distribution; nothing is sent for this."""
    return place_in_words(percentile(volume, titles))


def places(volume: Volume) -> list[tuple[str, Said]]:
    """Return how each number of titles up to MAX_LISTED_TITLES compares, so that everybody can look up their own.

    Neighbouring numbers with the same sentence share a row, such as `12-14`.
    """
    rows: list[tuple[int, int, Said]] = []
    for titles in range(MAX_LISTED_TITLES + 1):
        said = place_of(volume, titles)
        first = rows.pop()[0] if rows and rows[-1][2] == said else titles
        rows.append((first, titles, said))
    return [(f"{first}" if first == last else f"{first}-{last}", said) for first, last, said in rows]


# --- several rounds ----------------------------------------------------------------------------------------------


def mean_reading(week: WeeklyMean) -> str:
    """Return in words how reliable a week's mean is."""
    return _reading(Certainty.CLEAR if week.is_reliable else Certainty.NOISE, is_robust=week.is_robust)


def viewing_in_words(viewing: Viewing) -> str:
    """Return whether viewing rises or falls over the rounds."""
    slope = viewing.slope
    if slope is None:
        return "Whether viewing rises or falls is unclear: fewer than six rounds have answers."
    interval = f"{slope.lower:+.2f} to {slope.upper:+.2f} titles a week (95 %)"
    if slope.direction == "noise":
        return f"Whether viewing rises or falls is unclear: {interval}."
    return f"Viewing is {slope.direction}{'' if slope.is_robust else FORGED}: {interval}."


def effect_in_words(quarter: QuarterEffect) -> str:
    """Return what the answers of a quarter say about viewing during life events."""
    return estimate_in_words(quarter.effect)


def estimate_in_words(effect: EffectEstimate) -> str:
    """Return what answers say about viewing during life events."""
    change = effect.mean_change
    numbers = (
        f"{change.estimate:+.2f} views a week as a mean over everybody who answered, "
        f"{change.lower:+.2f} to {change.upper:+.2f} (95 %)"
    )
    if not (effect.is_signal and effect.is_reliable):
        certainty = Certainty.UNCLEAR if effect.is_reliable else Certainty.NOISE
        needed = ""
        if effect.reports_needed and effect.reports < effect.reports_needed:
            takes = needed_people(effect.reports_needed, effect.part)
            needed = f" It takes {takes} in a quarter; there are {heard(effect)}."
        return f"Whether people watched more or less during their events is {certainty}: {numbers}.{needed}"
    return (
        f"People watched {'more' if change.estimate > 0 else 'less'} during their events than before"
        f"{'' if effect.is_robust or effect.fragile_reports else FORGED}: {numbers}.{_per_event(effect)}"
        f"{_forged_effect(effect)}"
    )


def effect_note_in_words(quarter: QuarterEffect) -> str:
    """Return what an effect of life events rests on, and when it is exact enough."""
    effect = quarter.effect
    answers = f"From {heard(effect)} in {', '.join(quarter.rounds)}"
    if effect.per_event is not None:
        return (
            f"{answers}; everybody answers. How many people had an event is estimated, too. "
            f"Standard error of the mean over everybody: {effect.mean_change.standard_error:.2f} views a week; of the "
            f"change per event: {effect.per_event.standard_error:.1f}. It is noise until that is at most "
            f"{LARGEST_EFFECT_ERROR}."
        )
    return (
        f"{answers}; one person answers once a quarter. People without an event count as no change; how many have one "
        f"is not asked. Standard error of the mean over everybody: {effect.mean_change.standard_error:.2f} views a "
        f"week. It is noise until that is at most {LARGEST_CHANGE_ERROR}."
    )


def _per_event(effect: EffectEstimate) -> str:
    """Return how many people had an event and how viewing changed for each, where operators sum; else nothing."""
    share, each = effect.event_share, effect.per_event
    if share is None or each is None:
        return ""
    error = _Z * (effect.event_share_error or 0.0)
    low, high = (100 * min(1.0, max(0.0, share + step)) for step in (-error, error))
    return (
        f" {low:.0f} to {high:.0f} % of people had an event; that is {each.lower:+.1f} to {each.upper:+.1f} views a "
        "week for each of them."
    )


def _forged_effect(effect: EffectEstimate) -> str:
    if effect.fragile_reports is None:
        return ""
    return f" This holds unless {effect.fragile_reports:,} or more of the {effect.reports:,} answers were forged."


def show_interval(show: ShowEstimate) -> str:
    """Return the interval of the number of people who named a show; where it begins at nobody, its upper end alone."""
    low, high = f"{show.lower:,.0f}", f"{show.upper:,.0f}"
    return f"up to {high}" if low == "0" else f"{low} to {high}"


def _reading(certainty: Certainty, *, is_robust: bool) -> str:
    return f"{certainty}{FORGED}" if certainty is Certainty.CLEAR and not is_robust else str(certainty)
