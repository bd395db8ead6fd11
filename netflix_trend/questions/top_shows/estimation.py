"""From the counted reports of a round to estimates of how many people named each show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.counts import (
    CountEstimates,
    estimate_counts,
    reports_to_lead,
    reports_to_lose,
)
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.top_shows.examples import examples_of
from netflix_trend.questions.top_shows.statistics import ShowEstimate, TopShows
from netflix_trend.questions.top_shows.world import Namings, against_world

if TYPE_CHECKING:
    from netflix_trend.questions.top_shows.question import TopShowsQuestion

CONFIDENCE = 0.95


def estimate_top_shows(
    question: TopShowsQuestion, counts: NDArray[np.int64], reports: int, titles: Sequence[str]
) -> TopShows:
    """Return how many people named each candidate show, largest first.

    counts: int64[candidates], in how many reported subsets each one is. titles: of the vocabulary's shows.
    """
    channel = question.channel
    p, q = float(channel.p), float(channel.q)
    estimates = estimate_counts(counts, reports, p, q, CONFIDENCE)
    shows = _estimated_shows(question, counts, reports, titles, estimates)
    named = channel.mean_chosen(counts, reports)
    return TopShows(
        reports=reports,
        k=question.k,
        odds=(question.odds.numerator, question.odds.denominator),
        size=question.size,
        confidence=CONFIDENCE,
        noise=estimates.noise,
        gate=(estimates.gate - reports * q) / (p - q),
        examples=examples_of(question.chart),
        forged_first=reports_to_lead(int(counts.max()), reports, estimates.gate, q, question.size),
        tolerated=breakdown_point(reports),
        influence=1 / (p - q),
        named_per_person=named[0] if named else None,
        named_per_person_error=named[1] if named else None,
        shows=shows,
        world=against_world(
            question.chart,
            question.candidates,
            titles,
            Namings.of_reports(estimates.estimate, reports, question.k, p, q),
        ),
    )


def _estimated_shows(
    question: TopShowsQuestion,
    counts: NDArray[np.int64],
    reports: int,
    titles: Sequence[str],
    estimates: CountEstimates,
) -> tuple[ShowEstimate, ...]:
    """Return each candidate's estimate, largest first."""
    to_lose = reports_to_lose(counts, reports, len(counts), float(question.channel.q))
    return tuple(
        ShowEstimate(
            show=question.candidates[place],
            title=titles[question.candidates[place]],
            estimate=float(estimates.estimate[place]),
            standard_error=float(estimates.standard_error[place]),
            lower=float(estimates.lower[place]),
            upper=float(estimates.upper[place]),
            is_signal=bool(estimates.is_clear[place]),
            is_robust=bool(to_lose[place] > breakdown_point(reports)),
            fragile_reports=int(to_lose[place]) or None,
            count=int(counts[place]),
        )
        for place in np.argsort(-estimates.estimate, kind="stable").tolist()
    )
