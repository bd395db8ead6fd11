"""Parsing cells of ViewingActivity.csv: when something was played, how long, and whether a person chose it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_TIME = re.compile(r"\s*(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*([AaPp])?\.?[Mm]?\.?\s*(?:Z|UTC|\+00:?00)?\s*")
_JOINED = re.compile(r"(?<=\d)T(?=\d)")
_DURATION = re.compile(r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d\d)(?:\.\d+)?\s*")
_DAY = 86_400


def split_start(text: str) -> tuple[str, int | None]:
    """Split `2024-03-02 23:50:12` into the text of the date and the second of the day (UTC); or None."""
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
