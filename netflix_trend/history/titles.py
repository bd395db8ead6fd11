"""Parsing titles: an episode of a show, a film, or neither.

A Netflix title reads `Show[: Season]: Episode`; each part may contain colons itself. The words for seasons and episodes
in all languages are in `catalogue.season_words`; the vocabulary decides where words do not, and `repetition` decides
the rest, from all titles of a history (docs/method/reading-exports.md#season-words).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.season_words import has_form
from netflix_trend.catalogue.vocabulary import Vocabulary

Kind = Literal["episode", "film", "unnamed", "blank", "supplemental"]
# certain: by words or vocabulary. likely: by other titles of the history. guess: more probable than not.
Certainty = Literal["certain", "likely", "guess"]

_HOOK = re.compile(r"_hook_|_16x9|Motion Video", re.IGNORECASE)
_TRAILER_WORD = (
    r"(?:(?:teaser[- ])?trailers?|tr[aá]iler(?:es)?|teasers?|bandes?[- ]annonces?|fragman[ıi]?|recap|zwiastun)"
)
# `Season 2 Official Trailer`, `Teaser 2`: the word at the end, behind a season, an adjective or the show's name.
_TRAILER_LAST = re.compile(rf"(?P<before>.*?)[ -]?\b{_TRAILER_WORD}(?: \d+)?", re.IGNORECASE)
_ADJECTIVES = re.compile(
    r"[ -]*\b(?:official|final|new|oficial|officielle?|offizieller|ufficiale|resmi|oficjalny)$", re.IGNORECASE
)
# `Tráiler de la temporada 2`, `Recap Season 1`, `Bande-annonce : Titre`: the word at the beginning.
_TRAILER_FIRST = re.compile(rf"{_TRAILER_WORD}(?P<behind>[ :].*)", re.IGNORECASE)
_BEHIND = re.compile(
    r" ?:.*| (?:\d|de |del |da |do |dla |van |von |zu |zur |temporada |saison |sezonu |oficial|officiel).*",
    re.IGNORECASE,
)
_TRAILER_BRACKETS = re.compile(rf"[(\[][^()\[\]]*\b{_TRAILER_WORD}\b[^()\[\]]*[)\]]", re.IGNORECASE)
_SEPARATOR = re.compile(r"(?<!\s)(\s*)(?::\s+|：\s*)")
_SUFFIX = re.compile(r"\s*\(([^()]{1,40})\)$")
_ANY_COLON = re.compile(r"\s*[:：]\s+")
_END = re.compile(r"[\s:：]+$")
_ROMAN_LAST = re.compile(r"\b[IVXL]+$")


@dataclass(frozen=True, slots=True)
class ParsedTitle:
    """show is the show's name, season the text that names the season, index the vocabulary index or -1.

    kind None means undecided by words and vocabulary. `unnamed` is an episode without its show's name.
    """

    kind: Kind | None
    show: str | None = None
    season: str | None = None
    index: int = -1
    certainty: Certainty = "certain"


# A history has few seasons and many episodes of each.
_episode = lru_cache(maxsize=20_000)(ParsedTitle)
_OPEN = ParsedTitle(None)


def parse_title(title: str, vocabulary: Vocabulary) -> ParsedTitle:
    """Parse `title` by itself. A show is recognized only by its whole name, never by similarity."""
    text = title.replace("\u00a0", " ").strip()
    if _is_nothing(text):
        return ParsedTitle("blank")
    if _may_be_supplemental(text.lower()) and _is_supplemental(text, vocabulary):
        return ParsedTitle("supplemental")
    text, numbered = _without_episode_number(_END.sub("", text))
    parts = split_title(text)
    if _is_nothing(parts[0]):
        return ParsedTitle("unnamed")  # `: Season 1: Pilot`, the show's name is missing
    marker = _season_at(parts, vocabulary)
    if marker is not None:
        return _known_episode(_unrepeated(parts[:marker]), parts[marker], vocabulary)
    return _by_vocabulary(text, parts, numbered, vocabulary) or _by_form(text, parts, numbered)


def _by_vocabulary(text: str, parts: list[str], numbered: bool, vocabulary: Vocabulary) -> ParsedTitle | None:
    if not numbered and vocabulary.is_film(text):
        return ParsedTitle("film")
    index = vocabulary.show(text) if len(parts) > 1 else None
    known = (text, index) if index is not None else vocabulary.longest_prefix(text)
    return None if known is None else _episode("episode", known[0], None, known[1])


def _by_form(text: str, parts: list[str], numbered: bool) -> ParsedTitle:
    """Decide by the number of parts, a show's name that is repeated, and the words for an episode."""
    if len(parts) == 1:
        return _episode("episode", text) if numbered else ParsedTitle("film")
    if len(parts) > 2 and _starts_with(parts[1], parts[0]):
        return _episode("episode", parts[0], parts[1])  # `Stranger Things: Stranger Things 3: Chapter One`
    if numbered:
        return _episode("episode", parts[0], parts[1] if len(parts) > 2 else None)
    return _by_episode_word(parts)


