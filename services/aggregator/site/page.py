"""Renders the page from a statistics file; the demo adds what only the participant may see."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from netflix_trend import __version__
from netflix_trend.catalogue.keys import plain_title
from netflix_trend.published.effect_statistics import LARGEST_EFFECT_ERROR
from netflix_trend.published.movement import Movement, ShowMovement
from netflix_trend.published.round_list import RoundList
from netflix_trend.published.statistics import Percentile, RoundStatistics, ShowEstimate, TopShows, Volume, VolumeGroup
from netflix_trend.published.trends import Trends, WeeklyMean
from netflix_trend.published.wording import first_in_words, group_labels, needed_in_words, reading, shown
from services.aggregator.prediction import Needed
from services.aggregator.site.charts import top_shows_chart, viewing_chart, volume_chart

# Shows that cannot be told from noise are listed only to fill the table up to this length.
_ROWS = 12


@dataclass(frozen=True)
class MyWeek:
    """The participant's own week, for a page that stays at home. `titles` is the exact count."""

    titles: int
    percentile: Percentile


@dataclass(frozen=True)
class Place:
    """Where a page lies among the community's pages, and what it leads to.

    aggregator: its datasite. movement: changes since the week before. needed: how many answers the round's questions
    take. older, newer: rounds that have pages. is_start: it is the start page; the others lie in `rounds/`.
    """

    aggregator: str
    movement: Movement | None = None
    needed: Sequence[Needed] = ()
    older: str | None = None
    newer: str | None = None
    is_start: bool = True

    @property
    def up(self) -> str:
        """What leads from the page to the folder of the start page."""
        return "" if self.is_start else "../"

    def lacks(self, question: str) -> Needed | None:
        """Return the first thing that there are too few answers of a question for, such as the most popular show."""
        return next((one for one in self.needed if one.question == question and not one.is_enough), None)

    def moved(self, title: str) -> ShowMovement | None:
        """Return how a show moved, None when that was not asked in both weeks."""
        shows = self.movement.shows if self.movement else ()
        return next((show for show in shows if show.title == title), None)


def render_page(
    statistics: RoundStatistics | None,
    mine: MyWeek | None = None,
    trends: Trends | None = None,
    place: Place | None = None,
) -> str:
    """Return the page as HTML; `mine` adds the participant's own place and must never be published.

    trends adds what several rounds tell together, place the other pages of the community; the page is whole without.
    """
    top_shows = statistics.top_shows if statistics else None
    volume = statistics.volume if statistics else None
    rows = listed_shows(top_shows) if top_shows else []
    html: str = (
        _environment()
        .get_template("page.html")
        .render(
            statistics=statistics,
            place=place,
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
            style=Markup(style()),  # noqa: S704
            policy=content_security_policy(),
        )
    )
    return html


def render_rounds(rounds: RoundList, place: Place) -> str:
    """Return the page that lists all rounds, as HTML."""
    html: str = (
        _environment()
        .get_template("rounds.html")
        .render(
            rounds=rounds.rounds,
            place=place,
            style=Markup(style()),  # noqa: S704
            policy=content_security_policy(),
        )
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
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def style() -> str:
    """Return the style sheet of all pages."""
    return (files("services.aggregator.site") / "page.css").read_text("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("services.aggregator.site", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %"
    environment.filters["people"] = lambda number: f"{number:,.0f}"
    environment.filters["odds"] = odds_text
    environment.filters["reading"] = reading
    environment.filters["shown"] = shown
    environment.filters["mean_reading"] = mean_reading
    environment.filters["refusals"] = refusals
    environment.filters["moved"] = moved
    environment.filters["titled"] = titled
    environment.filters["needed"] = needed_in_words
    environment.globals["volume_reading"] = volume_reading
    environment.globals["version"] = __version__
    environment.globals["first_in_words"] = first_in_words
    return environment


def titled(title: str) -> Markup:
    """Return a title as it is shown: whatever its script, it turns no other text around."""
    return Markup("<bdi>{}</bdi>").format(plain_title(title))


def volume_reading(volume: Volume, group: VolumeGroup) -> str:
    """Return in words what the share of a group says."""
    return "only noise" if volume.is_noise(group) else "not only noise"


def mean_reading(week: WeeklyMean) -> str:
    """Return in words how far a week's mean can be trusted."""
    if not week.is_reliable:
        return "too few answers"
    return "reliable" if week.is_robust else "reliable, if no answer was forged"


def moved(show: ShowMovement | None) -> str:
    """Return in words how a show moved since the week before."""
    if show is None:
        return "not asked then"
    if show.direction == "unsure":
        return "cannot be told"
    points, low, high = (100 * value for value in (show.change, show.lower, show.upper))
    doubt = "" if show.is_robust else ", if no answer was forged"
    return f"{show.direction} {abs(points):.1f} points, {low:+.1f} to {high:+.1f}{doubt}"


def refusals(refused: dict[str, int]) -> str:
    """Return how many files were refused, by reason."""
    return ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in refused.items()) or "none"


def odds_text(odds: tuple[int, int]) -> str:
    """Return odds such as `8` or `2.5`."""
    return f"{odds[0] / odds[1]:g}"
