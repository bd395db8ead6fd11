"""The effect of a life event on what was watched, in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from netflix_trend.participant.event_effects import EventEffect
from netflix_trend.participant.own_effects import THINNED
from netflix_trend.plain_text import printable
from netflix_trend.terminal import print_heading, print_table
from netflix_trend.text_table import Column, TextTable


def print_effect(effect: EventEffect, console: Console) -> None:
    """Print the effect of an event: a table of what was watched before, during and after it, and a sentence."""
    event = effect.event
    print_heading(f"{event.id}: {printable(event.label)}, {event.first_day} to {event.last_day}", console)
    columns = ("from", "to", "views", "a day", "a week", "times before", "95 % interval")
    rows = []
    for period in (effect.before, effect.during, effect.after):
        if period is None:
            continue
        ratio = "" if period.ratio is None else f"{period.ratio:.2f}"
        interval = "" if period.lower is None else f"{period.lower:.2f} to {period.upper:.2f}"
        days = (str(period.first_day), str(period.last_day), str(period.views))
        rows.append((period.name, *days, f"{period.per_day:.2f}", f"{period.per_week:.1f}", ratio, interval))
    print_table(TextTable([Column(""), *(Column(name, is_number=True) for name in columns)], rows), console)
    console.print(effect.reading, markup=False, soft_wrap=True)
    if effect.is_thinned:
        console.print(THINNED, style="dim", markup=False, soft_wrap=True)


def effect_json(effect: EventEffect) -> dict[str, Any]:
    """Return the effect of an event as an object of JSON."""

    def period(one: Any) -> dict[str, Any] | None:
        if one is None:
            return None
        return {
            "first_day": one.first_day.isoformat(),
            "last_day": one.last_day.isoformat(),
            "views": one.views,
            "views_per_day": one.per_day,
            "views_per_week": one.per_week,
            "ratio_to_before": one.ratio,
            "lower": one.lower,
            "upper": one.upper,
        }

    return {
        **effect.event.model_dump(mode="json"),
        "before": period(effect.before),
        "during": period(effect.during),
        "after": period(effect.after),
        "p_value": effect.p_value,
        "weeks": effect.weeks,
        "reading": effect.reading,
        "warning": THINNED if effect.is_thinned else None,
    }
