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
_SEPARATOR = re.compile(r"(\s*)(?::\s+|：\s*)")


@dataclass(frozen=True, slots=True)
class ParsedTitle:
    """show is the show's name, season the text that names the season, index the vocabulary index or -1."""

    kind: Kind
    show: str | None = None
    season: str | None = None
    index: int = -1


# A history has few seasons and many episodes of each.
_episode = lru_cache(maxsize=20_000)(ParsedTitle)


def parse_title(title: str, vocabulary: Vocabulary) -> ParsedTitle:
    """Return what `title` is. A show is recognised by its whole name or not at all, never by likeness."""
    text = title.replace("\u00a0", " ").strip()
    if not text.strip(": "):
        return ParsedTitle("blank")
    lower = text.lower()
    if any(hint in lower for hint in _SUPPLEMENTAL_HINTS) and _is_supplemental(text, vocabulary):
        return ParsedTitle("supplemental")
    plain = " :" not in text and "：" not in text
    parts = [part.strip() for part in text.split(": ")] if plain else _parts(text)
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if number and (_matches("strong", part) or (not is_last and _matches("weak", part))):
            if vocabulary.show(": ".join(parts[: number + 1])) is not None:
                continue  # the words are part of a known show's name: `Spooky Stories: Volume 2`
            show = _unrepeated(parts[:number])
            if not show:
                return ParsedTitle("unsure")  # `: Season 1: Pilot`, the show's name is missing
            index = vocabulary.show(show)
            return _episode("episode", show, part, -1 if index is None else index)
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


def _is_supplemental(text: str, vocabulary: Vocabulary) -> bool:
    """Return whether the text names a trailer or the like, in what is left of it after a known show's name."""
    if vocabulary.is_film(text):
        return False
    parts = _parts(text)
    known = next((n for n in range(len(parts) - 1, 0, -1) if vocabulary.show(": ".join(parts[:n])) is not None), 0)
    return _SUPPLEMENTAL.search(": ".join(parts[known:])) is not None


def _parts(text: str) -> list[str]:
    """Split a title at its colons. A colon after a blank is text (French: `Titre : sous-titre`), unless a season
    follows it (Dutch: `Show : Seizoen 1`).
    """
    pieces = _SEPARATOR.split(text)
    parts = [pieces[0].strip()]
    for blank, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if blank and parts[-1] and not _matches("strong", piece.strip()):
            parts[-1] += f" : {piece.strip()}"
        else:
            parts.append(piece.strip())
    return parts


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
