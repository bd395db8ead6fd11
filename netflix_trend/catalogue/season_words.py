"""The words for seasons, episodes, films and extras in all languages, from the table `data/season_words.csv`.

What each strength proves: docs/method/reading-exports.md#season-words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files

_ROMAN = "ivxl"
# Of two words that begin alike the longer one comes first.
_NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    "|uno|dos|tres|cuatro|cinco|um|dois|três|quatro|un|deux|trois|quatre|cinq|eins|zwei|drei|due|tre"
)
_NUMBER = re.compile(rf"\d+[a-z]?|[{_ROMAN}]+|{_NUMBER_WORDS}|[一二三四五六七八九十]+")
_NUMBER_OR_LETTER = re.compile(f"{_NUMBER.pattern}|[a-z]")
_DIGITS = re.compile(r"\d+")
_FOLDED = str.maketrans({"ı": "i", "\u0307": "", **dict.fromkeys("‐‑–—", "-")})
_WORD = re.compile(r"[^\s\d.-]+")
# What stands between a season and a part of it: `Season 5, Volume 1`.
_BETWEEN = (", ", " - ", "- ", " ")
_LONGEST_BRACKETS = 40
# Forms are found by so many of their first letters.
_FIRST_LETTERS = 3


@lru_cache(maxsize=20_000)
def has_form(part: str, strength: str) -> bool:
    """Return whether a part of a title is one of the forms of a strength, such as `Chapter 2`, in any case.

    The strengths are those of the table. `suffix` is the number of an episode before or after any word for one, as
    it stands in brackets at the end of a title of ViewingActivity.csv (`Bölüm 3`, where elsewhere it is `3. Bölüm`).
    """
    folded = _folded(part)
    text = _with_single_blanks(folded)
    if strength == "suffix":
        tables = map(_table, ("episode", "chapter", "suffix"))
        return any(table.longest(text) == len(text) for table in tables) or _is_number_beside_word(text)
    end = _table(strength).longest(text)
    if end == len(text):
        return True
    if strength not in ("strong", "weak"):
        return False
    if end and _may_follow(text[end:], folded, strength):
        return True
    if strength == "strong" and text.endswith(")"):  # `Part 2 (Season 4)`
        before, _, inside = folded[:-1].partition("(")
        return has_form(before.strip(), "weak") and has_form(inside, "strong")
    return False


def begins_with_form(part: str) -> bool:
    """Return whether a part of a title begins with a form of any strength but `suffix` and `qualifier`; only then may
    `has_form` find one of them.
    """
    return _may_begin_form(part[:_FIRST_LETTERS]) and _beginnings().longest(_with_single_blanks(_folded(part))) >= 0


@lru_cache(maxsize=20_000)
def _may_begin_form(start: str) -> bool:
    """Return whether a part of a title may begin with a form, from its first letters."""
    if not (start.isascii() and start.isprintable() and start[:1].isalnum()) or "  " in start:
        return True  # other letters and blanks are folded first
    folded = start.lower()
    if folded[0].isdigit() or folded[0] in _ROMAN or _beginnings().has_beginning(folded):
        return True
    return any(folded.startswith(word[:_FIRST_LETTERS]) for word in _NUMBER_WORDS.split("|"))


def _folded(text: str) -> str:
    """Fold case and dashes. Turkish has two letters I, which upper and lower case mix up."""
    return text.lower() if text.isascii() else text.casefold().translate(_FOLDED)


def _with_single_blanks(text: str) -> str:
    """Return a text with a blank for any white space, except at its ends: no form begins or ends with white space."""
    if "  " not in text and text.isprintable():  # no other white space is printable
        return text
    left, right = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{left}{' '.join(text.split())}{right}"


class _Table:
    """Forms by what they begin with: a look at the first letters of a text rules out nearly all of them."""

    def __init__(self, forms: Iterable[str]) -> None:
        # The first letters of a form, at most three -> what is before its number, what is behind it (None: there is no
        # number), whether the number is one of digits.
        self._beginnings: dict[str, list[tuple[str, str | None, bool]]] = {}
        # The first letter behind a number that a form begins with -> what is behind the number.
        self._endings: dict[str, list[str]] = {}
        for form in dict.fromkeys(map(_folded, forms)):
            before, number, after = form.partition("@" if "@" in form else "#")
            if before:
                self._beginnings.setdefault(before[:_FIRST_LETTERS], []).append(
                    (before, after if number else None, number == "@")
                )
            else:
                self._endings.setdefault(after[0], []).append(after)

    def has_beginning(self, text: str) -> bool:
        """Return whether the first letters of a folded text may be those of a form."""
        return any(key in self._beginnings for key in _keys(text))

    def longest(self, text: str, number: re.Pattern[str] = _NUMBER) -> int:
        """Return how many characters of a folded text are the longest form that it begins with; -1 if it is none."""
        best = -1
        for key in _keys(text):
            if key in self._beginnings:
                for before, after, is_digits in self._beginnings[key]:
                    if text.startswith(before):
                        start = len(before)
                        end = start if after is None else _end(text, start, after, _DIGITS if is_digits else number)
                        best = max(best, end)
        if self._endings and (found := number.match(text)) is not None:
            for place in range(1, found.end() + 1):
                for after in self._endings.get(text[place : place + 1], ()):
                    if text.startswith(after, place) and number.fullmatch(text, 0, place):
                        best = max(best, place + len(after))
        return best


def _keys(text: str) -> tuple[str, ...]:
    return text[:_FIRST_LETTERS], text[: _FIRST_LETTERS - 1], text[: _FIRST_LETTERS - 2]


def _end(text: str, start: int, after: str, number: re.Pattern[str]) -> int:
    """Return where `after` ends behind a number that begins at `start`; -1 if they are not there."""
    found = number.match(text, start)
    if found is None or not after:
        return -1 if found is None else found.end()
    # `1th season`: the number may be shorter than it could be.
    ends = (place for place in range(found.end(), start, -1) if text.startswith(after, place))
    return next((end + len(after) for end in ends if number.fullmatch(text, start, end)), -1)


@cache
def _table(strength: str) -> _Table:
    return _Table(_forms(strength))


@cache
def _beginnings() -> _Table:
    strengths = ("strong", "weak", "episode", "chapter", "film", "extra")
    return _Table(form for strength in strengths for form in _forms(strength))


def _may_follow(rest: str, folded: str, strength: str) -> bool:
    """Return whether `rest`, the end of `folded`, may follow a season: `Season 2 Part B`, `Season 5, Volume 1`,
    `Season 1 (Uncut)`, `Season 4 Remix`. A part may have a part too: `Part 5 Volume 2`.
    """
    for between in _BETWEEN:
        if rest.startswith(between):
            part = rest[len(between) :]
            if part and _table("weak").longest(part, _NUMBER_OR_LETTER) == len(part):
                return True
    if strength != "strong":
        return False
    if rest.startswith(" ") and _table("qualifier").longest(rest[1:]) == len(rest) - 1:
        return True
    if rest.startswith(("(", " (")) and rest.endswith(")") and rest.count("(") == rest.count(")") == 1:
        return 0 < len(folded.rpartition("(")[2]) - 1 <= _LONGEST_BRACKETS
    return False


def _is_number_beside_word(text: str) -> bool:
    """Return whether a folded text is a number and a word for episodes, in any order."""
    words = _words_beside_a_number()
    if text.endswith(words) or text.startswith(words):
        for word in words:
            before, behind = text.removesuffix(word), text.removeprefix(word)
            if before != text and _NUMBER.fullmatch(before.rstrip().removesuffix(".")):
                return True
            if behind != text and _NUMBER.fullmatch(behind.removeprefix(".").lstrip()):
                return True
    return False


@cache
def _words_beside_a_number() -> tuple[str, ...]:
    """Return the words of episodes. `第#話` has none: its number stands between two signs."""
    return tuple(
        dict.fromkeys(
            _folded(words[0])
            for before, _, after in (form.partition("#") for form in (*_forms("episode"), *_forms("chapter")))
            if len(words := [*_WORD.findall(before)[-1:], *_WORD.findall(after)[-1:]]) == 1
        )
    )


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
