"""Whether the survey of a week waits for the week's own public chart. Pure: days are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from netflix_trend.catalogue.charts import WeeklyChart
from netflix_trend.chart_settings import CHART_DAYS
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings
from netflix_trend.survey.deadlines import EARLY_DAYS

# An older chart lists hardly any of a week's first shows, and whoever has given none for so long gives none any more
# (docs/method/charts.md#measured).
MAX_AGE_WEEKS = 4


@dataclass(frozen=True)
class ChartRules:
    """country: whose weekly charts are used, empty for the world's. days: after the Sunday that ends a week; from that
    day on its survey is asked with an older chart.
    """

    country: str = ""
    days: int = CHART_DAYS

    @classmethod
    def of(cls, settings: Settings) -> ChartRules:
        """Return the rules of the settings. Rounds of sums are opened a day before their early batch closes."""
        latest = EARLY_DAYS - 1 if settings.survey_mode != "local" else settings.chart_days
        return cls(settings.chart_country, min(settings.chart_days, latest))

    def until(self, week: Week) -> date:
        """Return the first day on which a week's survey does not wait any more."""
        return week.sunday + timedelta(days=self.days)

    def waits(self, charts: Mapping[Week, WeeklyChart], week: Week, today: date) -> bool:
        """Return whether a week's survey waits for its chart: it is not here, others came lately, and there is time."""
        return week not in charts and bool(_recent(charts, week)) and today < self.until(week)


DEFAULT_RULES = ChartRules()


def chart_of(charts: Mapping[Week, WeeklyChart], week: Week) -> WeeklyChart | None:
    """Return the chart that a week's list begins with: the week's own, or else the newest of the weeks before it."""
    recent = _recent(charts, week)
    return charts[max(recent)] if recent else None


def _recent(charts: Mapping[Week, WeeklyChart], week: Week) -> list[Week]:
    return [one for one in charts if week - MAX_AGE_WEEKS <= one <= week]
