"""Sentences that a process has stored in a file, told again in the language of a page.

Files and processes speak English, so that they say the same to everybody. A page that shows such a sentence looks for
the marked text that it was made from, takes the values out of it, and says it in its own language. A sentence that was
made from no marked text stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from netflix_trend.language import LANGUAGES, TRANSLATIONS, WRITTEN, gettext, language, ngettext

_VALUE = re.compile(r"%\((\w+)\)s")
# Behind the name of a file, which a text may begin with.
_SEPARATOR = re.compile("[:,] ")
# Letters outside of values; a text with fewer, such as `%(day)s, %(time)s`, would be found in everything.
_FEWEST_LETTERS = 12
# Nothing that is longer was made from one text.
_LONGEST = 2_000
# Places at which a sentence may end and another begin; behind them a text stays as it is.
_MOST_ENDS = 20


def told_again(sentence: str) -> str:
    """Return a stored English sentence in the language of this context."""
    if language() == WRITTEN or not sentence or len(sentence) > _LONGEST:
        return sentence
    # One sentence, or several, each from a text of its own.
    told, begin = list[str](), 0
    ends = [match.end() for match in islice(re.finditer(r"[.:] ", sentence), _MOST_ENDS)]
    while (found := _found(sentence[begin:])) is None:
        parts = ((end, _found(sentence[begin:end].rstrip())) for end in reversed(ends) if end > begin)
        end, found = next(((end, part) for end, part in parts if part is not None), (begin, None))
        if found is None:
            found = sentence[begin:]
            break
        told.append(found)
        begin = end
    return " ".join([*told, found])


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
    for text in _texts():
        if (values := text.values_in(sentence)) is not None:
            known = {name: _known(value) for name, value in values.items()}
            if not text.several:
                said = gettext(text.one, **known)
            elif (number := known.pop("num", "1").replace(",", "")).isdecimal():
                said = ngettext(text.one, text.several, int(number), **known)
            else:
                return None
            # A place that names the file leaves its name out.
            return said.lstrip(":, ") if None in values.values() else said
    return None


def _known(value: str | None) -> str:
    return gettext(value) if value else ""


@dataclass(frozen=True)
class _Text:
    """A marked text with values: its forms, `several` empty without a plural, and one of them as literals and names."""

    one: str
    several: str
    literals: tuple[str, ...]
    names: tuple[str, ...]

    def values_in(self, sentence: str) -> dict[str, str | None] | None:
        """Return the values in a sentence that was made from this text, None in any other. The value of a name that a
        text may begin with is None where it is left out.
        """
        found = _between(self.literals, self.names, sentence)
        separator = _SEPARATOR.match(self.literals[1]) if not self.literals[0] else None
        if found is None and separator:
            rest = self.literals[1][separator.end() :], *self.literals[2:]
            found = _between(rest, self.names[1:], sentence)
            return None if found is None else {self.names[0]: None, **found}
        return found


def _between(literals: Sequence[str], names: Sequence[str], sentence: str) -> dict[str, str | None] | None:
    """Return what stands between literals, by name; None where they do not stand there in this order.

    Each literal is looked for once, from the end of the one before: if they stand in a sentence at all, they stand at
    their first places. A value has a letter at least; one that is there twice is the same both times.
    """
    if not (sentence.startswith(literals[0]) and sentence.endswith(literals[-1])):
        return None
    values: dict[str, str | None] = {}
    begin, last = len(literals[0]), len(sentence) - len(literals[-1])
    if not names:
        return values if sentence == literals[0] else None
    for name, literal in zip(names[:-1], literals[1:-1], strict=True):
        end = sentence.find(literal, begin + 1, last)
        if end < 0 or values.setdefault(name, sentence[begin:end]) != sentence[begin:end]:
            return None
        begin = end + len(literal)
    if begin >= last or values.setdefault(names[-1], sentence[begin:last]) != sentence[begin:last]:
        return None
    return values


@lru_cache(maxsize=1)
def _texts() -> list[_Text]:
    """Return the marked texts with values, those with most letters first."""
    from babel.messages.pofile import read_po

    # All catalogues have the same texts.
    code = next(code for code in LANGUAGES if code != WRITTEN)
    with (TRANSLATIONS / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        texts = [message.id for message in read_po(file) if message.id]
    found = []
    for text in texts:
        one, several = (text, "") if isinstance(text, str) else text
        for form in filter(None, (one, several)):
            parts = _VALUE.split(form.replace("%%", "%"))
            literals, names = tuple(parts[::2]), tuple(parts[1::2])
            if names and _letters(literals) >= _FEWEST_LETTERS:
                found.append(_Text(one, several, literals, names))
    return sorted(found, key=lambda each: -_letters(each.literals))


def _letters(literals: Sequence[str]) -> int:
    return sum(character.isalpha() for literal in literals for character in literal)
