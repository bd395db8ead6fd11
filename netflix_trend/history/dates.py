"""The order of day, month and year, decided once for each file from all of its dates.

Netflix writes dates in the account's locale, so `3/4/24` means two different days in two files. A date is three
integers; an order is possible if they are valid days in it. A year of four digits in front is read by itself, whatever
the order of the others (docs/method/reading-exports.md#date-order).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from netflix_trend import formats
from netflix_trend.language import _, marked

# Each order of a date, and its name for people.
ORDER_NAMES = {"mdy": marked("month first"), "dmy": marked("day first"), "ymd": marked("year first")}
ORDERS = tuple(ORDER_NAMES)
# The places of year, month and day in each order.
_PLACES = {order: tuple(order.index(part) for part in "ymd") for order in ORDERS}
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\ufeff]")
_THREE_NUMBERS = re.compile(r"\D*\d+\D+\d+\D+\d+")
_FOURTH = re.compile(r"\d")
_NUMBER = re.compile(r"\d+")
# Dots and dashes are used with the day or the year first (`23. 12. 30.` in Korea); a slash is evidence only together
# with leading zeros, which Americans do not write.
_DAY_FIRST = re.compile(r"\d{1,2}([.\-])\s*\d{1,2}\1\s*(\d{4}\b.*|\d{2}(?!\.)\b.*)")
_DOTTED = re.compile(r"\D*\d{1,2}\.\s*\d{1,2}\.\s*\d")
_ZERO_BEHIND_NONE = re.compile(r"\D*\d\D+0\d\D+\d")
_PADDED = re.compile(r"\d\d/\d\d/\d{2}(\d{2})?")
# Rows with more breaks are in no order, and their number says nothing; two exports in one file have one break.
_SORTED_SHARE = 0.1


@dataclass(frozen=True)
class DateQuestion:
    """A question that only the person can answer. example: a date in the file. orders: all orders that fit."""

    example: str
    orders: tuple[str, ...]

    def readings(self) -> dict[str, date | None]:
        """Return the day of the example in each order; None where it is not a date."""
        numbers = _integers(self.example)
        return {order: _day(numbers, order) for order in self.orders}

    def __str__(self) -> str:
        told = [f"{formats.day(day)} ({_(ORDER_NAMES[order])})" for order, day in self.readings().items() if day]
        return _("%(strip)s can be %(told)s", strip=self.example.strip(), told=formats.listed_or(told))


class UndecidableOrder(Exception):
    """Several orders fit all dates of a file. question: which ones, and an example."""

    def __init__(self, question: DateQuestion) -> None:
        super().__init__(str(question))
        self.question = question


@dataclass(frozen=True)
class DateOrder:
    """The order of a file.

    evidence: why it is the order. days: the day of each date text; None where it is not a date. example: how a date of
    the file is read, in words; empty without any. ascents, descents: how many rows are newer, and how many older, than
    the row above.
    """

    order: str
    evidence: str
    days: Mapping[str, date | None]
    example: str = ""
    ascents: int = 0
    descents: int = 0


def date_part(text: str) -> str:
    """Return a date's text up to the end of its third number; the whole text if there are fewer."""
    found = _THREE_NUMBERS.match(text[:100])
    return found[0] if found and _FOURTH.search(text, found.end()) else text[:100]


