"""Page `Life events`: a calendar of events, what changed with each, and what participants report together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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
from services.dashboard.text import counted, day, shown

SUGGESTIONS = ("sick", "injured", "holiday", "exams", "new baby")


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
    suggestions: tuple[str, ...] = SUGGESTIONS


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
        f"{together.effect.quarter}, {counted(together.effect.reports, 'answer')}." if together else "",
    )


def _card(event: LifeEvent, effect: EventEffect | None) -> EventCard:
    when = f"{day(event.first_day)} to {day(event.last_day)}, {counted(event.days, 'day')}"
    if effect is None:
        return EventCard(event, when, "Nothing was imported yet, so there is nothing to compare.", None, "")
    periods = [period for period in (effect.before, effect.during, effect.after) if period is not None]
    chart = _effect_chart(event, periods, effect.reading) if effect.before and effect.during else None
    return EventCard(event, when, effect.reading, chart, THINNED if effect.is_thinned and chart else "")


def _effect_table(label: str, periods: Sequence[Period]) -> DataTable:
    rows = [
        (
            period.name,
            f"{period.first_day} to {period.last_day}",
            period.views,
            round(period.per_week, 1),
            "–" if period.ratio is None else f"{period.ratio:.2f}",
            "–" if period.lower is None or period.upper is None else f"{period.lower:.2f} to {period.upper:.2f}",
        )
        for period in periods
    ]
    headings = ("Period", "Days", "Views", "Views a week", "Times before", "95 % interval")
    return data_table(f"Views around {shown(label, 40)}", dict(zip("abcdef", headings, strict=True)), rows)


def _effect_chart(event: LifeEvent, periods: Sequence[Period], reading: str) -> Chart:
    usual = periods[0].per_week
    lines = [
        (place, usual * period.lower, usual * period.upper)
        for place, period in enumerate(periods)
        if period.lower is not None and period.upper is not None
    ]
    option = charts.columns_with_intervals(
        [period.name for period in periods],
        "views a week",
        [round(period.per_week, 1) for period in periods],
        [(round(low, 2), round(high, 2)) for _, low, high in lines],
        ["@mine" if period.name == "during" else "@bar" for period in periods],
        at=[place for place, _, _ in lines],
    )
    return Chart(
        f"event{event.id}",
        "Before, during, after",
        "Views a week. The thin lines are what the comparison with before allows (95 %).",
        f"Views a week before, during and after. {reading}",
        option,
        _effect_table(event.label, periods),
        size="short",
    )


def _calendar(history: History, events: tuple[LifeEvent, ...], today: date) -> Chart:
    span = history.span()
    last = max(today, span.last if span else today)
    first = last - timedelta(days=364)
    counts = {one: views for one, views in history.daily().items() if one >= first}
    marked: dict[date, str] = {}
    for event in events:
        begin = max(event.first_day, first)
        for number in range((min(event.last_day, last) - begin).days + 1):
            marked[begin + timedelta(days=number)] = shown(event.label, 40)
    rows = [(shown(event.label, 40), str(event.first_day), str(event.last_day), event.days) for event in events]
    headings = dict(zip("abcd", ("Event", "First day", "Last day", "Days"), strict=True))
    return Chart(
        "event_calendar",
        "Calendar",
        "Small marks are events. Click two days to choose the first and the last one.",
        f"A square a day since {first}; the darker, the more views. {counted(len(events), 'event')} marked.",
        charts.calendar(counts, first, last, marked),
        data_table("Your events", headings, rows),
        size="calendar1",
    )


def together_in_words(found: QuarterEffect | None) -> str:
    """Return what all participants together report about their events."""
    if found is None:
        return "Nothing is published about life events yet. It is asked once a quarter."
    return effect_in_words(found)
