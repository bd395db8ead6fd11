"""Letters that another program saved wrongly are repaired, and no others are changed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from netflix_trend.history.double_encoding import pages_of_double_encoding, repaired

# The letters that ASCII lacks, by language.
ALPHABETS = [
    *(
        "éèàçêôùûîïëÉÈÀÇœŒ’",
        "áéíóúñÁÉÍÓÚÑ¿¡ü",
        "ãõáéíóúâêôàçÃÕÁÉÍÓÚÂÊÔÇ",
        "äöüßÄÖÜ",
        "åäöæøÅÄÖÆØ",
        "łęąśćżźńóŁĘĄŚĆŻŹŃÓ",
    ),
    *("ěščřžýáíéúůďťňĚŠČŘŽÝÁÍÉ", "áéíóöőúüűÁÉÍÓÖŐÚÜŰ", "şğıçöüŞĞİÇÖÜ", "абвгдежзийклмноп", "αβγδεζηθ", "іїєґаоенрс"),
]
# Neighbors that are the wrong form of one letter; no word that has no other letter behind ASCII is known to have them.
LOOK_WRONG = ("Ú¿", "Ú¡", "¿¿", "¿¡", "¡¿", "¡¡", "ĆŻ", "Ńś", "Ńź", "ŃŚ", "ŃŹ", "Čš", "Řš", "Řž", "Řť", "ŘŠ", "ŘŽ")
TITLES = st.sampled_from(ALPHABETS).flatmap(lambda letters: st.text(letters + "abc XYZ:1", min_size=1, max_size=20))
ALL_PAGES = ("cp1252", "cp1250", "cp1251", "cp1254", "mac_roman", "cp1253")
RIGHT = [
    *("Pokémon inventé: Saison 1: Été 1", "L’été à la forêt", "Łódź", "Wiedźmin: Część 1", "Ведьмак", "Čierne zrkadlo"),
    *("SÃO PAULO", "IRMÃ", "IRMÃ…", "ROMÃ\u00a02", "MAÇÃ…", "CORAÇÃO", "Ümit", "Đặng Thị", "Việt Nam", "Różdżka"),
    *("Різдво", "Ні", "Рі", "Сі", "Το σπίτι", "全裸監督", "오징어 게임", "naïve", "½", "«Été»", "Nº 1ª", "¿Quién?"),
]


def wrong(text: str, page: str = "cp1252", rounds: int = 1) -> str:
    """Return a text after a program has read its UTF-8 as a page, and bytes without a letter as control characters."""
    for _ in range(rounds):
        text = "".join(bytes([byte]).decode(page, "ignore") or chr(byte) for byte in text.encode())
    return text


@pytest.mark.parametrize("text", RIGHT)
def test_right_letters_stay(text: str) -> None:
    assert repaired(text, pages_of_double_encoding(text)) == text


@pytest.mark.parametrize("text", ["Pokémon", "Été", "Ação", "Über", "señor", "Ведьмак", "Łódź", "全裸監督", "l’été"])
@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_wrong_letters_are_repaired_also_twice_and_three_times(text: str, rounds: int) -> None:
    damaged = wrong(text, rounds=rounds)

    assert damaged != text
    assert repaired(damaged, pages_of_double_encoding(damaged)) == text


@pytest.mark.parametrize("page", ALL_PAGES)
def test_wrong_letters_of_every_page_are_repaired(page: str) -> None:
    damaged = wrong("Pokémon: Été", page)

    assert repaired(damaged, pages_of_double_encoding(damaged)) == "Pokémon: Été"


def test_a_text_of_which_only_a_part_could_be_wrong_stays() -> None:
    assert repaired("PokÃ©mon é", ALL_PAGES) == "PokÃ©mon é"


@settings(max_examples=300)
@given(TITLES)
def test_no_title_is_changed(text: str) -> None:
    assume(not any(neighbors in text for neighbors in LOOK_WRONG))
    assert repaired(text, pages_of_double_encoding(text)) == text


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_a_text_is_changed_only_if_it_is_the_wrong_form_of_another(text: str) -> None:
    found = repaired(text, ALL_PAGES)
    rounds = range(1, 4)

    assert (
        found == text
        or any(wrong(found, page, number) == text for page in ALL_PAGES for number in rounds)
        or (
            len(text) > len(found)  # by way of two pages
        )
    )


@settings(max_examples=300)
@given(TITLES)
def test_every_wrong_title_is_repaired(text: str) -> None:
    damaged = wrong(text)
    pages = pages_of_double_encoding(damaged)
    assume(pages)  # a lone `à` is only `Ã` and a blank
    assume(repaired(text, pages) == text)  # `Ú¡` looks wrong itself

    assert repaired(damaged, pages) == text
