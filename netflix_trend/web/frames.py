"""Who may show a page of this machine in a frame, as SyftUI does with the pages of its apps.

Browsers name the kind of a request in `Sec-Fetch-Dest`. To one that does not, the headers of the page forbid the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

EMBEDDED = frozenset({"iframe", "frame", "embed", "object"})
# Of the page that tells how to open the real one: anybody may show it, and it can neither send nor load anything.
NOTICE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Frames:
    """Who may show the pages of an app in a frame.

    origin: the only one that may, such as http://localhost:8080; empty when none may. pages: paths that people open.
    notice: returns the page that a frame gets while no origin may.
    """

    origin: str
    pages: frozenset[str]
    notice: Callable[[], str]

    @property
    def ancestors(self) -> str:
        """What the content security policy says after `frame-ancestors`."""
        return self.origin or "'none'"

    def instead(self) -> BaseResponse | None:
        """Return what a frame gets in place of the page that it asks for; None for the page itself, and outside of
        frames.
        """
        if (
            request.headers.get("Sec-Fetch-Dest") not in EMBEDDED
            or request.method != "GET"
            or request.path not in self.pages
        ):
            return None
        if not self.origin:
            response = make_response(self.notice())
            response.headers["Content-Security-Policy"] = NOTICE_POLICY
            return response
        return self._under_the_same_name()

    def _under_the_same_name(self) -> BaseResponse | None:
        """Return a redirect to the origin's own name for this machine; None if the frame uses it already.

        localhost and 127.0.0.1 are two sites: a browser would not send the cookie of one inside a page of the other.
        """
        name, here = urlsplit(self.origin).hostname, urlsplit(f"//{request.host}")
        if here.hostname == name:
            return None
        port = f":{here.port}" if here.port else ""
        return redirect(f"http://{name}{port}{request.full_path.rstrip('?')}")

    def are_allowed(self, response: Response) -> bool:
        """Return whether a response may be shown in a frame, by anybody or by the origin that its policy names."""
        return bool(self.origin) or response.headers["Content-Security-Policy"] == NOTICE_POLICY
