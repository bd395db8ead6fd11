"""Keys for comparing titles: spellings of one title share a key; the text itself is kept for display."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_FOLDED = {
    **dict.fromkeys("’‘ʼ`´", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‐‑‒–—−", "-"),
}
_ARE_FOLDED = re.compile(f"[{re.escape(''.join(_FOLDED))}]")
# Zero-width and direction marks: invisible, so titles that differ only in them are the same.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SEPARATOR = re.compile(r"(?<=\S)(?::\s|：)")
_BLANK_BEFORE_COLON = re.compile(r" +:")
_PRINTABLE = bytes(range(32, 127))


def title_key(title: str) -> str:
    """Return the key under which a title is compared: NFKC, case, blanks, quotes and dashes folded."""
    if title.isascii():  # most titles; the general code below gives the same result, more slowly
        key = title.replace("`", "'").lower()
    else:
        # Before NFKC, which would turn an acute accent that stands for an apostrophe into a blank and a combining one.
        key = _INVISIBLE.sub("", _folded(title))
        key = _folded(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", key).casefold()))
    key = " ".join(key.split())
    return _BLANK_BEFORE_COLON.sub(":", key) if " :" in key else key


def title_keys(titles: Sequence[str]) -> list[str]:
    """Return `title_key` of each of many titles, sooner: those in ASCII are folded as one text."""
    plain = [title for title in titles if title.isascii()]
    text = "\n".join(plain)
    are_lines = text.encode().translate(None, _PRINTABLE) == b"\n" * (len(plain) - 1)
    if not are_lines or "  " in text or " \n" in text or "\n " in text or text != text.strip(" "):
        return list(map(title_key, titles))  # other blanks than single ones inside
    key = text.replace("`", "'").lower()
    keys = iter((_BLANK_BEFORE_COLON.sub(":", key) if " :" in key else key).split("\n"))
    return [next(keys) if title.isascii() else title_key(title) for title in titles]


def _folded(text: str) -> str:
    for sign in set(_ARE_FOLDED.findall(text)):
        text = text.replace(sign, _FOLDED[sign])
    return text


def plain_title(title: str) -> str:
    """Return a title for display: one line, without invisible marks and marks that change the direction of text."""
    if title.isprintable() and "  " not in title:
        return title.strip()
    seen = _INVISIBLE.sub("", title)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in seen).split())


def colon_prefixes(title: str) -> Iterator[str]:
    """Yield the proper prefixes of a title that end before a colon and a blank, longest first.

    A colon without a blank after it is text (`3:10 to Yuma`, `Re:ZERO`), and so is one with a blank before it (French
    `Titre : sous-titre`).
    """
    for separator in reversed(list(_SEPARATOR.finditer(title))):
        yield title[: separator.start()]
