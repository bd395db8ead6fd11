"""The parts of an episode's title: its name, and the numbers of season and episode where the title says them.

Netflix writes a season's name and an episode's name; the number of an episode is in ViewingActivity.csv, in brackets at
the end, and in names such as `Episode 3`. Nothing is guessed: `Part 2` is a season to Netflix and often none elsewhere,
and the season of a miniseries has no number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from netflix_trend.catalogue.keys import plain_title
from netflix_trend.catalogue.season_words import has_form
from netflix_trend.history.titles import cut_number, split_title

_DIGITS = re.compile(r"\d+")
# Daily shows have more episodes than fit into three digits; a year is no episode.
_LARGEST = 1900


@dataclass(frozen=True)
class EpisodeParts:
    """name: the text behind show and season, empty if there is none. The numbers are None where the title has none."""

    name: str
    season_number: int | None
    number: int | None


def parts_of(title: str, show: str, season: str | None) -> EpisodeParts:
    """Return the parts of an episode's title. show, season: their names, as the tables have them."""
    text, in_brackets = cut_number(title.replace("\u00a0", " ").strip())
    parts = split_title(text)
    behind = len(split_title(show))
    if season:
        names = [plain_title(part).casefold() for part in parts]
        wanted = plain_title(season).casefold()
        behind = names.index(wanted) + 1 if wanted in names else min(behind + 1, len(parts))
    name = ": ".join(parts[behind:]).strip()
    number = _only_number(in_brackets)
    if number is None and has_form(name, "episode"):
        number = _only_number(name)
    return EpisodeParts(name, _only_number(season) if season and has_form(season, "strong") else None, number)


def _only_number(text: str) -> int | None:
    """Return the number in a text, None where there is none or several: `Season 2 Part 1` is not Season 2 elsewhere."""
    found = _DIGITS.findall(text)
    number = int(found[0]) if len(found) == 1 and len(found[0]) <= len(str(_LARGEST)) else 0
    return number if 0 < number < _LARGEST else None
