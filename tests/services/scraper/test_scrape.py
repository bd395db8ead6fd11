"""The real Chromium against the stand-in: every way a run can go, and what is left of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netflix_trend.delivery.inbox import unpack
from services.scraper.programs import Programs, find_programs
from services.scraper.run_state import Latch, PasswordUsed, Plan, Result
from services.scraper.transitions import Wanted
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
    ],
    ids=["two_steps", "one_step_in_german", "gate_by_click", "other_profile_active"],
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


@pytest.mark.parametrize("knobs", [Knobs(layout_changed=True), Knobs(control="none"), Knobs(user_info=False)])
def test_a_changed_page_is_missed_by_name(person, knobs, monkeypatch):
    monkeypatch.setattr("services.scraper.transitions.PAGE_SECONDS", 1.5)
    person.has_cookies()
    result, _ = person.scrape(knobs)
    assert result.code == "LAYOUT_CHANGED"
    assert result.detail.startswith("missing: ")
    assert person.queue == []
    assert person.state.read(Latch) is None, "it is tried once more, the next day"


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
    ],
)
def test_a_part_of_a_file_is_never_queued(person, transfer, code):
    person.has_cookies()
    result, stage = person.scrape(Knobs(transfer=transfer, rows=400))
    assert result.code == code
    assert person.queue == []
    assert stage.downloads >= 3, "tried twice more in the same browser; Chromium itself tries again, too"
    assert person.state.read(Plan).code == code


def test_a_cut_that_does_not_come_again_is_got_over(person):
    person.has_cookies()
    result, stage = person.scrape(Knobs(transfer="cut_with_length", cuts=1, rows=400))
    assert result.code == "OK"
    assert person.delivered() == [stage.csv()]


def test_a_slow_download_of_a_large_history_is_waited_for(person):
    person.has_cookies()
    result, stage = person.scrape(Knobs(transfer="slow", rows=40_000))
    assert (result.code, result.rows) == ("OK", 40_000)
    assert person.delivered() == [stage.csv()]


@pytest.mark.parametrize("control", ["anchor", "none"])
def test_a_profile_without_titles_is_not_a_failure(person, control, monkeypatch):
    monkeypatch.setattr("services.scraper.transitions.PAGE_SECONDS", 1.5)
    person.has_cookies()
    result, _ = person.scrape(Knobs(rows=0, control=control))
    assert (result.code, result.rows) == ("EMPTY_HISTORY", 0)
    (message,) = person.queue
    assert b"".join(unpack(message)[1]) == b"Title,Date\n"


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
