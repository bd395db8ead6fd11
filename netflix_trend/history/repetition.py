"""Decides titles by repetition if neither words nor the vocabulary decide.

Many series carry no season word in Netflix's exports (`Show: Episode's name`), and so do many films (`Film: Part of
the title`). The other titles of the same history decide: five titles that begin alike are episodes, and so are
two that were seen within two days. The thresholds were counted on real histories
(docs/method/reading-exports.md#repetition).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.season_words import has_form
from netflix_trend.history.titles import ParsedTitle, split_title

# A series has at least this many distinct titles with the same beginning, within at most this many days.
_SERIES = ((5, None), (3, 7), (2, 2))


_FIRST = re.compile(r"(?<![0-9A-Za-z])(?:0?1|one|uno|um|un|eins|I|一)(?![0-9A-Za-z])", re.IGNORECASE)


@dataclass
class _Group:
    """Undecided titles with the same first part."""

    titles: int = 0
    chapters: int = 0
    first_day: date = date.max
    last_day: date = date.min
    seconds: Counter[str] = field(default_factory=Counter)

    @property
    def is_series(self) -> bool:
        """Return whether there are enough titles, close enough in time."""
        days = (self.last_day - self.first_day).days
        span = days if days >= 0 else None  # no known day
        return any(
            self.titles >= least and (most is None or (span is not None and span <= most)) for least, most in _SERIES
        )

    def show_and_season(self, parts: list[str], *, ends_numbered: bool) -> tuple[str, str | None]:
        """Return the names of show and season in the parts of an episode."""
        if len(parts) == 2:
            return parts[0], None
        # Several second parts that repeat are seasons of one show; a single one belongs to the show's name.
        repeated = [second for second, count in self.seconds.items() if count > 1]
        if repeated == [title_key(parts[1])] or (ends_numbered and not repeated):
            return ": ".join(parts[:2]), None
        return parts[0], parts[1]


class Repetition:
    """Collects every undecided title of a history (`add`), then decides each of them (`decide`).

    The order of titles does not matter. Memory grows with the number of different first parts, not with titles.
    """

    def __init__(self, proved: Iterable[tuple[str, int]]) -> None:
        """Add shows (name, vocabulary index or -1) that words have proved elsewhere in the history."""
        self._proved = {title_key(name): (name, index) for name, index in sorted(proved)}
        self._groups: dict[str, _Group] = {}

    def add(self, title: str, first_day: date | None, last_day: date | None) -> None:
        """Add a distinct undecided title, with the first and last day it was seen; None if undated."""
        parts = _parts(title)
        group = self._groups.setdefault(title_key(parts[0]), _Group())
        if has_form(parts[-1], "chapter"):
            group.chapters += 1
        if has_form(parts[-1], "weak"):
            return  # `Kill Bill: Vol. 1` and `Kill Bill: Vol. 2` are films, seen one after the other or not
        group.titles += 1
        if first_day is not None and last_day is not None:
            group.first_day, group.last_day = min(group.first_day, first_day), max(group.last_day, last_day)
        if len(parts) > 2:
            group.seconds[title_key(parts[1])] += 1

    def decide(self, title: str) -> ParsedTitle:
        """Return the kind of an undecided title. Without evidence, a film is the better guess."""
        parts = _parts(title)
        proved = self._proved_show(parts)
        if proved is not None:
            return ParsedTitle("episode", proved[0], None, proved[1], "likely")
        group = self._groups.get(title_key(parts[0]), _Group())
        ends_numbered = has_form(parts[-1], "episode")
        if ends_numbered or group.is_series:
            show, season = group.show_and_season(parts, ends_numbered=ends_numbered)
            return ParsedTitle("episode", show, season, -1, "certain" if ends_numbered else "likely")
        # `John Wick: Chapter 2` is a film, but no film is called Chapter 1.
        if has_form(parts[-1], "chapter") and (group.chapters > 1 or _FIRST.search(parts[-1])):
            return ParsedTitle("episode", ": ".join(parts[:-1]), None, -1, "likely")
        return ParsedTitle("film", certainty="guess")

    def _proved_show(self, parts: list[str]) -> tuple[str, int] | None:
        """Return the proved show with the longest name that a title begins with."""
        names = (title_key(": ".join(parts[:length])) for length in range(len(parts) - 1, 0, -1))
        return next((self._proved[name] for name in names if name in self._proved), None)


def _parts(title: str) -> list[str]:
    return split_title(title.replace("\u00a0", " ").strip().rstrip(": ："))
