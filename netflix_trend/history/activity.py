"""Parsing cells of ViewingActivity.csv: when something was played, how long, and whether a person chose it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_TIME = re.compile(r"\s*(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*([AaPp])?\.?[Mm]?\.?\s*(?:Z|UTC|\+00:?00)?\s*")
_JOINED = re.compile(r"(?<=\d)T(?=\d)")
_DURATION = re.compile(r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d\d)(?:\.\d+)?\s*")
_DAY = 86_400
# Netflix's own writing is read without a pattern: two digits, and what they are as hours, minutes or seconds.
_HOURS = {f"{hour:02}": hour * 3600 for hour in range(24)}
_MINUTES = {f"{minute:02}": minute * 60 for minute in range(60)}
_SECONDS = {f"{second:02}": second for second in range(60)}


def _second(clock: str) -> int | None:
    """Return the second of the day of `23:50:12`; None for any other writing."""
    if len(clock) != 8 or clock[2] != ":" or clock[5] != ":":
        return None
    hours, minutes, seconds = _HOURS.get(clock[:2]), _MINUTES.get(clock[3:5]), _SECONDS.get(clock[6:])
    return None if hours is None or minutes is None or seconds is None else hours + minutes + seconds


def split_start(text: str) -> tuple[str, int | None]:
    """Split `2024-03-02 23:50:12` into the text of the date and the second of the day (UTC); or None."""
    day, _, clock = text.partition(" ")
    second = _second(clock)
    if second is not None and day and "T" not in day and not day[0].isspace():
        return day, second
    day, _, clock = _JOINED.sub(" ", text.strip()).partition(" ")
    found = _TIME.fullmatch(clock)
    if found is None:
        return day, None
    hours, minutes, seconds, half = int(found[1]), int(found[2]), int(found[3] or 0), found[4]
    if half:
        hours = hours % 12 + (12 if half in "pP" else 0)
    second = hours * 3600 + minutes * 60 + seconds
    return day, second if hours < 24 and minutes < 60 and seconds < 60 else None


def duration_seconds(text: str) -> int | None:
    """Return the seconds of `01:58:00`; None if the text is not a duration."""
    plain = _second(text)
    if plain is not None:
        return plain
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = int(found[1] or 0), int(found[2]), int(found[3])
    total = hours * 3600 + minutes * 60 + seconds
    return total if (minutes < 60 or found[1] is None) and seconds < 60 and total <= _DAY else None


def is_supplemental(cell: str) -> bool:
    """Return whether a row with this `Supplemental Video Type` is not a view. Any type does: new ones appear."""
    return cell.strip().upper() not in ("", "NA", "N/A", "NONE")


def is_autoplayed(attributes: str) -> bool:
    """Return whether Netflix started the playback automatically."""
    return "autoplayed" in attributes.lower()


def local_offsets(day: date, zone: tzinfo | None) -> tuple[int, int, int]:
    """Return how to convert a UTC day to local time: (offset, change, offset after it), all in seconds.

    From second `change` of the UTC day on, the second offset holds; a day without a change of the clocks has
    change = 86,400. zone None is the machine's time zone.
    """

    def offset(second: int) -> int:
        moment = datetime.combine(day, time(), UTC) + timedelta(seconds=second)
        shift = moment.astimezone(zone).utcoffset()
        return round(shift.total_seconds()) if shift is not None else 0

    before, after = offset(0), offset(_DAY - 1)
    if before == after:
        return before, _DAY, after
    low, high = 0, _DAY - 1  # the last second known to have the first offset, the first known to have the other
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(middle) == before else (low, middle)
    return before, high, after
