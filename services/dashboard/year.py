"""Page `Year in review`: a year, or any range of days, as a page of its own, with a picture to share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from netflix_trend.formats import day, listed, month, month_names, weekday_names
from netflix_trend.history.review import EdgeTitle, FilmSeen, Review, ShowSeen, year_days
from netflix_trend.history.review_words import Statement, amount_words, notes, period_name, statements
from netflix_trend.language import _, ngettext
from services.dashboard import charts
from services.dashboard.charts import Chart, data_table
from services.dashboard.history import History, Span
from services.dashboard.text import shown
from services.dashboard.year_picture import picture_file, picture_page

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard

_NAMED = 10
_FILMS = 24


@dataclass(frozen=True)
class RankedShow:
    """A show in the list. share: its bar, in percent of the first one's."""

    show: ShowSeen
    share: float


@dataclass(frozen=True)
class YearPage:
    """What the page shows. address: the page's own, such as `/year/2026`. films: the first; more_films: the others."""

    address: str
    title: str
    years: tuple[int, ...]
    review: Review
    headline: Statement | None
    columns: tuple[float, ...]
    statements: tuple[Statement, ...]
    shows: tuple[RankedShow, ...]
    about_shows: tuple[str, ...]
    films: tuple[FilmSeen, ...]
    more_films: tuple[FilmSeen, ...]
    about_films: str
    charts: tuple[Chart, ...]
    edges: tuple[str, ...]
    notes: tuple[str, ...]


def add(app: Flask, dashboard: Dashboard) -> None:
    """Add the pages and files of reviews."""
    history = dashboard.history

    def page_of(found: Review | None) -> str:
        span = history.span()
        page = year_page(found, span) if found and span else None
        return render_template("year.html", page=page)

    @app.get("/year")
    def newest_year() -> BaseResponse | str:
        if "from" in request.args:
            first, last = _days(request.args.get("from", ""), request.args.get("to", ""))
            return redirect(address_of(first, last))
        span = history.span()
        return page_of(history.review(*year_days(span.last.year)) if span else None)

    @app.get("/year/<int:year>")
    def one_year(year: int) -> str:
        return page_of(history.review(*_year(year)))

    @app.get("/year/<first>/<last>")
    def one_range(first: str, last: str) -> str:
        return page_of(history.review(*_days(first, last)))

    @app.get("/year/<int:year>/picture")
    def picture_of_year(year: int) -> str:
        return _picture(history, *_year(year))

    @app.get("/year/<first>/<last>/picture")
    def picture_of_range(first: str, last: str) -> str:
        return _picture(history, *_days(first, last))

    @app.get("/year/<int:year>/picture.<any(svg,png):kind>")
    def file_of_year(year: int, kind: str) -> Response:
        return _file(history, *_year(year), kind)

    @app.get("/year/<first>/<last>/picture.<any(svg,png):kind>")
    def file_of_range(first: str, last: str, kind: str) -> Response:
        return _file(history, *_days(first, last), kind)


def _year(year: int) -> tuple[date, date]:
    try:
        return year_days(year)
    except ValueError:
        abort(404)


def _days(first: str, last: str) -> tuple[date, date]:
    """Return two days of an address, in their order; anything else is no page."""
    try:
        begin, end = sorted((date.fromisoformat(first), date.fromisoformat(last)))
    except ValueError:
        abort(404)
    return begin, end


def _reviewed(history: History, first: date, last: date) -> Review:
    found = history.review(first, last)
    if found is None or not found.views:
        abort(404)
    return found


def _picture(history: History, first: date, last: date) -> str:
    page = picture_page(_reviewed(history, first, last), address_of(first, last), request.args)
    return render_template("year_picture.html", page=page)


def _file(history: History, first: date, last: date, kind: str) -> Response:
    return picture_file(_reviewed(history, first, last), kind, request.args)


