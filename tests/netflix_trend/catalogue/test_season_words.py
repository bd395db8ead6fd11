"""Season words: the tables of forms find what a pattern for each form finds."""

from __future__ import annotations

import csv
import random
import re
from functools import cache
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netflix_trend.catalogue.season_words import begins_with_form, has_form

_NUMBER = (
    r"(?:\d+[a-z]?|[ivxl]+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|uno|dos|tres|cuatro|cinco|um|dois|três|quatro|un|deux|trois|quatre|cinq|eins|zwei|drei|due|tre"
    r"|[一二三四五六七八九十]+)"
)
_NUMBERS = [
    "1",
    "2",
    "12",
    "3b",
    "٣",
    "i",
    "iv",
    "l",
    "x",
    "one",
    "six",
    "três",
    "tres",
    "tre",
    "uno",
    "十二",
    "b",
    "1t",
]
_STRENGTHS = ("strong", "weak", "episode", "chapter", "film", "extra", "suffix")


@cache
def forms(strength: str) -> list[str]:
    text = (files("netflix_trend.catalogue") / "data" / "season_words.csv").read_text("utf-8")
    return [row["form"] for row in csv.DictReader(text.splitlines()) if row["strength"] == strength]


ALL = [form for strength in (*_STRENGTHS, "qualifier") for form in forms(strength)]


def fold(text: str) -> str:
    lower = text.lower() if text.isascii() else text.casefold().replace("ı", "i").replace("\u0307", "")
    return re.sub("[‐‑–—]", "-", lower)


@cache
def pattern(form: str, number: str = _NUMBER) -> re.Pattern[str]:
    escaped = re.escape(fold(form)).replace(r"\ ", r"\s+")
    return re.compile(escaped.replace(r"\#", number).replace("@", r"\d+"))


@cache
def words_of_episodes() -> list[str]:
    found = []
    for form in (*forms("episode"), *forms("chapter")):
        before, _, after = form.partition("#")
        words = [*re.findall(r"[^\s\d.-]+", before)[-1:], *re.findall(r"[^\s\d.-]+", after)[-1:]]
        found += words if len(words) == 1 else []
    return [re.escape(fold(word)) for word in found]


@cache
def suffix() -> re.Pattern[str]:
    words = "|".join(words_of_episodes())
    return re.compile(rf"{_NUMBER}\.?\s*(?:{words})|(?:{words})\.?\s*{_NUMBER}")


def slow(part: str, strength: str) -> bool:
    """The meaning of `has_form`, with a pattern for each form."""
    text = fold(part)
    if strength == "suffix":
        of = [form for name in ("episode", "chapter", "suffix") for form in forms(name)]
        return any(pattern(form).fullmatch(text) for form in of) or suffix().fullmatch(text) is not None
    if any(pattern(form).fullmatch(text) for form in forms(strength)):
        return True
    if strength not in ("strong", "weak"):
        return False
    ends = [found.end() for form in forms(strength) if (found := pattern(form).match(text))]
    rest = text[max(ends) :] if ends else ""
    between = re.match(r"(?:,|\s*-)?\s+", rest)
    if between:
        part_forms = (pattern(form, f"(?:{_NUMBER}|[a-z])") for form in forms("weak"))
        if any(form.fullmatch(rest, between.end()) for form in part_forms):
            return True
    if strength != "strong":
        return False
    blank = re.match(r"\s+", rest)
    if blank and any(pattern(form).fullmatch(rest, blank.end()) for form in forms("qualifier")):
        return True
    if re.fullmatch(r"\s*\([^()]{1,40}\)", rest):
        return True
    if text.endswith(")"):
        before, _, inside = text[:-1].partition("(")
        return slow(before.strip(), "weak") and slow(inside, "strong")
    return False


def filled(form: str, number: str) -> str:
    return form.replace("#", number).replace("@", number)


def assert_same(part: str) -> None:
    found = {strength: has_form(part, strength) for strength in _STRENGTHS}
    assert found == {strength: slow(part, strength) for strength in _STRENGTHS}, part
    if any(found[strength] for strength in _STRENGTHS if strength != "suffix"):
        assert begins_with_form(part), part


@pytest.mark.parametrize("number", _NUMBERS)
def test_every_form_with_every_number(number: str) -> None:
    for form in ALL:
        if number == _NUMBERS[0] or {"#", "@"} & set(form):
            assert_same(filled(form, number))


def test_forms_of_one_strength_are_found() -> None:
    for strength in _STRENGTHS:
        for form in forms(strength):
            assert has_form(filled(form, "2"), strength), form
            assert has_form(filled(form, "2").upper().replace(" ", "  "), strength), form


def test_forms_behind_forms() -> None:
    source = random.Random(1)
    between = ("", " ", ", ", " - ", "- ", "-", ",", "  ", "\t", ". ", " , ", "\u3000", " – ", " (", "(")
    for _ in range(800):
        first, second = (filled(source.choice(ALL), source.choice(_NUMBERS)) for _ in range(2))
        joint = source.choice(between)
        assert_same(f"{first}{joint}{second}{')' if '(' in joint else ''}")
        assert_same(f"{first}{joint}{filled(source.choice(forms('weak')), source.choice(_NUMBERS))}".upper())


@given(
    st.lists(
        st.one_of(
            st.sampled_from([filled(form, "2") for form in ALL]),
            st.sampled_from(words_of_episodes()),
            st.sampled_from(["", " ", "  ", "\t", ".", "(", ")", "-", ",", "İ", "ı", "\u0307", *_NUMBERS]),
            st.text(max_size=3),
        ),
        max_size=5,
    ).map("".join)
)
def test_any_text(part: str) -> None:
    assert_same(part)


def test_forms_are_found_one_letter_away_from_others() -> None:
    source = random.Random(2)
    for _ in range(800):
        letters = list(filled(source.choice(ALL), source.choice(_NUMBERS)))
        place = source.randrange(len(letters))
        letters[place : place + source.randrange(2)] = source.choice(["", " ", "2", "i", ".", "ª", "a"])
        assert_same("".join(letters))


@pytest.mark.parametrize("count", [0, 1, 40, 41])
def test_brackets_behind_a_season_are_at_most_40_characters(count: int) -> None:
    assert has_form(f"Season 2 ({'x' * count})", "strong") is (0 < count <= 40)
    assert has_form(f"Season 2 ({' ' * count})", "strong") is (0 < count <= 40)


@pytest.mark.parametrize("part", ["Serie limitata (Remix)", "Serie limitada - Parte 2", "Serie limitată Vol. 1"])
def test_the_l_of_a_limited_series_is_no_number(part: str) -> None:
    assert has_form(part, "strong")  # and not `Serie L`, the fiftieth, with something behind it
