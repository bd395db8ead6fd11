"""Decides titles by the other titles of a history if neither words nor the vocabulary do for certain.

Many series carry no season word in NetflixViewingHistory.csv (`Show: Episode's name`), and so do many films (`Film:
Part of the title`). Netflix leaves the season out for all titles of a show or for none, so a title without one beside
others with one is a film. Of unknown names, several titles that begin alike are episodes. The thresholds were counted
on real histories (docs/method/reading-exports.md#repetition). Titles of ViewingActivity.csv need none of this.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.season_words import has_form
from netflix_trend.history.titles import ROMAN_LAST, Certainty, ParsedTitle, is_long, show_key, split_title

# A series has at least this many distinct titles with the same beginning, within at most this many days.
_SERIES: tuple[tuple[int, int | None, Certainty], ...] = (
    (6, None, "likely"),
    (3, 2, "likely"),
    (5, None, "guess"),
    (3, 7, "guess"),
    (2, 2, "guess"),
)
# Fewer titles than this that begin like a known film, such as those of a comedian, are films too.
_SERIES_LIKE_FILMS = 5

_FIRST = re.compile(r"(?<![0-9A-Za-z])(?:0?1|one|uno|um|un|eins|I|一)(?![0-9A-Za-z])", re.IGNORECASE)

_FILM = ParsedTitle("film", certainty="guess")
# Name of a show, and its vocabulary index or -1.
Show = tuple[str, int]
# Of a show (`show_key`), how many titles of each file name one of its seasons, by the number of the file.
WithSeason = Mapping[str, Mapping[int, int]]


@dataclass
class _Group:
    """Undecided titles with the same first part."""

    titles: int = 0
    chapters: int = 0
    first_day: date = date.max
    last_day: date = date.min
    seconds: Counter[str] = field(default_factory=Counter)

    @property
    def series(self) -> Certainty | None:
        """Return how certain it is that these are episodes, None if they are not."""
        days = (self.last_day - self.first_day).days
        span = days if days >= 0 else None  # no known day
        return next(
            (
                certainty
                for least, most, certainty in _SERIES
                if self.titles >= least and (most is None or (span is not None and span <= most))
            ),
            None,
        )

    def show_and_season(self, parts: list[str], *, is_numbered: bool) -> tuple[str, str | None]:
        """Return the names of show and season in the parts of an episode."""
        if len(parts) == 2:
            return parts[0], None
        # Several second parts that repeat are seasons of one show; a single one belongs to the show's name.
        repeated = [second for second, count in self.seconds.items() if count > 1]
        if repeated == [title_key(parts[1])] or (is_numbered and not repeated):
            return ": ".join(parts[:2]), None
        return parts[0], parts[1]


class Repetition:
    """Collects every undecided title of a history (`add`), then decides each of them (`decide`).

    `own` is what the title says by itself (`parse_title`); its kind is None or not certain. The order of titles does
    not matter. Memory grows with the number of different first parts, not with titles.
    """

    def __init__(self, proved: Iterable[Show], with_season: WithSeason, film_beginnings: Collection[str] = ()) -> None:
        """Add shows that words have proved elsewhere in the history.

        with_season: of each NetflixViewingHistory.csv; only `decide` looks at it, and only for `open_shows`.
        film_beginnings: `title_key` of what films begin with, before a colon; one that is a title too, such as
        `Insidious`, is a film's.
        """
        self._proved = {title_key(name): (name, index) for name, index in sorted(proved)}
        self._proved_keys = {show_key(*show) for show in self._proved.values()}
        self._with_season = with_season
        self._film_beginnings = film_beginnings
        self._titles_of: Counter[str] = Counter()
        # Of each show in how many titles of each file no season stands.
        self._without_season: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._parts_of: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._groups: dict[str, _Group] = {}

    @property
    def open_shows(self) -> set[str]:
        """The shows (`show_key`) with titles that may be films, of all titles that were added."""
        return set(self._without_season)

    def add(
        self, title: str, own: ParsedTitle, first_day: date | None, last_day: date | None, files: Collection[int] = (0,)
    ) -> None:
        """Add a distinct undecided title, with the first and last day it was seen (None if undated) and the numbers of
        the files that have it.
        """
        parts = _parts(title)
        if own.season is not None and own.show is not None:
            self._parts_of[show_key(own.show, own.index)][title_key(own.season)] += 1
            return
        known = self._known_show(parts, own)
        if known is not None:
            show, behind = known
            key = show_key(*show)
            self._titles_of[key] += 1
            if _may_be_film(behind):
                self._without_season[key].update(files)
            return
        group = self._groups.setdefault(title_key(parts[0]), _Group())
        if has_form(parts[-1], "chapter"):
            group.chapters += 1
        if has_form(parts[-1], "weak"):
            return  # `Kill Bill: Vol. 1` and `Kill Bill: Vol. 2` are films, seen one after the other or not
        group.titles += 1
        if len(parts) > 2:
            group.seconds[title_key(parts[1])] += 1
        if first_day is not None and last_day is not None:
            group.first_day, group.last_day = min(group.first_day, first_day), max(group.last_day, last_day)

    def decide(
        self, title: str, own: ParsedTitle, files: Collection[int] = (0,), twins: Collection[Show] = ()
    ) -> ParsedTitle:
        """Return the kind of an undecided title that was added. twins: shows of which any file has an episode of this
        name for certain.
        """
        if twins:
            name, index = min(twins)
            return ParsedTitle("episode", name, None, index, "likely")
        if own.kind not in (None, "episode") or own.certainty == "guess":
            return own
        parts = _parts(title)
        if own.season is not None:
            return self._of_parts(own)
        known = self._known_show(parts, own)
        if known is not None:
            return self._of_known_show(*known, files)
        group = self._groups.get(title_key(parts[0]), _Group())
        if own.kind == "episode":
            before = split_title(own.show or "")
            show, season = group.show_and_season(parts, is_numbered=True) if len(before) > 1 else (before[0], None)
            return ParsedTitle("episode", show, season, -1, "certain" if _is_numbered(parts) else "likely")
        return self._by_beginning(parts, group)

    def _known_show(self, parts: list[str], own: ParsedTitle) -> tuple[Show, list[str]] | None:
        """Return the show with the longest name that a title begins with, and the parts behind that name."""
        if own.show is not None and own.index >= 0:
            return (own.show, own.index), parts[_parts_of_name(own.show) :]
        for length in range(len(parts) - 1, 0, -1):
            show = self._proved.get(title_key(": ".join(parts[:length])))
            if show is not None:
                return show, parts[length:]
        return None

    def _of_known_show(self, show: Show, behind: list[str], files: Collection[int]) -> ParsedTitle:
        """Decide a title that begins with the name of a show; `behind` are the parts after it."""
        key = show_key(*show)
        is_alone = self._titles_of[key] < 2 and key not in self._proved_keys
        certainty: Certainty = "guess" if is_alone else "likely"
        if not _may_be_film(behind):
            is_numbered = _is_numbered(behind)
            return ParsedTitle("episode", show[0], None, show[1], "certain" if is_numbered else certainty)
        # Within a file: Netflix may name the seasons of a show later, and then names them in all its titles.
        with_season, others = self._with_season.get(key, {}), self._without_season[key]
        counts = [(with_season[file], others[file]) for file in files if file in with_season] if with_season else []
        if any(named >= unnamed for named, unnamed in counts):
            is_likely = any(named >= 3 * unnamed for named, unnamed in counts)
            return ParsedTitle("film", certainty="likely" if is_likely else "guess")
        return ParsedTitle("episode", show[0], None, show[1], certainty)

    def _of_parts(self, own: ParsedTitle) -> ParsedTitle:
        """Decide a title such as `Lupin: Part 1: Chapter 1` of an unknown name."""
        assert own.show is not None and own.season is not None
        parts = self._parts_of[show_key(own.show, own.index)]
        if max(parts.values()) > 1:
            return own
        # One title of each part: `Fear Street: Part 1: 1994`, `Fear Street: Part 2: 1978`.
        return _FILM if len(parts) > 1 or ROMAN_LAST.search(own.season) else replace(own, certainty="guess")

    def _by_beginning(self, parts: list[str], group: _Group) -> ParsedTitle:
        """Decide a title of an unknown name by the titles that begin alike."""
        beginnings = (title_key(": ".join(parts[:length])) for length in range(1, len(parts) + 1))
        is_film_like = group.titles < _SERIES_LIKE_FILMS and any(key in self._film_beginnings for key in beginnings)
        series = None if is_film_like else group.series
        # A film's title rarely has three parts: of 171 such titles 163 were episodes.
        if is_long(parts[1:]) and not is_film_like:
            series = "likely"
        if series is not None:
            show, season = group.show_and_season(parts, is_numbered=False)
            return ParsedTitle("episode", show, season, -1, series)
        # `John Wick: Chapter 2` is a film, but no film is called Chapter 1.
        has_siblings = group.chapters > 1 and not is_film_like
        if has_form(parts[-1], "chapter") and (has_siblings or _FIRST.search(parts[-1])):
            return ParsedTitle("episode", ": ".join(parts[:-1]), None, -1, "likely")
        return _FILM


def _parts(title: str) -> list[str]:
    return split_title(title.replace("\u00a0", " ").strip().rstrip(": ："))


@lru_cache(maxsize=1000)
def _parts_of_name(name: str) -> int:
    return len(split_title(name))


def _may_be_film(behind: list[str]) -> bool:
    """Return whether the parts behind a show's name may be those of a film: one, and not the number of an episode."""
    return bool(behind) and not (is_long(behind) or _is_numbered(behind) or has_form(behind[0], "chapter"))


def _is_numbered(parts: list[str]) -> bool:
    return any(has_form(part, "episode") for part in parts)
