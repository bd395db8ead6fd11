"""A stand-in of Netflix's pages over TLS, with a knob for everything that can go wrong. Standard library only.

The markup is our own, built from the selectors that public code names (docs/scraper.md). Passing against it proves the
browser, the states, the download and what is left behind; it does not prove that Netflix's pages are like this.
"""

from __future__ import annotations

import html
import json
import ssl
import threading
import urllib.parse
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

EMAIL, PASSWORD = "planted.person@example.org", "planted-Passw0rd!"
TITLE = "Planted Title"
NETFLIX_ID, SECURE_ID = "planted-netflix-id", "planted-secure-id"
ME, OTHER = ("GUIDME", "Planted Profile"), ("GUIDOTHER", "Somebody Else")
# Whatever of these is found in a log, a queue or a status file is a leak.
SECRETS = (EMAIL, PASSWORD, NETFLIX_ID, SECURE_ID, TITLE, ME[1], OTHER[1], ME[0], OTHER[0])


@dataclass
class Knobs:
    """How the pages behave."""

    login: str = "two_step"  # or one_step
    after_password: str = ""  # wrong, robot, again, code, mfa, captcha, household, no_plan
    before_login: str = ""  # captcha
    profiles: list[tuple[str, str]] = field(default_factory=lambda: [OTHER, ME])
    gate: bool = True
    gate_has_guids: bool = True
    active: str = ME[0]
    locked: bool = False
    active_after_download: str = ""
    switch_works: bool = True
    rows: int = 12
    control: str = "anchor"  # blob, none, modal
    transfer: str = "whole"  # slow, stall, cut_with_length, cut_without_length
    cuts: int = 99  # downloads that are cut, before whole ones
    layout_changed: bool = False
    locale: str = "en"
    status: int = 200
    badge: bool = False
    user_info: bool = True


@dataclass
class Stage:
    """What happens: knobs, and what was asked for."""

    knobs: Knobs = field(default_factory=Knobs)
    password_posts: int = 0
    downloads: int = 0
    chosen: bool = False
    valid_ids: set[str] = field(default_factory=lambda: {NETFLIX_ID})
    requests: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    release: threading.Event = field(default_factory=threading.Event)

    def csv(self) -> bytes:
        first = date(2024, 12, 31)
        days = [first - timedelta(days=number) for number in range(self.knobs.rows)]
        lines = [f'"{TITLE} {i}: Staffel 1: ""X""","{d.day:02}.{d.month:02}.{d:%y}"' for i, d in enumerate(days)]
        return "\n".join(["Title,Date", *lines, ""]).encode()


