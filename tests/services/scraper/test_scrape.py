"""The real Chromium against the stand-in: every way a run can go, and what is left of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from netflix_trend.delivery.inbox import unpack
from services.scraper.programs import Programs, find_programs
from services.scraper.run_state import Latch, PasswordUsed, Plan, Result, Rows
from services.scraper.transitions import Wanted
from tests.services.scraper.leaks import leaks
from tests.services.scraper.stand_in import ME, OTHER, Knobs

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def nothing_is_left(temporary):
    """After every run: no process of the browser, no profile, nothing in the temporary folder."""
    yield
    assert list(temporary.iterdir()) == []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            assert str(temporary).encode() not in command, command[:200]


# Ways in


@pytest.mark.parametrize(
    "knobs",
    [
        Knobs(),
        Knobs(login="one_step", locale="de", badge=True, gate=False),
        Knobs(gate_has_guids=False, active=ME[0]),
        Knobs(gate=False, active=OTHER[0]),
        Knobs(login="code_first", gate_kind="2026"),
        Knobs(login="code_first", password_instead="at once", gate_kind="2026", locale="de"),
    ],
    ids=["two_steps", "one_step_in_german", "gate_by_click", "other_profile_active", "code_first", "password_offered"],
)
def test_with_a_password_the_history_is_queued(person, knobs):
    person.has_password()
    result, stage = person.scrape(knobs)
    assert (result.code, result.detail) == ("OK", "")
    assert person.delivered() == [stage.csv()]
    assert unpack(person.queue[0])[0].source == "browser"
    assert (result.rows, stage.password_posts) == (12, 1)
    assert person.state.read(PasswordUsed) is None
    assert person.state.read(Latch) is None


def test_with_cookies_nothing_is_typed(person):
    person.has_cookies()
    result, stage = person.scrape(Knobs(gate=False))
    assert result.code == "OK"
    assert result.state_trace == ("ACTIVITY",)
    assert person.delivered() == [stage.csv()]
    assert stage.password_posts == 0
    assert not any("login" in request for request in stage.requests)
    assert all("HeadlessChrome" in agent for agent in stage.agents if agent), "nothing is disguised"


def test_a_sign_in_with_a_password_is_kept_for_the_next_run(person):
    person.has_password()
    first, stage = person.scrape()
    assert first.code == "OK"
    assert person.again().code == "OK"
    assert stage.password_posts == 1


@pytest.mark.parametrize("control", ["blob", "modal"])
def test_other_kinds_of_controls_work(person, control):
    person.has_cookies()
    result, stage = person.scrape(Knobs(control=control))
    assert result.code == "OK"
    assert person.delivered() == [stage.csv()]


@pytest.mark.parametrize(
    "knobs",
    [
        Knobs(gate_kind="2026"),
        Knobs(gate_kind="2026", active=OTHER[0], active_is_named=False),
        Knobs(gate=False, active_is_named=False),
        Knobs(gate=False, active=OTHER[0], gate_kind="2026"),
    ],
    ids=["gate_of_2026", "nobody_named_after_it", "nobody_named_and_no_gate", "other_profile_active"],
)
def test_a_name_finds_its_profile_whatever_the_gate(person, knobs):
    person.has_cookies()
    result, stage = person.scrape(knobs)
    assert (result.code, result.detail) == ("OK", "")
    assert stage.knobs.active == ME[0]
    assert person.delivered() == [stage.csv()]


@pytest.mark.parametrize(
    "knobs",
    [
        Knobs(gate_kind="2025", active=OTHER[0]),
        Knobs(gate_kind="2026", active=OTHER[0]),
        Knobs(gate_kind="unknown", active=OTHER[0]),
        Knobs(gate_kind="unnamed", active=OTHER[0], active_is_named=False),
        Knobs(gate=False, active=OTHER[0], guid_path=False),
    ],
    ids=["gate_of_2025", "gate_of_2026", "gate_that_is_not_known", "tiles_without_names", "no_address_with_the_guid"],
)
def test_with_a_guid_no_gate_and_no_list_has_to_be_understood(person, knobs, monkeypatch):
    monkeypatch.setattr("services.scraper.transitions.SETTLE_SECONDS", 0.5)
    person.has_cookies()
    person.wanted = Wanted("", ME[0])
    result, stage = person.scrape(knobs)
    assert (result.code, result.detail) == ("OK", "")
    assert stage.knobs.active == ME[0]
    assert f"GET /settings/viewed/{ME[0]}" in stage.requests
    assert not {"GET /profiles/manage", "GET /tile"} & set(stage.requests)


# Stops


@pytest.mark.parametrize(
    ("knobs", "code", "posts"),
    [
        (Knobs(after_password="wrong", login="one_step", locale="de"), "LOGIN_REJECTED", 1),
        (Knobs(after_password="robot"), "LOGIN_REJECTED", 1),
        (Knobs(after_password="again"), "LOGIN_REJECTED", 1),
        (Knobs(after_password="code"), "CODE_REQUIRED", 1),
        (Knobs(after_password="mfa"), "VERIFY_IDENTITY", 1),
        (Knobs(after_password="captcha"), "CAPTCHA", 1),
        (Knobs(after_password="household"), "HOUSEHOLD", 1),
        (Knobs(after_password="no_plan"), "NO_MEMBERSHIP", 1),
        (Knobs(before_login="captcha"), "CAPTCHA", 0),
        (Knobs(locked=True), "PROFILE_LOCKED", 1),
        (Knobs(profiles=[OTHER]), "PROFILE_NOT_FOUND", 1),
        (Knobs(profiles=[ME, ("GUIDTWO", ME[1])]), "PROFILE_AMBIGUOUS", 1),
        (Knobs(gate=False, active=OTHER[0], switch_works=False), "WRONG_PROFILE", 1),
        (Knobs(active_after_download=OTHER[0]), "WRONG_PROFILE", 1),
        (Knobs(status=403), "RATE_LIMITED", 0),
        (Knobs(login="code_first", password_instead="never"), "CODE_REQUIRED", 0),
        (Knobs(login="code_first", after_password="wrong"), "LOGIN_REJECTED", 1),
        (Knobs(after_password="wrong", error_hook='data-uia="error-message-container"'), "LOGIN_REJECTED", 1),
        (Knobs(after_password="wrong", error_hook='data-uia="alert-message-body"'), "LOGIN_REJECTED", 1),
        (Knobs(after_password="wrong", error_hook='role="alert"'), "LOGIN_REJECTED", 1),
        (Knobs(after_password="code", code_hook='data-uia="collect-otp-input-entry"'), "CODE_REQUIRED", 1),
        (Knobs(gate_kind="2026", locked=True, pin_kind="2026"), "PROFILE_LOCKED", 1),
        (Knobs(gate_kind="2026", locked=True, pin_kind="2025"), "PROFILE_LOCKED", 1),
        (Knobs(ends_after=1), "SESSION_EXPIRED", 1),
    ],
    ids=lambda value: None if isinstance(value, int) else value if isinstance(value, str) else "knobs",
)
def test_every_failure_is_named_and_the_password_is_posted_once(person, knobs, code, posts):
    person.has_password()
    result, stage = person.scrape(knobs)
    assert (result.code, stage.password_posts) == (code, posts)
    assert person.queue == []
    before = len(stage.requests)
    again = person.again()
    assert again.code == code
    assert again.detail.startswith(("latched since", "pausing until"))
    assert len(stage.requests) == before, "no request is made while it is latched"
    assert stage.password_posts == posts


def test_a_password_that_is_offered_and_does_not_come_is_a_code(person, monkeypatch):
    monkeypatch.setattr("services.scraper.transitions.PAGE_SECONDS", 1.5)
    person.has_password()
    result, stage = person.scrape(Knobs(login="code_first", password_instead="dead"))
    assert (result.code, stage.password_posts) == ("CODE_REQUIRED", 0)
    assert "did not come" in result.detail


@pytest.mark.parametrize(
    ("knobs", "missing"),
    [
        (Knobs(layout_changed=True), "anything known"),
        (Knobs(control="none"), "download"),
        (Knobs(user_info=False), "who is signed in"),
        (Knobs(renamed=True), "row and download"),
        (Knobs(late=600.0), "row and download"),
        (Knobs(rows=0, control="none"), "row and download"),
        (Knobs(gate_kind="unknown"), "anything known"),
        (Knobs(gate_kind="unnamed"), "names of the profiles"),
        (Knobs(gate_kind="unnamed", gate=False, active=OTHER[0]), "names of the profiles"),
        (Knobs(gate_kind="unknown", gate=False, active=OTHER[0]), "profile"),
    ],
    ids=lambda value: value if isinstance(value, str) else "knobs",
)
def test_a_changed_page_is_missed_by_name_and_is_never_an_empty_history(person, knobs, missing, monkeypatch):
    monkeypatch.setattr("services.scraper.transitions.PAGE_SECONDS", 1.5)
    person.has_cookies()
    person.state.write(Rows(rows=3000))
    result, _ = person.scrape(knobs)
    assert result.code == "LAYOUT_CHANGED"
    assert result.detail.startswith(f"missing: {missing}")
    assert person.queue == []
    assert person.state.read(Latch) is None, "it is tried once more, the next day"


def test_the_hooks_of_a_page_that_is_not_known_are_kept_without_anything_of_the_person(person, monkeypatch):
    monkeypatch.setattr("services.scraper.transitions.PAGE_SECONDS", 1.5)
    person.has_cookies()
    result, _ = person.scrape(Knobs(renamed=True, gate=False))
    assert result.hooks == ("/viewingactivity", "viewing-activity-header", "watched-entry", "watched-list+export-all")
    result, _ = person.scrape(Knobs(gate_kind="unknown"))
    assert result.hooks == ("/viewingactivity", "people-picker", "people-picker+pick-*")
    assert leaks(person.state.read(Result).model_dump_json()) == []


def test_a_page_that_was_not_known_is_tried_again_after_a_new_sign_in(person, monkeypatch):
    monkeypatch.setattr("services.scraper.transitions.PAGE_SECONDS", 1.5)
    person.has_cookies()
    result, stage = person.scrape(Knobs(interstitial=True))
    assert result.code == person.again().code == "LAYOUT_CHANGED"
    assert person.again().detail.startswith("latched since")
    stage.answered = True
    person.has_cookies()
    assert person.again().code == "OK"


def test_cookies_that_ended_are_dropped_and_nobody_is_asked_twice(person):
    person.has_cookies()
    stage = person.pages.play(Knobs())
    stage.valid_ids.clear()
    assert person.again().code == "SESSION_EXPIRED"
    assert not person.state.jar_path.exists()
    before = len(stage.requests)
    assert person.again().code == "SESSION_EXPIRED"
    assert (len(stage.requests), stage.password_posts) == (before, 0)


def test_without_any_sign_in_netflix_is_not_asked(person):
    result, stage = person.scrape()
    assert (result.code, stage.requests) == ("SESSION_EXPIRED", [])


# Profiles


def test_a_guid_chooses_between_profiles_of_one_name(person):
    person.has_cookies()
    person.wanted = Wanted("whatever", "GUIDTWO")
    result, _ = person.scrape(Knobs(profiles=[ME, ("GUIDTWO", ME[1])]))
    assert result.code == "OK"


# Downloads


@pytest.mark.parametrize(
    ("transfer", "code"),
    [
        ("stall", "DOWNLOAD_STALLED"),
        ("cut_with_length", "DOWNLOAD_FAILED"),
        ("cut_without_length", "DOWNLOAD_INVALID"),
        ("page", "DOWNLOAD_FAILED"),
        ("page_as_file", "DOWNLOAD_FAILED"),
    ],
)
def test_a_part_of_a_file_is_never_queued(person, transfer, code):
    person.has_cookies()
    result, stage = person.scrape(Knobs(transfer=transfer, rows=400))
    assert result.code == code
    assert person.queue == []
    assert stage.downloads >= 3, "tried twice more in the same browser; Chromium itself tries again, too"
    assert person.state.read(Plan).code == code


@pytest.mark.parametrize("control", ["anchor", "blob"])
def test_a_download_that_is_never_answered_is_given_up_at_once(person, control):
    person.has_cookies()
    person.times = replace(person.times, answer=1.5, stall=30.0)
    result, stage = person.scrape(Knobs(transfer="never", control=control, rows=400))
    assert (result.code, result.detail) == ("DOWNLOAD_TIMEOUT", "no answer in 2 s")
    assert stage.downloads == 1
    assert person.queue == []


@pytest.mark.parametrize("transfer", ["cut_with_length", "page"])
def test_a_failure_that_does_not_come_again_is_got_over(person, transfer):
    person.has_cookies()
    result, stage = person.scrape(Knobs(transfer=transfer, cuts=1, rows=400))
    assert result.code == "OK"
    assert person.delivered() == [stage.csv()]


def test_a_slow_download_of_a_large_history_is_waited_for(person):
    person.has_cookies()
    result, stage = person.scrape(Knobs(transfer="slow", rows=40_000))
    assert (result.code, result.rows) == ("OK", 40_000)
    assert person.delivered() == [stage.csv()]


def test_a_file_with_its_header_alone_is_a_profile_without_titles(person, monkeypatch):
    monkeypatch.setattr("services.scraper.scrape.PAGE_SECONDS", 1.5)
    person.has_cookies()
    result, _ = person.scrape(Knobs(rows=0))
    assert (result.code, result.rows) == ("EMPTY_HISTORY", 0)
    assert person.delivered() == [b"Title,Date\n"]


def test_the_last_number_of_titles_is_remembered_whatever_the_way_in(person):
    person.has_cookies()
    assert person.scrape(Knobs(rows=30))[0].code == "OK"
    person.state.jar_path.unlink()
    person.has_password()
    person.wanted = Wanted("", ME[0])
    assert person.scrape(Knobs(rows=12))[0].code == "SHORTER_HISTORY"
    assert len(person.queue) == 2


# The network and the browser


def test_a_wrong_certificate_is_never_accepted(person):
    person.has_cookies()
    result, stage = person.scrape(arguments=(person.pages.resolver,))
    assert result.code == "NET_ERROR"
    assert stage.requests == []


def test_a_browser_that_does_not_start_is_named(person, monkeypatch, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    found = Programs(str(broken), find_programs().driver)
    monkeypatch.setattr("services.scraper.browser.find_programs", lambda: found)
    person.has_cookies()
    result, _ = person.scrape()
    assert result.code == "BROWSER_CRASH"
    assert person.state.read(Result).code == "BROWSER_CRASH"


def test_two_runs_do_not_meet(person):
    person.has_cookies()
    with person.state.only_one():
        assert person.scrape()[0].code == "BUSY"


# The code itself


def test_no_text_is_looked_for_nothing_sleeps_and_nothing_is_disguised():
    for path in sorted((ROOT / "services" / "scraper").rglob("*.py")):
        text = path.read_text()
        for word in ("LINK_TEXT", "By.XPATH", "--user-agent", "setUserAgentOverride", "page_source", "log_output"):
            assert word not in text, path
        assert ("time.sleep(" in text) is (path.name == "poll.py"), path
    compose = (ROOT / "docker-compose.yml").read_text()
    for word in ("privileged:", "SYS_ADMIN", "seccomp=unconfined"):
        assert not re.search(word, compose)
