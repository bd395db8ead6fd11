"""What the rounds of a year tell about shows: what changed between its halves, and here against the world.

Computed from published statistics only. Which shows were clear is `trends.all_time` of the same rounds. Method, what is
assumed and measured coverage: docs/method/the-year.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AllowInfNan, Field, model_validator

from netflix_trend.privacy.selection import change_ends, skewed_quantile, upper_score
from netflix_trend.questions.top_shows.statistics import MAX_LISTED, TopShows
from netflix_trend.questions.top_shows.trends import CONFIDENCE, ObservedShows, gate, observe_shows
from netflix_trend.questions.top_shows.world import Namings, Verdict
from netflix_trend.storage.model import Strict

Floats = NDArray[np.float64]

# Factors at which an interval may end; it ends at the next one outwards, so it is wider by 1.4 % at most.
_FACTORS = np.concatenate([[0.0], np.geomspace(0.02, 50.0, 1150)])

_Number = Annotated[float, AllowInfNan(False)]
_NotNegative = Annotated[float, AllowInfNan(False), Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Title = Annotated[str, Field(max_length=300)]


class ShowChange(Strict):
    """Change of a show's share of answers from the first to the second half of the weeks.

    before, after: unbiased, so they may lie below 0. lower, upper: interval of the change, which allows for its having
    been picked out as large. direction: where the change is clear.
    """

    title: _Title
    before: _Number
    after: _Number
    change: _Number
    standard_error: _NotNegative
    lower: _Number
    upper: _Number
    direction: Literal["up", "down", "unclear"]


class ShowChanges(Strict):
    """Shows that both halves asked about, largest change first. confidence: all their intervals hold together."""

    confidence: _Share
    shows: Annotated[tuple[ShowChange, ...], Field(strict=False, max_length=MAX_LISTED)]


class YearWorldShow(Strict):
    """How much a show of public charts was watched here, as a multiple of what the charts say, over `weeks` weeks.

    factor: None where the namings of the charts' shows are within their error. upper: None where the interval has no
    end. verdict: whether the interval leaves out 1.
    """

    title: _Title
    weeks: Annotated[int, Field(ge=1)]
    factor: _NotNegative | None
    lower: _NotNegative
    upper: _NotNegative | None
    verdict: Verdict

    @model_validator(mode="after")
    def _in_order(self) -> YearWorldShow:
        if self.upper is not None and self.lower > self.upper:
            raise ValueError("an interval ends before it begins")
        is_more, is_less = self.lower > 1, self.upper is not None and self.upper < 1
        if self.verdict != ("more" if is_more else "less" if is_less else "unclear"):
            raise ValueError(f"the verdict {self.verdict} does not follow from the interval")
        return self


class YearWorld(Strict):
    """Shows of public charts: clear ones first, most different first, and then those that are known most exactly.

    rounds: how many are compared. confidence: the intervals of all shows hold together.
    """

    confidence: _Share
    rounds: Annotated[int, Field(ge=1)]
    source: Annotated[str, Field(min_length=1, max_length=100)]
    shows: Annotated[tuple[YearWorldShow, ...], Field(strict=False, max_length=MAX_LISTED)]


def changes(before: Sequence[tuple[str, TopShows]], after: Sequence[tuple[str, TopShows]]) -> ShowChanges | None:
    """Return what changed between two times, each given as rounds with answers, oldest first; None without both.

    A share is that of all answers of the rounds that asked about the show. The same people answer several rounds, so
    their number, and not that of answers, bounds how exactly a half stands for everybody. The intervals hold for all
    shows together (Bonferroni), as those of `movement`.
    """
    observed = observe_shows([*before, *after])
    if observed is None or not before or not after:
        return None
    people = np.array([float(one.participants or 0) for _, one in (*before, *after)])
    is_after = np.arange(len(observed.weeks)) >= len(before)
    halves = [_half(observed, ~is_after, people), _half(observed, is_after, people)]
    both = np.flatnonzero(observed.asked[~is_after].any(axis=0) & observed.asked[is_after].any(axis=0))
    if not len(both):
        return None
    first, second = (half.of(both) for half in halves)
    change, spread = second.share - first.share, np.sqrt(first.variance + second.variance)
    half = gate(2 * len(both), spread, first.third + second.third, np.maximum(first.step, second.step))
    found = []
    for number, place in enumerate(both.tolist()):
        one, wide, error = float(change[number]), float(half[number]), float(spread[number])
        lower, upper = change_ends(one, one - wide, one + wide, error, tests=2 * len(both), lowest=-1.0)
        found.append(
            ShowChange(
                title=observed.titles[place],
                before=float(first.share[number]),
                after=float(second.share[number]),
                change=one,
                standard_error=error,
                lower=lower,
                upper=upper,
                direction="up" if one > wide else "down" if one < -wide else "unclear",
            )
        )
    found.sort(key=lambda show: -abs(show.change))
    return ShowChanges(confidence=CONFIDENCE, shows=tuple(found[:MAX_LISTED]))


@dataclass(frozen=True)
class _Half:
    """Shares of a half, float64[V]; their variance, third central moment, and the largest step of one answer."""

    share: Floats
    variance: Floats
    third: Floats
    step: Floats

    def of(self, places: NDArray[np.intp]) -> _Half:
        return _Half(self.share[places], self.variance[places], self.third[places], self.step[places])


def _half(observed: ObservedShows, inside: NDArray[np.bool_], people: Floats) -> _Half:
    asked = observed.asked & inside[:, None]
    answers = np.maximum(1.0, observed.reports @ asked)
    share = np.where(asked, observed.estimate, 0.0).sum(axis=0) / answers
    noise = np.where(asked, observed.standard_error**2, 0.0).sum(axis=0) / answers**2
    # At most so many different people; where older files do not say how many take part, those of one round.
    most = float(np.where(people > 0, people, observed.reports)[inside].max(initial=1.0))
    likely = np.clip(share, 0, 1)
    sampled = likely * (1 - likely) / np.minimum(answers, most)
    step = np.where(asked, observed.step[:, None], 0.0).max(axis=0) / answers
    return _Half(share, noise + sampled, np.abs(observed.third @ asked) / answers**3, step)


@dataclass(frozen=True)
class _Charted:
    """A show in the chart of one round: its estimate, its share in the world, and the namings of that chart's shows."""

    estimate: float
    world: float
    namings: Namings


