"""The list of shows of a week: its public chart first, then what past answers suggest, then some to explore."""

from __future__ import annotations

from collections.abc import Sequence

from netflix_trend.catalogue.charts import Charts, WeeklyChart
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.candidates import next_candidates
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.statistics import TopShows


def joining(charts: Charts, chart: WeeklyChart | None, vocabulary: Vocabulary) -> list[CatalogueTitle]:
    """Return the shows of a week's chart, and of the lists of no week, that a vocabulary does not know."""
    return charts.unknown((*(chart.shows if chart else ()), *charts.standing), vocabulary)


def week_list(
    charts: Charts,
    chart: WeeklyChart | None,
    vocabulary: Vocabulary,
    rounds: Sequence[tuple[str, TopShows]],
    week: Week,
    length: int,
) -> tuple[list[int], AskedChart | None]:
    """Return the candidates of a week's list, vocabulary indices, and the chart that they begin with.

    chart: of the week, or an older one; without it the list is made of past answers. rounds: name and statistic of each
    round that got answers, oldest first. length: of the list.
    """
    popular = [place for show in charts.standing if (place := charts.place(show, vocabulary)) is not None]
    views = charted_places(charts, chart, vocabulary) if chart else {}
    found = next_candidates(rounds, vocabulary.shows, week, length, first=list(views), popular=popular)
    asked = min(len(views), len(found))
    if chart is None or not asked:
        return found, None
    stated = [number for number in list(views.values())[:asked] if number is not None]
    return found, AskedChart(
        week=chart.week, source=chart.source, length=asked, views=tuple(stated) if len(stated) == asked else None
    )


def charted_places(charts: Charts, chart: WeeklyChart, vocabulary: Vocabulary) -> dict[int, int | None]:
    """Return the vocabulary indices of a chart's shows in its order, and their views.

    Two titles of a chart may be one show of the vocabulary: their views add up.
    """
    views: dict[int, int | None] = {}
    for show in chart.shows:
        place = charts.place(show, vocabulary)
        if place is not None:
            before = views.get(place)
            views[place] = show.views if before is None else before + (show.views or 0)
    if chart.views is None:
        return views
    return dict(sorted(views.items(), key=lambda one: -(one[1] or 0)))
