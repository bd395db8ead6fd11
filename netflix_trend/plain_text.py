"""Untrusted text on its way to a terminal, where control characters would move the cursor."""

from __future__ import annotations


def printable(text: str, instead: str = "") -> str:
    """Return a text with `instead` for every character that cannot be printed, such as a control character."""
    return "".join(character if character.isprintable() else instead for character in text)