def decide_order(
    texts: Iterable[str],
    asked: str | None = None,
    newest: date | None = None,
    rows: NDArray[np.int32] | None = None,
    answer: str | None = None,
) -> DateOrder:
    """Decide the order of a file with the dates `texts`.

    texts: the date of each row, in the order of the rows; with `rows` (int32[number of rows]) the different dates, and
    rows holds for each row the place of its date among them.

    By fewest impossible dates, then `answer`, what the person says about this file, then fewest after `newest` (the day
    the file was made, if known), then ways of writing that no country has, then the sort of the rows, then the smallest
    span of days, then `asked`, the setting for all files, then the shape.

    Raises UndecidableOrder if several orders with different days are left.
    """
    texts = list(texts)
    if rows is None:
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        rows = np.fromiter((places[text] for text in texts), dtype=np.int32, count=len(texts))
        texts = list(places)
    if not texts:
        return DateOrder(ORDERS[0], "there are no dates", {})
    numbers = [_integers(text) for text in texts]
    counts = np.bincount(rows, minlength=len(texts))
    readings = [_Reading(order, texts, rows, counts, [_day(found, order) for found in numbers]) for order in ORDERS]
    left, evidence = _year_in_front(numbers, readings)
    steps: tuple[Callable[[list[_Reading]], _Narrowed], ...] = (
        _fewest_impossible,
        partial(_as_answered, answer),
        partial(_fewest_later, newest),
        _month_never_first,
        _best_sorted,
        _smallest_span,
        partial(_by_custom, asked),
    )
    for narrow in steps:
        if len(left) > 1:
            left, told = narrow(left)
            evidence = told or evidence
    chosen = left[0]
    example = _example(readings)
    read = chosen.days[texts.index(example)]
    return DateOrder(
        chosen.order,
        evidence,
        dict(zip(texts, chosen.days, strict=True)),
        f"{example.strip()} is read as {formats.day(read)}" if read else "",
        *chosen.ascents_and_descents,
    )


@dataclass(frozen=True)
class _Reading:
    """The dates of a file, read in one order.

    texts: the different dates. rows: int32, for each row the place of its date in texts. counts: how many rows have
    each date. days: the day of each date.
    """

    order: str
    texts: Sequence[str]
    rows: NDArray[np.int32]
    counts: NDArray[np.intp]
    days: Sequence[date | None]

    @cached_property
    def ordinals(self) -> NDArray[np.int32]:
        """The number of each day; 0 where there is none."""
        return np.array([day.toordinal() if day else 0 for day in self.days], dtype=np.int32)

    def impossible(self) -> int:
        """Return how many rows have a date that is not valid in this order."""
        return int(self.counts[self.ordinals == 0].sum())

    def later_than(self, newest: date) -> int:
        """Return how many rows have a day after `newest`."""
        return int(self.counts[self.ordinals > newest.toordinal()].sum())

    def span(self) -> int:
        """Return the days between the first and the last date."""
        known = self.ordinals[self.ordinals > 0]
        return int(known.max() - known.min()) if known.size else 0

    @cached_property
    def ascents_and_descents(self) -> tuple[int, int]:
        """How many rows are newer, and how many older, than the row above."""
        in_order = self.ordinals[self.rows]
        steps = np.diff(in_order[in_order > 0])
        return int((steps > 0).sum()), int((steps < 0).sum())

    def unsorted(self) -> tuple[int, bool]:
        """Return how many rows break the sort, newest or oldest first, and whether it is oldest first. Netflix sorts
        newest first; other programs may turn this round.
        """
        ascents, descents = self.ascents_and_descents
        return min(ascents, descents), ascents > descents


# Readings that are still possible, the likeliest first, and the reason for the first; empty if nothing was excluded.
_Narrowed = tuple[list[_Reading], str]


_Value = TypeVar("_Value", int, tuple[int, bool])


def _with_least(readings: list[_Reading], measure: Callable[[_Reading], _Value]) -> tuple[list[_Reading], _Value]:
    """Return the readings with the smallest value of a measure, and that value."""
    values = [measure(reading) for reading in readings]
    least = min(values)
    return [reading for reading, value in zip(readings, values, strict=True) if value == least], least


def _year_in_front(numbers: Sequence[tuple[str, ...] | None], readings: list[_Reading]) -> _Narrowed:
    """Decide at once where every date has four digits in front, which only a year can have."""
    known = [found for found in numbers if found]
    if known and all(len(found[0]) == 4 for found in known):
        return [reading for reading in readings if reading.order == "ymd"], "the year is written first"
    return readings, "every order gives the same days"


def _fewest_impossible(readings: list[_Reading]) -> _Narrowed:
    left, fewest = _with_least(readings, _Reading.impossible)
    if len(left) == len(readings):
        return left, ""
    total = int(left[0].counts.sum())
    return left, "only then is every date possible" if not fewest else (
        f"only then are so few dates impossible, {fewest} of {total}"
    )


def _fewest_later(newest: date | None, left: list[_Reading]) -> _Narrowed:
    if newest is None:
        return left, ""
    fewest, count = _with_least(left, lambda reading: reading.later_than(newest))
    if len(fewest) == len(left):
        return left, ""
    what = f"so few dates, {count}," if count else "none of the dates"
    return fewest, f"only then {'are' if count else 'is'} {what} after {newest}, when it was made"


