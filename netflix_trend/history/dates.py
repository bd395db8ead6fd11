"""The order of day, month and year, decided once for each file from all of its dates.

Netflix writes dates in the account's locale, so `3/4/24` means two different days in two files. A date is three
integers; an order is possible if they are valid days in it (docs/method/reading-exports.md#date-order).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import islice

ORDERS = ("mdy", "dmy", "ymd")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\ufeff]")
_THREE_NUMBERS = re.compile(r"\D*\d+\D+\d+\D+\d+")
_FOURTH = re.compile(r"\d")
_NUMBER = re.compile(r"\d+")
# Dots and dashes are used with the day or the year first (`23. 12. 30.` in Korea); a slash is evidence only together
# with leading zeros, which Americans do not write.
_DAY_FIRST = re.compile(r"\d{1,2}([.\-])\s*\d{1,2}\1\s*(\d{4}\b.*|\d{2}(?!\.)\b.*)")
_DOTTED = re.compile(r"\D*\d{1,2}\.\s*\d{1,2}\.\s*\d")
_PADDED = re.compile(r"\d\d/\d\d/\d{2}(\d{2})?")


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
        return f"{self.example!r} can be read as {' or '.join(self.orders)}"


class UndecidableOrder(Exception):
    """Several orders fit all dates of a file. question: which ones, and an example."""

    def __init__(self, question: DateQuestion) -> None:
        super().__init__(str(question))
        self.question = question


@dataclass(frozen=True)
class DateOrder:
    """The order of a file, the evidence for it, and the day of each date text; None where it is not a date."""

    order: str
    evidence: str
    days: Mapping[str, date | None]


def date_part(text: str) -> str:
    """Return a date's text up to the end of its third number; the whole text if there are fewer."""
    found = _THREE_NUMBERS.match(text[:100])
    return found[0] if found and _FOURTH.search(text, found.end()) else text[:100]


def decide_order(
    texts: Iterable[str] | Mapping[str, int], asked: str | None = None, newest: date | None = None
) -> DateOrder:
    """Decide the order of a file with the dates `texts` (each of them, or how many rows have each).

    By fewest impossible dates, then fewest after `newest` (the day the file was made, if known), then the smallest
    span of days, then `asked`, the person's own answer, then the shape. Raises UndecidableOrder if several orders
    with different days are left.
    """
    rows = Counter(texts)
    if not rows:
        return DateOrder(ORDERS[0], "there are no dates", {})
    numbers = {text: _integers(text) for text in rows}
    readings = [_Reading(order, rows, {text: _day(numbers[text], order) for text in rows}) for order in ORDERS]
    left, evidence = _fewest_impossible(readings)
    for narrow in (partial(_fewest_later, newest), _month_behind_dots, _smallest_span, partial(_by_custom, asked)):
        if len(left) > 1:
            left, evidence = narrow(left, evidence)
    return DateOrder(left[0].order, evidence, left[0].days)


@dataclass(frozen=True)
class _Reading:
    """The dates of a file, read in one order. rows: how many rows have each date."""

    order: str
    rows: Counter[str]
    days: Mapping[str, date | None]

    def impossible(self) -> int:
        """Return how many rows have a date that is not valid in this order."""
        return sum(count for text, count in self.rows.items() if self.days[text] is None)

    def later_than(self, newest: date) -> int:
        """Return how many rows have a day after `newest`."""
        return sum(count for text, count in self.rows.items() if (self.days[text] or date.min) > newest)

    def span(self) -> int:
        """Return the days between the first and the last date."""
        known = [day for day in self.days.values() if day is not None]
        return (max(known) - min(known)).days if known else 0


# Readings that are still possible, the likeliest first, and the reason for the first.
_Narrowed = tuple[list[_Reading], str]


def _with_least(readings: list[_Reading], measure: Callable[[_Reading], int]) -> tuple[list[_Reading], int]:
    """Return the readings with the smallest value of a measure, and that value."""
    values = [measure(reading) for reading in readings]
    least = min(values)
    return [reading for reading, value in zip(readings, values, strict=True) if value == least], least


def _fewest_impossible(readings: list[_Reading]) -> _Narrowed:
    left, fewest = _with_least(readings, _Reading.impossible)
    others = ", ".join(f"{one.impossible()} as {one.order}" for one in readings if one is not left[0])
    total = left[0].rows.total()
    return left, f"{fewest} of {total} dates are impossible as {left[0].order}; {others}"


def _fewest_later(newest: date | None, left: list[_Reading], evidence: str) -> _Narrowed:
    if newest is None:
        return left, evidence
    fewest, _ = _with_least(left, lambda reading: reading.later_than(newest))
    if len(fewest) == len(left):
        return left, evidence
    return fewest, f"only as {fewest[0].order} it has the fewest dates after {newest}, when it was made"


def _month_behind_dots(left: list[_Reading], evidence: str) -> _Narrowed:
    """Exclude dots with the month first, which nobody writes."""
    orders = [reading.order for reading in left]
    if "mdy" not in orders or "dmy" not in orders or not all(_DOTTED.match(text) for text in left[0].rows):
        return left, evidence
    left = [reading for reading in left if reading.order != "mdy"]
    return left, f"with dots the month is never first; {left[0].order} is possible"


def _smallest_span(left: list[_Reading], _evidence: str) -> _Narrowed:
    left, span = _with_least(left, _Reading.span)
    return left, f"several orders are possible; {left[0].order} gives the smallest span, {span} days"


def _by_custom(asked: str | None, left: list[_Reading], evidence: str) -> _Narrowed:
    """Use the answer of the person, or the usual order of dates in this format."""
    if all(reading.days == left[0].days for reading in left):
        return left, evidence
    by_order = {reading.order: reading for reading in left}
    if asked in by_order:
        return [by_order[asked]], "several orders are possible; this one is the setting DATE_ORDER"
    if "dmy" in by_order and _looks_day_first([text.strip() for text in left[0].rows]):
        return [by_order["dmy"]], "several orders are possible; this way of writing is used where the day is first"
    raise UndecidableOrder(DateQuestion(_example(left), tuple(by_order)))


def _example(readings: list[_Reading]) -> str:
    """Return the first date that the orders read as the largest number of different days."""
    return max(readings[0].rows, key=lambda text: len({reading.days[text] for reading in readings} - {None}))


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
    year_text, month_text, day_text = (numbers[order.index(part)] for part in "ymd")
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
