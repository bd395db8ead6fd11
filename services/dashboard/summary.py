"""The first thing on the page Start once there is a history: what it says about the last twelve months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from netflix_trend.formats import days
from netflix_trend.history.review_words import Statement, notes, statements
from netflix_trend.language import _
from services.dashboard.history import History
from services.dashboard.selection import address, profile_words, who

if TYPE_CHECKING:
    from services.dashboard.start import Step

_DAYS = 365


@dataclass(frozen=True)
class Summary:
    """Statements about twelve months, and the newest year. period: of the statements, in words. profiles: reviews of
    single profiles, what each is called and its address.
    """

    period: str
    statements: tuple[Statement, ...]
    notes: tuple[str, ...]
    year: int
    profiles: tuple[tuple[str, str], ...]


def summary_of(history: History) -> Summary | None:
    """Return the summary of the twelve months up to the last view; None without views."""
    span = history.span()
    if span is None:
        return None
    # Counted from the last view, because exports are often months old.
    first = max(span.first, span.last - timedelta(days=_DAYS - 1))
    found = history.review(first, span.last)
    if found is None:
        return None
    year = span.last.year
    profiles = tuple(
        (profile_words(one.label), address(f"/year/{year}", {"profile": one.value})) for one in who(history, {}).options
    )
    return Summary(days(first, span.last), statements(found), notes(found), year, profiles)


def all_set(steps: Sequence[Step]) -> str:
    """Return one line in the place of steps that are all done; empty while one is not."""
    if any(step.state != "done" for step in steps):
        return ""
    return _("All set: %(steps)s", steps=" · ".join(step.title for step in steps))
