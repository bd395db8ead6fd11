"""What stands before every page of the operator's view: this machine, this origin, this session."""

from __future__ import annotations

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from services.aggregator.operator.access import SESSION_SECONDS, Access, Session, is_local, is_same_origin

COOKIE = "netflix_trend_operator"
_PATH = "/operator"
_LARGEST_FORM = 16_384


def guard(pages: Blueprint, access: Access) -> None:
    """Let nobody reach `pages` but the browser that was let in; the view `enter` is for those who were not yet."""

    @pages.before_request
    def let_in() -> BaseResponse | None:
        if not is_local(request.host):
            abort(403, "This view is for browsers on this machine: open it as http://127.0.0.1 with the port.")
        is_change = request.method not in ("GET", "HEAD", "OPTIONS")
        if is_change:
            request.max_content_length = _LARGEST_FORM
            if not is_same_origin(request.headers.get("Origin"), request.host, request.headers.get("Sec-Fetch-Site")):
                abort(403, "This change was asked for by another web page. Nothing was changed.")
        if request.endpoint == f"{pages.name}.enter":
            return None
        g.session = access.session(request.cookies.get(COOKIE, ""))
        if g.session is None:
            return redirect(url_for(f"{pages.name}.enter"), 303)
        if is_change and not g.session.made_form(request.form.get("secret", "")):
            abort(403, "This form is from an earlier session. Open the page again. Nothing was changed.")
        return None

    @pages.after_request
    def harden(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        # With no-referrer a browser would send `Origin: null` with our own forms.
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


def with_cookie(response: BaseResponse, session: Session) -> BaseResponse:
    """Return the response with the session's cookie: for this view only, and for no script."""
    response.set_cookie(COOKIE, session.cookie, max_age=SESSION_SECONDS, path=_PATH, httponly=True, samesite="Strict")
    return response


def without_cookie(response: BaseResponse) -> BaseResponse:
    """Return the response with an order to forget the cookie."""
    response.delete_cookie(COOKIE, path=_PATH)
    return response
