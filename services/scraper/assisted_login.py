"""Assisted login: a page on 127.0.0.1 that shows the headless browser, so that the person types and solves.

What is typed goes to Chromium and is kept nowhere. The address holds a token that works once; the page that opened it
first gets a cookie, and nobody else gets anything. Host and Origin are checked, so no page elsewhere reaches it.
"""

from __future__ import annotations

import base64
import hmac
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from selenium.common.exceptions import WebDriverException
from werkzeug.serving import make_server

from services.scraper.browser import HEIGHT, WIDTH, Browser
from services.scraper.poll import wait_until
from services.scraper.stops import Stop

SECONDS = 600.0
_PAGE = (Path(__file__).parent / "assisted_login.html").read_text("utf-8")
_COOKIE = "login"
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
    """The browser as the page uses it; one request at a time."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._lock = threading.Lock()

    def picture(self) -> bytes:
        """Return what the browser shows, as a JPEG."""
        shot = self._tell("Page.captureScreenshot", {"format": "jpeg", "quality": 60})
        return base64.b64decode(shot["data"])

    def click(self, x: float, y: float) -> None:
        """Click at a place, in pixels of the browser's window."""
        place = {"x": min(max(x, 0), WIDTH), "y": min(max(y, 0), HEIGHT), "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self._tell("Input.dispatchMouseEvent", {"type": kind, **place})

    def scroll(self, y: float) -> None:
        """Turn the mouse's wheel in the middle of the window."""
        place = {"x": WIDTH / 2, "y": HEIGHT / 2, "deltaX": 0, "deltaY": min(max(y, -HEIGHT), HEIGHT)}
        self._tell("Input.dispatchMouseEvent", {"type": "mouseWheel", **place})

    def text(self, text: str) -> None:
        """Type text where the cursor is."""
        self._tell("Input.insertText", {"text": text})

    def key(self, name: str) -> None:
        """Press one of the keys that are no text."""
        code, number, text = _KEYS[name]
        key = {"key": name, "code": code, "windowsVirtualKeyCode": number}
        self._tell("Input.dispatchKeyEvent", {"type": "keyDown", **key, **({"text": text} if text else {})})
        self._tell("Input.dispatchKeyEvent", {"type": "keyUp", **key})

    def is_signed_in(self) -> bool:
        """Return whether Netflix says that a member is signed in, on its own page. Raises when the browser is gone."""
        try:
            with self._lock:
                seen = self._browser.look()
        except Stop:  # a page that does not answer may do so later
            return False
        return seen.is_netflix and seen.membership == "CURRENT_MEMBER"

    def _tell(self, command: str, arguments: dict[str, Any]) -> Any:
        with self._lock:
            return self._browser.driver.execute_cdp_cmd(command, arguments)


def create_app(mirror: Mirror, token: str, port: int, done: threading.Event) -> Flask:
    """Return the page. `token` opens it once; `done` says that the sign-in is over."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 20_000
    session = os.urandom(32).hex()
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
    used = threading.Event()
    opening = threading.Lock()

    @app.before_request
    def check() -> None:
        if request.host not in hosts:
            abort(403)
        if request.method == "POST" and request.headers.get("Origin") != f"http://{request.host}":
            abort(403)
        if request.path != "/" and not _same(request.cookies.get(_COOKIE, ""), session):
            abort(403)

    @app.after_request
    def seal(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/")
    def page() -> Response:
        with opening:
            known = _same(request.cookies.get(_COOKIE, ""), session)
            if not known and (used.is_set() or not _same(request.args.get("token", ""), token)):
                abort(403)
            used.set()
        nonce = os.urandom(16).hex()
        response = Response(_PAGE.replace("NONCE", nonce), mimetype="text/html")
        policy = f"default-src 'none'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; frame-ancestors 'none'"
        response.headers["Content-Security-Policy"] = policy
        response.set_cookie(_COOKIE, session, httponly=True, samesite="Strict")
        return response

    @app.get("/screen")
    def screen() -> Response:
        if done.is_set():
            return Response(status=204)
        try:
            return Response(mirror.picture(), mimetype="image/jpeg")
        except WebDriverException:
            return Response(status=503)

    @app.post("/input")
    def enter() -> Response:
        found = request.get_json()
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


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def serve(browser: Browser, listen: str, port: int, say: Callable[[str], None], seconds: float = SECONDS) -> bool:
    """Show the browser until a member is signed in. Returns False when nobody was within `seconds`.

    Raises Stop when Netflix cannot be reached, WebDriverException when the browser has ended.
    """
    # Requests hold what is typed.
    logging.getLogger("werkzeug").disabled = True
    browser.open("/login")
    if browser.look().protocol == "chrome-error:":
        raise Stop("NET_ERROR")
    mirror, done, token = Mirror(browser), threading.Event(), os.urandom(24).hex()
    server = make_server(listen, port, create_app(mirror, token, port, done), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    say(f"Open this page within ten minutes; it opens once:\n\n  http://127.0.0.1:{port}/?token={token}\n")
    next_look = 0.0

    def signed_in() -> bool:
        nonlocal next_look
        if time.monotonic() < next_look:
            return False
        next_look = time.monotonic() + 0.5
        return mirror.is_signed_in()

    try:
        found = wait_until(signed_in, seconds)
        done.set()
        # So that the page learns of it.
        wait_until(lambda: False, 1.5)
        return found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
