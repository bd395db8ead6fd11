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
from typing import Literal, get_args

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.season_words import begins_with_form, has_form
from netflix_trend.catalogue.vocabulary import Vocabulary

Kind = Literal["episode", "film", "unnamed", "blank", "supplemental"]
# certain: the title's own words prove it. likely: wrong in at most 5 % of real titles. guess: more probable than not.
Certainty = Literal["certain", "likely", "guess"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)

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
_SUPPLEMENTAL_PIECES = (
    "railer",
    "áiler",
    "_hook_",
    "_16x9",
    "teaser",
    "recap",
    "annonce",
    "fragman",
    "zwiastun",
    "motion video",
)
_ONLY_TRAILER = re.compile(_TRAILER_WORD, re.IGNORECASE)
_TRAILER_BRACKETS = re.compile(rf"[(\[][^()\[\]]*\b{_TRAILER_WORD}\b[^()\[\]]*[)\]]", re.IGNORECASE)
_SEPARATOR = re.compile(r"(?<!\s)(\s*)(?::\s+|：\s*)")
_SUFFIX = re.compile(r"\s*[(（]([^()（）]{1,40})[)）]$")
# `Show: : Episode 3`: the season is empty, and in `Show: :` so is the episode's name.
_EMPTY_PART = re.compile(r"\s*[:：]\s+(?=[:：](?:\s|$))")
# What needs a look at the whole title, in lower case.
_APART = (*_SUPPLEMENTAL_PIECES, "：")
_BRACKETS = (")", "）")
_PLACEHOLDER = "SHOW: SEASON: VideoEpisode"
_ANY_COLON = re.compile(r"\s*(?::\s+|：\s*)")
_END = re.compile(r"[\s:：]+$")
ROMAN_LAST = re.compile(r"\b[IVXL]+$")


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
# So many beginnings of titles are remembered.
_MOST_BEGINNINGS = 20_000
# What of a title's last part decides its kind, beside a season.
_LAST_FORMS = ("episode", "chapter", "film", "extra")
_OPEN = ParsedTitle(None)
_FILM = ParsedTitle("film")
_LIKELY_FILM = ParsedTitle("film", certainty="likely")
_EXTRA = ParsedTitle("supplemental", certainty="likely")


