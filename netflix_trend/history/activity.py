"""Parsing cells of ViewingActivity.csv: when something was played, how long, and whether a person chose it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

_TIME = re.compile(r"\s*(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*([AaPp])?\.?[Mm]?\.?\s*(?:Z|UTC|\+00:?00)?\s*")
_JOINED = re.compile(r"(?<=\d)T(?=\d)")
_DURATION = re.compile(r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d\d)(?:\.\d+)?\s*")
_DAY = 86_400
# Netflix's own writing, `23:50:12`, is read without a pattern, many cells at a time: how many seconds each digit stands
# for, and between what it is. A colon is the sign behind 9.
_WEIGHTS = np.array([36_000, 3_600, 0, 600, 60, 0, 10, 1], np.int32)
_LOWEST = np.array([0, 0, 10, 0, 0, 10, 0, 0], np.int32)
_HIGHEST = np.array([2, 9, 10, 5, 9, 10, 5, 9], np.int32)


def _plain_seconds(clocks: Sequence[str]) -> NDArray[np.int32]:
    """Return the seconds of clocks such as `23:50:12`, -1 for any other writing. Shape: (clocks,)."""
    signs = np.array(clocks, "U8").view(np.uint32).reshape(-1, 8).astype(np.int32) - ord("0")
    seconds = signs @ _WEIGHTS
    is_plain = ((signs >= _LOWEST) & (signs <= _HIGHEST)).all(axis=1) & (seconds < _DAY)
    # Longer ones are cut off in an array.
    return np.where(is_plain & (np.array(list(map(len, clocks))) == 8), seconds, -1).astype(np.int32)


def split_starts(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int32]]:
    """Return of each start what `split_start` returns, sooner; -1 where there is no time. Shape: (texts,)."""
    parts = [text.partition(" ") for text in texts]
    days = [day for day, _, _ in parts]
    seconds = _plain_seconds([clock for _, _, clock in parts])
    odd = {day for day in set(days) if not day or "T" in day or day[0].isspace()}
    for place in np.flatnonzero(seconds < 0).tolist() if not odd else range(len(texts)):
        days[place], second = split_start(texts[place])
        seconds[place] = -1 if second is None else second
    return days, seconds


def durations_in_seconds(texts: Sequence[str]) -> NDArray[np.int32]:
    """Return of each duration what `duration_seconds` returns, sooner; -1 where there is none. Shape: (texts,)."""
    seconds = _plain_seconds(texts)
    for place in np.flatnonzero(seconds < 0).tolist():
        other = duration_seconds(texts[place])
        seconds[place] = -1 if other is None else other
    return seconds


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
