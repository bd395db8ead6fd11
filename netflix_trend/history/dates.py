"""Which of day, month and year comes first: decided once per file, from all of its dates.

Netflix writes dates in the account's locale, so `3/4/24` means two different days in two files. A date is three
integers; an order is possible if they are valid days in it (docs/method/reading-exports.md#date-order).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
    """A question that only the person can answer: `example` is a date of the file, `orders` are all orders that fit."""

    example: str
    orders: tuple[str, ...]

    def readings(self) -> dict[str, date | None]:
        """Return which day the example is in each order; None where the example is not a date in it."""
        numbers = _integers(self.example)
        return {order: _day(numbers, order) for order in self.orders}

    def __str__(self) -> str:
        return f"{self.example!r} can be read as {' or '.join(self.orders)}"


class UndecidableOrder(Exception):
    """Several orders fit all dates of a file; `question` says which."""

    def __init__(self, question: DateQuestion) -> None:
        super().__init__(str(question))
        self.question = question


@dataclass(frozen=True)
class DateOrder:
    """The order of a file, how it was decided, and the day of each date text; None where it is impossible."""

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
    readings = {order: {text: _day(numbers[text], order) for text in rows} for order in ORDERS}
    impossible = {
        order: sum(count for text, count in rows.items() if days[text] is None) for order, days in readings.items()
    }
    fewest = min(impossible.values())
    left = [order for order in ORDERS if impossible[order] == fewest]
    evidence = f"{fewest} of {rows.total()} dates are impossible as {left[0]}; " + ", ".join(
        f"{impossible[order]} as {order}" for order in ORDERS if order != left[0]
    )
    if len(left) > 1 and newest is not None:
        later = {
            order: sum(count for text, count in rows.items() if (readings[order][text] or date.min) > newest)
            for order in left
        }
        if min(later.values()) < max(later.values()):
            left = [order for order in left if later[order] == min(later.values())]
            evidence = f"only as {left[0]} it has the fewest dates after {newest}, when it was made"
    if "mdy" in left and "dmy" in left and all(_DOTTED.match(text) for text in rows):
        left.remove("mdy")  # nobody writes dots with the month first
        evidence = f"with dots the month is never first; {left[0]} is possible"
    if len(left) > 1:
        spans = {order: _span(readings[order].values()) for order in left}
        smallest = min(spans.values())
        left = [order for order in left if spans[order] == smallest]
        evidence = f"several orders are possible; {left[0]} gives the smallest span, {smallest} days"
    if len(left) > 1 and any(readings[order] != readings[left[0]] for order in left):
        if asked in left:
            left, evidence = [asked], "several orders are possible; this one is the setting DATE_ORDER"
        elif "dmy" in left and _looks_day_first([text.strip() for text in rows]):
            left, evidence = ["dmy"], "several orders are possible; this way of writing is used where the day is first"
        else:
            raise UndecidableOrder(DateQuestion(_example(readings, left), tuple(left)))
    return DateOrder(left[0], evidence, readings[left[0]])


def _example(readings: Mapping[str, Mapping[str, date | None]], orders: Sequence[str]) -> str:
    """Return the first date that the orders read as different days, as many as possible."""
    return max(readings[orders[0]], key=lambda text: len({readings[order][text] for order in orders} - {None}))


def _looks_day_first(texts: list[str]) -> bool:
    if all(_PADDED.fullmatch(text) for text in texts):
        return any(text.startswith("0") or "/0" in text[:4] for text in texts)
    return all(_DAY_FIRST.fullmatch(text) for text in texts)


def _integers(text: str) -> tuple[str, ...] | None:
    """Return the first three numbers of a date as text, whatever stands between them, and what follows the third."""
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
    if year > 2400:
        year -= 543  # Buddhist era
    elif year < 100:
        year += 2000
    try:
        return date(year, month, day) if 1997 <= year <= 2100 else None
    except ValueError:
        return None


def _span(days: Iterable[date | None]) -> int:
    known = [day for day in days if day is not None]
    return (max(known) - min(known)).days if known else 0
