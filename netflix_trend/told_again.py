"""Sentences that a process has stored in a file, told again in the language of a page.

Files and processes speak English, so that they say the same to everybody. A page that shows such a sentence looks for
the marked text that it was made from, takes the values out of it, and says it in its own language. A sentence that was
made from no marked text stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from netflix_trend.language import LANGUAGES, TRANSLATIONS, WRITTEN, gettext, language, ngettext

_VALUE = re.compile(r"%\((\w+)\)s")
# Behind the name of a file, which a text may begin with.
_SEPARATOR = re.compile("[:,] ")
# Letters outside of values; a text with fewer, such as `%(day)s, %(time)s`, would be found in everything.
_FEWEST_LETTERS = 12
# Nothing that is longer was made from one text.
_LONGEST = 2_000


def told_again(sentence: str) -> str:
    """Return a stored English sentence in the language of this context."""
    if language() == WRITTEN or not sentence or len(sentence) > _LONGEST:
        return sentence
    if (found := _found(sentence)) is not None:
        return found
    # Two sentences, each from a text of its own.
    for end in reversed([match.end() for match in re.finditer(r"[.:] ", sentence)]):
        if (begin := _found(sentence[:end].rstrip())) is not None:
            return f"{begin} {told_again(sentence[end:])}"
    return sentence


def _found(sentence: str) -> str | None:
    # A place that names the file already begins with a capital letter, and one that ends a text with a full stop.
    begins = sentence[:1].lower() + sentence[1:]
    for said in dict.fromkeys((sentence, begins, sentence.removesuffix("."), begins.removesuffix("."))):
        if (found := _translated(said)) is not None:
            found = found if sentence[:1].islower() else found[:1].upper() + found[1:]
            return found if said.endswith(".") or not sentence.endswith(".") else f"{found}."
    return None


def _translated(sentence: str) -> str | None:
    if (found := gettext(sentence)) != sentence:
        return found
    for pattern, one, several in _patterns():
        if match := pattern.fullmatch(sentence):
            values = {name: _known(value) for name, value in match.groupdict().items()}
            if not several:
                said = gettext(one, **values)
            elif (number := values.pop("num", "1").replace(",", "")).isdecimal():
                said = ngettext(one, several, int(number), **values)
            else:
                return None
            # A place that names the file leaves its name out.
            return said.lstrip(":, ") if None in match.groups() else said
    return None


def _known(value: str | None) -> str:
    return gettext(value) if value else ""


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str, str]]:
    """Return the marked texts with values, those with most letters first: singular, and plural or nothing."""
    from babel.messages.pofile import read_po

    # All catalogues have the same texts.
    code = next(code for code in LANGUAGES if code != WRITTEN)
    with (TRANSLATIONS / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        texts = [message.id for message in read_po(file) if message.id]
    found = []
    for text in texts:
        one, several = (text, "") if isinstance(text, str) else text
        for form in filter(None, (one, several)):
            if _VALUE.search(form) and _letters(form) >= _FEWEST_LETTERS:
                found.append((form, one, several))
    found.sort(key=lambda each: -_letters(each[0]))
    return [(re.compile(_pattern(form), re.DOTALL), one, several) for form, one, several in found]


def _letters(text: str) -> int:
    return sum(character.isalpha() for character in _VALUE.sub("", text))


def _pattern(text: str) -> str:
    """Return what finds a text with any values. A value that is there twice is the same both times."""
    parts, seen = _VALUE.split(text.replace("%%", "%")), set[str]()
    pattern = re.escape(parts[0])
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        value = f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
        separator = _SEPARATOR.match(literal) if not pattern and not seen else None
        if separator:
            pattern = f"(?:{value}{separator[0]})?" + re.escape(literal[separator.end() :])
        else:
            pattern += value + re.escape(literal)
        seen.add(name)
    return pattern
