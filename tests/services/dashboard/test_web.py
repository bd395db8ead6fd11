"""The pages, and who may use them."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from netflix_trend.delivery.downloads import NETFLIX_PAGE
from netflix_trend.participant.notice import NO_AGGREGATOR, TRIAL
from services.dashboard.web import PAGES, create_app
from tests.services.dashboard.participant import HISTORY, ORIGIN, PORT, Person, settings_in

PATHS = [path for path, _ in PAGES]
STATIC = Path(__file__).parents[3] / "services" / "dashboard"
ACTIONS = [
    "/upload",
    "/fetch/look",
    "/fetch/take",
    "/date-order",
    "/forget",
    "/forget/undo",
    "/viewing/exclude",
    "/viewing/include",
    "/next/aside",
    "/next/again",
    "/events/add",
    "/events/remove",
    "/sharing/take-part",
    "/sharing/limits",
    "/setup/aggregator",
    "/setup/profile",
    "/restore",
    "/health/dismiss",
    "/language",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_page_answers_before_and_after_anything_was_imported(newcomer: Person, person: Person, path: str) -> None:
    for one in (newcomer, person):
        text = one.page(path)
        assert "<h1>" in text
        # Only beside the odds that it says the same as.
        assert text.lower().count("epsilon") == len(re.findall(r"\d \(epsilon \d+\.\d+\)|\d, epsilon \d+\.\d+", text))
        assert "None" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).replace("None.", "")


# Every page, and every way in which one fails: unknown, wrong method, wrong host, no token.
SAYING = [
    *((path, "GET", ORIGIN) for path in PATHS),
    ("/no-such-page", "GET", ORIGIN),
    ("/upload", "GET", ORIGIN),
    ("/", "GET", "http://evil.example"),
    ("/sharing/limits", "POST", ORIGIN),
]


@pytest.mark.parametrize(("path", "method", "address"), SAYING)
def test_every_page_says_when_this_is_a_trial(
    newcomer: Person, person: Person, path: str, method: str, address: str
) -> None:
    def said(root: Path, **addresses: str) -> list[str]:
        client = create_app(settings_in(root, **addresses)).test_client()
        text = client.open(path, method=method, base_url=address).text
        assert "<h1>" in text
        return [words for words in (TRIAL, NO_AGGREGATOR) if words in text]

    assert TRIAL.startswith("Trial: nothing leaves this machine")
    for root in (newcomer.root, person.root):
        assert said(root) == [TRIAL]
        assert said(root, syftbox_email="ann@home.net") == [NO_AGGREGATOR]
        assert said(root, aggregator_datasite="trends@home.net") == []


OPENED: list[str] = []
sys.addaudithook(lambda event, values: OPENED.append(str(values[0])) if event == "open" else None)


@pytest.mark.parametrize("path", ["/", "/sharing", "/health", "/status.json"])
def test_a_page_reads_each_file_of_the_publisher_once(person: Person, path: str) -> None:
    """Read twice, a page could show two moments at once."""
    person.page(path)
    OPENED.clear()
    person.page(path)
    read = Counter(Path(name).name for name in OPENED)
    for name in ("outlook.json", "ledger.jsonl", "choices.json", "manifest.json"):
        assert read[name] == 1, name


@pytest.mark.parametrize("path", PATHS)
def test_every_page_has_a_strict_content_security_policy(newcomer: Person, path: str) -> None:
    headers = newcomer.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


SHOWING = "http://localhost:8080"


@pytest.fixture
def framed(tmp_path: Path) -> FlaskClient:
    return create_app(settings_in(tmp_path, frame_origin=SHOWING)).test_client()


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/status.json"])
def test_only_the_named_origin_may_show_a_page(framed: FlaskClient, path: str) -> None:
    for kind in ({}, {"Sec-Fetch-Dest": "iframe"}):
        headers = framed.get(path, base_url=f"http://localhost:{PORT}", headers=kind).headers
        assert headers["Content-Security-Policy"].endswith(f"; frame-ancestors {SHOWING}")
        assert "X-Frame-Options" not in headers
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_frame_gets_the_page_under_the_name_of_the_page_around_it(framed: FlaskClient) -> None:
    """Between localhost and 127.0.0.1 a browser sends no cookie of ours, and no form would work."""
    inside = {"Sec-Fetch-Dest": "iframe"}
    moved = framed.get("/viewing?range=2025", base_url=ORIGIN, headers=inside)
    assert (moved.status_code, moved.location) == (302, f"http://localhost:{PORT}/viewing?range=2025")
    assert framed.get("/", base_url=ORIGIN).status_code == 200
    assert framed.get("/", base_url=f"http://localhost:{PORT}", headers=inside).status_code == 200
    assert framed.get("/", base_url=f"http://evil.example:{PORT}", headers=inside).status_code == 421


def test_a_frame_changes_nothing_for_the_page_around_it(framed: FlaskClient) -> None:
    for origin in (SHOWING, "http://evil.example"):
        headers = {"Origin": origin, "Sec-Fetch-Dest": "iframe"}
        assert framed.post("/upload", base_url=f"http://localhost:{PORT}", headers=headers).status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_no_page_contains_inline_styles_scripts_or_external_resources(person: Person, path: str) -> None:
    text = person.page(path)
    assert not re.search(r'\sstyle="', text)
    assert not re.search(r"\son[a-z]+=", text)
    for attributes in re.findall(r"<script([^>]*)>", text):
        assert "src=" in attributes or 'type="application/json"' in attributes
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', text):
        # A person may follow this link; the page itself asks nobody for anything.
        assert address.startswith(("/", "#")) or address == NETFLIX_PAGE, address


def test_no_template_and_no_file_of_ours_names_another_host() -> None:
    for path in [*STATIC.glob("templates/*"), *STATIC.glob("static/*.*")]:
        hosts = set(re.findall(r"(?:https?:)?//([a-z0-9.-]+\.[a-z]+)", path.read_text()))
        assert hosts <= {"www.w3.org"}, path.name


def test_vendored_files_match_their_recorded_hashes() -> None:
    vendor = STATIC / "static" / "vendor"
    record = json.loads((vendor / "VENDOR.json").read_text())
    assert {path.name for path in vendor.glob("*.js")} == set(record)
    for name, known in record.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == known["sha256"]


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", f"127.0.0.1.evil.example:{PORT}"]
)
@pytest.mark.parametrize("path", ["/", "/status.json", "/static/dashboard.css"])
def test_other_host_names_are_refused(newcomer: Person, host: str, path: str) -> None:
    response = newcomer.client.get(path, base_url=f"http://{host}")
    assert response.status_code == 421
    assert "127.0.0.1" in response.text


def test_localhost_is_a_name_of_this_machine(newcomer: Person) -> None:
    assert newcomer.client.get("/", base_url=f"http://localhost:{PORT}").status_code == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", f"http://127.0.0.1:{PORT + 1}", "https://127.0.0.1:8651"]
)
@pytest.mark.parametrize("path", ACTIONS)
def test_a_form_of_another_page_changes_nothing(person: Person, path: str, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    data = {"token": person.token(), "participation": "joined", "label": "x", "first_day": "2026-01-01"}
    response = person.client.post(path, base_url=ORIGIN, data=data, headers=headers)
    assert response.status_code == 403
    assert "Nothing was changed" in response.text
    assert not (person.settings.private_dir / "choices.json").exists()
    assert not (person.settings.private_dir / "life_events.json").exists()


def test_every_action_is_among_those_that_are_tried(newcomer: Person) -> None:
    rules = newcomer.client.application.url_map.iter_rules()
    assert {rule.rule for rule in rules if "POST" in (rule.methods or ())} == set(ACTIONS)


@pytest.mark.parametrize("token", [None, "", "0" * 32, "ü"])
@pytest.mark.parametrize("path", ACTIONS)
def test_a_form_without_the_token_changes_nothing(person: Person, path: str, token: str | None) -> None:
    person.token()
    data = {"participation": "joined"} | ({} if token is None else {"token": token})
    response = person.client.post(path, base_url=ORIGIN, data=data, headers={"Origin": ORIGIN})
    assert response.status_code == 403
    assert "load the page again" in response.text
    assert not (person.settings.private_dir / "choices.json").exists()


@pytest.mark.parametrize("path", ACTIONS)
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_actions_take_forms_only(newcomer: Person, path: str, method: str) -> None:
    response = getattr(newcomer.client, method)(path, base_url=ORIGIN, headers={"Origin": ORIGIN})
    assert response.status_code == 405


def test_the_token_of_another_browser_is_of_no_use(person: Person) -> None:
    token = person.token()
    other = person.client.application.test_client()
    other.get("/", base_url=ORIGIN)
    data = {"token": token, "participation": "joined"}
    response = other.post("/sharing/take-part", base_url=ORIGIN, data=data, headers={"Origin": ORIGIN})
    assert response.status_code == 403


def test_the_cookie_is_http_only_and_same_site(newcomer: Person) -> None:
    cookie = newcomer.get("/").headers["Set-Cookie"]
    assert f"netflix_trend_{PORT}=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


ERRORS = [
    ("/nothing", "get", 404),
    ("/upload", "get", 405),
    ("/sharing/limits", "post", 403),
    ("/events/add", "post", 403),
]


@pytest.mark.parametrize(("path", "method", "code"), ERRORS)
def test_every_error_has_one_shape(newcomer: Person, path: str, method: str, code: int) -> None:
    call = getattr(newcomer.client, method)
    headers = {"Origin": ORIGIN, "Accept": "application/json"}
    response = call(path, base_url=ORIGIN, headers=headers)
    assert response.status_code == code
    assert set(response.json) == {"ok", "error"}
    assert response.json["ok"] is False
    page = call(path, base_url=ORIGIN, headers={"Origin": ORIGIN, "Accept": "text/html"})
    assert response.json["error"].split("'")[0] in page.text


def test_an_unexpected_error_reveals_no_internals(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("services.dashboard.web.health_page", fail)
    person.client.application.config["PROPAGATE_EXCEPTIONS"] = False
    response = person.get("/health")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "went wrong" in response.text


def test_a_form_that_is_too_large_is_refused(person: Person) -> None:
    response = person.post("/events/add", {"label": "x" * 100_000})
    assert response.status_code == 413


def test_status_tells_when_something_changed(newcomer: Person) -> None:
    before = newcomer.get("/status.json").json
    assert before["ok"] is True
    newcomer.upload(HISTORY + '"A Film","1/31/26"\n')
    assert newcomer.get("/status.json").json["mark"] != before["mark"]
    assert newcomer.get("/healthz").json["ok"] is True


HOSTILE = [
    "<script>alert(1)</script>: Season 1: <img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    '=HYPERLINK("http://evil.example";"x")',
    "\u202egnitide\u2066 drow\u2069",
    "{{ 7*7 }}{% raw %}",
    "\x1b[31mred",
    "A" * 1_000_000,
]


def test_untrusted_titles_are_escaped(newcomer: Person) -> None:
    rows = [
        f'"{quoted}: Season 1: Episode {episode}","1/{day}/25"'
        for day, quoted in enumerate((title.replace('"', '""') for title in HOSTILE), 13)
        for episode in range(5)
    ]
    newcomer.bring(HISTORY + "\n".join(rows))
    text = newcomer.page("/viewing?range=all")
    assert "alert" in text
    for forbidden in ("<img src=x", "<script>alert", "</script><script>", "\u202e", "\u2066", "\x1b"):
        assert forbidden not in text
    # Written as it is, and so not computed by the template.
    assert "{{ 7*7 }}{% raw %}" in "".join(re.findall(r"<bdi>([^<]*)</bdi>", text))
    assert len(text) < 400_000
    for embedded in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL):
        json.loads(embedded)
