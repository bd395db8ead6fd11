"""Life events: private notes such as `sick from 1 to 9 February`.

They are kept in `life_events.json` on the private volume. The publisher reads their days. At most a randomized answer
about them leaves the machine.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from netflix_trend.causes import expected
from netflix_trend.formats import day
from netflix_trend.language import _
from netflix_trend.layout import PrivateVolume
from netflix_trend.storage.damaged import Damaged, read_file
from netflix_trend.storage.files import locked, write_atomically
from netflix_trend.storage.model import Strict

_MAX_EVENTS = 1_000


class EventError(Exception):
    """An event cannot be added or removed; the message says what to do."""


# Netflix was founded in 1997.
_Day = Annotated[date, Field(ge=date(1997, 1, 1), le=date(2100, 12, 31))]


class LifeEvent(Strict):
    """A label, and its first and last day. id: the number to remove it by."""

    id: Annotated[int, Field(ge=1)]
    label: Annotated[str, Field(pattern=r"^\w[\w .,'()-]{0,39}$")]
    first_day: _Day
    last_day: _Day

    @model_validator(mode="after")
    def _in_order(self) -> LifeEvent:
        if self.last_day < self.first_day:
            raise ValueError(
                _(
                    "it ends on %(last_day)s, before it begins on %(first_day)s",
                    last_day=self.last_day,
                    first_day=self.first_day,
                )
            )
        return self

    @property
    def days(self) -> int:
        """How many days it lasted."""
        return (self.last_day - self.first_day).days + 1


class _File(Strict):
    schema_version: Literal[1] = 1
    next_id: Annotated[int, Field(ge=1)] = 1
    events: Annotated[tuple[LifeEvent, ...], Field(strict=False, max_length=_MAX_EVENTS)] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> _File:
        numbers = [event.id for event in self.events]
        if len(set(numbers)) < len(numbers) or max(numbers, default=0) >= self.next_id:
            raise ValueError(_("the ids of events are not unique"))
        return self


def read_events(private: Path) -> tuple[LifeEvent, ...]:
    """Return all events, oldest first. Raises EventError if the file is damaged."""
    return tuple(sorted(_read(private).events, key=lambda event: (event.first_day, event.last_day, event.id)))


def add_event(private: Path, label: str, first_day: date, last_day: date) -> LifeEvent:
    """Add an event. Raises EventError if the label or the days are invalid, or the event exists already."""
    with locked(private / ".life_events.lock"):
        file = _read(private)
        try:
            event = LifeEvent(id=file.next_id, label=label.strip(), first_day=first_day, last_day=last_day)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            if problem["loc"] == ("label",):
                raise EventError(_("a label has 1 to 40 letters, digits and blanks, such as sick")) from None
            if problem["loc"]:
                raise EventError(_("an event must be between 1997 and 2100")) from None
            raise EventError(expected(problem)) from None
        if any(event == known.model_copy(update={"id": event.id}) for known in file.events):
            raise EventError(
                _(
                    "%(label)s from %(first_day)s to %(last_day)s exists already; nothing was changed",
                    label=event.label,
                    first_day=day(first_day),
                    last_day=day(last_day),
                )
            )
        if len(file.events) == _MAX_EVENTS:
            raise EventError(
                _("there are already %(MAX_EVENTS)s events, the maximum; remove one first", MAX_EVENTS=_MAX_EVENTS)
            )
        _write(private, _File(next_id=event.id + 1, events=(*file.events, event)))
    return event


def remove_event(private: Path, number: int) -> LifeEvent:
    """Remove an event and return it. Raises EventError if there is none with that id."""
    with locked(private / ".life_events.lock"):
        file = _read(private)
        found = next((event for event in file.events if event.id == number), None)
        if found is None:
            raise EventError(_("there is no event %(number)s; ./run.sh event list shows their numbers", number=number))
        _write(private, file.model_copy(update={"events": tuple(event for event in file.events if event != found)}))
    return found


def _read(private: Path) -> _File:
    try:
        return _File.model_validate_json(read_file(PrivateVolume(private).life_events))
    except FileNotFoundError:
        return _File()
    except (ValidationError, Damaged):
        raise EventError(_("life_events.json on the private volume is damaged; repair or remove it")) from None


def _write(private: Path, file: _File) -> None:
    write_atomically(PrivateVolume(private).life_events, file.to_bytes())
