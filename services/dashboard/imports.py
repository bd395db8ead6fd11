"""Imported files: what became of their rows, and questions about the order of their dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from netflix_trend.history.dates import ORDER_NAMES, DateQuestion
from netflix_trend.history.freshness import Freshness
from netflix_trend.history.opened import rows_of_exports
from netflix_trend.language import _, marked, ngettext
from netflix_trend.layout import PrivateVolume
from netflix_trend.plain_text import without_name
from netflix_trend.told_again import told_again
from services.dashboard.backend import Backend, RefusedFile
from services.dashboard.text import day, days, number, shown

DAMAGED = marked(
    "This description of an export is damaged, so the export is left out of your tables. The "
    "export itself is kept beside it. Upload the same file again: that writes the description "
    "anew."
)


@dataclass(frozen=True)
class ImportedFile:
    """A file of the table `exports`. error: why it is not used. question: about the order of its dates.
    asks_whose: whether the person has to say which of its Netflix profiles counts.
    """

    profile: str
    sha256: str
    name: str
    received: date
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    error: str | None = None
    question: DateQuestion | None = None
    asks_whose: bool = False

    @property
    def asks(self) -> bool:
        """Whether the page Start asks a question about it."""
        return self.question is not None or self.asks_whose


def orders() -> dict[str, str]:
    """Return the orders of a date in words, with an example."""
    return {
        "mdy": _("month first: 3/4/26 is 4 March"),
        "dmy": _("day first: 3/4/26 is 3 April"),
        "ymd": _("year first: 2026-04-03"),
    }


def imported_files(private: Path) -> list[ImportedFile]:
    """Return all files, newest first."""
    files = []
    for path in PrivateVolume(private).databases():
        for row in rows_of_exports(path):
            error = row["error"]
            files.append(
                ImportedFile(
                    profile=path.parent.name,
                    sha256=row["sha256"],
                    name=shown(row["name"], 60),
                    received=row["received"],
                    sentences=() if error else rows_in_words(row),
                    warnings=tuple(shown(told_again(line), 300) for line in (row["warnings"] or "").splitlines()),
                    error=shown(told_again(without_name(error, row["name"])), 400) if error else None,
                    question=_question(row),
                    asks_whose=bool(error and row.get("netflix_profiles")),
                )
            )
    return sorted(files, key=lambda file: (file.received, file.sha256), reverse=True)


def refused_files(backend: Backend, found: Freshness) -> tuple[RefusedFile, ...]:
    """Return the files that could not be queued, newest first, then exports whose description is damaged."""
    damaged = (RefusedFile(f"raw/{sha256}.json", _(DAMAGED)) for sha256 in found.damaged)
    problem = (RefusedFile("exclusions.json", f"{told_again(found.problem)}."),) if found.problem else ()
    return (*problem, *backend.refused_files(), *damaged)


def _question(row: Mapping[str, Any]) -> DateQuestion | None:
    """Return the question about a refused file; None if it was refused for another reason."""
    # Tables of earlier versions lack these columns until the next import.
    orders = row.get("date_orders")
    return DateQuestion(row["date_example"], tuple(orders)) if orders else None


def answers(question: DateQuestion) -> dict[str, str]:
    """Return each possible order, with the words for how it reads the example."""
    example = shown(question.example, 40)
    return {order: _reading(order, example, read) for order, read in question.readings().items()}


def _reading(order: str, example: str, read: date | None) -> str:
    name = _(ORDER_NAMES[order])
    if read is None:
        return _("%(order)s: %(example)s is no date", order=name, example=example)
    return _("%(order)s: %(example)s is %(day)s", order=name, example=example, day=day(read))


def rows_in_words(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what became of the rows of a file, in sentences that account for every row."""

    def count(name: str) -> int:
        value = row.get(name)  # tables of earlier versions lack some until the next rebuild
        return value if isinstance(value, int) else 0

    views = count("views") - (count("supplemental") if row["kind"] == "viewing_history" else 0)
    first, last = row["first_day"], row["last_day"]
    rows = ngettext("%(num)s row", "%(num)s rows", count("rows"))
    seen = ngettext("%(num)s view", "%(num)s views", views)
    episodes = ngettext("%(num)s episode", "%(num)s episodes", count("episodes"))
    films = ngettext("%(num)s film", "%(num)s films", count("films"))
    if isinstance(first, date) and isinstance(last, date):
        said = _(
            "%(rows)s, %(views)s (%(days)s): %(episodes)s and %(films)s.",
            rows=rows,
            views=seen,
            days=days(first, last),
            episodes=episodes,
            films=films,
        )
    else:
        said = _(
            "%(rows)s, %(views)s: %(episodes)s and %(films)s.", rows=rows, views=seen, episodes=episodes, films=films
        )
    parts = {
        "excluded": marked("%(rows)s excluded by you"),
        "supplemental": marked("%(rows)s trailers and recaps, left out"),
        "undated": marked("%(rows)s without a date, left out"),
        "too_short": marked("%(rows)s too short, left out"),
        "other_profiles": marked("%(rows)s of other Netflix profiles, left out"),
        "blank": marked("%(rows)s without a title, counted as unknown"),
        "unsure": marked("%(rows)s where episode or film is a guess"),
    }
    rest = "; ".join(_(what, rows=number(count(name))) for name, what in parts.items() if count(name))
    return (said, f"{rest}." if rest else _("Every row was used."))
