"""The verb `event` in the terminal. It reads the tables, and never builds them: no table depends on an event."""

from __future__ import annotations

from datetime import date

from rich.console import Console

from netflix_trend.history.opened import open_profiles
from netflix_trend.participant.life_events import add_event, read_events, remove_event
from netflix_trend.plain_text import printable
from netflix_trend.settings import Settings
from services.processor.verbs import answered, print_json


def note_event(label: str, first_day: date, last_day: date) -> int:
    """Add a life event and print its effect. Returns the exit code."""
    return answered("event", lambda settings, console: _event_add(settings, console, label, first_day, last_day))


def list_events(*, is_json: bool) -> int:
    """Print all life events and their effects. Returns the exit code."""
    return answered("event", lambda settings, console: _event_list(settings, console, is_json=is_json))


def forget_event(number: int) -> int:
    """Remove a life event. Returns the exit code."""
    return answered("event", lambda settings, console: _event_remove(settings, console, number))


def _event_add(settings: Settings, console: Console, label: str, first_day: date, last_day: date) -> int:
    event = add_event(settings.private_dir, label, first_day, last_day)
    said = f"{event.id}: {printable(event.label)}, {event.first_day} to {event.last_day}. It stays on this machine."
    console.print(said, markup=False, soft_wrap=True)
    console.print("At most a randomized answer about the quarter leaves it: see LIMIT_QUESTIONS.", style="dim")
    try:
        database = open_profiles(settings.private_dir)
    except FileNotFoundError:
        console.print("Nothing was imported yet, so there is nothing to compare.")
        return 0
    # With numpy, which nobody needs who has nothing to compare.
    from netflix_trend.participant.own_effects import effects_of
    from services.processor.effects import print_effect

    with database:
        for effect in effects_of(database, read_events(settings.private_dir)):
            if effect.event == event:
                print_effect(effect, console)
    return 0


def _event_list(settings: Settings, console: Console, *, is_json: bool) -> int:
    from netflix_trend.participant.event_effects import EventEffect
    from netflix_trend.participant.own_effects import effects_of
    from services.processor.effects import effect_json, print_effect

    events = read_events(settings.private_dir)
    if not events and not is_json:
        console.print("No events yet. Note one: ./run.sh event add sick 2026-02-01 2026-02-09")
        return 0
    try:
        with open_profiles(settings.private_dir) as database:
            effects = list(effects_of(database, read_events(settings.private_dir)))
    except FileNotFoundError:
        effects = [EventEffect(event, None, None, None, None, 0) for event in events]
    for effect in effects:
        if is_json:
            print_json(effect_json(effect))
        else:
            print_effect(effect, console)
    return 0


def _event_remove(settings: Settings, console: Console, number: int) -> int:
    event = remove_event(settings.private_dir, number)
    console.print(f"Removed {event.id}: {event.label}, {event.first_day} to {event.last_day}.", markup=False)
    return 0
