"""What became of a form: shown where the person looks, at the place of the form, or first on the page.

A message names the place on the page that it belongs to. A template shows what belongs there with `messages_at`, and
the base shows everything else on top. The browser jumps to the first message and gives it the keyboard's focus, so that
a screen reader reads it; that works without script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from flask import Flask, g, session

# The first message on a page; the address that answers a form ends with it.
ANCHOR = "message"
_KEPT = "messages"


@dataclass(frozen=True)
class Message:
    """A sentence about what was done or refused. place: the id of a part of the page; empty for its top."""

    text: str
    kind: Literal["done", "refused"]
    place: str = ""


def add(app: Flask) -> None:
    """Let templates show messages."""
    app.jinja_env.globals.update(messages_at=messages_at, other_messages=other_messages, is_first=is_first)


def leave(message: Message) -> None:
    """Keep a message for the next page of this browser, in the place of what a page that waits has kept before."""
    of_this_request = session.get(_KEPT, []) if "is_leaving" in g else []
    g.is_leaving = True
    session[_KEPT] = [*of_this_request, asdict(message)]


def keep_messages(is_waiting: bool) -> bool:
    """Keep the messages of a page that waits, since it loads itself again. Returns `is_waiting`."""
    for message in _messages() if is_waiting else ():
        leave(message)
    return is_waiting


def messages_at(place: str) -> Sequence[Message]:
    """Return the messages that belong to a place of this page, where the template shows them."""
    shown_at: set[str] = g.setdefault("message_places", set())
    shown_at.add(place)
    return [message for message in _messages() if message.place == place]


def other_messages() -> Sequence[Message]:
    """Return the messages whose place was not shown on this page; call it after the rest was made."""
    shown_at: set[str] = g.get("message_places", set())
    return [message for message in _messages() if message.place not in shown_at]


def is_first(message: Message) -> bool:
    """Return whether the browser jumps to this message."""
    return message is _messages()[0]


def _messages() -> Sequence[Message]:
    """Return the messages of this page, refusals first."""
    if "messages" not in g:
        found = (Message(**kept) for kept in session.pop(_KEPT, []))
        g.messages = sorted(found, key=lambda message: message.kind == "done")
    messages: Sequence[Message] = g.messages
    return messages