def _by_episode_word(parts: list[str]) -> ParsedTitle:
    for number, part in enumerate(parts[1:], 1):
        if has_form(part, "episode"):
            if number < len(parts) - 1 and _ROMAN_LAST.search(part):
                return ParsedTitle("film")  # `Star Wars: Episode IV: A New Hope`
            # `Show: Season's name: Episode 3` or a show with a colon in its name: the other titles decide.
            return _episode("episode", parts[0]) if number == 1 else _OPEN
    return _OPEN


def _is_nothing(text: str) -> bool:
    """Return whether a text consists of colons and blanks only."""
    return not text.strip(": ：") or (not text.isascii() and not title_key(text).strip(": "))


def split_title(text: str) -> list[str]:
    """Split a title at its colons. A colon after a blank is text (French: `Titre : sous-titre`), unless a season
    is on one side of it (Dutch: `Show : Seizoen 1: ...`).
    """
    if " :" not in text and "：" not in text:
        return [part.strip() for part in text.split(": ")]
    pieces = _SEPARATOR.split(text)
    parts = [pieces[0].strip()]
    for blank, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if blank and parts[-1] and not has_form(piece.strip(), "strong") and not has_form(parts[-1], "strong"):
            parts[-1] += f" : {piece.strip()}"
        else:
            parts.append(piece.strip())
    return parts


def match_key(title: str) -> str:
    """Return a key that is the same for one episode in both exports: one of them drops the season and the other adds
    `(Episode 3)`, but both begin with the show and end with the episode's name.
    """
    text, _ = _without_episode_number(title.replace("\u00a0", " ").strip())
    parts = split_title(text)
    return title_key(f"{parts[0]}\n{parts[-1]}")


def _without_episode_number(text: str) -> tuple[str, bool]:
    """Cut ` (Episode 3)` off, which ends nearly every episode in ViewingActivity.csv. Returns the rest, and whether
    it was there.
    """
    if text.endswith(")"):
        suffix = _SUFFIX.search(text)
        if suffix and (has_form(suffix[1], "episode") or has_form(suffix[1], "chapter")):
            return text[: suffix.start()], True
    return text, False


def _season_at(parts: list[str], vocabulary: Vocabulary) -> int | None:
    """Return the index of the part that names the season: the first strong form, otherwise the first weak one that is
    not last (`Kill Bill: Vol. 1` is a film).
    """
    for strength, end in (("strong", len(parts)), ("weak", len(parts) - 1)):
        for number in range(1, end):
            # The words may be part of a known show's name: `Spooky Stories: Volume 2`.
            is_season = has_form(parts[number], strength)
            if is_season and vocabulary.show(": ".join(parts[: number + 1])) is None:
                return number
    return None


def _known_episode(show: str, season: str, vocabulary: Vocabulary) -> ParsedTitle:
    index = vocabulary.show(show)
    return _episode("episode", show, season, -1 if index is None else index)


def _may_be_supplemental(text: str) -> bool:
    """Return whether a lower-case text contains a piece of every text that the patterns match; a cheap test."""
    return (
        "railer" in text
        or "áiler" in text
        or "_hook_" in text
        or "_16x9" in text
        or "teaser" in text
        or "recap" in text
        or "annonce" in text
        or "fragman" in text
        or "zwiastun" in text
        or "motion video" in text
    )


def _is_supplemental(text: str, vocabulary: Vocabulary) -> bool:
    """Return whether the text after a known show's name names a trailer or the like."""
    if _HOOK.search(text):
        return True
    if vocabulary.is_film(text):
        return False
    parts = split_title(text)
    known = next((n for n in range(len(parts) - 1, 0, -1) if vocabulary.show(": ".join(parts[:n])) is not None), 0)
    # Here a colon with a blank before it separates too: `Titre : Bande-annonce`.
    pieces = _ANY_COLON.split(": ".join(parts[known:]))
    return any(_is_trailer(piece, pieces[0]) for piece in pieces)


def _is_trailer(part: str, show: str) -> bool:
    """Return whether a part of a title names a trailer of `show`; `Trailer Park Boys` and `Her Trailer` do not."""
    if _TRAILER_BRACKETS.search(part):
        return True
    last = _TRAILER_LAST.fullmatch(part)
    if last is not None:
        before = _ADJECTIVES.sub("", last["before"]).strip()
        if not before or _is_season(before) or title_key(before) == title_key(show):
            return True
    first = _TRAILER_FIRST.fullmatch(part)
    return first is not None and (_BEHIND.fullmatch(first["behind"]) is not None or _is_season(first["behind"].strip()))


def _is_season(part: str) -> bool:
    return has_form(part, "strong") or has_form(part, "weak")


def _unrepeated(parts: Sequence[str]) -> str:
    """Return the show's name from the parts before its season; `S: S`, `S: S 3` and `A: B: A: B` name it twice."""
    half = len(parts) // 2
    if len(parts) % 2 == 0 and [title_key(p) for p in parts[:half]] == [title_key(p) for p in parts[half:]]:
        parts = parts[:half]
    if len(parts) == 2 and _starts_with(parts[1], parts[0]):
        parts = parts[:1]
    return ": ".join(parts)


def _starts_with(part: str, show: str) -> bool:
    """Return whether a part repeats the name of the show, perhaps with more text after it."""
    longer, name = title_key(part), title_key(show)
    return bool(name) and (longer == name or longer.startswith(f"{name} "))
