"""Text on its way to people: untrusted text for a terminal, counts with their nouns, and messages about a file that is
named already.
"""

from __future__ import annotations


def printable(text: str, instead: str = "") -> str:
    """Return a text with `instead` for every character that cannot be printed, such as a control character."""
    return "".join(character if character.isprintable() else instead for character in text)


def counted(count: int, noun: str, several: str = "") -> str:
    """Return a number with its noun, in the plural unless it is one. several: the plural, if it is not made by an s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {several or noun + 's'}"


def without_name(message: str, *names: str) -> str:
    """Return a message about a file without the name that it begins with, for a place that names the file already.

    names: of which it may begin with one, followed by a colon or a comma.
    """
    for name in names:
        for end in (": ", ", "):
            rest = message.removeprefix(f"{name}{end}")
            if rest and rest != message:
                return rest[0].upper() + rest[1:]
    return message
