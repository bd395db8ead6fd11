"""Fetching a chart from an address that the operator names: no other host, bounded in time and size."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from netflix_trend.catalogue.chart_files import LARGEST_CHART
from netflix_trend.causes import cause

_SOCKET_SECONDS, _SECONDS = 10.0, 20.0
_PIECE = 1 << 16


class FetchError(Exception):
    """Nothing was fetched; the message says why, without the address."""


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to the same scheme, host and port, and no other."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Refuse another host. Raises FetchError."""
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            raise FetchError("it redirects to another host; name the address of the file itself")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    url: str,
    *,
    largest: int = LARGEST_CHART,
    seconds: float = _SECONDS,
    socket_seconds: float = _SOCKET_SECONDS,
) -> bytes:
    """Return what an http or https address sends: at most `largest` bytes, within `seconds`. Raises FetchError."""
    deadline = time.monotonic() + seconds
    # The setting allows http and https only.
    request = urllib.request.Request(url, headers={"User-Agent": "netflix-trend"})  # noqa: S310
    try:
        with urllib.request.build_opener(_SameHost).open(request, timeout=socket_seconds) as answer:
            parts, left = [], largest
            while piece := answer.read1(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise FetchError(f"it sends more than {largest} bytes")
                if time.monotonic() > deadline:
                    raise FetchError(f"it takes longer than {seconds:g} seconds")
                parts.append(piece)
            if answer.length:  # what was announced and did not come
                raise FetchError("the connection ended before the file did")
    except urllib.error.HTTPError as error:
        raise FetchError(f"it answers {error.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"it cannot be reached: {_why(getattr(error, 'reason', error))}") from None
    return b"".join(parts)


def _why(reason: object) -> str:
    """Return why an address does not answer, without the words of the network's libraries."""
    if isinstance(reason, socket.gaierror):
        return "no host of this name is known here"
    if isinstance(reason, ssl.SSLError):
        return "its certificate is not valid"
    if isinstance(reason, TimeoutError):
        return "there was no answer in time"
    return cause(reason) if isinstance(reason, OSError) else "what it sends is no answer of a web server"