class TitleParser:
    """Parses many titles as `parse_title` does, and remembers those that differ in their last part only.

    Nearly every title of a history is another one, but they have few beginnings: of `Show: Season 2: Pilot` everything
    but the last part is enough. Elsewhere the last part counts by what it is (the number of an episode, an extra), not
    by its text. Titles in which more may depend on it are parsed as a whole each time.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        # Whether titles are of an archive -> their beginning -> what all such titles are; or what they are by their
        # last part; or None, if each is parsed as a whole.
        self._known: dict[bool, dict[str, ParsedTitle | dict[_Last, ParsedTitle] | None]] = {False: {}, True: {}}

    def parse(self, titles: Sequence[str], *, is_archive: bool = False) -> list[ParsedTitle]:
        """Return what `parse_title` returns for each title, sooner."""
        text = "\n".join(titles)
        lower = text.lower()
        if text.count("\n") != len(titles) - 1:
            return [parse_title(title, self._vocabulary, is_archive=is_archive) for title in titles]
        is_clean = "\u00a0" not in text and ":: " not in text
        cleaned = list(map(str.strip if is_clean else _cleaned, titles))
        for piece in (piece for piece in _APART if piece in lower):
            for place, line in enumerate(lower.split("\n")):
                if piece in line:
                    cleaned[place] = ""  # parsed as a whole, like every one of which nothing is found
        known, parsed = self._known[is_archive], list[ParsedTitle]()
        for place, title in enumerate(cleaned):
            head, _, last = title.rpartition(": ")
            of_head = known.get(head)
            one: ParsedTitle | None = None
            if ":" in last:
                pass
            elif last.endswith(_BRACKETS):
                one = self._of_parts(titles[place], head, *_without_episode_number(last), is_archive=is_archive)
            elif isinstance(of_head, ParsedTitle):
                one = of_head
            elif head:
                one = self._of_parts(titles[place], head, last, is_archive=is_archive)
            elif title[:1].isalnum():
                one = _FILM
            parsed.append(one or parse_title(titles[place], self._vocabulary, is_archive=is_archive))
        return parsed

    def _of_parts(
        self, title: str, head: str, last: str, is_numbered: bool = False, *, is_archive: bool
    ) -> ParsedTitle | None:
        """Return what a title is by its beginning and its last part; None if it is parsed as a whole."""
        if not head or not last or (not is_numbered and last.endswith(_BRACKETS)):
            return None
        beginnings = self._known[is_archive]
        if head in beginnings:
            known = beginnings[head]
        else:
            known = self._new(head)
            if len(beginnings) >= _MOST_BEGINNINGS:
                beginnings.clear()
            beginnings[head] = known
        if known is None or isinstance(known, ParsedTitle):
            return known
        behind = last.strip()
        forms: tuple[bool, ...] = ()
        if begins_with_form(behind):
            if has_form(behind, "strong"):
                return None
            forms = tuple(has_form(behind, strength) for strength in _LAST_FORMS)
        key = is_numbered, forms
        if key not in known:
            known[key] = parse_title(title, self._vocabulary, is_archive=is_archive)
        return known[key]

    def _new(self, head: str) -> ParsedTitle | dict[_Last, ParsedTitle] | None:
        """Return what is known of titles with this beginning before any is parsed."""
        if head.endswith(" ") or " :" in head or not head[0].isalnum() or _PLACEHOLDER.startswith(head):
            return None
        parts = split_title(head)
        marker = _season_at([*parts, ""], self._vocabulary, is_weak_enough=False)
        if marker is not None:
            return _known_episode([*parts, ""], marker, self._vocabulary, is_clear=False)
        # A show's or a film's name may be the whole title.
        return None if title_key(head) in self._vocabulary.name_beginnings else {}


# Of a last part without a season: whether a number in brackets ended it, and which of `_LAST_FORMS` it is.
_Last = tuple[bool, tuple[bool, ...]]


def parse_title(title: str, vocabulary: Vocabulary, *, is_archive: bool = False) -> ParsedTitle:
    """Parse `title` by itself. A show is recognized only by its whole name, never by similarity.

    is_archive: the title is of ViewingActivity.csv, where every episode ends in its number; no such title is open. A
    kind that is not certain may turn out to be another one beside the other titles of a history (`repetition`).
    """
    text = _cleaned(title)
    if _is_nothing(text):
        return ParsedTitle("blank")
    if _may_be_supplemental(text.lower()) and _is_supplemental(text, vocabulary):
        return ParsedTitle("supplemental")
    named = _without_empty_parts(text)
    is_episode = named != text
    text, is_numbered = _without_episode_number(_END.sub("", named))
    if text == _PLACEHOLDER:
        return ParsedTitle("blank")
    parts = split_title(text)
    if _is_nothing(parts[0]):
        return ParsedTitle("unnamed")  # `: Season 1: Pilot`, the show's name is missing
    is_episode |= is_numbered or (is_archive and len(parts) > 1 and has_form(parts[-1], "episode"))
    if not is_episode and text.endswith(_BRACKETS) and _ends_in_extra(text):
        return _EXTRA
    marker = _season_at(parts, vocabulary, is_weak_enough=is_episode or not is_archive)
    if marker is not None:
        return _known_episode(parts, marker, vocabulary, is_clear=is_episode)
    if is_episode:
        return _numbered_episode(text, parts, vocabulary)
    return _without_marker(text, parts, vocabulary, is_archive=is_archive)


def _cleaned(title: str) -> str:
    return title.replace("\u00a0", " ").replace(":: ", ": ").strip()


def _numbered_episode(text: str, parts: list[str], vocabulary: Vocabulary) -> ParsedTitle:
    """Parse an episode that says nothing of a season: a known show, otherwise the first part."""
    index = vocabulary.show(text) if len(parts) > 1 else None
    known = (text, index) if index is not None else vocabulary.longest_prefix(text)
    if known is not None:
        return _episode("episode", known[0], None, known[1])
    return _episode("episode", parts[0], parts[1] if len(parts) > 2 else None)


def _without_marker(text: str, parts: list[str], vocabulary: Vocabulary, *, is_archive: bool) -> ParsedTitle:
    """Parse a title without a season and without an episode's number in brackets."""
    if len(parts) == 1 or vocabulary.is_film(text):
        return _FILM
    if has_form(parts[-1], "extra") and _is_known(": ".join(parts[:-1]), vocabulary):
        return _EXTRA  # elsewhere such words are names of episodes and films
    if is_archive or any(has_form(part, "film") for part in parts[1:]) or _is_roman_episode(parts):
        return _LIKELY_FILM
    return _by_vocabulary(text, vocabulary) or _by_form(parts)


