"""From the counted reports of a round to its statistics."""

from __future__ import annotations

from typing import Any

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.published.statistics import RoundStatistics
from services.aggregator.collect import RoundReports


def estimate_round(found: RoundReports, vocabulary: Vocabulary) -> RoundStatistics:
    """Return the statistics of a round. The same reports always give the same numbers."""
    survey = found.survey
    titles = [show.title for show in vocabulary.shows]
    estimates: dict[str, Any] = {
        one.name: one.estimate(found.counted(one), titles, survey.version).of_participants(
            found.participants, survey.part(one)
        )
        for one in survey.questions
    }
    return RoundStatistics(
        round=survey.round,
        survey=survey.version,
        vocabulary=survey.vocabulary,
        participants=found.participants,
        reports=found.reports.total(),
        waiting=found.waiting,
        refused=dict(sorted(found.refused.items())),
        **estimates,
    )
