"""Renders the pages of the community from what was published."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from netflix_trend import __version__, language
from netflix_trend.catalogue.keys import plain_title
from netflix_trend.formats import day, days, decimal, number, percent
from netflix_trend.language import _
from netflix_trend.periods.weeks import Week
from netflix_trend.pictures import Picture, to_svg
from netflix_trend.privacy.accounting import odds_in_words
from netflix_trend.published import wording, world_words, year_words
from netflix_trend.published.invented import INVENTED
from netflix_trend.published.round_list import RoundList
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.trends import Trends
from netflix_trend.published.withheld import withheld_in_words
from netflix_trend.published.wording import LISTED_SHOWS, group_labels
from netflix_trend.published.world_words import chart_places, listed_world, world_scale
from netflix_trend.published.year import YearStatistics
from netflix_trend.published.year_picture import letters_in_words
from netflix_trend.questions.question import Needed
from netflix_trend.questions.registry import kinds
from netflix_trend.questions.top_shows.movement import Movement
from netflix_trend.questions.top_shows.statistics import Window
from netflix_trend.questions.top_shows.world import World, WorldShow
from netflix_trend.questions.top_shows.year import YearWorldShow
from netflix_trend.questions.words import needed_in_words, participants_for
from netflix_trend.web.looks import looks
from services.aggregator.site import charts
from services.aggregator.site.shows import ShowList, summed_rows, week_rows
from services.aggregator.sums.state import SumsState

# Questions with a section of their own; what life events did is told by quarter, over the weeks.
_OWN_SECTIONS = frozenset({"top_shows", "volume", "event_effect"})
_NAMED_CHANGES = 4
_FACTORS = 8


@dataclass(frozen=True)
class Place:
    """Where a page lies among the community's pages, and what it leads to.

    aggregator: its datasite; name: what it calls itself, may be empty. movement: changes since the week before. needed:
    how many answers the round's questions take. older, newer: rounds that have pages. years: that have pages, newest
    first. windows: several weeks together that have pages, and how many weeks they are. is_start: it lies beside the
    start page; the others lie in a folder. smallest_change: fewest answers by which statistics change, in local mode.
    smallest_answers: fewest answers to a question of which anything is published. withheld: sentences about each round
    of which nothing is, newest first. sums: what is told of operators, None in local mode. invented: the participants
    are those of a demo.
    """

    aggregator: str
    name: str = ""
    movement: Movement | None = None
    needed: Sequence[Needed] = ()
    older: str | None = None
    newer: str | None = None
    years: Sequence[int] = ()
    windows: Sequence[int] = ()
    is_start: bool = True
    smallest_change: int = 1
    smallest_answers: int = 1
    withheld: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sums: SumsState | None = None
    invented: bool = False

    @property
    def up(self) -> str:
        """What leads from the page to the folder of the start page."""
        return "" if self.is_start else "../"

    @property
    def group(self) -> str:
        """What the group is called."""
        return year_words.group_name(self.name, self.aggregator)

    def lacks(self, question: str) -> Needed | None:
        """Return the first thing that there are too few answers of a question for, such as the most popular show."""
        return next((one for one in self.needed if one.question == question and not one.is_enough), None)


def window_file(weeks: int) -> str:
    """Return the name of the page of so many newest weeks together."""
    return "index.html" if weeks == 1 else f"{weeks}-weeks.html"


def render_page(
    statistics: RoundStatistics | None,
    trends: Trends | None = None,
    place: Place | None = None,
    window: Window | None = None,
) -> str:
    """Return the page as HTML, in the language of this context.

    trends adds what several rounds tell together, place the other pages of the community; the page is whole without.
    window: the newest weeks that the page is about together, None for the round alone.
    """
    rounds = trends.rounds if trends else ()
    html: str = (
        _environment()
        .get_template("page.html")
        .render(
            statistics=statistics,
            place=place,
            is_invented=bool((place and place.invented) or (statistics and statistics.invented)),
            is_sum=_is_sum(statistics),
            summed=place.sums.of(statistics.round) if place and place.sums and statistics else None,
            window=_Together.of(window, rounds) if window else None,
            weeks_shown=window.weeks if window else 1,
            tabs=[(weeks, window_file(weeks)) for weeks in (1, *place.windows)] if place and place.is_start else [],
            heading=_heading(statistics, window, rounds),
            withheld=withheld_in_words(statistics.withheld) if statistics and not window else [],
            **_sections(statistics, place, window),
            trends=trends if trends and trends.rounds else None,
            rows_limit=LISTED_SHOWS,
            viewing_chart=_viewing(trends),
            **_frame(),
        )
    )
    return html


@dataclass(frozen=True)
class _Together:
    """Several weeks that a page is about. rounds: how many of them have answers."""

    weeks: int
    rounds: int
    shows: Any

    @classmethod
    def of(cls, window: Window, rounds: Sequence[str]) -> _Together:
        return cls(window.weeks, len(_inside(window, rounds)), window.shows)


def _inside(window: Window, rounds: Sequence[str]) -> list[str]:
    newest = Week.parse(rounds[-1])
    return [name for name in rounds if newest.index - Week.parse(name).index < window.weeks]


def _heading(statistics: RoundStatistics | None, window: Window | None, rounds: Sequence[str]) -> str:
    if statistics is None:
        return ""
    return year_words.span_in_words(_inside(window, rounds) if window else [statistics.round])


def _viewing(trends: Trends | None) -> Markup:
    if not trends or not trends.viewing:
        return Markup("")
    return Markup(charts.viewing_chart(trends.viewing.weeks, trends.viewing.slope))  # noqa: S704


def _frame() -> dict[str, Any]:
    """Return what the frame of every page needs."""
    return {"style": Markup(style()), "policy": content_security_policy()}  # noqa: S704


def _sections(statistics: RoundStatistics | None, place: Place | None, window: Window | None) -> dict[str, Any]:
    """Return what the template shows of the questions of one round, or of the shows of several."""
    top_shows = statistics.top_shows if statistics else None
    volume = statistics.volume if statistics else None
    movement = place.movement if place else None
    moves = {show.title: show for show in movement.shows} if movement and movement.previous else None
    world = top_shows.world if top_shows else None
    found: ShowList | None = None
    if window:
        found = summed_rows(window.shows.shows)
    elif top_shows and top_shows.reports:
        found = week_rows(top_shows, moves)
    return {
        "top_shows": top_shows,
        "volume": volume,
        "list": found if found and found.rows else None,
        "said": _said(top_shows, place, window),
        "moves": moves,
        "changed": _changed(movement) if moves is not None else None,
        "labels": group_labels(volume) if volume else [],
        "ranks": chart_places(top_shows) if top_shows else {},
        "world": world,
        "world_bar": _world_bars(world) if world else None,
        "world_ticks": _world_ticks(world) if world else [],
        "volume_chart": Markup(charts.volume_chart(volume)) if volume else "",  # noqa: S704
        "others": _others(statistics) if statistics else [],
    }


def _said(top_shows: Any, place: Place | None, window: Window | None) -> str:
    """Return which shows are clear; with too few answers, how many it takes."""
    if window:
        return wording.shows_in_words(window.shows.shows)
    if top_shows is None:
        return ""
    listed = wording.listed_shows(top_shows)
    said = [wording.shows_in_words(listed), wording.first_place_in_words(top_shows)]
    if place and not any(show.is_signal for show in listed):
        said.append(wording.takes_in_words(place.lacks("top_shows")))
    return " ".join(filter(None, said))


def _changed(movement: Movement | None) -> str | None:
    """Return which shows rose or fell since the week before, None where that is unclear of all."""
    changed = [show for show in movement.shows if show.direction != "unsure"] if movement else []
    said = [
        _("%(show)s %(change)s", show=wording.title_in_text(show.title), change=wording.moved(show))
        for show in changed[:_NAMED_CHANGES]
    ]
    return "; ".join(said) or None


def _world_bars(world: World) -> Any:
    longest = world_scale(listed_world(world))

    def bar(show: WorldShow) -> Markup:
        row = charts.Row(show.world or 0.0, show.lower, show.upper, "bar world", show.share)
        return Markup(charts.share_bar(row, longest))  # noqa: S704

    return bar


def _world_ticks(world: World) -> list[tuple[float, str]]:
    longest = 100 * world_scale(listed_world(world))
    return [(tick / longest, f"{charts.tick_text(tick)} %") for tick in charts.ticks_to(longest)]


def _is_sum(statistics: RoundStatistics | None) -> bool:
    """Return whether operators have added up sealed answers; otherwise each was randomized on its own machine."""
    return statistics is not None and any(
        getattr(statistic, "mechanism", "") == "sum" for _name, statistic in statistics.asked()
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
        .render(rounds=rounds.rounds, place=place, is_invented=rounds.invented, **_frame())
    )
    return html


def render_year(year: YearStatistics, place: Place, picture: Picture) -> str:
    """Return the page of a year, as HTML. picture: to share."""
    factors = year_words.listed_factors(year.world, _FACTORS) if year.world else []
    reach = charts.factor_reach(factors)

    def factor_bar(show: YearWorldShow) -> Markup:
        return Markup(charts.factor_bar(show, reach))  # noqa: S704

    viewing = charts.viewing_chart(year.viewing.weeks) if year.viewing else ""
    html: str = (
        _environment()
        .get_template("year.html")
        .render(
            year=year,
            place=place,
            is_invented=year.invented,
            words=year_words,
            list=summed_rows(year.shows.shows) if year.shows else None,
            said=wording.shows_in_words(year.shows.shows) if year.shows else "",
            viewing_chart=Markup(viewing),  # noqa: S704
            factors=factors,
            factor_bar=factor_bar,
            factor_ticks=charts.factor_ticks(reach),
            picture=Markup(to_svg(picture)),  # noqa: S704
            letters=letters_in_words(picture),
            **_frame(),
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
    return looks() + (files("services.aggregator.site") / "page.css").read_text("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("services.aggregator.site", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        language.gettext, language.plural, newstyle=True
    )
    form_of_count = environment.globals["ngettext"]

    @pass_context
    def ngettext(context: Context, one: str, several: str, count: int, **values: object) -> str:
        return form_of_count(context, one, several, count, **{"num": number(count), **values})  # type: ignore[no-any-return, operator]

    environment.filters.update(
        percent=lambda share: percent(share, 1),
        digits=decimal,
        people=lambda value: number(round(value)),
        odds=odds_text,
        refusals=refusals,
        day=day_in_words,
        week=week_in_words,
        titled=titled,
        needs=_needs,
        there=_there,
    )
    environment.globals.update(
        ngettext=ngettext,
        language=language.language,
        say=wording,
        words=world_words,
        invented=INVENTED,
        version=__version__,
        scale_of=lambda ticks: Markup(charts.scale(ticks)),  # noqa: S704
    )
    return environment


def _needs(one: Needed) -> str:
    """Return how many participants something needs and, in brackets, how many answers."""
    if one.part is None:
        return f"({needed_in_words(one.needed, '')})"
    people = needed_in_words(participants_for(one.needed, one.part), "")
    return people if one.part == 1 or one.needed is None else f"{people} ({number(one.needed)})"


def _there(one: Needed) -> str:
    """Return how many participants there are and, in brackets, how many answers."""
    if one.participants is None:
        return f"({number(one.answers)})"
    return number(one.participants) if one.part == 1 else f"{number(one.participants)} ({number(one.answers)})"


def titled(title: str) -> Markup:
    """Return a title as it is shown: whatever its script, it turns no other text around."""
    return Markup("<bdi>{}</bdi>").format(plain_title(title))


def day_in_words(written: str) -> str:
    """Return a day such as 2026-12-18 as `18 December 2026`."""
    return day(date.fromisoformat(written))


def week_in_words(name: str) -> str:
    """Return the days of a round such as 2026-W46: `9 to 15 November 2026`."""
    week = Week.parse(name)
    return days(week.monday, week.sunday)


def refusals(refused: dict[str, int]) -> str:
    """Return how many files were refused, by reason."""
    return ", ".join(f"{reason.replace('_', ' ')} {number(count)}" for reason, count in refused.items()) or _("none")


def odds_text(odds: tuple[int, int]) -> str:
    """Return odds with their epsilon: `8 (epsilon 2.08)`."""
    return odds_in_words(Fraction(*odds))
