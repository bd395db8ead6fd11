"""A client's local interface: asked on this machine only, for seconds at most, and never believed at length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_LARGEST_ANSWER = 262_144
_LARGEST_TOKEN = 8_192
_SECONDS = 1.0
_LONGEST_SECONDS = 3.0
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Answer:
    """What a client answered. content: the object in it, empty for anything else."""

    status: int
    content: Mapping[str, Any] = field(default_factory=dict)


def is_local(url: str) -> bool:
    """Return whether an address is one of this machine; no other is ever called."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and parts.hostname in _HERE and parts.port != 0 and not parts.username
    except ValueError:
        return False


def ask(url: str, path: str, *, token: str = "", body: Mapping[str, Any] | None = None) -> Answer | None:
    """Return the answer of a client's interface, None if there is none. With `body` it is a POST.

    No redirect is followed and no proxy used, so that the token stays on this machine. It is never logged.
    """
    if not is_local(url) or len(token) > _LARGEST_TOKEN:
        return None
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from socket import SHUT_RDWR
    from threading import Timer

    parts = urlsplit(url)
    made = (HTTPSConnection if parts.scheme == "https" else HTTPConnection)(
        parts.hostname or "", parts.port, timeout=_SECONDS
    )
    headers = {"User-Agent": "netflix-trend", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    late: Timer | None = None
    try:
        made.connect()
        # Each byte has a second of its own, so that a slow client would hold us for hours.
        late = Timer(_LONGEST_SECONDS, made.sock.shutdown, [SHUT_RDWR])
        late.daemon = True
        late.start()
        made.request("GET" if data is None else "POST", path, data, headers)
        answer = made.getresponse()
        return Answer(answer.status, _object(answer.read(_LARGEST_ANSWER + 1)))
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        if late:
            late.cancel()
        made.close()


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data) if len(data) <= _LARGEST_ANSWER else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
