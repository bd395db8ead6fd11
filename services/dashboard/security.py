"""Only the person at this machine may use the page: no other site, no other name for this machine, no stale form.

A web page elsewhere can make the browser send requests to 127.0.0.1. It cannot forge the Host header, so a name that
was rebound to 127.0.0.1 (DNS rebinding) is refused; it cannot forge Origin, and cannot read the token of a form.
"""

from __future__ import annotations

import hmac
import os

from flask import Flask, Response, abort, request, session

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
FIELD = "token"
HEADER = "X-Token"
# Of all forms but the upload.
LARGEST_FORM = 65_536
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With `no-referrer` a browser would send forms with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def secure(app: Flask, port: int) -> None:
    """Add the checks and headers to an app that people reach on `port`."""
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    app.secret_key = os.urandom(32)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        # Cookies do not tell ports apart: another service of this machine must not get in the way.
        SESSION_COOKIE_NAME=f"netflix_trend_{port}",
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_HTTPONLY=True,
    )

    @app.before_request
    def check() -> None:
        if request.host not in hosts:
            abort(421, f"Open this page as http://127.0.0.1:{port}.")
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return
        if request.headers.get("Origin", "") not in {f"http://{host}" for host in hosts}:
            abort(403, "Another page asked for this. Nothing was changed.")

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(_HEADERS)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    app.jinja_env.globals["form_token"] = form_token


def form_token() -> str:
    """Return the token that the forms of this browser carry."""
    if FIELD not in session:
        session[FIELD] = os.urandom(16).hex()
    return str(session[FIELD])


def check_token(sent: str | None) -> None:
    """Abort unless a form carries the token of this browser."""
    expected = session.get(FIELD, "")
    if not expected or not hmac.compare_digest(str(expected).encode(), (sent or "").encode()):
        abort(403, "This form is from an older page. Nothing was changed: load the page again, then repeat it.")