TEXT = {
    "en": ("Sign In", "Download all", "Who's watching?", "Incorrect password"),
    "de": ("Einloggen", "Alle herunterladen", "Wer schaut gerade?", "Falsches Passwort"),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stage: Stage

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        stage, knobs = self.stage, self.stage.knobs
        url = urllib.parse.urlsplit(self.path)
        stage.requests.append(f"GET {url.path}")
        stage.agents.add(self.headers.get("User-Agent", ""))
        path = url.path.removeprefix("/de") if knobs.locale == "de" else url.path
        if path == "/favicon.ico":
            return self._send(b"", 404)
        if knobs.status != 200:
            return self._send(b"BLOCKED", knobs.status, {"Retry-After": "3600"})
        if path == "/badge":
            return self._page("<p>badge</p>", user=False)
        if path == "/login":
            return self._login()
        if not self._signed_in():
            return self._redirect("/login")
        if path == "/SwitchProfile":
            if knobs.locked:
                return self._page('<div data-uia="pin-number"><input data-uia="pin-entry"></div>')
            if knobs.switch_works:
                knobs.active = urllib.parse.parse_qs(url.query)["tkn"][0]
            stage.chosen = True
            return self._redirect("/browse")
        if path == "/profiles/manage":
            return self._page(self._profiles())
        if path in ("/browse", "/viewingactivity") and knobs.after_password in ("household", "no_plan"):
            kinds = {"household": '<div data-uia="upl-page">x</div>', "no_plan": "<p>plans</p>"}
            return self._page(kinds[knobs.after_password])
        if path in ("/browse", "/viewingactivity") and knobs.gate and not stage.chosen:
            return self._page(f'<div data-uia="profile-chooser"><h1>{self._text(2)}</h1>{self._profiles()}</div>')
        if path == "/viewingactivity":
            return self._activity()
        if path.endswith("/viewingactivitycsv"):
            return self._csv()
        if path == "/browse":
            return self._page("<p>films</p>")
        return self._send(b"not here", 404)

    def do_POST(self) -> None:
        stage, knobs = self.stage, self.stage.knobs
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
        stage.requests.append(f"POST {urllib.parse.urlsplit(self.path).path}")
        if self.path.endswith("/code"):
            return self._welcome() if form.get("code") == "1234" else self._page(self._code(), user=False)
        stage.password_posts += 1
        right = (form.get("userLoginId"), form.get("password")) == (EMAIL, PASSWORD)
        if not right or knobs.after_password in ("wrong", "robot"):
            return self._login(error=True)
        if knobs.after_password == "again":
            return self._login()
        if knobs.after_password == "code":
            return self._page(self._code(), user=False)
        if knobs.after_password == "mfa":
            return self._page('<button data-uia="account-mfa-button-OTP_EMAIL">mail</button>', user=False)
        if knobs.after_password == "captcha":
            return self._page(self._captcha(), user=False)
        return self._welcome()

    # Pages

    def _login(self, error: bool = False) -> None:
        knobs = self.stage.knobs
        if knobs.layout_changed:
            return self._page("<form><input id='something-new'><button>Go</button></form>", user=False)
        if knobs.before_login == "captcha":
            return self._page(self._captcha(), user=False)
        alert = f'<div data-uia="alert-message">{self._text(3)}</div>' if error else ""
        two = knobs.login == "two_step"
        # In two steps the button first swaps the field, later, in the same document, as a script of the page does it.
        script = (
            "let step = 1; document.querySelector('form').onsubmit = (e) => { if (step === 2) return true;"
            "e.preventDefault(); setTimeout(() => { step = 2; const p = document.querySelector('#second');"
            "p.hidden = false; document.querySelector('[name=userLoginId]').type = 'hidden'; }, 250); };"
        )
        return self._page(
            f'<div data-uia="login-page-container">{alert}<form method="post" action="/login">'
            '<input name="userLoginId" type="text">'
            f'<span id="second" {"hidden" if two else ""}><input name="password" type="password"></span>'
            f'<button data-uia="login-submit-button" type="submit">{self._text(0)}</button></form></div>'
            f"<script>{script if two else ''}</script>",
            user=False,
        )

    def _activity(self) -> None:
        stage, knobs = self.stage, self.stage.knobs
        rows = "".join(
            f'<li class="retableRow" data-uia="activity-row"><div class="col date">1.1.24</div>'
            f'<div class="col title"><a href="#">{TITLE} {number}</a></div></li>'
            for number in range(min(knobs.rows, 20))
        )
        address = "/api/shakti/mre/viewingactivitycsv"
        control = {
            "anchor": f'<a class="viewing-activity-footer-download" href="{address}">{self._text(1)}</a>',
            "blob": f'<a class="viewing-activity-footer-download" href="#" onclick="blob()">{self._text(1)}</a>',
            "modal": '<a class="viewing-activity-footer-download" href="#" onclick="ask.hidden = false">x</a>'
            f'<div id="ask" hidden><a class="modal-action-button" href="{address}">yes</a></div>',
            "none": "",
        }[knobs.control]
        script = (
            f"const blob = async () => {{ const r = await fetch('{address}'); "
            "const a = document.createElement('a'); a.href = window.URL.createObjectURL(await r.blob()); "
            "a.download = 'NetflixViewingHistory.csv'; a.click(); };"
        )
        if knobs.layout_changed:
            return self._page("<p>all new</p>")
        return self._page(
            f'<h1 data-uia="viewing-activity-header">{html.escape(stage.knobs.active)}</h1>'
            f'<ul class="structural retable">{rows}</ul><div class="viewing-activity-footer">{control}</div>'
            f"<script>{script}</script>"
        )

    def _profiles(self) -> str:
        knobs = self.stage.knobs
        return "".join(
            f'<li><a class="profile-link" href="/SwitchProfile?tkn={guid}" '
            f"{f'data-profile-guid={guid}' if knobs.gate_has_guids else ''}>"
            f'<span class="profile-name">{html.escape(name)}</span></a></li>'
            for guid, name in knobs.profiles
        )

    def _code(self) -> str:
        return '<form method="post" action="/code"><input name="code" autocomplete="one-time-code"></form>'

    def _captcha(self) -> str:
        return '<iframe title="recaptcha challenge" src="/badge" width="400" height="500"></iframe>'

    def _page(self, body: str, user: bool = True) -> None:
        knobs = self.stage.knobs
        name = dict(knobs.profiles).get(knobs.active, "")
        status = "FORMER_MEMBER" if knobs.after_password == "no_plan" else "CURRENT_MEMBER"
        data: dict[str, object] = {"membershipStatus": "ANONYMOUS"}
        if user:
            data = {"membershipStatus": status, "name": name, "userGuid": knobs.active}
        if user and not knobs.user_info:
            data = {"membershipStatus": status}
        context = {"reactContext": {"models": {"userInfo": {"data": data}}}}
        badge = '<iframe title="recaptcha" src="/badge" width="250" height="60"></iframe>' if knobs.badge else ""
        page = (
            f'<!doctype html><html lang="{knobs.locale}"><meta charset="utf-8"><title>N</title><body>{body}{badge}'
            f"<script>window.netflix = {json.dumps(context)}</script></body></html>"
        )
        self._send(page.encode(), 200, {"Content-Type": "text/html; charset=utf-8"})

    def _csv(self) -> None:
        stage, knobs = self.stage, self.stage.knobs
        data = stage.csv()
        stage.downloads += 1
        knobs.active = knobs.active_after_download or knobs.active
        transfer = knobs.transfer if stage.downloads <= knobs.cuts else "whole"
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Disposition", 'attachment; filename="NetflixViewingHistory.csv"')
        if transfer == "cut_without_length":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        half = data.index(b",", len(data) // 2)  # in the middle of a row
        self.wfile.write(data if transfer == "whole" else data[:half])
        self.wfile.flush()
        if transfer == "stall":
            stage.release.wait(60)
        elif transfer == "slow":
            for start in range(half, len(data), 1 + half // 8):
                stage.release.wait(0.25)
                self.wfile.write(data[start : start + 1 + half // 8])
                self.wfile.flush()
        if transfer != "whole":
            self.close_connection = True

    # Plumbing

    def _signed_in(self) -> bool:
        cookies = dict(part.strip().split("=", 1) for part in self.headers.get("Cookie", "").split(";") if "=" in part)
        return cookies.get("NetflixId") in self.stage.valid_ids and "SecureNetflixId" in cookies

    def _welcome(self) -> None:
        self.send_response(302)
        for name, value in (("NetflixId", NETFLIX_ID), ("SecureNetflixId", SECURE_ID)):
            self.send_header("Set-Cookie", f"{name}={value}; Domain=.netflix.com; Path=/; Secure; HttpOnly")
        self.send_header("Location", "/browse")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _redirect(self, path: str) -> None:
        prefix = "/de" if self.stage.knobs.locale == "de" else ""
        self._send(b"", 302, {"Location": prefix + path})

    def _send(self, body: bytes, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _text(self, number: int) -> str:
        return TEXT[self.stage.knobs.locale][number]


class StandIn:
    """The pages on a free port of 127.0.0.1; `arguments` lead an unchanged browser to them as www.netflix.com."""

    def __init__(self, pem: Path) -> None:
        handler = type("Handler", (_Handler,), {})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        # The handshake in the connection's own thread: Chromium opens connections it does not use.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.handler = handler
        self.play(Knobs())
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def play(self, knobs: Knobs) -> Stage:
        self.stage = Stage(knobs)
        self.handler.stage = self.stage  # type: ignore[attr-defined]
        return self.stage

    @property
    def resolver(self) -> str:
        port = self.server.server_address[1]
        rules = f"MAP www.netflix.com:443 127.0.0.1:{port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
        return f"--host-resolver-rules={rules}"

    @property
    def arguments(self) -> tuple[str, ...]:
        return (self.resolver, f"--ignore-certificate-errors-spki-list={SPKI}")

    def close(self) -> None:
        self.stage.release.set()
        self.server.shutdown()
        self.server.server_close()


SPKI = "Kc5cgAM3MJKOg5XHvAddILfAuaqIT+d9KYWZLAmaq/c="
