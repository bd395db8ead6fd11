"""What a run does with a password, cookies and what is remembered: against a browser that is played."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from selenium.common.exceptions import InvalidSessionIdException, NoSuchElementException

from netflix_trend.delivery.inbox import unpack
from netflix_trend.participant import participant
from netflix_trend.settings import load_settings
from netflix_trend.syftbox.datasite import Datasite
from services.scraper.commands import sentence_of
from services.scraper.failures import Failure
from services.scraper.run_state import Latch, PasswordUsed, Plan, Rows
from tests.services.scraper.played import (
    ACTIVITY,
    COOKIES,
    CSV,
    LOGIN_BOTH,
    LOGIN_EMAIL,
    LOGIN_PASSWORD,
    Home,
    PlayedBrowser,
    PlayedDownloads,
    seen_page,
    signed_out,
)

REJECTED = replace(LOGIN_BOTH, seen={**LOGIN_BOTH.seen, "login_error": 1}, document=2.0)


@pytest.fixture
def home(tmp_path, monkeypatch):
    return Home(tmp_path, monkeypatch)


# The one attempt with a password


def test_a_password_that_is_changed_during_a_run_is_not_taken_for_the_one_that_was_decided_on(home):
    home.password_file.write_text("old")

    def change(act):
        if act == "click submit":
            home.password_file.write_text("another")

    browser = PlayedBrowser(LOGIN_EMAIL, LOGIN_PASSWORD, before=change)
    result = home.run(browser)
    assert (result.code, browser.typed) == ("PASSWORD_MISSING", [])
    assert "changed during the run" in result.detail
    assert home.state.read(PasswordUsed) is None
    browser = PlayedBrowser(LOGIN_BOTH, REJECTED)
    assert home.run(browser).code == "LOGIN_REJECTED"
    assert browser.typed == ["another"]
    home.jar.save(COOKIES)  # somebody signs in by hand; that sign-in ends
    browser = PlayedBrowser(LOGIN_BOTH)
    result = home.run(browser)
    assert (result.code, browser.typed) == ("SESSION_EXPIRED", []), "the rejected one is not typed again"
    assert "typed before" in result.detail


def test_only_a_new_file_or_a_reset_gives_another_attempt(home):
    home.password_file.write_text("wrong")
    rejected = PlayedBrowser(LOGIN_BOTH, REJECTED)
    assert home.run(rejected).code == "LOGIN_REJECTED"
    assert home.run(PlayedBrowser(ACTIVITY)).detail.startswith("latched since")
    home.state.reset()
    again = PlayedBrowser(LOGIN_BOTH, REJECTED)
    assert (home.run(again).code, again.typed) == ("LOGIN_REJECTED", ["wrong"])
    home.password_file.write_text("right one")
    right = PlayedBrowser(LOGIN_BOTH, replace(ACTIVITY, document=2.0))
    assert (home.run(right).code, right.typed) == ("OK", ["right one"])


def test_a_password_that_is_corrected_while_the_old_one_is_rejected_is_tried(home):
    home.password_file.write_text("wrong")

    def correct(act: str) -> None:
        if act == "click submit":
            home.password_file.write_text("corrected")

    browser = PlayedBrowser(LOGIN_BOTH, REJECTED, before=correct)
    assert home.run(browser).code == "LOGIN_REJECTED"
    browser = PlayedBrowser(LOGIN_BOTH, replace(ACTIVITY, document=2.0))
    assert home.run(browser).code == "OK"
    assert browser.typed == ["corrected"]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (None, "no such file"),
        ("folder", f"cannot be read by user id {os.geteuid()}"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff", "not UTF-8"),
        (b"old\nnew\n", "more than one line"),
        ("\ue007".encode(), "more than one line"),
    ],
)
@pytest.mark.parametrize("cookies", [False, True])
def test_a_password_that_cannot_be_typed_is_not_used_up(home, content, detail, cookies):
    if content == "folder":
        home.password_file.mkdir()
    elif content is not None:
        home.password_file.write_bytes(content)
    if cookies:
        home.jar.save(COOKIES)
    browser = PlayedBrowser(LOGIN_BOTH)
    result = home.run(browser)
    assert result.code == "PASSWORD_MISSING"
    assert detail in result.detail
    assert browser.typed == []
    assert browser.acts == (["open /viewingactivity"] if cookies else []), "without cookies Netflix is not asked"
    assert home.state.read(PasswordUsed) is None
    assert home.state.read(Latch) is None
    assert home.jar.load() == [], "cookies that ended are dropped"
    if home.password_file.is_dir():
        home.password_file.rmdir()
    home.password_file.write_text("right\r\n")
    browser = PlayedBrowser(LOGIN_BOTH, replace(ACTIVITY, document=2.0))
    assert home.run(browser).code == "OK"
    assert browser.typed == ["right"]


def test_an_address_that_is_missing_is_named_in_the_schedule_too(home):
    home.password_file.write_text("right")
    result = home.run(PlayedBrowser(LOGIN_BOTH), email="")
    assert (result.code, result.detail) == ("PASSWORD_MISSING", "NETFLIX_EMAIL is empty")
    home.jar.save(COOKIES)
    assert home.run(PlayedBrowser(ACTIVITY), email="").code == "OK", "nothing has to be typed"


@pytest.mark.parametrize("at", ["need submit", "type email", "need password", "type password"])
def test_an_attempt_that_fails_before_it_is_sent_is_not_used_up(home, at):
    home.password_file.write_text("right")

    def fail(act):
        if act == at:
            raise Failure("LAYOUT_CHANGED", act)

    assert home.run(PlayedBrowser(LOGIN_BOTH, before=fail)).code == "LAYOUT_CHANGED"
    assert home.state.read(PasswordUsed) is None
    browser = PlayedBrowser(LOGIN_BOTH, replace(ACTIVITY, document=2.0))
    assert home.run(browser).code == "OK"


def test_an_attempt_is_noted_before_it_is_made_and_kept_when_the_browser_ends(home):
    home.password_file.write_text("right")
    noted = []

    def end(act):
        if act == "type password":
            noted.append(home.state.read(PasswordUsed))
        if act == "click submit":
            raise InvalidSessionIdException("x")

    assert home.run(PlayedBrowser(LOGIN_BOTH, before=end)).code == "BROWSER_CRASH"
    assert noted != [None]
    browser = PlayedBrowser(LOGIN_BOTH)
    result = home.run(browser)
    assert (result.code, browser.typed) == ("LOGIN_REJECTED", [])
    assert "typed before" in result.detail


def test_a_sign_in_is_kept_also_when_what_follows_fails(home):
    home.password_file.write_text("right")
    gate = seen_page("/browse", "gate", "profile", document=2.0)
    result = home.run(PlayedBrowser(LOGIN_BOTH, gate), wanted="Nobody")
    assert result.code == "LAYOUT_CHANGED"
    assert {cookie["name"] for cookie in home.jar.load()} == {"NetflixId", "SecureNetflixId"}
    assert home.state.read(PasswordUsed) is None


def test_a_latch_after_a_sign_in_is_not_released_by_the_new_cookies(home):
    home.password_file.write_text("right")
    other = replace(ACTIVITY, user_name="Other", document=2.0)
    result = home.run(PlayedBrowser(LOGIN_BOTH, other))
    assert result.code == "WRONG_PROFILE"
    assert home.run(PlayedBrowser(ACTIVITY)).detail.startswith("latched since")


# Without a sandbox, without a sign-in


def test_without_a_sandbox_cookies_are_used_and_the_password_is_not(home):
    home.password_file.write_text("right")
    home.jar.save(COOKIES)
    assert home.run(PlayedBrowser(ACTIVITY, sandboxed=False)).code == "OK"
    browser = PlayedBrowser(LOGIN_BOTH, sandboxed=False)
    assert home.run(browser).code == "SANDBOX_OFF"
    assert (browser.typed, home.jar.load()) == ([], [])
    home.jar.save(COOKIES)
    assert home.run(PlayedBrowser(ACTIVITY, sandboxed=False)).code == "OK", "a sign-in by hand opens the latch"
    home.jar.clear()
    browser = PlayedBrowser(LOGIN_BOTH, sandboxed=False)
    assert home.run(browser).code == "SANDBOX_OFF"
    assert browser.acts == []


def test_who_has_no_sign_in_may_choose_the_password_instead(home):
    assert home.run(PlayedBrowser(ACTIVITY), mode="cookies").code == "SESSION_EXPIRED"
    home.password_file.write_text("right")
    assert home.run(PlayedBrowser(LOGIN_BOTH, replace(ACTIVITY, document=2.0))).code == "OK"


# What a page says that is no refusal of the person


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (seen_page("/viewingactivity", name="", membership="", status=503), "RATE_LIMITED"),
        (seen_page("/viewingactivity", name="", membership="", protocol="chrome-error:", status=0), "NET_ERROR"),
        (seen_page("/viewingactivity", name="", membership="", status=500), "NET_ERROR"),
        (seen_page("/viewingactivity", "activity", "row", "download", name=""), "LAYOUT_CHANGED"),
        (signed_out(), "SESSION_EXPIRED"),
        (replace(ACTIVITY, user_name="Other"), "WRONG_PROFILE"),
    ],
)
def test_after_the_download_another_profile_is_told_from_a_page_that_does_not_come(home, page, code):
    home.jar.save(COOKIES)
    result = home.run(PlayedBrowser(ACTIVITY, page), mode="cookies")
    assert (result.code, home.queue) == (code, [])
    assert "after the download" in result.detail


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (InvalidSessionIdException("x"), "BROWSER_CRASH"),
        (Failure("RATE_LIMITED"), "RATE_LIMITED"),
        (None, "DOWNLOAD_FAILED"),
    ],
)
def test_a_download_is_tried_again_only_where_that_makes_sense(home, monkeypatch, after, code):
    pauses = []
    browser = PlayedBrowser(ACTIVITY)

    def fetch(_downloads, _check):
        if after is not None:
            monkeypatch.setattr(browser, "read_page", lambda: fail(after))
        raise Failure("DOWNLOAD_FAILED")

    def fail(error):
        raise error

    monkeypatch.setattr(PlayedDownloads, "fetch", fetch)
    monkeypatch.setattr("services.scraper.scrape.wait_until", lambda _, seconds: pauses.append(seconds))
    home.jar.save(COOKIES)
    assert home.run(browser).code == code
    assert len(pauses) == (2 if after is None else 0)


def test_an_error_that_no_stop_names_is_one_of_this_program(home):
    def fail(_act):
        raise NoSuchElementException("secret")

    home.jar.save(COOKIES)
    result = home.run(PlayedBrowser(ACTIVITY, before=fail))
    assert result.code == "INTERNAL_ERROR"
    assert result.detail.startswith("NoSuchElementException in test_runs.py:")


def test_a_run_that_takes_too_long_ends(home, monkeypatch):
    monkeypatch.setattr("services.scraper.scrape.RUN_SECONDS", -1.0)
    home.jar.save(COOKIES)
    assert home.run(PlayedBrowser(seen_page("/new"))).code == "TIME_OVER"


def test_a_queue_that_is_down_loses_nothing(home):
    class Down(list[Any]):
        def append(self, _message):
            raise RedisConnectionError("secret host")

    home.jar.save(COOKIES)
    home.queue = Down()
    result = home.run(PlayedBrowser(ACTIVITY))
    assert (result.code, result.detail) == ("QUEUE_DOWN", "ConnectionError")
    home.queue = []
    assert home.run(PlayedBrowser(ACTIVITY)).code == "OK"
    assert [b"".join(unpack(message)[1]) for message in home.queue] == [CSV]


def test_a_pause_holds_by_hand_too_but_not_one_of_a_clock_that_was_wrong(home):
    home.jar.save(COOKIES)
    for days, code in ((7, "RATE_LIMITED"), (9, "OK")):
        until = datetime.now(UTC) + timedelta(days=days)
        home.state.write(Plan(next_run=until, code="RATE_LIMITED", failures=1, rested=True))
        assert home.run(PlayedBrowser(ACTIVITY)).code == code


# What the last run had


def test_a_shorter_history_is_queued_and_the_person_is_told(home):
    home.jar.save(COOKIES)
    assert home.run(PlayedBrowser(ACTIVITY)).code == "OK"
    home.state.write(home.state.read(Rows).model_copy(update={"rows": 3000}))
    result = home.run(PlayedBrowser(ACTIVITY))
    assert (result.code, result.rows) == ("SHORTER_HISTORY", 1)
    assert "much shorter" in sentence_of(result)
    assert len(home.queue) == 2
    assert home.run(PlayedBrowser(ACTIVITY)).code == "OK", "it is said once"
    home.state.write(home.state.read(Rows).model_copy(update={"rows": 3000}))
    ben = replace(ACTIVITY, user_name="Ben", user_guid="GBEN")
    assert home.run(PlayedBrowser(ben), wanted="Ben").code == "OK", "another profile is not compared"


def test_a_latch_of_an_older_version_that_stopped_at_a_shorter_history_does_not_hold(home):
    home.jar.save(COOKIES)
    home.state.write(Latch(code="SHORTER_HISTORY", at=datetime.now(UTC), seen=home.state.fingerprint(None)))
    assert home.run(PlayedBrowser(ACTIVITY)).code == "OK"


EMPTY = seen_page("/viewingactivity", "activity", "download")


@pytest.fixture
def header_only(monkeypatch):
    monkeypatch.setattr(PlayedDownloads, "fetch", lambda *_: b"Title,Date\n")


def queued(message):
    delivery, blocks = unpack(message)
    return delivery, b"".join(blocks)


@pytest.mark.parametrize("before", [None, 3000])
def test_an_empty_history_is_queued_like_any_other(home, header_only, before):
    """Somebody who watched nothing, or has hidden all titles: an answer must come, like everybody's."""
    home.jar.save(COOKIES)
    if before:
        home.run(PlayedBrowser(EMPTY))
        home.state.write(home.state.read(Rows).model_copy(update={"rows": before}))
        home.queue.clear()
    result = home.run(PlayedBrowser(EMPTY))
    assert (result.code, result.rows) == ("SHORTER_HISTORY" if before else "EMPTY_HISTORY", 0)
    (message,) = home.queue
    delivery, data = queued(message)
    assert (delivery.received, data) == (date.today(), b"Title,Date\n")


