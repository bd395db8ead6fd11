"""From the counted reports of a round to its statistics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.privacy.counts import (
    estimate_counts,
    gate_count,
    mean_chosen,
    reports_needed,
    reports_to_lose,
    selected_intervals,
)
from netflix_trend.published.statistics import (
    SMALLEST_SHARE,
    RoundStatistics,
    ShowEstimate,
    TopShows,
)
from netflix_trend.survey.survey import EffectQuestion, TopShowsQuestion, VolumeQuestion
from services.aggregator.collect import RoundReports
from services.aggregator.effects import estimate_effect
from services.aggregator.poisoning import tolerated
from services.aggregator.volume import estimate_volume

CONFIDENCE = 0.95
# Where no show's share is more than next to nothing: how many reports a show that one person in ten names would need.
EXAMPLE_SHARE = 0.1


def estimate_round(found: RoundReports, vocabulary: Vocabulary) -> RoundStatistics:
    """Return the statistics of a round. The same reports always give the same numbers."""
    survey = found.survey
    top_shows, volume = survey.question("top_shows"), survey.question("volume")
    effect = survey.question("event_effect")
    return RoundStatistics(
        round=survey.round,
        survey=survey.version,
        vocabulary=survey.vocabulary,
        participants=found.participants,
        reports=found.reports.total(),
        waiting=found.waiting,
        refused=dict(sorted(found.refused.items())),
        top_shows=_top_shows(top_shows, found.show_counts, found.reports["top_shows"], vocabulary)
        if isinstance(top_shows, TopShowsQuestion)
        else None,
        volume=estimate_volume(volume, found.volume_counts, survey.version)
        if isinstance(volume, VolumeQuestion)
        else None,
        event_effect=estimate_effect(effect.quarter, effect.clip, effect.odds, found.effect_counts)
        if isinstance(effect, EffectQuestion)
        else None,
    )


def _top_shows(question: TopShowsQuestion, counts: NDArray[np.int64], reports: int, vocabulary: Vocabulary) -> TopShows:
    channel = question.channel
    true_rate, false_rate = float(channel.true_rate), float(channel.false_rate)
    estimates = estimate_counts(counts, reports, true_rate, false_rate, CONFIDENCE)
    threshold = gate_count(reports, len(counts), false_rate)
    passing = counts >= threshold
    lower, upper = selected_intervals(counts, reports, true_rate, false_rate, passing, CONFIDENCE)
    to_lose = reports_to_lose(counts, reports, len(counts), false_rate)
    named = mean_chosen(counts, reports, true_rate, false_rate)
    order = np.argsort(-estimates.estimate, kind="stable")
    shows = tuple(
        ShowEstimate(
            show=question.candidates[place],
            title=vocabulary.shows[question.candidates[place]].title,
            estimate=float(estimates.estimate[place]),
            standard_error=float(estimates.standard_error[place]),
            lower=float(lower[place]),
            upper=float(upper[place]),
            is_signal=bool(passing[place]),
            is_robust=bool(to_lose[place] > tolerated(reports)),
            fragile_reports=int(to_lose[place]) or None,
            count=int(counts[place]),
        )
        for place in order.tolist()
    )
    share, needed = None, None
    if not shows[0].is_signal:
        strongest = shows[0].estimate / reports if reports else 0.0
        share = min(1.0, strongest) if strongest >= SMALLEST_SHARE else EXAMPLE_SHARE
        needed = reports_needed(share, len(counts), true_rate, false_rate)
    return TopShows(
        reports=reports,
        k=question.k,
        odds=(question.odds.numerator, question.odds.denominator),
        confidence=CONFIDENCE,
        noise=estimates.noise,
        gate=(threshold - reports * false_rate) / (true_rate - false_rate),
        reports_needed=needed,
        needed_share=share,
        tolerated=tolerated(reports),
        influence=1 / (true_rate - false_rate),
        named_per_person=named[0] if named else None,
        named_per_person_error=named[1] if named else None,
        shows=shows,
    )
