"""What several rounds tell together, from published statistics only, so it costs no privacy."""

from __future__ import annotations

from collections.abc import Sequence

from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.published.trends import Trends
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.registry import questions


def find_trends(statistics: Sequence[RoundStatistics], chart: Sequence[str] | None = None) -> Trends:
    """Return what the newest rounds tell together; their order in `statistics` does not matter.

    chart: titles in the order of a public chart, to be used as a labelled prior; None to rest on answers alone.
    """
    by_round = {one.round: one for one in statistics if one.reports}
    rounds = [by_round[name] for name in sorted(by_round)[-MAX_ROUNDS:]]
    fields = {}
    for name, kind in questions().items():
        fields.update(kind.over_rounds(answers_to(rounds, name), chart))
    return Trends(rounds=tuple(one.round for one in rounds), **fields)
