"""Letters that another program saved wrongly: UTF-8 that was read as a code page and written as UTF-8 once more.

`Pokémon` becomes `PokÃ©mon`. A text is repaired only if all of it can come from this, so `SÃO` and `IRMÃ` stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

# The pages that programs take for granted, the commonest first.
_PAGES = ("cp1252", "cp1250", "cp1251", "cp1254", "mac_roman", "cp1253")
# Signs that may stand behind a capital letter at the end of a word by chance, as in `IRMÃ…`.
_BY_CHANCE = frozenset("\u00a0’‘“”„–—…•™«»")
# Here the two letters of a wrong pair may be neighbors in a right word, as in the Ukrainian `Різдво`.
_OWN_ALPHABET = ("cp1251", "cp1253", "mac_roman")
_MOST_ROUNDS = 3
# Control characters, and letters and marks that no language of Netflix uses: a right text, undone once more, has them.
_IMPLAUSIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u0180-\u019f\u01a2-\u01ae\u01b1-\u0217\u021c-\u0383\u03d0-\u03ff"
    "\u0460-\u048f\u0492-\u05cf\u0700-\u08ff\ufffd]"
)


@cache
def _bytes_of(page: str) -> dict[int, int]:
    """Return the byte of each character of a page, as a table for str.translate; other characters up to 255 have none.

    Bytes that the page does not define are control characters, as programs write them.
    """
    table = dict.fromkeys(range(0xA0, 0x100), 0xFFFF)
    for byte in range(0x80, 0x100):
        letter = bytes([byte]).decode(page, "ignore") or chr(byte)
        table[ord(letter)] = byte
    return table


def _signs(page: str, first: int, last: int) -> frozenset[str]:
    """Return the characters of a page's bytes from `first` to `last`, without those that are there by chance."""
    letters = {chr(letter) for letter, byte in _bytes_of(page).items() if first <= byte <= last} - _BY_CHANCE
    if last < 0xC0 and page in _OWN_ALPHABET:
        letters = {letter for letter in letters if not letter.isalpha()}
    return frozenset(letters)


@cache
def _follows(page: str) -> frozenset[str]:
    """Return the characters of a page's bytes that stand behind the first one of a letter in UTF-8."""
    return _signs(page, 0x80, 0xBF)


@cache
def _wrong_letters(page: str) -> re.Pattern[str]:
    """Return what letters of two and of three bytes look like after they were read as a page."""
    two, three, follows = (
        "[" + "".join(map(re.escape, sorted(_signs(page, first, last)))) + "]"
        for first, last in ((0xC3, 0xDF), (0xE0, 0xEF), (0x80, 0xBF))
    )
    # Three letters of one's own may look like a sign of three bytes, as in `čŠŠ`.
    not_a_letter = "(?<![^\\W\\d_])"
    return re.compile(f"{two}{follows}|{three}(?:{follows}{not_a_letter}{follows}|{follows}{{2}}{not_a_letter})")


def pages_of_double_encoding(text: str) -> frozenset[str]:
    """Return the pages by which letters of a text may have been saved wrongly."""
    if text.isascii():
        return frozenset()
    present = set(text)
    return frozenset(page for page in _PAGES if _follows(page) & present and _wrong_letters(page).search(text))


def repaired(text: str, pages: Collection[str]) -> str:
    """Return a text as it was before it was saved wrongly by way of one of `pages`; any other text as it is."""
    for page in _PAGES:
        if page in pages and (right := _undone_often(text, page)) != text:
            return right
    return text


def _undone_often(text: str, page: str) -> str:
    best = text
    for _ in range(_MOST_ROUNDS):
        undone = None if text.isascii() else _undone(text, page)
        if undone is None:
            break
        text = undone
        if not _IMPLAUSIBLE.search(text):
            best = text
    return best


def _undone(text: str, page: str) -> str | None:
    try:
        return text.translate(_bytes_of(page)).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None