def _month_never_first(left: list[_Reading]) -> _Narrowed:
    """Exclude the month first in dates that nobody writes so: with dots, or as `5/03/24`."""
    orders = [reading.order for reading in left]
    if "mdy" not in orders or "dmy" not in orders:
        return left, ""
    texts = left[0].texts
    others = [reading for reading in left if reading.order != "mdy"]
    if all(_DOTTED.match(text) for text in texts):
        return others, "with dots the month is never first"
    if any(_ZERO_BEHIND_NONE.match(text) for text in texts):
        return others, "with a zero before the second number only, the month is never first"
    return left, ""


def _best_sorted(left: list[_Reading]) -> _Narrowed:
    best, (breaks, is_oldest_first) = _with_least(left, _Reading.unsorted)
    if len(best) == len(left) or breaks > _SORTED_SHARE * sum(best[0].ascents_and_descents):
        return left, ""
    how = "oldest first" if is_oldest_first else "newest first"
    return best, f"only then are the rows sorted {how}" + (" with so few breaks" if breaks else "")


def _as_answered(answer: str | None, left: list[_Reading]) -> _Narrowed:
    """Use what the person says about the file."""
    chosen = [reading for reading in left if reading.order == answer]
    return (chosen, "several orders are possible; this one was chosen for the file") if chosen else (left, "")


def _smallest_span(left: list[_Reading]) -> _Narrowed:
    least, span = _with_least(left, _Reading.span)
    if len(least) == len(left):
        return left, ""
    return least, f"then all dates lie within {span} days, the shortest time"


def _by_custom(asked: str | None, left: list[_Reading]) -> _Narrowed:
    """Use the setting, or the usual order of dates in this format."""
    if all(reading.days == left[0].days for reading in left):
        return left, ""
    by_order = {reading.order: reading for reading in left}
    if asked in by_order:
        return [by_order[asked]], "several orders are possible; this one is the setting DATE_ORDER"
    if "dmy" in by_order and _looks_day_first([text.strip() for text in left[0].texts]):
        return [by_order["dmy"]], "several orders are possible; where dates are written like this the day is first"
    raise UndecidableOrder(DateQuestion(_example(left), tuple(by_order)))


def _example(readings: list[_Reading]) -> str:
    """Return the first date that the orders read as the largest number of different days."""
    days = zip(*(reading.days for reading in readings), strict=True)
    different = [len({*found} - {None}) for found in days]
    return readings[0].texts[different.index(max(different))]


def _looks_day_first(texts: list[str]) -> bool:
    if all(_PADDED.fullmatch(text) for text in texts):
        return any(text.startswith("0") or "/0" in text[:4] for text in texts)
    return all(_DAY_FIRST.fullmatch(text) for text in texts)


def _integers(text: str) -> tuple[str, ...] | None:
    """Return the first three numbers of a date as text, with anything between them, and what follows the third."""
    clean = _INVISIBLE.sub("", text[:60])
    found = list(islice(_NUMBER.finditer(clean), 3))
    if len(found) < 3:
        return None
    return (*(number[0] for number in found), clean[found[2].end() :][:1])


def _day(numbers: tuple[str, ...] | None, order: str) -> date | None:
    if numbers is None:
        return None
    if len(numbers[0]) == 4:
        order = "ymd"
    year_at, month_at, day_at = _PLACES[order]
    year_text, month_text, day_text = numbers[year_at], numbers[month_at], numbers[day_at]
    if len(year_text) not in (2, 4) or len(month_text) > 2 or len(day_text) > 2:
        return None
    if order == "ymd" and len(year_text) == 2 and numbers[3] != ".":
        return None  # nobody writes `24/12/30` or `24.12.30` for a year first; Korea writes `24. 12. 30.`
    year, month, day = int(year_text), int(month_text), int(day_text)  # int() also reads Arabic and Persian digits
    year = _common_era(year)
    try:
        return date(year, month, day) if 1997 <= year <= 2100 else None
    except ValueError:
        return None


def _common_era(year: int) -> int:
    """Return the year that two digits mean, or a year of the Buddhist era."""
    if year > 2400:
        return year - 543
    return year + 2000 if year < 100 else year
