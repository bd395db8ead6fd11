"""From the counted reports of a round to its statistics."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.counts import (
    estimate_counts,
    gate_count,
    mean_chosen,
    reports_needed,
    reports_to_lose,
    selected_intervals,
)
from netflix_trend.privacy.square_wave import map_em, posterior_draws
from netflix_trend.statistics import (
    LARGEST_CUMULATIVE_ERROR,
    SMALLEST_SHARE,
    RoundStatistics,
    ShowEstimate,
    TopShows,
    Volume,
    VolumeGroup,
)
from netflix_trend.survey import EffectQuestion, TopShowsQuestion, VolumeQuestion
from netflix_trend.vocabulary import Vocabulary
from services.aggregator.collect import RoundReports
from services.aggregator.effects import estimate_effect
from services.aggregator.poisoning import tolerated, volume_influence
from services.aggregator.viewing import mean_titles

CONFIDENCE = 0.95
# The prior for the distribution of weekly counts weighs as much as this many exactly known people.
PRIOR_PEOPLE = 10.0
_DRAWS = 2000
# Where no show's share is more than next to nothing: how many reports a show that one person in ten names would need.
EXAMPLE_SHARE = 0.1
# Where the groups of buckets begin that people are shown.
_GROUPS = frozenset({0, 1, 4, 8, 13, 22})


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
        volume=_volume(volume, found.volume_counts, found.reports["volume"], survey.version)
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


def _volume(question: VolumeQuestion, counts: NDArray[np.int64], reports: int, seed: str) -> Volume:
    channel = question.channel.channel()
    prior = prior_shares(question.buckets)
    shares = map_em(counts, channel, prior, PRIOR_PEOPLE)
    # Seeded by the survey: these draws describe uncertainty, they protect nobody, and must be repeatable.
    generator = np.random.default_rng(int(hashlib.sha256(seed.encode()).hexdigest()[:16], 16))
    draws = posterior_draws(counts, channel, prior, PRIOR_PEOPLE, _DRAWS, generator)
    lower, upper = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    errors = _below(draws).std(axis=0)
    moved = volume_influence(counts, channel, shares, prior, PRIOR_PEOPLE, tolerated(reports))
    influence = min(1.0, float(np.abs(_below(moved)).max()))
    starts = [place for place, low in enumerate(question.buckets) if low in _GROUPS] or [0]
    grouped = np.add.reduceat(draws, starts, axis=1)
    group_shares = np.add.reduceat(shares, starts)
    group_lower, group_upper = np.quantile(grouped, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return Volume(
        reports=reports,
        odds=(question.odds.numerator, question.odds.denominator),
        confidence=CONFIDENCE,
        buckets=question.buckets,
        shares=tuple(shares.tolist()),
        lower=tuple(np.minimum(lower, shares).tolist()),
        upper=tuple(np.maximum(upper, shares).tolist()),
        cumulative=tuple(np.clip(_below(shares), 0, 1).tolist()),
        cumulative_error=tuple(errors.tolist()),
        groups=tuple(
            VolumeGroup(
                low=question.buckets[start],
                share=min(1.0, float(group_shares[place])),
                lower=min(float(group_lower[place]), float(group_shares[place])),
                upper=min(1.0, max(float(group_upper[place]), float(group_shares[place]))),
            )
            for place, start in enumerate(starts)
        ),
        is_reliable=bool(reports and errors.max() <= LARGEST_CUMULATIVE_ERROR),
        is_robust=bool(reports and errors.max() + influence <= LARGEST_CUMULATIVE_ERROR),
        influence=influence,
        counts=tuple(counts.tolist()),
        mean=mean_titles(question, counts),
    )


def _below(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share below each bucket, along the last axis."""
    return np.asarray(np.cumsum(shares, axis=-1) - shares, dtype=np.float64)


def prior_shares(buckets: tuple[int, ...]) -> NDArray[np.float64]:
    """Return float64[B], what is assumed about weekly counts before anybody has answered.

    A guess that is written down here for everybody to see, not data: 22 % of weeks are empty, the others follow a
    geometric distribution with mean 10 (privacy.md, synthetic population). A third of it is spread evenly over the
    buckets, so that intervals also hold where the guess is wrong. It weighs as much as PRIOR_PEOPLE people.
    """
    empty, mean = 0.22, 10.0
    stay = mean / (1 + mean)
    at_least = np.array([1.0 if low == 0 else (1 - empty) * stay**low for low in (*buckets, 10**9)])
    shares: NDArray[np.float64] = (at_least[:-1] - at_least[1:]) * 2 / 3 + 1 / (3 * len(buckets))
    return shares