def _by_vocabulary(text: str, vocabulary: Vocabulary) -> ParsedTitle | None:
    index = vocabulary.show(text)
    if index is not None:
        return _episode("episode", text, None, index, "guess")
    known = vocabulary.longest_prefix(text)
    if known is None:
        return None
    behind = split_title(text[len(known[0]) :].lstrip(":： "))
    # A film of a show begins with its name too: `Luther: The Fallen Sun`.
    return _episode("episode", known[0], None, known[1], "certain" if _is_episode_word(behind[0]) else "likely")


def _is_episode_word(part: str) -> bool:
    return has_form(part, "episode") or has_form(part, "chapter")


def is_long(parts: Sequence[str]) -> bool:
    """Return whether there are two parts or more, except for a last one that numbers the parts of a film."""
    return len(parts) > 2 or (len(parts) == 2 and not has_form(parts[1], "weak"))


def _by_form(parts: list[str]) -> ParsedTitle:
    """Decide by a show's name that is repeated, and by the words for an episode."""
    for number in range(1, len(parts) - 1):
        # `Stranger Things: Stranger Things 3: Chapter One`, `Ferry: The Series: The Series: Home`
        if _starts_with(parts[number], parts[number - 1]):
            return _episode("episode", ": ".join(parts[:number]), parts[number])
    for number, part in enumerate(parts[1:], 1):
        # `Show: Season's name: Episode 3` or a show with a colon in its name: the other titles decide.
        if has_form(part, "episode"):
            return _episode("episode", ": ".join(parts[:number]), None, -1, "certain" if number == 1 else "likely")
        # `Show: Chapter 2: The Border`; of `John Wick: Chapter 2` the other titles decide.
        if has_form(part, "chapter") and number < len(parts) - 1 and not ROMAN_LAST.search(part):
            return _episode("episode", ": ".join(parts[:number]), None, -1, "likely")
    return _OPEN


def _is_roman_episode(parts: list[str]) -> bool:
    """Return whether a part is `Episode IV` and a name follows, as in `Star Wars: Episode IV: A New Hope`."""
    return any(ROMAN_LAST.search(part) and has_form(part, "episode") for part in parts[1:-1])


def _ends_in_extra(text: str) -> bool:
    """Return whether `(Clip)`, `(Behind the Scenes)` or the like ends a text."""
    suffix = _SUFFIX.search(text)
    return suffix is not None and has_form(suffix[1], "extra")


def _is_known(name: str, vocabulary: Vocabulary) -> bool:
    return vocabulary.show(name) is not None or vocabulary.is_film(name)


def _is_nothing(text: str) -> bool:
    """Return whether a text consists of colons and blanks only, or of what is not seen."""
    if text[:1].isalnum():  # nearly every title; no letter or digit is folded into a blank
        return False
    return not text.strip(": ：") or (not text.isascii() and not title_key(text).strip(": "))


