"""Page `Life events`: a calendar of events, what changed with each, and what participants report together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from netflix_trend.formats import decimal
from netflix_trend.language import _, marked, ngettext
from netflix_trend.participant.event_effects import EventEffect, Period
from netflix_trend.participant.life_events import EventError, LifeEvent, read_events
from netflix_trend.participant.own_effects import THINNED
from netflix_trend.published.wording import effect_in_words
from netflix_trend.questions.event_effect.statistics import QuarterEffect
from netflix_trend.settings import Settings
from services.dashboard import charts
from services.dashboard.charts import Chart, DataTable, data_table
from services.dashboard.history import History
from services.dashboard.others import effects_together
from services.dashboard.text import day, days, shown

SUGGESTIONS = (marked("sick"), marked("injured"), marked("holiday"), marked("exams"), marked("new baby"))

_PERIODS = {"before": marked("before"), "during": marked("during"), "after": marked("after")}


@dataclass(frozen=True)
class EventCard:
    """An event and what changed with it."""

    event: LifeEvent
    when: str
    reading: str
    chart: Chart | None
    note: str


@dataclass(frozen=True)
class EventsPage:
    """What the page shows. problem: set if the file of events is damaged."""

    cards: tuple[EventCard, ...] = ()
    calendar: Chart | None = None
    together: str = ""
    together_from: str = ""
    problem: str = ""
    suggestions: tuple[str, ...] = ()


def events_page(settings: Settings, history: History, today: date) -> EventsPage:
    """Return the page; newest event first."""
    try:
        events = read_events(settings.private_dir)
    except EventError as problem:
        return EventsPage(problem=str(problem))
    effects = {effect.event.id: effect for effect in history.effects(events)}
    cards = [_card(event, effects.get(event.id)) for event in reversed(events)]
    together = effects_together(settings)
    return EventsPage(
        tuple(cards),
        _calendar(history, events, today),
        together_in_words(together),
        _from_whom(together) if together else "",
        suggestions=tuple(_(word) for word in SUGGESTIONS),
    )


def _from_whom(together: QuarterEffect) -> str:
    effect = together.effect
    return ngettext(
        "%(quarter)s, %(num)s answer.", "%(quarter)s, %(num)s answers.", effect.reports, quarter=effect.quarter
    )


def _card(event: LifeEvent, effect: EventEffect | None) -> EventCard:
    span = days(event.first_day, event.last_day)
    when = ngettext("%(days)s, %(num)s day", "%(days)s, %(num)s days", event.days, days=span)
    if effect is None:
        return EventCard(event, when, _("Nothing was imported yet, so there is nothing to compare."), None, "")
    periods = [period for period in (effect.before, effect.during, effect.after) if period is not None]
    chart = _effect_chart(event, periods, effect.reading) if effect.before and effect.during else None
    return EventCard(event, when, effect.reading, chart, _(THINNED) if effect.is_thinned and chart else "")


def _effect_table(label: str, periods: Sequence[Period]) -> DataTable:
    rows = [
        (
            _(_PERIODS[period.name]),
            days(period.first_day, period.last_day),
            period.views,
            round(period.per_week, 1),
            "–" if period.ratio is None else decimal(period.ratio, 2),
            "–"
            if period.lower is None or period.upper is None
            else _("%(low)s to %(high)s", low=decimal(period.lower, 2), high=decimal(period.upper, 2)),
        )
        for period in periods
    ]
    headings = (_("Period"), _("Days"), _("Views"), _("Views a week"), _("Times before"), _("95 % interval"))
    return data_table(
        _("Views around %(event)s", event=shown(label, 40)), dict(zip("abcdef", headings, strict=True)), rows
    )


def _effect_chart(event: LifeEvent, periods: Sequence[Period], reading: str) -> Chart:
    usual = periods[0].per_week
    lines = [
        (place, usual * period.lower, usual * period.upper)
        for place, period in enumerate(periods)
        if period.lower is not None and period.upper is not None
    ]
    option = charts.columns_with_intervals(
        [_(_PERIODS[period.name]) for period in periods],
        _("views a week"),
        [round(period.per_week, 1) for period in periods],
        [(round(low, 2), round(high, 2)) for _, low, high in lines],
        ["@mine" if period.name == "during" else "@noise" for period in periods],
        at=[place for place, _, _ in lines],
    )
    return Chart(
        f"event{event.id}",
        _("Before, during, after"),
        _("Views a week. The thin lines are what the comparison with before allows (95 %)."),
        _("Views a week before, during and after. %(reading)s", reading=reading),
        option,
        _effect_table(event.label, periods),
        size="short",
    )


def _calendar(history: History, events: tuple[LifeEvent, ...], today: date) -> Chart:
    span = history.span()
    last = max(today, span.last if span else today)
    first = last - timedelta(days=364)
    counts = {one: views for one, views in history.daily().items() if one >= first}
    dots: dict[date, str] = {}
    for event in events:
        begin = max(event.first_day, first)
        for number in range((min(event.last_day, last) - begin).days + 1):
            dots[begin + timedelta(days=number)] = shown(event.label, 40)
    rows = [(shown(event.label, 40), event.first_day, event.last_day, event.days) for event in events]
    headings = dict(zip("abcd", (_("Event"), _("First day"), _("Last day"), _("Days")), strict=True))
    return Chart(
        "event_calendar",
        _("Calendar"),
        _("Blue marks are events. Click two days to choose the first and the last one."),
        ngettext(
            "A square a day since %(first)s; the darker, the more views. %(num)s event marked.",
            "A square a day since %(first)s; the darker, the more views. %(num)s events marked.",
            len(events),
            first=day(first),
        ),
        charts.calendar(counts, first, last, dots),
        data_table(_("Your events"), headings, rows),
        size="calendar1",
    )


def together_in_words(found: QuarterEffect | None) -> str:
    """Return what all participants together report about their events."""
    if found is None:
        return _("Nothing is published about life events yet. It is asked once a quarter.")
    return effect_in_words(found)
