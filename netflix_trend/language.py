"""The language that people read: catalogues of gettext, chosen for a page by who asks for it, English elsewhere.

Text for people is marked where it is written: `_("%(count)s files are read", count=3)`. A catalogue may move every
value to where its language wants it, so a sentence is one message, never glued from parts; what is counted goes through
`ngettext`, because languages have other plurals than English. Numbers, dates and lists: `netflix_trend.formats`.
docs/languages.md says how a text is marked and how a language is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path

# In their own names, as people look for them.
LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "pt": "Português", "tr": "Türkçe"}
TRANSLATIONS = Path(__file__).parent / "translations"
# The language that messages are written in; it needs no catalogue.
WRITTEN = "en"

_spoken: ContextVar[NullTranslations] = ContextVar("spoken", default=NullTranslations())  # noqa: B039, never changed


def gettext(message: str, /, **values: object) -> str:
    """Return a message in the language of this context, with its `%(name)s` filled in.

    Without values nothing is filled in, so a lone `%` is written once; with values it is written `%%`.
    """
    # An empty message would return the head of the catalogue.
    text = _spoken.get().gettext(message) if message else ""
    return text % values if values else text


def ngettext(one: str, several: str, count: int, /, **values: object) -> str:
    """Return a message about a count in the language of this context; `%(num)s` is the count, as people write it."""
    from netflix_trend.formats import number

    return plural(one, several, count) % {"num": number(count), **values}


def plural(one: str, several: str, count: int) -> str:
    """Return the form of a message that a count takes in the language of this context, with nothing filled in."""
    return _spoken.get().ngettext(one, several, count)


def marked(message: str) -> str:
    """Return a message as it is: it is extracted here, and translated where it is shown."""
    return message


def language() -> str:
    """Return the code of the language of this context, such as `de`."""
    return _spoken.get().info().get("language", WRITTEN)


@lru_cache
def translations_of(code: str) -> NullTranslations:
    """Return the catalogue of a language; an empty one for English, and for a language without a catalogue."""
    return translation("messages", TRANSLATIONS, [code], fallback=True)


@contextmanager
def spoken(translations: NullTranslations) -> Iterator[None]:
    """Speak another language in this context."""
    token = _spoken.set(translations)
    try:
        yield
    finally:
        _spoken.reset(token)


def in_english() -> AbstractContextManager[None]:
    """Speak English in this context, for what is written into files."""
    return spoken(translations_of(WRITTEN))


_ = gettext
