"""Somebody at the browser with a household's files: two Netflix profiles that count, one that does not, two people."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.netflix_trend.history.invented import history
from tests.netflix_trend.history.test_listing import PLAYS, activity, take
from tests.services.dashboard.participant import Person

FORMULA = "=HYPERLINK(A1)"
MARKUP = "<b>Bold</b> & Co"
# More than two pages of a list.
MANY = 230


def household(root: Path) -> Person:
    """Return somebody whose files are imported into a folder."""
    (root / "datasites").mkdir()
    private = root / "private"
    take(private, activity(*PLAYS, ("Kids", 7, "Roma", "TV", 100)), only=("Ann", "O'Neil"))
    take(private, history(("Bird Box", date(2024, 1, 9))))
    rows = [(f"Long Show: Season 1: Part {number:03}", date(2023, 3, 1)) for number in range(MANY)]
    rows += [(f"{MARKUP}: Season 1: A", date(2023, 5, 1)), (FORMULA, date(2023, 5, 2)), ("Roma", date(2024, 1, 10))]
    take(private, history(*rows), profile="Cleo's")
    return Person(root)
