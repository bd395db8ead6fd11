"""What the operator's view tells of public charts: the newest one, what waits, and which lists begin with one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from netflix_trend.catalogue.charts import WeeklyChart
from netflix_trend.layout import OperatorVolume
from netflix_trend.periods.turns import ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.sums import TopShowsSums
from netflix_trend.settings import Settings
from netflix_trend.storage.files import read_own
from netflix_trend.survey.sum_survey import SumSurvey
from netflix_trend.survey.survey import MAX_SURVEYS_FILE, RefusedSurvey, load_surveys
from services.aggregator.charts.kept import KeptCharts
from services.aggregator.charts.waiting import ChartRules


@dataclass(frozen=True)
class ChartsTold:
    """newest: the newest weekly chart that is used, None without one. waits: the round that waits for its chart, and
    the day on which it is asked without; None when none waits. lists: of the newest rounds, in words by round.
    """

    newest: WeeklyChart | None
    waits: tuple[str, date] | None
    lists: tuple[tuple[str, str], ...]


def charts_told(settings: Settings, today: date) -> ChartsTold:
    """Return what is known on the aggregator's own volume. Reads only."""
    own, rules = settings.aggregator_dir, ChartRules.of(settings)
    charts = KeptCharts(own).charts.of_country(rules.country)
    week = Week.last_complete(today)
    folder = OperatorVolume(own).surveys if settings.survey_mode != "local" else own / "surveys"
    is_waiting = not (folder / f"{week}.json").exists() and rules.waits(charts, week, today)
    return ChartsTold(
        newest=charts[max(charts)] if charts else None,
        waits=(str(week), rules.until(week)) if is_waiting else None,
        lists=tuple(
            (path.stem, words)
            for path in sorted(folder.glob("[0-9]*.json"), reverse=True)[:ROTATION]
            if (words := _list_in_words(path, is_sealed=settings.survey_mode != "local"))
        ),
    )


def _list_in_words(path: Path, *, is_sealed: bool) -> str:
    """Return what is told of a survey's list of shows; empty for a survey without one."""
    data = read_own(path, MAX_SURVEYS_FILE)
    if data is None:
        return ""
    try:
        survey = SumSurvey.from_bytes(data) if is_sealed else load_surveys(data)[0]
    except RefusedSurvey:
        return "asked by another version, and not to be read by this one."
    lists = [one for one in survey.questions if isinstance(one, TopShowsQuestion | TopShowsSums)]
    return " ".join(map(_in_words, lists))


def _in_words(question: TopShowsQuestion | TopShowsSums) -> str:
    count = len(question.candidates)
    if question.chart is None:
        return f"{count} shows, without a public chart."
    return f"{count} shows. {question.chart.in_words(count)}"
