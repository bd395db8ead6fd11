"""What several rounds tell together, from published statistics only, so it costs no privacy."""

from __future__ import annotations

from collections.abc import Sequence

from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.published.trends import Trends
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.registry import questions


def public_order(statistics: Sequence[RoundStatistics], catalogue: Sequence[str]) -> list[str]:
    """Return titles in the order of public charts: of the one that the newest answered list began with, then all others
    of the catalogue. It follows from what is published, not from what an operator has downloaded since.

    statistics: oldest first. catalogue: titles in its order.
    """
    worlds = [shows.world for _, shows in answers_to(statistics, "top_shows") if shows.world is not None]
    charted = sorted(worlds[-1].shows, key=lambda show: show.rank) if worlds else []
    return list(dict.fromkeys([*(show.title for show in charted), *catalogue]))


def find_trends(statistics: Sequence[RoundStatistics], chart: Sequence[str] | None = None) -> Trends:
    """Return what the newest rounds tell together; their order in `statistics` does not matter.

    chart: titles in the order of a public chart, to be used as a labelled prior; None to rest on answers alone.
    """
    by_round = {one.round: one for one in statistics if one.reports}
    rounds = [by_round[name] for name in sorted(by_round)[-MAX_ROUNDS:]]
    fields = {}
    for name, kind in questions().items():
        fields.update(kind.over_rounds(answers_to(rounds, name), chart))
    return Trends(rounds=tuple(one.round for one in rounds), invented=any(one.invented for one in rounds), **fields)
