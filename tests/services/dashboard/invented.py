"""An invented language: every marked text stands in brackets, so that what is not marked can be seen on a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from gettext import NullTranslations
from html.parser import HTMLParser
from typing import Any

from babel.messages.pofile import read_po

from netflix_trend.cli.words import po_of

# Values and tags stay outside of the brackets: what is put into a text has to be marked by itself.
_OUTSIDE = re.compile(r"(%\(\w+\)s|<[^>]*>)")
_IN_BRACKETS = re.compile(r"⟦[^⟦⟧]*⟧")
# What a reader sees or hears of a tag, and what is drawn of a chart.
_ATTRIBUTES = {
    *("aria-label", "title", "alt", "placeholder", "data-half"),
    *("data-sent", "data-reading", "data-gone", "data-failed", "data-copied"),
}
_DRAWN = {"name", "nameMap", "data"}
# Files, addresses and exact bytes, which are the same in every language.
_EXACT = {"code", "pre", "textarea", "style"}
_EMPTY = {"meta", "link", "input", "br", "img", "path", "rect", "source"}


@cache
def _texts() -> frozenset[str]:
    with po_of("de").open("rb") as file:
        found = [message.id for message in read_po(file) if message.id]
    return frozenset(text for one in found for text in ([one] if isinstance(one, str) else one))


def bracketed(text: str) -> str:
    """Return a marked text with all of its words in brackets."""
    parts = _OUTSIDE.split(text)
    return "".join(part if place % 2 or not part.strip() else f"⟦{part}⟧" for place, part in enumerate(parts))


class Invented(NullTranslations):
    """The language. Numbers, dates and lists are German. Only texts that are in the catalogues are known."""

    def __init__(self) -> None:
        super().__init__()
        self._info = {"language": "de"}

    def gettext(self, message: str) -> str:
        return bracketed(message) if message in _texts() else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Shown(HTMLParser):
    """The texts of a page that people read, each without what stands in brackets; and the links to other pages."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts, self.links = list[str](), list[str]()
        self._open, self._data = list[str](), ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.texts += [text for name, text in known.items() if name in _ATTRIBUTES]
        if tag == "a" and known.get("href", "").startswith("/"):
            self.links.append(known["href"].split("#")[0])
        if tag == "html" or tag in _EMPTY:
            return
        is_data = known.get("type") == "application/json"
        # The names of languages are in their own.
        self._open.append("json" if is_data else "code" if tag == "option" and "lang" in known else tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag not in _EMPTY | {"html"}:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "json" in self._open[-1:]:
            self.texts += drawn(json.loads(data))
        elif "script" not in self._open and not _EXACT & set(self._open):
            self.texts.append(data)

    def unmarked(self) -> Iterator[str]:
        """Yield what is left of each text that still has letters."""
        for text in self.texts:
            left = _IN_BRACKETS.sub("\n", text)
            yield from (part.strip() for part in left.split("\n") if re.search(r"[^\W\d_]", part))


def drawn(option: Any, key: str = "") -> list[str]:
    """Return the texts in a chart."""
    if isinstance(option, dict):
        return [text for name, value in option.items() for text in drawn(value, name)]
    if isinstance(option, list):
        return [text for value in option for text in drawn(value, key)]
    return [option] if isinstance(option, str) and key in _DRAWN and not option.startswith("@") else []
