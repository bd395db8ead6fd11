"""A sign-in with a person and a run in one browser, against a browser that is played; real ones: test_processes.py."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from netflix_trend.delivery.inbox import unpack
from services.scraper.assisted_login import create_app
from services.scraper.failures import CAUSES
from services.scraper.page_state import Profile
from services.scraper.run_state import Latch, PasswordUsed, Plan, Result
from services.scraper.scrape import NOBODY
from tests.services.scraper.played import (
    ACTIVITY,
    COOKIES,
    CSV,
    LOGIN_BOTH,
    LOGIN_EMAIL,
    Home,
    PlayedBrowser,
    PlayedPerson,
    seen_page,
    signed_out,
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    return Home(tmp_path, monkeypatch)


def asks(code):
    return CAUSES[code].ask


def answering(browser, *pages):
    """Return a person who answers each new question; the browser then goes on with the next page."""
    rest, answered = list(pages), []

    def answer(text):
        if rest and text not in answered:
            answered.append(text)
            browser.pages = [rest.pop(0)]

    return PlayedPerson(answer)


def opens(browser, path, *pages):
    """Let the browser show the next page each time that the run opens a path; after the last nothing changes."""
    rest = list(pages)

    def before(act):
        if rest and act == f"open {path}":
            browser.pages = [rest.pop(0)]

    browser.before = before


def test_after_the_sign_in_the_history_is_fetched_in_the_same_browser(home):
    browser = PlayedBrowser(LOGIN_EMAIL)
    person = answering(browser, seen_page("/browse"))
    opens(browser, "/viewingactivity", replace(ACTIVITY, document=2.0))
    result = home.run(browser, show=person.show)
    assert (result.code, result.mode, result.rows) == ("OK", "login", 1)
    assert [b"".join(unpack(message)[1]) for message in home.queue] == [CSV]
    assert person.asked == [asks("SESSION_EXPIRED")]
    assert person.left
    assert browser.acts == ["open /login", "open /viewingactivity", "open /viewingactivity"]
    assert browser.typed == []
    assert len(home.jar.load()) == 2
    assert home.state.read(Result) == result


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (seen_page("/browse", "gate_pin", "code"), "PROFILE_LOCKED"),
        (seen_page("/x", "captcha"), "CAPTCHA"),
        (seen_page("/x", "code"), "CODE_REQUIRED"),
        (seen_page("/mfa"), "VERIFY_IDENTITY"),
        (seen_page("/browse", "household"), "HOUSEHOLD"),
        (seen_page("/new"), "LAYOUT_CHANGED"),
        (LOGIN_BOTH, "SESSION_EXPIRED"),
        (seen_page(protocol="chrome-error:", document=2.0), "NET_ERROR"),
    ],
)
def test_what_only_a_person_can_answer_is_asked_for_and_then_the_run_goes_on(home, page, code):
    home.jar.save(COOKIES)
    browser = PlayedBrowser(seen_page("/new"))
    opens(browser, "/viewingactivity", seen_page("/browse"), page)
    person = answering(browser, replace(ACTIVITY, document=3.0))
    assert home.run(browser, show=person.show).code == "OK"
    assert person.asked == [asks(code)]
    assert browser.acts[0] == "open /viewingactivity", "a sign-in that is kept is used"
    assert len(home.queue) == 1


def test_the_run_never_types_or_clicks_for_the_person(home):
    home.password_file.write_text("secret")
    for page in (LOGIN_EMAIL, LOGIN_BOTH, signed_out("/login", seen={"code_digit": 4, "help_menu": 1})):
        browser = PlayedBrowser(page)
        person = answering(browser, ACTIVITY)
        assert home.run(browser, mode="password", show=person.show).code == "OK"
        assert {act.split()[0] for act in browser.acts} == {"open"}
        home.jar.clear()


def test_an_answer_lets_the_run_try_as_often_as_before(home):
    home.jar.save(COOKIES)
    browser = PlayedBrowser(seen_page("/browse"))
    documents = iter(range(100))

    def before(act):
        if act == "open /viewingactivity":
            browser.pages = [replace(browser.pages[0], document=float(next(documents)))]

    browser.before = before

    def answer(_text):
        browser.before = lambda act: setattr(browser, "pages", [replace(ACTIVITY, document=500.0)])
        browser.pages = [seen_page("/browse", document=400.0)]

    person = PlayedPerson(answer)
    assert home.run(browser, show=person.show).code == "OK"
    assert person.asked == [asks("LAYOUT_CHANGED")]


def test_what_a_person_cannot_answer_ends_it_and_the_sign_in_is_kept(home):
    browser = PlayedBrowser(LOGIN_EMAIL)
    gate = seen_page("/browse", "gate", "profile", profiles=(Profile("GOTHER", "Other"),))
    person = answering(browser, gate)
    result = home.run(browser, show=person.show)
    assert (result.code, home.queue) == ("PROFILE_NOT_FOUND", [])
    assert person.left
    assert len(home.jar.load()) == 2
    assert home.state.read(Latch) is not None


def test_if_nobody_signs_in_nothing_is_changed(home, monkeypatch):
    monkeypatch.setattr("services.scraper.scrape.PERSON_SECONDS", 0.2)
    latch = Latch(code="CAPTCHA", at=datetime.now(UTC), seen=home.state.fingerprint(None))
    home.state.write(latch)
    result = home.run(PlayedBrowser(LOGIN_EMAIL), show=PlayedPerson().show)
    assert (result.code, result.detail) == ("SESSION_EXPIRED", NOBODY)
    assert home.state.read(Latch) == latch
    assert home.state.read(Result) is None
    assert home.jar.load() == []


def test_what_was_asked_for_in_vain_is_said_when_the_time_is_over(home, monkeypatch):
    monkeypatch.setattr("services.scraper.scrape.PERSON_SECONDS", 0.2)
    home.jar.save(COOKIES)
    assert home.run(PlayedBrowser(seen_page("/x", "household")), show=PlayedPerson().show).code == "HOUSEHOLD"


def test_netflix_that_cannot_be_reached_is_said_before_the_page_is_shown(home):
    person = PlayedPerson()
    assert home.run(PlayedBrowser(signed_out(protocol="chrome-error:")), show=person.show).code == "NET_ERROR"
    assert not person.left


def test_latches_pauses_and_a_used_password_do_not_hold_back_a_person(home):
    home.password_file.write_text("wrong")
    now, seen = datetime.now(UTC), home.state.fingerprint(home.password_file)
    for note in (
        Latch(code="CODE_REQUIRED", at=now, seen=seen),
        Plan(next_run=now + timedelta(days=1), code="RATE_LIMITED", failures=1, rested=True),
        PasswordUsed(secret=seen.secret),
    ):
        home.state.write(note)
    browser = PlayedBrowser(LOGIN_EMAIL)
    person = answering(browser, ACTIVITY)
    assert home.run(browser, mode="password", show=person.show).code == "OK"
    assert home.state.read(Latch) is None
    assert home.state.read(PasswordUsed) is not None, "whether that password is right is still not known"


def test_what_is_typed_after_the_end_reaches_nothing():
    """The run uses the browser by itself from then on."""
    typed: list[str] = []
    mirror = cast(Any, SimpleNamespace(text=typed.append))
    done, port, token = threading.Event(), 8651, "a-token-for-tests-only-0123456789"
    origin = f"http://127.0.0.1:{port}"
    client = create_app(mirror, token, port, done).test_client()
    page = client.get(f"/?token={token}", base_url=origin).text
    found = re.search(r"'X-Token': '(\w+)'", page)
    assert found is not None
    for ended in (False, True):
        if ended:
            done.set()
        body, headers = {"kind": "text", "text": f"{ended}"}, {"Origin": origin, "X-Token": found[1]}
        assert client.post("/input", json=body, base_url=origin, headers=headers).status_code == 204
    assert typed == ["False"]