def address_of(first: date, last: date) -> str:
    """Return the address of a review's page."""
    is_year = (first, last) == year_days(first.year)
    return f"/year/{first.year}" if is_year else f"/year/{first.isoformat()}/{last.isoformat()}"


def year_page(found: Review, span: Span) -> YearPage:
    """Return the page of a review. span: of the whole history."""
    said = statements(found)
    films = tuple(sorted(found.film_list, key=lambda film: film.day))
    most = max((one.episodes for one in found.top_shows), default=1)
    return YearPage(
        address=address_of(found.first, found.last),
        title=period_name(found),
        years=tuple(range(span.last.year, span.first.year - 1, -1)),
        review=found,
        headline=said[0] if said else None,
        columns=_columns(found),
        statements=said[1:],
        shows=tuple(RankedShow(one, 100 * one.episodes / most) for one in found.top_shows),
        about_shows=_about_shows(found),
        films=films[:_FILMS],
        more_films=films[_FILMS:],
        about_films=_about_films(films),
        charts=_charts(found) if found.views else (),
        edges=_edges(found),
        notes=notes(found),
    )


def _columns(found: Review) -> tuple[float, ...]:
    amounts = [one.hours or 0.0 if found.hours is not None else one.views for one in found.months]
    most = max(amounts, default=0.0)
    return tuple(max(1.0, round(100 * amount / most, 2)) for amount in amounts) if most else ()


def _about_shows(found: Review) -> tuple[str, ...]:
    said = []
    if found.new_shows:
        said.append(
            ngettext(
                "%(num)s show was new to you: %(shows)s.",
                "%(num)s shows were new to you: %(shows)s.",
                len(found.new_shows),
                shows=_some(found.new_shows),
            )
        )
    if found.left_shows:
        said.append(
            ngettext(
                "You have not come back to %(num)s show since: %(shows)s.",
                "You have not come back to %(num)s shows since: %(shows)s.",
                len(found.left_shows),
                shows=_some(found.left_shows),
            )
        )
    return tuple(said)


def _some(names: Sequence[str]) -> str:
    """Return a list of names, of which at most ten are written out."""
    named, more = [shown(name, 60) for name in names[:_NAMED]], len(names) - _NAMED
    if more <= 0:
        return listed(named)
    return ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=", ".join(named))


def _about_films(films: Sequence[FilmSeen]) -> str:
    guesses = sum(film.is_guess for film in films)
    if not guesses:
        return ""
    return ngettext(
        "%(num)s of them is a guess: nothing in its title tells a film from an episode.",
        "%(num)s of them are guesses: nothing in their titles tells a film from an episode.",
        guesses,
    )


def _edges(found: Review) -> tuple[str, ...]:
    first, last = found.first_title, found.last_title
    return (_first_title(first), _last_title(last)) if first and last else ()


def _first_title(edge: EdgeTitle) -> str:
    title, when = shown(edge.title, 80), day(edge.day)
    if not edge.others:
        return _("It began on %(day)s with %(title)s.", title=title, day=when)
    return ngettext(
        "It began on %(day)s with %(title)s and %(num)s other title.",
        "It began on %(day)s with %(title)s and %(num)s other titles.",
        edge.others,
        title=title,
        day=when,
    )


def _last_title(edge: EdgeTitle) -> str:
    title, when = shown(edge.title, 80), day(edge.day)
    if not edge.others:
        return _("The last was %(title)s on %(day)s.", title=title, day=when)
    return ngettext(
        "The last day was %(day)s, with %(title)s and %(num)s other title.",
        "The last day was %(day)s, with %(title)s and %(num)s other titles.",
        edge.others,
        title=title,
        day=when,
    )


def _charts(found: Review) -> tuple[Chart, ...]:
    made = [_months(found)] if len(found.months) > 1 else []
    made.append(_weekdays(found))
    if found.day_hours:
        made.append(_day_hours(found))
    return (*made, _calendar(found))


