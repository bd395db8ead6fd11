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
ME, OTHER = ("PLANTEDGUIDOFMEAAAAAAAAAAA", "Planted Profile"), ("PLANTEDGUIDOFOTHERBBBBBBBB", "Somebody Else")
# Whatever of these is found in a log, a queue or a status file is a leak.
SECRETS = (EMAIL, PASSWORD, NETFLIX_ID, SECURE_ID, TITLE, ME[1], OTHER[1], ME[0], OTHER[0])


@dataclass
class Knobs:
    """How the pages behave."""

    login: str = "two_step"  # or one_step, code_first
    password_instead: str = "help"  # with code_first: offered in a menu of help, at once, never, or in vain: "dead"
    error_hook: str = 'data-uia="alert-message"'
    code_hook: str = 'autocomplete="one-time-code"'
    after_password: str = ""  # wrong, robot, again, code, mfa, captcha, household, no_plan
    before_login: str = ""  # captcha
    profiles: list[tuple[str, str]] = field(default_factory=lambda: [OTHER, ME])
    gate: bool = True
    gate_kind: str = "2025"  # 2026, unknown, unnamed: tiles without name and GUID
    gate_has_guids: bool = True
    active: str = ME[0]
    active_is_named: bool = True
    # The sign-in is seen to be lost when this many pages of activity were shown.
    ends_after: int = 99
    locked: bool = False
    pin_kind: str = "2025"  # or 2026, which the address of a profile does not open
    interstitial: bool = False
    active_after_download: str = ""
    switch_works: bool = True
    rows: int = 12
    control: str = "anchor"  # blob, none, modal
    renamed: bool = False  # rows and control
    late: float = 0.0  # seconds after which rows and control come
    guid_path: bool = True  # /settings/viewed/GUID exists
    transfer: str = "whole"  # slow, stall, cut_with_length, cut_without_length, never, page, page_as_file
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
    activities: int = 0
    chosen: bool = False
    unlocked: bool = False
    answered: bool = False
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
        if knobs.interstitial and not stage.answered:
            return self._page('<form method="post" action="/answer"><input name="a" autofocus></form>')
        if path in ("/SwitchProfile", "/tile"):
            return self._switch(path, urllib.parse.parse_qs(url.query)["tkn"][0])
        if path == "/profiles/manage":
            return self._page(self._profiles())
        is_activity = path == "/viewingactivity" or (knobs.guid_path and path.startswith("/settings/viewed/"))
        if (path == "/browse" or is_activity) and knobs.after_password in ("household", "no_plan"):
            kinds = {"household": '<div data-uia="upl-page">x</div>', "no_plan": "<p>plans</p>"}
            return self._page(kinds[knobs.after_password])
        if (path == "/browse" or is_activity) and knobs.gate and not stage.chosen:
            return self._page(self._gate())
        if is_activity:
            return self._activity()
        if path.endswith("/viewingactivitycsv"):
            odd = {"never": self._no_answer, "page": self._error} if stage.downloads < knobs.cuts else {}
            return odd.get(knobs.transfer, self._csv)()
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
        if self.path.endswith("/answer"):
            stage.answered = True
            return self._redirect("/browse")
        if self.path.endswith("/pin"):
            stage.unlocked = stage.chosen = form.get("PIN") == "1234"
            return self._redirect("/browse")
        if "password" not in form:
            return self._page(self._code_first(), user=False)
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
        alert = f"<div {knobs.error_hook}>{self._text(3)}</div>" if error else ""
        if knobs.login == "code_first" and not error:
            return self._page(
                '<form method="post" action="/login"><input name="userLoginId" type="text">'
                f'<button type="submit">{self._text(0)}</button></form>',
                user=False,
            )
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

    def _code_first(self) -> str:
        """Return the page that asks for a mailed code, and may offer the password instead."""
        knobs = self.stage.knobs
        boxes = '<input inputmode="numeric" maxlength="1" data-uia="pin-entry">' * 4
        item = '<a href="#" id="item" data-uia="usePasswordInsteadHelpMenuItem">x</a>'
        menu = {
            "help": f'<button id="help" data-uia="help-menu-toggle-collapsed">?</button><p id="menu" hidden>{item}</p>',
            "dead": f'<button id="help" data-uia="help-menu-toggle-collapsed">?</button><p id="menu" hidden>{item}</p>',
            "at once": item,
            "never": "",
        }[knobs.password_instead]
        # The menu and the form come later, in the same document, as scripts of a page bring them.
        return (
            f'<div id="codes">{boxes}{menu}</div><form method="post" action="/login" hidden>'
            f'<input type="hidden" name="userLoginId" value="{EMAIL}"><input name="password" type="password">'
            f'<button type="submit">{self._text(0)}</button></form><script>'
            "const one = (id) => document.querySelector(id);"
            "if (one('#help')) one('#help').onclick = () => setTimeout(() => { one('#menu').hidden = false;"
            "one('#help').dataset.uia = 'help-menu-toggle-expanded'; }, 150);"
            "if (one('#item')) one('#item').onclick = () => { DEAD || setTimeout(() => {"
            "one('#codes').remove(); one('form').hidden = false; }, 150); };</script>"
        ).replace("DEAD", str(knobs.password_instead == "dead").lower())

    def _switch(self, path: str, guid: str) -> None:
        """Answer the address of a profile, or a click on its tile."""
        stage, knobs = self.stage, self.stage.knobs
        if knobs.locked and not stage.unlocked:
            if knobs.pin_kind == "2025":
                return self._page('<div data-uia="pin-number"><input data-uia="pin-entry"></div>')
            if path == "/SwitchProfile":
                return self._redirect("/browse")
            return self._page(
                '<form method="post" action="/pin"><input name="PIN" data-uia="profile-gate-pin+input" '
                'autocomplete="one-time-code" autofocus></form>'
            )
        if knobs.switch_works:
            knobs.active = guid
        stage.chosen = True
        return self._redirect("/browse")

    def _activity(self) -> None:
        stage, knobs = self.stage, self.stage.knobs
        stage.activities += 1
        if stage.activities >= knobs.ends_after:
            stage.valid_ids.clear()
        if knobs.renamed:
            return self._page(
                f'<h1 data-uia="viewing-activity-header">x</h1><ol><li class="watched" data-uia="watched-entry">{TITLE}'
                f'</li></ol><a data-uia="watched-list+export-all" href="/export">{self._text(1)}</a>'
            )
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
        late = f"setTimeout(() => {{ document.querySelector('#late').hidden = false; }}, {knobs.late * 1000});"
        return self._page(
            f'<h1 data-uia="viewing-activity-header">{html.escape(stage.knobs.active)}</h1>'
            f'<div id="late" {"hidden" if knobs.late else ""}><ul class="structural retable">{rows}</ul>'
            f'<div class="viewing-activity-footer">{control}</div></div>'
            f"<script>{script}{late if knobs.late else ''}</script>"
        )

    def _gate(self) -> str:
        kind, tiles = self.stage.knobs.gate_kind, self._profiles()
        if kind in ("2026", "unnamed"):
            return f'<div data-uia="profile-gate-screen"><div data-uia="profile-selector">{tiles}</div></div>'
        if kind == "unknown":
            return f'<div data-uia="people-picker"><h1>{self._text(2)}</h1>{tiles}</div>'
        return f'<div data-uia="profile-chooser"><h1>{self._text(2)}</h1>{tiles}</div>'

    def _profiles(self) -> str:
        knobs = self.stage.knobs
        if knobs.gate_kind == "2025":
            return "".join(
                f'<li><a class="profile-link" href="/SwitchProfile?tkn={guid}" '
                f"{f'data-profile-guid={guid}' if knobs.gate_has_guids else ''}>"
                f'<span class="profile-name">{html.escape(name)}</span></a></li>'
                for guid, name in knobs.profiles
            )
        is_named = knobs.gate_kind != "unnamed"
        hook = "people-picker+pick-" if knobs.gate_kind == "unknown" else "profile-selector+tile-"
        return "".join(
            f'<button data-uia="{hook}{guid if is_named else ""}" onclick="location = \'/tile?tkn={guid}\'">'
            f"<div></div>{f'<span>{html.escape(name)}</span>' if is_named else ''}</button>"
            for guid, name in knobs.profiles
        )

    def _code(self) -> str:
        return f'<form method="post" action="/code"><input name="code" {self.stage.knobs.code_hook}></form>'

    def _captcha(self) -> str:
        return '<iframe title="recaptcha challenge" src="/badge" width="400" height="500"></iframe>'

    def _page(self, body: str, user: bool = True) -> None:
        knobs = self.stage.knobs
        name = dict(knobs.profiles).get(knobs.active, "")
        status = "FORMER_MEMBER" if knobs.after_password == "no_plan" else "CURRENT_MEMBER"
        data: dict[str, object] = {"membershipStatus": "ANONYMOUS"}
        if user:
            shown = name if knobs.active_is_named else None
            data = {"membershipStatus": status, "name": shown, "userGuid": knobs.active}
        if user and not knobs.user_info:
            data = {"membershipStatus": status}
        context = {"reactContext": {"models": {"userInfo": {"data": data}}}}
        badge = '<iframe title="recaptcha" src="/badge" width="250" height="60"></iframe>' if knobs.badge else ""
        page = (
            f'<!doctype html><html lang="{knobs.locale}"><meta charset="utf-8"><title>N</title><body>{body}{badge}'
            f"<script>window.netflix = {json.dumps(context)}</script></body></html>"
        )
        self._send(page.encode(), 200, {"Content-Type": "text/html; charset=utf-8"})

    def _no_answer(self) -> None:
        self.stage.downloads += 1
        self.stage.release.wait(60)
        self.close_connection = True

    def _error(self) -> None:
        self.stage.downloads += 1
        self._page("<p>Something went wrong</p>")

    def _csv(self) -> None:
        stage, knobs = self.stage, self.stage.knobs
        data = stage.csv()
        stage.downloads += 1
        knobs.active = knobs.active_after_download or knobs.active
        transfer = knobs.transfer if stage.downloads <= knobs.cuts else "whole"
        if transfer == "page_as_file":
            data, transfer = b"<!doctype html>\n<p>Something went wrong, sorry</p>\n", "whole"
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Disposition", 'attachment; filename="NetflixViewingHistory.csv"')
        if transfer == "cut_without_length":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        half = data.rindex(b",", 0, len(data) // 2 + 30)  # in the middle of a row
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
