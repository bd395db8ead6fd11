"""Renders the page from a statistics file; the demo adds what only the participant may see."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from netflix_trend.effect_statistics import LARGEST_EFFECT_ERROR
from netflix_trend.statistics import Percentile, RoundStatistics, ShowEstimate, TopShows, Volume, VolumeGroup
from netflix_trend.trends import AllTimeShow, ShowTrend, Trends, WeeklyMean
from services.aggregator.site.charts import group_labels, top_shows_chart, viewing_chart, volume_chart

# Shows that cannot be told from noise are listed only to fill the table up to this length.
_ROWS = 12


@dataclass(frozen=True)
class MyWeek:
    """The participant's own week, for a page that stays at home. `titles` is the exact count."""

    titles: int
    percentile: Percentile


def render_page(statistics: RoundStatistics | None, mine: MyWeek | None = None, trends: Trends | None = None) -> str:
    """Return the page as HTML; `mine` adds the participant's own place and must never be published.

    trends adds what several rounds tell together; the page is whole without it.
    """
    top_shows = statistics.top_shows if statistics else None
    volume = statistics.volume if statistics else None
    rows = listed_shows(top_shows) if top_shows else []
    html: str = _template().render(
        statistics=statistics,
        top_shows=top_shows,
        volume=volume,
        rows=rows,
        signals=[show for show in rows if show.is_signal],
        labels=group_labels(volume) if volume else [],
        shows_chart=Markup(top_shows_chart(top_shows, rows)) if top_shows and rows else "",  # noqa: S704
        volume_chart=Markup(volume_chart(volume, mine.titles if mine else None)) if volume else "",  # noqa: S704
        mine=mine,
        largest_effect_error=LARGEST_EFFECT_ERROR,
        trends=trends if trends and trends.rounds else None,
        rows_limit=_ROWS,
        viewing_chart=Markup(viewing_chart(trends.viewing)) if trends and trends.viewing else "",  # noqa: S704
        style=Markup(_style()),  # noqa: S704
        policy=content_security_policy(),
    )
    return html


def listed_shows(top_shows: TopShows) -> list[ShowEstimate]:
    """Return the shows worth a row: everything that passes the gate, then the next strongest."""
    if not top_shows.reports:
        return []
    signals = sum(show.is_signal for show in top_shows.shows)
    return list(top_shows.shows[: max(signals, min(_ROWS, len(top_shows.shows)))])


def content_security_policy() -> str:
    """Return the page's policy: nothing but its own style, named by its hash."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    return (files("services.aggregator.site") / "page.css").read_text("utf-8")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %"
    environment.filters["people"] = lambda number: f"{number:,.0f}"
    environment.filters["odds"] = odds_text
    environment.filters["reading"] = reading
    environment.filters["shown"] = shown
    environment.filters["mean_reading"] = mean_reading
    environment.globals["volume_reading"] = volume_reading
    return environment.from_string((files("services.aggregator.site") / "page.html").read_text("utf-8"))


def volume_reading(volume: Volume, group: VolumeGroup) -> str:
    """Return in words what the share of a group says."""
    return "only noise" if volume.is_noise(group) else "not only noise"


def shown(show: ShowEstimate) -> float:
    """Return an estimate as people see it: the unbiased one may lie outside of what is possible."""
    return min(max(show.estimate, show.lower), show.upper)


def reading(show: ShowEstimate | ShowTrend | AllTimeShow) -> str:
    """Return in words what an estimate of one round, or a show's share over several, says."""
    if show.is_signal:
        return "watched" if show.is_robust else "watched, if no answer was forged"
    return "may be noise" if show.lower > 0 else "only noise"


def mean_reading(week: WeeklyMean) -> str:
    """Return in words how far a week's mean can be trusted."""
    if not week.is_reliable:
        return "too few answers"
    return "reliable" if week.is_robust else "reliable, if no answer was forged"


def odds_text(odds: tuple[int, int]) -> str:
    """Return odds such as `8` or `2.5`."""
    return f"{odds[0] / odds[1]:g}"