def test_an_empty_file_beside_a_list_that_is_not_empty_is_a_failure(home, header_only):
    """That is damage, which does not depend on what was watched."""
    home.jar.save(COOKIES)
    browser = PlayedBrowser(EMPTY)

    def before(act):
        if browser.acts.count("open /viewingactivity") == 2:
            browser.pages = [EMPTY, ACTIVITY]

    browser.before = before
    assert home.run(browser).code == "DOWNLOAD_INVALID"
    assert home.queue == []


@pytest.mark.parametrize("rows", [0, 3000])
def test_a_page_without_rows_and_control_is_queued_as_nothing(home, rows):
    """It may be another page; what was fetched before does not make it an empty history, or a shorter one."""
    home.jar.save(COOKIES)
    home.state.write(Rows(rows=rows))
    assert home.run(PlayedBrowser(seen_page("/viewingactivity", "activity"))).code == "LAYOUT_CHANGED"
    assert home.queue == []


@pytest.mark.parametrize(("page", "data"), [(ACTIVITY, CSV), (EMPTY, b"Title,Date\n")], ids=["titles", "empty"])
def test_a_history_from_the_browser_leads_to_an_answer_whatever_is_in_it(home, tmp_path, page, data, monkeypatch):
    monkeypatch.setattr(PlayedDownloads, "fetch", lambda *_: data)
    home.jar.save(COOKIES)
    home.run(PlayedBrowser(page))
    settings = load_settings(
        private_dir=tmp_path / "private",
        publisher_dir=tmp_path / "publisher",
        datasites_dir=tmp_path / "datasites",
        date_order="mdy",
    )
    Datasite(settings.datasites_dir, settings.syftbox_email).set_up()
    delivery, blocks = unpack(home.queue[0])
    participant.take(settings, blocks, delivery)
    participant.refresh(settings)
    outcomes = participant.publish(settings, date.today()).outcomes
    assert [one.status for one in outcomes].count("drawn") == 1