def split_title(text: str) -> list[str]:
    """Split a title at its colons. A colon after a blank is text (French: `Titre : sous-titre`), unless a season
    is on one side of it (Dutch: `Show : Seizoen 1: ...`).
    """
    if " :" not in text and "：" not in text:
        return [part.strip() for part in text.split(": ")]
    pieces = _SEPARATOR.split(_without_empty_parts(text))
    parts = [pieces[0].strip()]
    for blank, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if blank and parts[-1] and not has_form(piece.strip(), "strong") and not has_form(parts[-1], "strong"):
            parts[-1] += f" : {piece.strip()}"
        else:
            parts.append(piece.strip())
    return parts


def match_key(title: str) -> str:
    """Return a key that is the same for one episode in both exports: one of them drops the season and the other adds
    `(Episode 3)`, but both begin with the show and end with the episode's name, whatever blanks are at the colons.
    """
    text, _ = _without_episode_number(title.replace("\u00a0", " ").strip())
    pieces = _ANY_COLON.split(text) if " :" in text or "：" in text else text.split(": ")
    return title_key(f"{pieces[0]}\n{pieces[-1]}")


def show_key(name: str, index: int) -> str:
    """Return the key of a show: its vocabulary index if there is one (-1: none), otherwise its name."""
    return f"#{index}" if index >= 0 else f"={title_key(name)}"


def _without_empty_parts(text: str) -> str:
    return _EMPTY_PART.sub("", text) if ": :" in text or ":  :" in text or "：" in text else text


def _without_episode_number(text: str) -> tuple[str, bool]:
    """Cut ` (Episode 3)` off. Returns the rest, and whether it was there."""
    rest, number = cut_number(text)
    return rest, bool(number)


def cut_number(text: str) -> tuple[str, str]:
    """Cut ` (Episode 3)` off, which ends nearly every episode in ViewingActivity.csv. Returns the rest, and what was in
    the brackets, empty if nothing was.
    """
    if text.endswith(_BRACKETS):
        suffix = _SUFFIX.search(text)
        if suffix and has_form(suffix[1], "suffix"):
            return text[: suffix.start()], str(suffix[1])
    return text, ""


def _season_at(parts: list[str], vocabulary: Vocabulary, *, is_weak_enough: bool) -> int | None:
    """Return the index of the part that names the season: the first strong form, otherwise the first weak one that is
    not last (`Kill Bill: Vol. 1` is a film).
    """
    for strength, end in (("strong", len(parts)), ("weak", len(parts) - 1 if is_weak_enough else 0)):
        for number in range(1, end):
            # The words may be part of a known show's name: `Spooky Stories: Volume 2`.
            is_season = has_form(parts[number], strength)
            if is_season and vocabulary.show(": ".join(parts[: number + 1])) is None:
                return number
    return None


def _known_episode(parts: list[str], marker: int, vocabulary: Vocabulary, *, is_clear: bool) -> ParsedTitle:
    show, season = _unrepeated(parts[:marker]), parts[marker]
    index = vocabulary.show(show)
    if index is not None:
        return _episode("episode", show, season, index)
    # Of `Red Lake: Part 2: 1978` the other titles tell: it may be a film.
    is_clear = is_clear or has_form(season, "strong") or any(map(_is_episode_word, parts[marker + 1 :]))
    return _episode("episode", show, season, -1, "certain" if is_clear else "likely")


def _may_be_supplemental(text: str) -> bool:
    """Return whether a lower-case text contains a piece of every text that the patterns match; a cheap test."""
    return any(piece in text for piece in _SUPPLEMENTAL_PIECES)


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
    if not known and len(pieces) == 1 and _ONLY_TRAILER.fullmatch(text):
        return False  # films called `Teaser`, `Trailer`, `Recap`
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
