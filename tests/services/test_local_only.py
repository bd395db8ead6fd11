"""The guard of pages on 127.0.0.1, tried on every route of all three apps with real wrong values."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from netflix_trend.settings import load_settings
from netflix_trend.web.frames import NOTICE_POLICY
from netflix_trend.web.local_only import is_local, is_same_origin
from services.aggregator.web import create_app as aggregator_app
from services.dashboard.web import PAGES
from services.dashboard.web import create_app as dashboard_app
from services.local.dashboard import OneProcess
from services.scraper.assisted_login import Mirror
from services.scraper.assisted_login import create_app as login_app
from tests.services.dashboard.participant import TODAY, settings_in

PORT = 8651
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
TOKEN = "a-token-for-tests-only-0123456789"
# What anybody may read of an aggregator, from anywhere: whoever adds a page decides here whether it is one.
PUBLIC = {
    *("start", "page", "data", "round_page", "vocabulary", "survey", "statistics", "health", "year_page", "year_data"),
}
READS = {"GET", "HEAD", "OPTIONS"}
WRONG_HOSTS = ("evil.example", f"evil.example:{PORT}", f"127.0.0.1.evil.example:{PORT}", f"192.168.0.7:{PORT}", "[")
WRONG_ORIGINS = (None, "null", "http://evil.example", "http://127.0.0.1:9", f"https://{HOST}", f"{ORIGIN}.evil.example")
WRONG_TOKENS = (None, "", "0" * 64, "ü")


@dataclass
class Guarded:
    """An app with a guard: how a browser enters it and finds the token for its changes."""

    app: Flask
    enter: Callable[[FlaskClient], str]
    rules: list[Rule]
    # Rules for browsers that were not let in yet.
    entrances: tuple[str, ...] = ()
    touched: list[str] = field(default_factory=list)

    def browser(self) -> FlaskClient:
        return self.app.test_client()


def token_in(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text[:500]
    return found[1]


def dashboard(root: Path) -> Guarded:
    settings = settings_in(root, dashboard_port=PORT)
    app = dashboard_app(settings, OneProcess(settings, lambda: TODAY), lambda: TODAY)

    def enter(client: FlaskClient) -> str:
        return token_in(client.get("/", base_url=ORIGIN).text, r'name="token" value="(\w+)"')

    return Guarded(app, enter, list(app.url_map.iter_rules()))


def operator(root: Path) -> Guarded:
    settings = load_settings(datasites_dir=root / "datasites", aggregator_dir=root / "own", operator_token=TOKEN)
    app = aggregator_app(settings, lambda: True, lambda: TODAY)

    def enter(client: FlaskClient) -> str:
        client.post("/operator/enter", base_url=ORIGIN, data={"token": TOKEN}, headers={"Origin": ORIGIN})
        return token_in(client.get("/operator/", base_url=ORIGIN).text, r'name="token" value="(\w+)"')

    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in PUBLIC]
    return Guarded(app, enter, rules, ("/operator/enter",))


def login(_root: Path) -> Guarded:
    touched: list[str] = []

    class Untouched:
        """A browser that notes whatever reaches it."""

        def __getattr__(self, name: str) -> Any:
            def note(*_: object) -> bytes:
                touched.append(name)
                return b""

            return note

    app = login_app(cast(Mirror, Untouched()), TOKEN, PORT, threading.Event())

    def enter(client: FlaskClient) -> str:
        page = client.get(f"/?token={TOKEN}", base_url=ORIGIN)
        return token_in(page.text, r"'X-Token': '(\w+)'")

    return Guarded(app, enter, list(app.url_map.iter_rules()), ("/",), touched=touched)


APPS = {"dashboard": dashboard, "operator": operator, "login": login}


@pytest.fixture(params=list(APPS.values()), ids=list(APPS))
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Guarded:
    (tmp_path / "datasites").mkdir()
    return cast(Guarded, request.param(tmp_path))


PART = re.compile(r"<([^<>]+)>")


def example_of(part: re.Match[str]) -> str:
    """Return an example of a part of an address, such as of `<int(fixed_digits=4):year>`."""
    kind, _, name = part[1].rpartition(":")
    if name == "filename":
        return "dashboard.css"
    if kind.startswith("any("):
        return re.split(r"[(,]", kind.replace("'", ""))[1]
    return "2026" if kind.startswith("int") else "a" * 16


def addresses(guarded: Guarded) -> Iterator[tuple[str, str]]:
    """Yield each route with each of its methods."""
    assert len(guarded.rules) >= 3
    for rule in guarded.rules:
        address = PART.sub(example_of, rule.rule)
        for method in sorted(rule.methods or ()):
            yield method, address


def ask(
    client: FlaskClient,
    method: str,
    address: str,
    host: str = HOST,
    origin: str | None = ORIGIN,
    token: str | None = None,
    **headers: str,
) -> TestResponse:
    headers |= {"Origin": origin} if origin else {}
    data = {} if token is None else {"token": token}
    response = client.open(address, method=method, headers=headers, data=data, environ_overrides={"HTTP_HOST": host})
    # A file that is served stays open otherwise.
    response.close()
    return response


@pytest.mark.parametrize("host", [*WRONG_HOSTS, "127.0.0.1:9"])
def test_another_name_for_this_machine_reaches_no_route(guarded: Guarded, host: str) -> None:
    client = guarded.browser()
    token = guarded.enter(client)
    for method, address in addresses(guarded):
        # Behind a proxy or a port of a container, the operator's view does not know its port.
        if host == "127.0.0.1:9" and address.startswith("/operator"):
            continue
        response = ask(client, method, address, host=host, origin=f"http://{host}", token=token)
        assert response.status_code == 421, (method, address)
    assert guarded.touched == []


@pytest.mark.parametrize("origin", WRONG_ORIGINS)
def test_another_web_page_changes_nothing_by_any_route(guarded: Guarded, origin: str | None) -> None:
    client = guarded.browser()
    token = guarded.enter(client)
    for method, address in addresses(guarded):
        if method not in READS:
            assert ask(client, method, address, origin=origin, token=token).status_code == 403, (method, address)
    assert guarded.touched == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_browser_that_says_cross_site_is_believed(guarded: Guarded, site: str) -> None:
    client = guarded.browser()
    token = guarded.enter(client)
    for method, address in addresses(guarded):
        if method not in READS:
            response = ask(client, method, address, token=token, **{"Sec-Fetch-Site": site})
            assert response.status_code == 403, (method, address)


@pytest.mark.parametrize("token", WRONG_TOKENS)
def test_no_route_changes_anything_without_the_token(guarded: Guarded, token: str | None) -> None:
    client = guarded.browser()
    guarded.enter(client)
    tried = 0
    for method, address in addresses(guarded):
        if method not in READS and address not in guarded.entrances:
            response = ask(client, method, address, token=token)
            assert response.status_code == 403, (method, address)
            assert "older page" in response.text
            tried += 1
    assert tried
    assert guarded.touched == []


@pytest.mark.parametrize("guarded", [operator, login], indirect=True, ids=["operator", "login"])
def test_a_browser_without_access_reaches_no_route(guarded: Guarded) -> None:
    client = guarded.browser()
    for method, address in addresses(guarded):
        if address in guarded.entrances or method == "OPTIONS":
            continue
        response = ask(client, method, address)
        refused = response.status_code == 403 or response.headers.get("Location") == "/operator/enter"
        assert refused, (method, address)
    assert guarded.touched == []


@pytest.mark.parametrize("kind", ["iframe", "frame", "embed", "object"])
def test_only_a_page_of_the_participant_answers_a_frame(guarded: Guarded, kind: str) -> None:
    """By a page that tells how to open it: without a form, a token or a cookie."""
    client = guarded.browser()
    token = guarded.enter(client)
    pages = {path for path, _ in PAGES} if "upload" in str(guarded.rules) else set()
    for method, address in addresses(guarded):
        response = ask(client, method, address, token=token, **{"Sec-Fetch-Dest": kind})
        if address in pages and method == "GET":
            assert "Open Netflix Trend in a new tab" in response.text, address
            assert response.headers["Content-Security-Policy"] == NOTICE_POLICY
            assert "X-Frame-Options" not in response.headers
            assert "Set-Cookie" not in response.headers
            assert "<form" not in response.text
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert response.headers["Cache-Control"] == "no-store"
        else:
            assert response.headers["X-Frame-Options"] == "DENY", (method, address)
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"], (method, address)


def test_every_answer_carries_the_headers(guarded: Guarded) -> None:
    client = guarded.browser()
    token = guarded.enter(client)
    for host, origin in ((HOST, ORIGIN), ("evil.example", ORIGIN), (HOST, "http://evil.example")):
        for method, address in addresses(guarded):
            headers = ask(client, method, address, host=host, origin=origin, token=token).headers
            where = (method, address, host)
            assert "default-src 'none'" in headers["Content-Security-Policy"], where
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], where
            assert headers["X-Content-Type-Options"] == "nosniff", where
            assert headers["X-Frame-Options"] == "DENY", where
            assert headers["Referrer-Policy"] == "same-origin", where
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin", where
            assert "Access-Control-Allow-Origin" not in headers, where
            if not address.startswith("/static"):
                assert headers["Cache-Control"] == "no-store", where


def test_what_an_aggregator_shows_to_everybody_is_read_only(tmp_path: Path) -> None:
    app = operator(tmp_path).app
    rules = list(app.url_map.iter_rules())
    public = [rule for rule in rules if rule.endpoint in PUBLIC]
    assert {rule.endpoint for rule in public} == PUBLIC
    assert all((rule.methods or set()) <= READS for rule in public)
    assert {rule.endpoint.partition(".")[0] for rule in rules} - PUBLIC == {"operator"}


def test_the_right_token_from_this_page_is_taken(guarded: Guarded) -> None:
    """Otherwise the tests above would pass for pages that refuse everything."""
    client = guarded.browser()
    token = guarded.enter(client)
    codes = {
        address: ask(client, method, address, token=token).status_code
        for method, address in addresses(guarded)
        if method not in READS and not address.endswith("/leave") and address not in guarded.entrances
    }
    assert codes
    assert 403 not in codes.values()
    assert 421 not in codes.values()


@pytest.mark.parametrize(
    ("host", "port", "fine"),
    [
        ("127.0.0.1:8650", None, True),
        ("127.0.0.1:8650", 8650, True),
        ("127.0.0.1:8650", 8651, False),
        ("localhost", None, True),
        ("[::1]:80", 80, True),
        ("", None, False),
        ("localhost.evil.example", None, False),
        ("127.0.0.1:x", 8650, False),
    ],
)
def test_names_of_this_machine(host: str, port: int | None, fine: bool) -> None:
    assert is_local(host, port) is fine


def test_a_change_needs_the_very_same_origin() -> None:
    assert is_same_origin("http://localhost:1", "localhost:1", None)
    assert not is_same_origin("https://localhost:1", "localhost:1", None)
    assert not is_same_origin(None, "localhost:1", "same-origin")
