"""What a title in a history is: an episode of which show, a film, or something that is neither.

A Netflix title reads `Show[: Season]: Episode`; each part may hold colons itself. The words for seasons and episodes
in all languages are the table `season_words.csv`; the vocabulary decides where words do not (exports.md, 4.3).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from netflix_trend.titles import title_key
from netflix_trend.vocabulary import Vocabulary

Kind = Literal["episode", "film", "unsure", "blank", "supplemental"]

_SUPPLEMENTAL = re.compile(
    r"_hook_|_16x9|Motion Video|\b(Trailer|Tráiler|Teaser|Bande-annonce|Fragman|Recap)\b", re.IGNORECASE
)
# One of these is in every text that the pattern finds; looking for them is cheaper than the pattern.
_SUPPLEMENTAL_HINTS = ("_hook_", "_16x9", "motion video", "trailer", "tráiler", "teaser", "annonce", "fragman", "recap")
_NUMBER = r"(?:\d+[A-Z]?|[IVXL]+|one|two|three|four|five|six|seven|eight|nine|ten)"
# ` : ` is text in French titles; only a colon right after a letter separates parts.
_SEPARATOR = re.compile(r"(?<=\S)[:：]\s+|(?<=\S)：")


@dataclass(frozen=True)
class ParsedTitle:
    """show is the show's name, season the text that names the season, index the vocabulary index or -1."""

    kind: Kind
    show: str | None = None
    season: str | None = None
    index: int = -1


def parse_title(title: str, vocabulary: Vocabulary) -> ParsedTitle:
    """Return what `title` is. A show is recognised by its whole name or not at all, never by likeness."""
    text = title.replace("\u00a0", " ").strip()
    if not text.strip(": "):
        return ParsedTitle("blank")
    lower = text.lower()
    if any(hint in lower for hint in _SUPPLEMENTAL_HINTS) and _SUPPLEMENTAL.search(text):
        return ParsedTitle("supplemental")
    plain = " :" not in text and "：" not in text
    parts = [part.strip() for part in (text.split(": ") if plain else _SEPARATOR.split(text))]
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if number and (_matches("strong", part) or (not is_last and _matches("weak", part))):
            show = _unrepeated(parts[:number])
            index = vocabulary.show(show)
            return ParsedTitle("episode", show, part, -1 if index is None else index)
    if vocabulary.is_film(text):
        return ParsedTitle("film")
    index = vocabulary.show(text) if len(parts) > 1 else None
    if index is None:
        index = vocabulary.longest_prefix(text)
    if index is not None:
        return ParsedTitle("episode", vocabulary.shows[index].title, None, index)
    if not parts[0] or text.startswith(":"):
        return ParsedTitle("unsure")  # `: Episode 3`, the show's name is missing
    if len(parts) == 1:
        return ParsedTitle("film")
    if _matches("episode", parts[-1]):
        return ParsedTitle("episode", ": ".join(parts[:-1]))
    return ParsedTitle("unsure")


def _unrepeated(parts: list[str]) -> str:
    """Return the show's name from the parts before its season; `S: S` and `A: B: A: B` name it twice."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    if len(parts) % 2 == 0 and [title_key(p) for p in parts[:half]] == [title_key(p) for p in parts[half:]]:
        parts = parts[:half]
    return ": ".join(parts)


@lru_cache(maxsize=20_000)
def _matches(strength: str, part: str) -> bool:
    return _pattern(strength).fullmatch(part) is not None


@cache
def _pattern(strength: str) -> re.Pattern[str]:
    """Compile the forms of one strength: `#` stands for a number, a blank for any white space."""
    text = (files("services.processor") / "season_words.csv").read_text("utf-8")
    forms = [row["form"] for row in csv.DictReader(text.splitlines()) if row["strength"] == strength]
    alternatives = [re.escape(form).replace(r"\#", _NUMBER).replace(r"\ ", r"\s+") for form in forms]
    return re.compile("|".join(alternatives), re.IGNORECASE)
