"""Keys of titles: two spellings of one title have one key."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netflix_trend.catalogue.keys import colon_prefixes, plain_title, title_key, title_keys

# Characters that a rule of title_key is about, and some that no rule is about.
ASCII = st.text(st.sampled_from("aZ0:`'\"-. \t\n\r\x0b\x0c\x1c\x1f\x00\x7f") | st.characters(max_codepoint=0x7F))
SPECIAL = " \u00a0\u2009\u3000\t:：`'’‘ʼ“”„‐‑‒–—−\u00ad\u200b\u200d\u200e\u202e\u2060\ufeffﬁßİſ№…１"
# Without combining marks: Unicode itself has texts whose folding is not final at once.
TITLES = st.text(
    st.sampled_from(SPECIAL) | st.characters(min_codepoint=1, max_codepoint=0x10FF, exclude_categories=["M", "Cs"])
)
# Without the mathematical dotless i, which has no upper case, while the dotless i that its key holds has one.
LETTERS = st.characters(categories=["L", "Nd"], exclude_characters="\U0001d6a4")


@settings(max_examples=500)
@given(ASCII)
@example(" The Office (U.S.) :  Season 1 : `Pilot` ")
@example(" : :")
@example("A\x1c:\x1fB")
def test_the_short_way_for_ascii_gives_what_the_general_way_gives(title: str) -> None:
    assert title_key(title) == title_key(title + "\u200b")  # an invisible character, but not ASCII


@settings(max_examples=300)
@given(st.lists(ASCII | TITLES | st.sampled_from(["Dark", "Dark : Secrets", "`Roma`", "Ozark: É"]), max_size=6))
@example(["A\nB", "C"])
@example(["\n"])
@example(["", ""])
@example(["A ", "B"])
@example(["A", " B"])
def test_many_keys_at_once_are_those_of_each_title(titles: list[str]) -> None:
    assert title_keys(titles) == [title_key(title) for title in titles]


def test_no_letter_or_digit_is_folded_into_nothing_or_a_colon() -> None:
    """So a title that begins with one is not blank, which is not looked at any further."""
    for sign in map(chr, range(sys.maxunicode + 1)):
        assert not sign.isalnum() or title_key(sign).strip(": ："), hex(ord(sign))


@pytest.mark.parametrize(
    ("title", "key"),
    [("Ἀ´﹘B", "ἀ'-b"), ("é\u2033", "é′′"), ("“é” ‒ ＇x＇ : y", "\"é\" - 'x': y"), ("\u00adé\u2009\u3000 ;", "é ;")],
)
def test_signs_that_compatibility_makes_are_folded_as_well(title: str, key: str) -> None:
    assert title_key(title) == key


@settings(max_examples=500)
@given(TITLES)
def test_the_key_of_a_key_is_itself(title: str) -> None:
    assert title_key(title_key(title)) == title_key(title)


@settings(max_examples=200)
@given(TITLES)
def test_a_key_has_single_blanks_inside_and_none_at_its_ends_or_before_a_colon(title: str) -> None:
    key = title_key(title)
    assert key == key.strip()
    assert key.split() == [part for part in key.split(" ") if part]
    assert "  " not in key
    assert " :" not in key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Chef's Table", "Chef’s Table"),
        ("Chef's Table", "CHEF‘S TABLE"),
        ("Chef's Table", "Chefʼs Table"),
        ("Chef's Table", "Chef`s Table"),
        ("Chef's Table", "Chef's\u00a0Table"),
        ("Chef's Table", "  Chef's \t Table\n"),
        ("Chef's Table", "Chef's\u3000Table"),
        ("Chef's Table", "Chef＇s Table"),
        ('"Weird Al"', "“Weird Al”"),
        ('"Weird Al"', "„Weird Al“"),
        ("Suits: Season 1", "Suits : Season 1"),
        ("Suits: Season 1", "Suits\u00a0: Season 1"),
        ("Suits: Season 1", "Suits： Season 1"),
        ("Suits: Season 1", "Ｓｕｉｔｓ: Season 1"),
        ("9-1-1", "9–1–1"),
        ("9-1-1", "9—1—1"),
        ("9-1-1", "9‑1−1"),
        ("Love Is Blind", "Love Is\u200b Blind\ufeff"),
        ("Love Is Blind", "\u202aLove Is Blind\u202c"),
        ("Love Is Blind", "Lo\u00adve Is Blind"),
        ("Straße", "STRASSE"),
        ("Miércoles", "MIE\u0301RCOLES"),
        ("ÉLITE", "élite"),
        ("SMASHED...", "Smashed…"),
        ("일타 스캔들", "일타 스캔들"),
    ],
)
def test_two_spellings_of_one_title_have_one_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You", "Yous"),
        ("Elite", "Élite"),
        ("Money Heist", "MoneyHeist"),
        ("Suits: LA", "Suits LA"),
        ("Suits:LA", "Suits: LA"),
        ("Who Killed Sara?", "Who Killed Sara"),
        ("9-1-1", "911"),
        ("Berlin", "Berlín"),
        ("Dark", "暗黑"),
    ],
)
def test_two_titles_keep_two_keys(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("\u202eevil\u2066", "evil"),
        ("a\u061cb\x1b\nc  d ", "a b c d"),
        ("\u05e9\u05d8\u05d9\u05e1\u05dc", "\u05e9\u05d8\u05d9\u05e1\u05dc"),
        ("Don't  Look Up", "Don't Look Up"),
    ],
)
def test_a_title_is_shown_without_invisible_marks(title: str, shown: str) -> None:
    assert plain_title(title) == shown
    assert plain_title(shown) == shown


@pytest.mark.parametrize("mark", "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2064\u2066\u2069\ufeff")
def test_invisible_marks_are_not_part_of_a_title(mark: str) -> None:
    assert title_key(f"{mark}Love Is{mark} Blind: Se{mark}ason 1{mark}") == "love is blind: season 1"


@pytest.mark.parametrize("title", ["", " ", "\u00a0", "\u200b", "\u200b \ufeff"])
def test_a_title_without_a_visible_character_has_the_empty_key(title: str) -> None:
    assert title_key(title) == ""


@pytest.mark.parametrize(
    ("title", "prefixes"),
    [
        ("a: b: c", ["a: b", "a"]),
        ("a: b", ["a"]),
        ("a", []),
        ("", []),
        ("3:10 to yuma", []),
        ("re:zero: season 1: the end", ["re:zero: season 1", "re:zero"]),
        ("a:", []),
        (": a", []),
        ("a: ", ["a"]),
        ("a:\tb", ["a"]),
        ("a:\u00a0b", ["a"]),
        ("A：B： C: D", ["A：B： C", "A：B", "A"]),
        ("A：", ["A"]),
        ("：A: B", ["：A"]),
        ("Titre : sous-titre: Saison 1", ["Titre : sous-titre"]),
        ("Titre\u00a0: sous-titre", []),
        ("Titre ：sous-titre", []),
        ("  A: B", ["  A"]),
        ("A:: B", ["A:"]),
    ],
)
def test_prefixes_end_before_a_colon_and_a_blank_and_come_longest_first(title: str, prefixes: list[str]) -> None:
    assert list(colon_prefixes(title)) == prefixes


@settings(max_examples=500)
@given(st.text(st.sampled_from("aB:： \u00a0\t"), max_size=20) | TITLES)
def test_prefixes_are_beginnings_of_the_title_each_shorter_than_the_last(title: str) -> None:
    prefixes = list(colon_prefixes(title))
    for longer, prefix in zip([title, *prefixes], prefixes, strict=False):
        assert len(prefix) < len(longer)
        assert title.startswith(prefix)
        assert title[len(prefix)] in ":："
        assert prefix[-1:].strip() != ""


@settings(max_examples=500)
@given(TITLES)
def test_blanks_around_a_title_and_marks_inside_it_do_not_change_its_key(title: str) -> None:
    assert title_key(f" \u00a0{title}\t\u3000") == title_key(title)
    assert title_key("\u200b".join(["", *title, ""])) == title_key(title)


@settings(max_examples=300)
@given(st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1, max_size=5))
def test_all_blanks_and_cases_of_words_have_one_key(words: list[str]) -> None:
    keys = {title_key(blank.join(words)) for blank in (" ", "\u00a0", "  ", "\n", "\u2009\t")}
    assert len(keys) == 1
    assert title_key(title_key(" ".join(words)).upper()) == title_key(" ".join(words).upper())
