"""Whether a show rose or fell since the week before, or whether that cannot be told."""

from __future__ import annotations

import numpy as np

from netflix_trend.periods.weeks import Week
from netflix_trend.published.movement import Movement, ShowMovement
from netflix_trend.published.statistics import RoundStatistics
from services.aggregator.poisoning import tolerated
from services.aggregator.trends import CONFIDENCE, gate, observe_shows, observed_shares


def find_movement(newest: RoundStatistics, before: RoundStatistics | None) -> Movement:
    """Return what changed from `before` to `newest`; nothing can be said unless it is the week before.

    People answer one week in four, so two neighbouring rounds are answered by different people: the variances of both
    shares add, each with the sampling of those who answered. The intervals hold for all shows on both lists together
    (Bonferroni), so a week in which nothing moved shows a movement in at most one of twenty. Noise from few answers
    is skewed: `gate` widens the interval for it, as much as the sum of both skews and so never too little.
    """
    previous = str(Week.parse(newest.round) - 1)
    rounds = [before, newest] if before is not None and before.round == previous else []
    observed = observe_shows(rounds)
    if observed is None or len(observed.weeks) < 2:
        return Movement(round=newest.round, previous=None, confidence=CONFIDENCE, shows=())
    share, error = observed_shares(observed)
    on_both = np.flatnonzero(observed.asked.all(axis=0))
    spread = np.sqrt((error[:, on_both] ** 2).sum(axis=0))
    third = float((observed.third / observed.reports**3).sum())
    # Two-sided, so twice as many ways to be wrong; counts are whole numbers, so half a step of each round.
    step = float((observed.step / observed.reports).max())
    half = gate(2 * max(1, len(on_both)), spread, np.full(len(on_both), abs(third)), step)
    change = share[1, on_both] - share[0, on_both]
    # Without the answers that may be forged: each of them moved a show by at most `step` people, in either week.
    left_out = np.array([tolerated(int(number)) for number in observed.reports.tolist()])
    forged = float((left_out * observed.step / np.maximum(1, observed.reports - left_out)).sum())
    shows = [
        ShowMovement(
            title=observed.titles[place],
            share=float(share[1, place]),
            previous_share=float(share[0, place]),
            change=float(change[number]),
            standard_error=float(spread[number]),
            lower=float(change[number] - half[number]),
            upper=float(change[number] + half[number]),
            is_robust=bool(abs(change[number]) > half[number] + forged),
            direction="up" if change[number] > half[number] else "down" if change[number] < -half[number] else "unsure",
        )
        for number, place in enumerate(on_both.tolist())
    ]
    shows.sort(key=lambda show: -show.share)
    return Movement(round=newest.round, previous=previous, confidence=CONFIDENCE, shows=tuple(shows))