def _months(found: Review) -> Chart:
    is_in_hours = found.hours is not None
    if is_in_hours:
        series = {_("hours"): [round(one.hours or 0.0, 1) for one in found.months]}
    else:
        parts = {
            _("episodes"): [float(one.episodes) for one in found.months],
            _("films"): [float(one.films) for one in found.months],
            _("unknown"): [float(one.views - one.episodes - one.films) for one in found.months],
        }
        series = {name: values for name, values in parts.items() if any(values)}
    names = month_names(short=True)
    is_one_year = found.months[0].first_day.year == found.months[-1].first_day.year
    labels = [names[one.first_day.month - 1] + ("" if is_one_year else f" {one.first_day:%y}") for one in found.months]
    most = max(found.months, key=lambda one: one.hours or 0.0 if is_in_hours else one.views)
    lead = _(
        "Most in %(month)s: %(amount)s.",
        month=month(most.first_day),
        amount=amount_words(most.views, most.hours if is_in_hours else None),
    )
    headings = (_("Month"), _("Views"), _("Episodes"), _("Films"), _("Hours"))
    columns = dict(zip(("month", "views", "episodes", "films", "hours"), headings, strict=True))
    rows = [(month(one.first_day), one.views, one.episodes, one.films, one.hours) for one in found.months]
    return Chart(
        "months",
        _("Month by month"),
        lead,
        _("How much was watched in each month. %(lead)s", lead=lead),
        charts.bars(labels, series),
        data_table(_("Views by month"), columns, rows),
    )


def _weekdays(found: Review) -> Chart:
    values = [float(views) for views in found.weekdays]
    names = weekday_names()
    most = max(range(7), key=lambda place: values[place])
    lead = _("Most on %(weekday)s: %(amount)s.", weekday=names[most], amount=amount_words(found.weekdays[most], None))
    return Chart(
        "weekdays",
        _("Day of the week"),
        lead,
        _("Views by day of the week. %(lead)s", lead=lead),
        charts.bars(weekday_names(short=True), {_("views"): values}),
        data_table(
            _("Views by day of the week"),
            {"weekday": _("Weekday"), "views": _("Views")},
            list(zip(names, found.weekdays, strict=True)),
        ),
        # Beside the hours of the day, if they are known.
        size="half" if found.day_hours else "normal",
    )


def _day_hours(found: Review) -> Chart:
    top = max(range(24), key=lambda hour: found.day_hours[hour])
    lead = _("Most often from %(first)s:00 to %(last)s:00.", first=top, last=(top + 1) % 24)
    return Chart(
        "day_hours",
        _("Time of day"),
        lead,
        _("Plays by the hour they began. %(lead)s", lead=lead),
        charts.bars([str(hour) for hour in range(24)], {_("plays"): [float(plays) for plays in found.day_hours]}),
        data_table(
            _("Plays by hour"),
            {"hour": _("Hour"), "plays": _("Plays")},
            [(f"{hour}:00", plays) for hour, plays in enumerate(found.day_hours)],
        ),
        size="half",
    )


def _calendar(found: Review) -> Chart:
    counts = dict(found.daily)
    first, last = max(found.first, min(counts)), min(found.last, max(counts))
    if found.year:  # a year is drawn as a whole
        first, last = found.first, found.last
    lead = ngettext("Something on %(num)s day.", "Something on %(num)s days.", found.active_days)
    headings = {"monday": _("Week from"), **{name: name for name in weekday_names(short=True)}}
    strips = charts.calendar_strips(first, last)
    return Chart(
        "calendar",
        _("Day by day"),
        lead,
        _("A square for each day from %(first)s to %(last)s; the darker, the more views. %(lead)s",
          first=day(first), last=day(last), lead=lead),
        charts.calendar(counts, first, last),
        data_table(
            _("Views on each day, a row a week"),
            headings,
            charts.calendar_rows(counts, first, last),
        ),
        _("The newest three years at most.") if strips[0][0] > first else "",
        size=f"calendar{len(strips)}",
    )  # fmt: skip
