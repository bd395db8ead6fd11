"""The words for seasons, episodes, films and extras in all languages, from the table `data/season_words.csv`.

What each strength proves: docs/method/reading-exports.md#season-words.
"""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files

_NUMBER = (
    r"(?:\d+[a-z]?|[ivxl]+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|uno|dos|tres|cuatro|cinco|um|dois|três|quatro|un|deux|trois|quatre|cinq|eins|zwei|drei|due|tre"
    r"|[一二三四五六七八九十]+)"
)
_NUMBER_OR_LETTER = rf"(?:{_NUMBER}|[a-z])"
_FOLDED = str.maketrans({"ı": "i", "\u0307": "", **dict.fromkeys("‐‑–—", "-")})
_WORD = re.compile(r"[^\s\d.-]+")


@lru_cache(maxsize=20_000)
def has_form(part: str, strength: str) -> bool:
    """Return whether a part of a title is one of the forms of a strength, such as `Chapter 2`, in any case.

    The strengths are those of the table. `suffix` is the number of an episode before or after any word for one, as
    it stands in brackets at the end of a title of ViewingActivity.csv (`Bölüm 3`, where elsewhere it is `3. Bölüm`).
    """
    text = _folded(part)
    if strength not in ("strong", "weak"):
        return _pattern(strength).fullmatch(text) is not None
    found = _pattern(strength).match(text)
    if found is not None and (
        found.end() == len(text)
        or _pattern(strength).fullmatch(text) is not None
        or _behind(strength).fullmatch(text, found.end()) is not None
    ):
        return True
    if strength == "strong" and text.endswith(")"):  # `Part 2 (Season 4)`
        before, _, inside = text[:-1].partition("(")
        return has_form(before.strip(), "weak") and has_form(inside, "strong")
    return False


def _folded(text: str) -> str:
    """Fold case and dashes. Turkish has two letters I, which upper and lower case mix up."""
    return text.lower() if text.isascii() else text.casefold().translate(_FOLDED)


@cache
def _pattern(strength: str) -> re.Pattern[str]:
    """Compile the forms of one strength, for folded text: a test of any case would be twenty times slower."""
    if strength == "suffix":
        words = _words_beside_a_number()
        pattern = (
            rf"{_alternation('episode')}|{_alternation('chapter')}|{_alternation('suffix')}"
            rf"|{_NUMBER}\.?\s*(?:{words})|(?:{words})\.?\s*{_NUMBER}"
        )
    else:
        pattern = _alternation(strength)
    return re.compile(pattern)


@cache
def _behind(strength: str) -> re.Pattern[str]:
    """Compile what may follow a season: `Season 2 Part B`, `Season 5, Volume 1`, `Season 1 (Uncut)`, `Season 4 Remix`.
    A part may have a part too: `Part 5 Volume 2`.
    """
    pattern = rf"(?:,|\s*-)?\s+(?:{_alternation('weak', _NUMBER_OR_LETTER)})"
    if strength == "strong":
        pattern += rf"|\s*\([^()]{{1,40}}\)|\s+(?:{_alternation('qualifier')})"
    return re.compile(pattern)


def _alternation(strength: str, number: str = _NUMBER) -> str:
    """Return a pattern of all forms: `#` stands for a number, `@` for digits, a blank for any white space."""
    forms = [re.escape(_folded(form)).replace(r"\ ", r"\s+").replace("@", r"\d+") for form in _forms(strength)]
    # The longest first, and the number once for all forms that end alike: compiling takes a third of the time.
    forms.sort(key=len, reverse=True)
    before: dict[str, list[str]] = {}
    for form in forms:
        start, found, end = form.partition(r"\#")
        before.setdefault(found and number + end, []).append(start)
    return "|".join(f"(?:{'|'.join(starts)}){end}" for end, starts in before.items())


def _words_beside_a_number() -> str:
    """Return a pattern of the words of episodes. `第#話` has none: its number stands between two signs."""
    found = dict.fromkeys(
        _folded(words[0])
        for before, _, after in (form.partition("#") for form in (*_forms("episode"), *_forms("chapter")))
        if len(words := [*_WORD.findall(before)[-1:], *_WORD.findall(after)[-1:]]) == 1
    )
    return "|".join(map(re.escape, found))


@cache
def _forms(strength: str) -> tuple[str, ...]:
    text = (files("netflix_trend.catalogue") / "data" / "season_words.csv").read_text("utf-8")
    return tuple(row["form"] for row in csv.DictReader(text.splitlines()) if row["strength"] == strength)


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
