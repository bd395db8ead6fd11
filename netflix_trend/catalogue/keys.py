"""Keys for comparing titles: spellings of one title share a key; the text itself is kept for display."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_FOLDED = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ`´", "'"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
    }
)
# Zero-width and direction marks: invisible, so titles that differ only in them are the same.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_IS_FOLDED = re.compile(f"[{re.escape(''.join(map(chr, _FOLDED)))}]")
_SEPARATOR = re.compile(r"(?<=\S)(?::\s|：)")
_BLANK_BEFORE_COLON = re.compile(r" +:")


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


def _folded(text: str) -> str:
    # Most texts have nothing to fold, and looking is much faster than `translate`.
    return text.translate(_FOLDED) if _IS_FOLDED.search(text) else text


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
