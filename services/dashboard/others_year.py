"""Page `/others/year/<year>`: the group's year, computed here from the statistics that the aggregator published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, render_template

from netflix_trend.formats import day_and_month, decimal, percent
from netflix_trend.language import _
from netflix_trend.periods.weeks import Week
from netflix_trend.pictures import Picture, to_svg
from netflix_trend.published import year_words
from netflix_trend.published.invented import INVENTED
from netflix_trend.published.statistics import MAX_FILE, StatisticsError
from netflix_trend.published.wording import (
    LISTED_SHOWS,
    mean_certainty,
    mean_reading,
    reading,
    share_of_answers,
    show_certainty,
    shows_in_words,
)
from netflix_trend.published.world_words import world_certainty
from netflix_trend.published.year import YearStatistics, YearViewing, read_year, year_of_round
from netflix_trend.published.year_picture import letters_in_words, png_of, year_picture
from netflix_trend.questions.top_shows.statistics import AllTime
from netflix_trend.questions.top_shows.year import YearWorld
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.syftbox.aggregators import introduced
from netflix_trend.syftbox.refusals import read_once
from netflix_trend.syftbox.shared_files import read_shared
from services.dashboard import charts
from services.dashboard.charts import Chart, data_table
from services.dashboard.others import read_statistics
from services.dashboard.text import shown

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard

# Years that are looked for before the newest.
_EARLIER = 4
_FACTORS = 8
_WIDEST = 8.0
_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True)
class YearPage:
    """What the page shows. problem: why there is nothing. years: that have rounds, newest first.

    invented: that the participants are, empty if they are people.
    """

    year: int
    problem: str = ""
    group: str = ""
    basis: str = ""
    years: tuple[int, ...] = ()
    charts: tuple[Chart, ...] = ()
    changed: str = ""
    together: tuple[str, ...] = ()
    letters: str = ""
    invented: str = ""


def years(settings: Settings) -> tuple[int, ...]:
    """Return the years that the aggregator has published rounds of, newest first; none where nothing can be read."""
    try:
        latest = read_statistics(settings, "latest")
        newest = None if latest is None else year_of_round(latest.round)
    except (StatisticsError, UnsafeFile, ValueError):
        return ()
    if newest is None:
        return ()
    return tuple(year for year in range(newest, newest - _EARLIER - 1, -1) if _files(settings, year))


def the_year(settings: Settings, year: int) -> YearStatistics | None:
    """Return a year, None where the aggregator has published nothing of it. Raises StatisticsError, UnsafeFile."""
    files = _files(settings, year)

    def parsed(_data: bytes) -> YearStatistics:
        return read_year(files, year)

    found = read_once(settings, b"".join(files), parsed, StatisticsError) if files else None
    return found if found and found.rounds else None


def _files(settings: Settings, year: int) -> tuple[bytes, ...]:
    first = Week.parse(f"{year}-W01")
    names = [str(first + number) for number in range(53)]
    data = (read_shared(settings, f"statistics/{name}.json", MAX_FILE) for name in names if year_of_round(name) == year)
    return tuple(one for one in data if one is not None)


def year_page(settings: Settings, year: int) -> YearPage:
    """Return the page about a year."""
    try:
        found = the_year(settings, year)
    except (StatisticsError, UnsafeFile, ValueError) as problem:
        text = _("What the aggregator published cannot be read: %(problem)s", problem=shown(str(problem), 200))
        return YearPage(year, text)
    if found is None:
        return YearPage(year, _("The aggregator has published nothing about the weeks of this year."))
    made = [
        _shows_chart(found, found.shows) if found.shows and found.shows.shows else None,
        _viewing_chart(found.viewing) if found.viewing else None,
        _world_chart(found.world) if found.world else None,
    ]
    return YearPage(
        year,
        group=_group(settings),
        basis=year_words.basis_in_words(found),
        years=years(settings),
        charts=tuple(chart for chart in made if chart),
        changed=year_words.changes_in_words(found),
        together=tuple(year_words.together_in_words()),
        letters=letters_in_words(year_picture(found, _group(settings))),
        invented=_(INVENTED) if found.invented else "",
    )


def picture_of(settings: Settings, year: int) -> Picture | None:
    """Return the picture to share of a year, None where there is nothing. Raises StatisticsError, UnsafeFile."""
    found = the_year(settings, year)
    return None if found is None else year_picture(found, _group(settings))


def _group(settings: Settings) -> str:
    found = introduced(settings.datasites_dir, settings.aggregator_datasite)
    return year_words.group_name(found.name if found else "", settings.aggregator_datasite)


def _shows_chart(year: YearStatistics, shows: AllTime) -> Chart:
    clear = sum(show.is_signal for show in shows.shows)
    listed = shows.shows[: max(clear, LISTED_SHOWS)]
    rows = [
        (
            shown(one.title),
            reading(one),
            year_words.share_in_words(one),
            share_of_answers(one.share_lower, one.share_upper),
        )
        for one in listed
    ]
    columns = dict(zip("abcd", (_("Show"), _("Reading"), _("Share of answers"), _("95 % interval")), strict=True))
    lead = f"{shows_in_words(shows.shows)} {year_words.clear_in_words(year)}"
    return Chart(
        "year_shows",
        _("Shows of the year"),
        lead,
        _("Share of answers that named a show over the year, with 95 percent intervals. %(lead)s", lead=lead),
        charts.rows(
            [one.title for one in listed],
            _("% of answers"),
            [round(100 * min(max(one.share, one.share_lower), one.share_upper), 1) for one in listed],
            colors=[charts.BY_CERTAINTY[show_certainty(one)] for one in listed],
            intervals=[(round(100 * one.share_lower, 1), round(100 * one.share_upper, 1)) for one in listed],
        ),
        data_table(_("Shows of the year"), columns, rows, [show_certainty(one) for one in listed]),
        size="tall",
    )


def _viewing_chart(viewing: YearViewing) -> Chart:
    labels = [day_and_month(Week.parse(week.round).monday) for week in viewing.weeks]
    rows = [
        (
            label,
            decimal(week.mean, 1),
            _("%(low)s to %(high)s", low=decimal(week.lower, 1), high=decimal(week.upper, 1)),
            mean_reading(week),
        )
        for label, week in zip(labels, viewing.weeks, strict=True)
    ]
    heads = (_("Week"), _("Mean of the others"), _("95 % interval"), _("Reading"))
    lead = f"{year_words.mean_in_words(viewing)} {year_words.mean_change_in_words(viewing)}"
    return Chart(
        "year_viewing",
        _("How much people watched"),
        lead,
        _("Mean titles a participant started, by week, with 95 percent intervals. %(lead)s", lead=lead),
        charts.columns_with_intervals(
            labels,
            _("titles a week"),
            [round(week.mean, 2) for week in viewing.weeks],
            [(round(week.lower, 2), round(week.upper, 2)) for week in viewing.weeks],
            [charts.BY_CERTAINTY[mean_certainty(week)] for week in viewing.weeks],
        ),
        data_table(
            _("Titles started a week"),
            dict(zip("abcd", heads, strict=True)),
            rows,
            [mean_certainty(week) for week in viewing.weeks],
        ),
    )


def _world_chart(world: YearWorld) -> Chart | None:
    listed = year_words.listed_factors(world, _FACTORS)
    if not listed:
        return None
    rows = [(shown(show.title), year_words.factor_reading(show), year_words.factor_in_words(show)) for show in listed]
    heads = (_("Show"), _("Reading"), _("Here against the world"))
    edge = min(_WIDEST, 1.2 * max([2.0, *(show.factor or 0.0 for show in listed)]))

    def drawn(factor: float | None) -> float:
        return round(edge if factor is None else min(factor, edge), 2)

    said = year_words.year_world_in_words(world)
    return Chart(
        "year_world",
        _("Here against the world"),
        said,
        _("How many times as much each show was watched here as in the public charts. %(said)s", said=said),
        charts.rows(
            [show.title for show in listed],
            _("times as much as in the world"),
            [drawn(show.factor) for show in listed],
            colors=[charts.BY_CERTAINTY[world_certainty(show)] for show in listed],
            intervals=[(drawn(show.lower), drawn(show.upper)) for show in listed],
            edge=round(edge, 1),
        ),
        data_table(
            _("Here against the world"),
            dict(zip("abc", heads, strict=True)),
            rows,
            [world_certainty(show) for show in listed],
        ),
        _(
            "1 is as much as the public charts say (%(source)s). A line that reaches the edge goes on. All intervals "
            "hold together with %(confidence)s.",
            source=shown(world.source),
            confidence=percent(world.confidence),
        ),
        size="tall",
    )


def add(app: Flask, dashboard: Dashboard) -> None:
    """Add the pages of years and their pictures."""
    settings = dashboard.settings
    app.jinja_env.globals["group_years"] = lambda: years(settings)

    @app.get("/others/year/<int(fixed_digits=4):year>")
    def others_year(year: int) -> str:
        return render_template("others_year.html", page=year_page(settings, year))

    @app.get("/others/year/<int(fixed_digits=4):year>/picture.<any(svg, png):kind>")
    def others_year_picture(year: int, kind: str) -> Response:
        try:
            picture = picture_of(settings, year)
        except (StatisticsError, UnsafeFile, ValueError):
            picture = None
        if picture is None:
            abort(404)
        answer = Response(to_svg(picture) if kind == "svg" else png_of(picture), content_type=_TYPES[kind])
        answer.headers["Content-Disposition"] = f'attachment; filename="group-{year}.{kind}"'
        return answer
