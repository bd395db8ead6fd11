"""Renders the pages of the community from what was published."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from netflix_trend import __version__
from netflix_trend.catalogue.keys import plain_title
from netflix_trend.privacy.accounting import odds_in_words
from netflix_trend.published import wording
from netflix_trend.published.invented import INVENTED
from netflix_trend.published.round_list import RoundList
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.trends import Trends
from netflix_trend.published.wording import LISTED_SHOWS, chart_places, group_labels, listed_shows, listed_world
from netflix_trend.questions.question import Needed
from netflix_trend.questions.registry import kinds
from netflix_trend.questions.top_shows.movement import Movement, ShowMovement
from netflix_trend.questions.words import needed_in_words, participants_for
from services.aggregator.site.charts import top_shows_chart, viewing_chart, volume_chart, world_chart
from services.aggregator.sums.state import SumsState

# Questions with a section of their own; what life events did is told by quarter, over the weeks.
_OWN_SECTIONS = frozenset({"top_shows", "volume", "event_effect"})


@dataclass(frozen=True)
class Place:
    """Where a page lies among the community's pages, and what it leads to.

    aggregator: its datasite. movement: changes since the week before. needed: how many answers the round's questions
    take. older, newer: rounds that have pages. is_start: it is the start page; the others lie in `rounds/`.
    smallest_change: fewest answers by which statistics change, in local mode. sums: what is told of operators, None in
    local mode. invented: the participants are those of a demo.
    """

    aggregator: str
    movement: Movement | None = None
    needed: Sequence[Needed] = ()
    older: str | None = None
    newer: str | None = None
    is_start: bool = True
    smallest_change: int = 1
    sums: SumsState | None = None
    invented: bool = False

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
    trends: Trends | None = None,
    place: Place | None = None,
) -> str:
    """Return the page as HTML.

    trends adds what several rounds tell together, place the other pages of the community; the page is whole without.
    """
    html: str = (
        _environment()
        .get_template("page.html")
        .render(
            statistics=statistics,
            place=place,
            is_invented=bool((place and place.invented) or (statistics and statistics.invented)),
            is_sum=_is_sum(statistics),
            summed=place.sums.of(statistics.round) if place and place.sums and statistics else None,
            **_sections(statistics),
            trends=trends if trends and trends.rounds else None,
            rows_limit=LISTED_SHOWS,
            viewing_chart=Markup(viewing_chart(trends.viewing)) if trends and trends.viewing else "",  # noqa: S704
            style=Markup(style()),  # noqa: S704
            policy=content_security_policy(),
        )
    )
    return html


def _sections(statistics: RoundStatistics | None) -> dict[str, Any]:
    """Return what the template shows of the questions of one round."""
    top_shows = statistics.top_shows if statistics else None
    volume = statistics.volume if statistics else None
    rows = listed_shows(top_shows) if top_shows else []
    world = top_shows.world if top_shows else None
    return {
        "top_shows": top_shows,
        "volume": volume,
        "rows": rows,
        "labels": group_labels(volume) if volume else [],
        "shows_chart": Markup(top_shows_chart(top_shows, rows)) if top_shows and rows else "",  # noqa: S704
        "ranks": chart_places(top_shows) if top_shows else {},
        "world": world,
        "world_chart": Markup(world_chart(world, listed_world(world))) if world else "",  # noqa: S704
        "volume_chart": Markup(volume_chart(volume)) if volume else "",  # noqa: S704
        "others": _others(statistics) if statistics else [],
    }


def _is_sum(statistics: RoundStatistics | None) -> bool:
    """Return whether operators have added up sealed answers; otherwise each was randomized on its own machine."""
    return statistics is not None and any(
        getattr(statistic, "mechanism", "") == "sum" for _, statistic in statistics.asked()
    )


def _others(statistics: RoundStatistics) -> list[tuple[str, Sequence[str]]]:
    """Return title and sentences of every question that the template has no section for."""
    by_name = kinds()
    return [
        (by_name[name].title, by_name[name].describe(statistic))
        for name, statistic in statistics.asked()
        if name not in _OWN_SECTIONS
    ]


def render_rounds(rounds: RoundList, place: Place) -> str:
    """Return the page that lists all rounds, as HTML."""
    html: str = (
        _environment()
        .get_template("rounds.html")
        .render(
            rounds=rounds.rounds,
            place=place,
            is_invented=rounds.invented,
            style=Markup(style()),  # noqa: S704
            policy=content_security_policy(),
        )
    )
    return html


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
    environment.filters["refusals"] = refusals
    environment.filters["day"] = day_in_words
    environment.filters["titled"] = titled
    environment.filters["needs"] = _needs
    environment.filters["there"] = _there
    environment.globals["say"] = wording
    environment.globals["invented"] = INVENTED
    environment.globals["version"] = __version__
    return environment


def _needs(one: Needed) -> str:
    """Return how many participants something needs and, in brackets, how many answers."""
    if one.part is None:
        return f"({needed_in_words(one.needed, '')})"
    people = needed_in_words(participants_for(one.needed, one.part), "")
    return people if one.part == 1 or one.needed is None else f"{people} ({one.needed:,})"


def _there(one: Needed) -> str:
    """Return how many participants there are and, in brackets, how many answers."""
    if one.participants is None:
        return f"({one.answers:,})"
    return f"{one.participants:,}" if one.part == 1 else f"{one.participants:,} ({one.answers:,})"


def titled(title: str) -> Markup:
    """Return a title as it is shown: whatever its script, it turns no other text around."""
    return Markup("<bdi>{}</bdi>").format(plain_title(title))


def day_in_words(day: str) -> str:
    """Return a day such as 2026-12-18 as `18 December 2026`."""
    value = date.fromisoformat(day)
    return f"{value.day} {value:%B %Y}"


def refusals(refused: dict[str, int]) -> str:
    """Return how many files were refused, by reason."""
    return ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in refused.items()) or "none"


def odds_text(odds: tuple[int, int]) -> str:
    """Return odds with their epsilon: `8 (epsilon 2.08)`."""
    return odds_in_words(Fraction(*odds))