def against_the_world(rounds: Sequence[tuple[str, TopShows]]) -> YearWorld | None:
    """Compare what participants named in these rounds with the public charts that the lists began with.

    None where no round has a chart that states views. A show's factor f is the one at which its namings in all rounds
    are f times its shares of the charts' views, of the namings of all shows of the chart. Its interval holds every f
    at which a test accepts that: x - f w X, summed over the rounds, is within its error (E. C. Fieller, JRSS B 16,
    1954). Together the intervals of all shows hold with CONFIDENCE (Bonferroni).
    """
    charted: dict[str, list[_Charted]] = {}
    compared, source = 0, ""
    for _, top_shows in rounds:
        world = top_shows.world
        if world is None or world.states_order_only or (namings := namings_of_chart(top_shows)) is None:
            continue
        compared, source = compared + 1, world.source
        for show, estimate in zip(world.shows, namings.estimate.tolist(), strict=True):
            charted.setdefault(show.title, []).append(_Charted(estimate, show.world or 0.0, namings))
    if not charted:
        return None
    shows = [_compared(title, seen, len(charted)) for title, seen in charted.items()]
    shows.sort(key=_order)
    return YearWorld(confidence=CONFIDENCE, rounds=compared, source=source, shows=tuple(shows[:MAX_LISTED]))


def namings_of_chart(top_shows: TopShows) -> Namings | None:
    """Return the published namings of the chart's shows, in its order; None where their errors are not known."""
    assert top_shows.world is not None
    by_show = {show.show: show.estimate for show in top_shows.shows}
    charted = [show.show for show in top_shows.world.shows]
    rest = [show for show in by_show if show not in set(charted)]
    estimate = np.array([by_show[show] for show in (*charted, *rest)])
    rates, people = top_shows.rates, top_shows.reports
    if top_shows.mechanism == "sum":
        namings = Namings.of_sums(estimate, top_shows.noise, people, top_shows.k)
    elif rates is None or len(estimate) < 2:
        return None
    else:
        namings = Namings.of_reports(estimate, people, top_shows.k, *rates)
    return namings.first(len(charted))


def _compared(title: str, seen: Sequence[_Charted], titles: int) -> YearWorldShow:
    """Return a show's factor and interval. titles: how many shows are looked at."""
    named = sum(one.estimate for one in seen)
    expected = sum(one.world * float(one.namings.estimate.sum()) for one in seen)
    variance, third = np.zeros_like(_FACTORS), np.zeros_like(_FACTORS)
    for one in seen:
        spread = _variance(one)
        variance += spread
        third += one.namings.skewness * spread**1.5
    quantile = skewed_quantile(upper_score(1 - (1 - CONFIDENCE) / titles), third / variance**1.5)
    half = quantile * np.sqrt(variance) + max(one.namings.step for one in seen) / 2
    beyond = np.abs(named - _FACTORS * expected) - half
    # Where no factor fits, the one that fits best.
    fits = np.flatnonzero(beyond <= max(0.0, float(beyond.min())))
    first, last = int(fits[0]), int(fits[-1])
    lower = float(_FACTORS[max(0, first - 1)])
    upper = None if last + 1 >= len(_FACTORS) else float(_FACTORS[last + 1])
    factor = None if upper is None or expected <= 0 else float(np.clip(named / expected, lower, upper))
    verdict: Verdict = "more" if lower > 1 else "less" if upper is not None and upper < 1 else "unclear"
    return YearWorldShow(title=title, weeks=len(seen), factor=factor, lower=lower, upper=upper, verdict=verdict)


def _variance(one: _Charted) -> Floats:
    """Return the variance of x - f w X of one round for each of the factors f."""
    namings, total = one.namings, one.namings.total()
    share = np.minimum(1.0, _FACTORS * one.world)
    here, others = share * total, (1 - share) * total
    return np.asarray(
        (1 - share) ** 2 * (namings.noise + namings.each * here)
        + share**2 * ((len(namings.estimate) - 1) * namings.noise + namings.each * others)
    )


def _order(show: YearWorldShow) -> tuple[bool, float, str]:
    """Return what sorts clear shows by how far they are from 1 at least, and the others by how wide intervals are."""
    lower, upper = max(show.lower, float(_FACTORS[1])), show.upper or float(_FACTORS[-1])
    if show.verdict == "unclear":
        return True, upper / lower, show.title
    return False, -max(lower, 1 / upper), show.title
