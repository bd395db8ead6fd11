"""Assisted login: a page on 127.0.0.1 that shows the headless browser, so that a person can sign in, and answer what
only a person can, until the viewing activity is there.

What is typed goes to Chromium and is not stored. The address contains a token that works once; the browser that opens
it first gets a cookie, and no other browser gets in. `Guard` keeps out pages of other sites.
"""

from __future__ import annotations

import base64
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, abort, g, request
from selenium.common.exceptions import WebDriverException
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as BaseResponse

from netflix_trend.web.local_only import Guard
from netflix_trend.web.one_browser import Access, TooSoon, random_secret
from services.scraper.browser import HEIGHT, WIDTH, Browser
from services.scraper.poll import wait_until

_GOING_ON = "Signed in. Your viewing activity is being opened."
_PAGE = (Path(__file__).parent / "assisted_login.html").read_text("utf-8")
_MAX_INPUT = 20_000
_KEYS = {
    "Enter": ("Enter", 13, "\r"),
    "Tab": ("Tab", 9, ""),
    "Backspace": ("Backspace", 8, ""),
    "Delete": ("Delete", 46, ""),
    "Escape": ("Escape", 27, ""),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
}


class Mirror:
    """The browser behind the page. lock: it handles one request at a time. status: what is shown above the picture."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.lock = threading.Lock()
        self.status = ""

    def tell(self, text: str) -> None:
        """Show the person what is expected of them; for an empty text, that nothing is."""
        self.status = text or _GOING_ON

    def picture(self) -> bytes:
        """Return a JPEG screenshot of the browser."""
        shot = self._tell("Page.captureScreenshot", {"format": "jpeg", "quality": 60})
        return base64.b64decode(shot["data"])

    def click(self, x: float, y: float) -> None:
        """Click at a position, in pixels of the browser's window."""
        place = {"x": min(max(x, 0), WIDTH), "y": min(max(y, 0), HEIGHT), "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self._tell("Input.dispatchMouseEvent", {"type": kind, **place})

    def scroll(self, y: float) -> None:
        """Scroll with the mouse wheel in the middle of the window."""
        place = {"x": WIDTH / 2, "y": HEIGHT / 2, "deltaX": 0, "deltaY": min(max(y, -HEIGHT), HEIGHT)}
        self._tell("Input.dispatchMouseEvent", {"type": "mouseWheel", **place})

    def text(self, text: str) -> None:
        """Type text where the cursor is."""
        self._tell("Input.insertText", {"text": text})

    def key(self, name: str) -> None:
        """Press a key that types no text."""
        code, number, text = _KEYS[name]
        key = {"key": name, "code": code, "windowsVirtualKeyCode": number}
        self._tell("Input.dispatchKeyEvent", {"type": "keyDown", **key, **({"text": text} if text else {})})
        self._tell("Input.dispatchKeyEvent", {"type": "keyUp", **key})

    def _tell(self, command: str, arguments: dict[str, Any]) -> Any:
        with self.lock:
            return self._browser.driver.execute_cdp_cmd(command, arguments)


def create_app(mirror: Mirror, token: str, port: int, done: threading.Event) -> Flask:
    """Return the application. token: opens it once. done: set when nothing is to be shown any more."""
    app = Flask(__name__, static_folder=None)
    access, cookie = Access(token), f"netflix_trend_login_{port}"

    def let_in() -> BaseResponse | None:
        g.session = access.session(request.cookies.get(cookie, ""))
        return None if g.session else abort(403)

    Guard(
        policy=lambda: "default-src 'none'; frame-ancestors 'none'",
        token=lambda: g.session.form_token,
        port=port,
        let_in=let_in,
        entrances=frozenset({"page"}),
        max_form=_MAX_INPUT,
    ).protect(app)

    @app.get("/")
    def page() -> Response:
        try:
            session = access.session(request.cookies.get(cookie, "")) or access.enter(request.args.get("token", ""))
        except TooSoon:
            abort(429)
        if session is None:
            abort(403)
        nonce = os.urandom(16).hex()
        response = Response(_PAGE.replace("NONCE", nonce).replace("TOKEN", session.form_token), mimetype="text/html")
        policy = f"default-src 'none'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; frame-ancestors 'none'"
        response.headers["Content-Security-Policy"] = policy
        response.set_cookie(cookie, session.cookie, httponly=True, samesite="Strict")
        return response

    @app.get("/screen")
    def screen() -> Response:
        if done.is_set():
            return Response(status=204)
        try:
            return Response(mirror.picture(), mimetype="image/jpeg", headers={"X-Status": quote(mirror.status)})
        except WebDriverException:
            return Response(status=503)

    @app.post("/input")
    def enter() -> Response:
        found = request.get_json()
        if done.is_set():  # the run goes on by itself
            return Response(status=204)
        try:
            _enter(mirror, found)
        except (KeyError, TypeError, ValueError):
            abort(400)
        except WebDriverException:
            return Response(status=503)
        return Response(status=204)

    return app


def _enter(mirror: Mirror, found: dict[str, Any]) -> None:
    kind = found["kind"]
    if kind == "click":
        mirror.click(float(found["x"]), float(found["y"]))
    elif kind == "scroll":
        mirror.scroll(float(found["y"]))
    elif kind == "text":
        mirror.text(str(found["text"])[:1000])
    else:
        mirror.key(found["key"])


@contextmanager
def shown(browser: Browser, listen: str, port: int, say: Callable[[str], None]) -> Iterator[Mirror]:
    """Show the browser on a page until the context is left. say: prints the address of the page."""
    # Requests contain what is typed.
    logging.getLogger("werkzeug").disabled = True
    mirror, done, token = Mirror(browser), threading.Event(), random_secret()
    server = make_server(listen, port, create_app(mirror, token, port, done), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    say(f"Open this page within ten minutes; it opens once:\n\n  http://127.0.0.1:{port}/?token={token}\n")
    try:
        yield mirror
    finally:
        done.set()
        # Time for the page to notice.
        wait_until(lambda: False, 1.5)
        server.shutdown()
        server.server_close()
        thread.join(5)
