"""The guard of pages that only a browser on this machine may use.

Another web page can make a browser send requests to 127.0.0.1. It cannot forge `Host`, so a name that was pointed at
127.0.0.1 (DNS rebinding) is refused. It cannot forge `Origin`, nor read the token that every change must carry. https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, request, session
from werkzeug.wrappers import Response as BaseResponse

from netflix_trend.language import _
from netflix_trend.web.frames import Frames

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
# Where a change carries its token: a field of its form, or a header of its request.
FIELD, HEADER = "token", "X-Token"
MAX_FORM = 65_536
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_NO_FRAME = {"X-Frame-Options": "DENY"}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # With `no-referrer` a browser would send forms with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_local(host: str, port: int | None = None) -> bool:
    """Return whether the `Host` of a request is a name that only this machine has, with `port` if one is given."""
    try:
        found = urlsplit(f"//{host}")
        return found.hostname in LOCAL_NAMES and (port is None or found.port == port)
    except ValueError:
        return False


def is_same_origin(origin: str | None, host: str, site: str | None) -> bool:
    """Return whether a change comes from a page of this server: by `Origin`, and by `Sec-Fetch-Site` if it is there."""
    return origin == f"http://{host}" and site in (None, "same-origin")


@dataclass(frozen=True)
class Guard:
    """Checks every request to an app or a blueprint, for `static` files too.

    policy: the content security policy of a response that has none. token: what a change by this browser must carry,
    empty when it may change nothing. port: the one people open, None when it is not known. let_in: for pages behind a
    login; returns None for a browser that was let in, otherwise the answer, or aborts. entrances: endpoints that need
    neither login nor token. max_form: bytes of a form, except for endpoints in `max_form_by_endpoint`.
    frames: who may show pages in a frame; None: nobody.
    """

    policy: Callable[[], str]
    token: Callable[[], str]
    port: int | None = None
    let_in: Callable[[], BaseResponse | None] = lambda: None
    entrances: frozenset[str] = frozenset()
    max_form_by_endpoint: Mapping[str, int] = field(default_factory=dict)
    max_form: int = MAX_FORM
    frames: Frames | None = None

    def protect(self, pages: Flask | Blueprint) -> None:
        """Add the checks and headers to all pages, also those added later."""
        pages.before_request(self._check)
        pages.after_request(self._harden)

    def _check(self) -> BaseResponse | None:
        if not is_local(request.host, self.port):
            abort(421, f"Open this page on this machine, as http://127.0.0.1{f':{self.port}' if self.port else ''}.")
        is_change = request.method not in _READS
        if is_change:
            request.max_content_length = self.max_form_by_endpoint.get(request.endpoint or "", self.max_form)
            if not is_same_origin(request.headers.get("Origin"), request.host, request.headers.get("Sec-Fetch-Site")):
                abort(403, _("This was asked for by another web page. Nothing was changed."))
        # The app answers an unknown address itself; there is nothing to protect.
        if request.url_rule is None or request.endpoint in self.entrances:
            return None
        answer = self.let_in()
        if answer is None and is_change:
            _check_token(self.token())
        if answer is None and self.frames:
            return self.frames.instead()
        return answer

    def _harden(self, response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", self.policy())
        response.headers.update(_HEADERS)
        if self.frames is None or not self.frames.are_allowed(response):
            response.headers.update(_NO_FRAME)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def _check_token(expected: str) -> None:
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if not expected or not hmac.compare_digest(expected.encode(), sent.encode()):
        abort(403, _("This form is from an older page. Nothing was changed: load the page again, then repeat it."))


def keep_token_in_cookie(app: Flask, name: str) -> None:
    """Let an app without a login keep a browser's token in the signed cookie `name` (see `cookie_token`).

    Browsers share cookies among the ports of a host, so each service needs a name of its own.
    """
    app.secret_key = os.urandom(32)
    app.config.update(SESSION_COOKIE_NAME=name, SESSION_COOKIE_SAMESITE="Strict", SESSION_COOKIE_HTTPONLY=True)


def cookie_token() -> str:
    """Return the token in the cookie of this browser, empty when it has none."""
    return str(session.get(FIELD, ""))


def form_token() -> str:
    """Return the token for the forms of a page; a browser without a token gets a new one."""
    if FIELD not in session:
        session[FIELD] = os.urandom(16).hex()
    return cookie_token()
