"""The one error for whatever somebody else can cause."""

from __future__ import annotations


class InvalidMessage(Exception):
    """A report, or a message of another operator, is not valid.

    It is the same for every cause, because the difference between two causes can tell a secret: it has no arguments
    and must be raised `from None`. A wrong argument of our own is a ValueError instead, which explains.
    """

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "the message is not valid"
