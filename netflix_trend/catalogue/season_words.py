"""The words for seasons and episodes in all languages, from the table `data/season_words.csv`.

What each strength proves: docs/method/reading-exports.md#season-words.
"""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files

_NUMBER = (
    r"(?:\d+[A-Z]?|[IVXL]+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|uno|dos|tres|cuatro|cinco|um|dois|três|quatro|un|deux|trois|quatre|cinq|eins|zwei|drei|due|tre"
    r"|[一二三四五六七八九十]+)"
)


@lru_cache(maxsize=20_000)
def has_form(part: str, strength: str) -> bool:
    """Return whether a part of a title is one of the forms of a strength, such as `Chapter 2`."""
    return _pattern(strength).fullmatch(part) is not None


@cache
def _pattern(strength: str) -> re.Pattern[str]:
    """Compile the forms of one strength: `#` stands for a number, a blank for any white space."""
    text = (files("netflix_trend.catalogue") / "data" / "season_words.csv").read_text("utf-8")
    forms = [row["form"] for row in csv.DictReader(text.splitlines()) if row["strength"] == strength]
    alternatives = [re.escape(form).replace(r"\#", _NUMBER).replace(r"\ ", r"\s+") for form in forms]
    return re.compile("|".join(alternatives), re.IGNORECASE)


def without_season(title: str) -> tuple[str, str]:
    """Return a season's title without the words for the season, and their strength: `strong`, `weak`, or empty.

    `Squid Game: Season 2` is (`Squid Game`, `strong`), `Money Heist: Part 5` is (`Money Heist`, `weak`). For titles of
    seasons; titles of episodes are parsed in `netflix_trend.history`, where a weak word proves less.
    """
    parts = title.split(": ")
    for strength in ("strong", "weak"):
        for number in range(1, len(parts)):
            if has_form(parts[number].strip(), strength):
                return ": ".join(parts[:number]).strip(), strength
    return title.strip(), ""
