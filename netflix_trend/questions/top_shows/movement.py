"""Whether a show rose or fell since the week before, or whether that is unclear: the file `movement.json`."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import AllowInfNan, Field

from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.selection import change_ends
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.trends import CONFIDENCE, gate, observe_shows, observed_shares
from netflix_trend.storage.model import Strict

MOVEMENT = "movement.json"

_Number = Annotated[float, AllowInfNan(False)]
_Round = Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]


class ShowMovement(Strict):
    """Change of a show's share among the people asked, from `previous` to `round`.

    share, previous_share: unbiased, so they may lie below 0 or above 1. lower, upper: interval of the change, which
    allows for its having been picked out as large. direction: where the change is larger than noise alone would give
    for any show of the list in one of twenty rounds, else "unsure". is_robust: it still would be if 1 % of the answers
    of both weeks, the ones that moved the show most, had been forged.
    """

    title: str
    share: _Number
    previous_share: _Number
    change: _Number
    standard_error: Annotated[_Number, Field(ge=0)]
    lower: _Number
    upper: _Number
    direction: Literal["up", "down", "unsure"]
    is_robust: bool = False


class Movement(Strict):
    """Changes of all shows that both rounds asked about, in the order of `round`.

    previous: the week before; None when it has no answers about shows, then there are no shows. confidence: with this
    probability the intervals of all shows hold together. invented: the rounds are of a demo.
    """

    schema_version: Literal[1] = 1
    round: _Round
    previous: _Round | None
    confidence: Annotated[float, Field(ge=0, le=1)]
    shows: Annotated[tuple[ShowMovement, ...], Field(strict=False)]
    # As `netflix_trend.published.invented`, which is above this.
    invented: Annotated[bool, Field(exclude_if=operator.not_)] = False


def find_movement(round_name: str, rounds: Sequence[tuple[str, TopShows]]) -> Movement:
    """Return what changed in a round since the week before; empty unless both have answers.

    rounds: name and statistic of rounds with answers about shows, in any order.

    People answer one week in four, so two neighbouring rounds are answered by different people: the variances of both
    shares add, each with the sampling of those who answered. The intervals hold for all shows on both lists together
    (Bonferroni), so a week in which nothing moved shows a movement in at most one of twenty. Noise from few answers
    is skewed: `gate` widens the interval for it, as much as the sum of both skews and so never too little.
    """
    previous = str(Week.parse(round_name) - 1)
    known = dict(rounds)
    observed = observe_shows([(name, known[name]) for name in (previous, round_name) if name in known])
    if observed is None or len(observed.weeks) < 2:
        return Movement(round=round_name, previous=None, confidence=CONFIDENCE, shows=())
    share, error = observed_shares(observed)
    on_both = np.flatnonzero(observed.asked.all(axis=0))
    spread = np.sqrt((error[:, on_both] ** 2).sum(axis=0))
    third = float((observed.third / observed.reports**3).sum())
    # Two-sided, so twice as many ways to be wrong; counts are whole numbers, so half a step of each round.
    step = float((observed.step / observed.reports).max())
    half = gate(2 * max(1, len(on_both)), spread, np.full(len(on_both), abs(third)), step)
    change = share[1, on_both] - share[0, on_both]
    # Without the answers that may be forged: each of them moved a show by at most `step` people, in either week.
    left_out = np.array([breakdown_point(int(number)) for number in observed.reports.tolist()])
    forged = float((left_out * observed.step / np.maximum(1, observed.reports - left_out)).sum())
    ends = [
        change_ends(one, one - wide, one + wide, error, tests=2 * len(on_both), lowest=-1.0)
        for one, wide, error in zip(change.tolist(), half.tolist(), spread.tolist(), strict=True)
    ]
    shows = [
        ShowMovement(
            title=observed.titles[place],
            share=float(share[1, place]),
            previous_share=float(share[0, place]),
            change=float(change[number]),
            standard_error=float(spread[number]),
            lower=ends[number][0],
            upper=ends[number][1],
            is_robust=bool(abs(change[number]) > half[number] + forged),
            direction="up" if change[number] > half[number] else "down" if change[number] < -half[number] else "unsure",
        )
        for number, place in enumerate(on_both.tolist())
    ]
    shows.sort(key=lambda show: -show.share)
    return Movement(round=round_name, previous=previous, confidence=CONFIDENCE, shows=tuple(shows))
