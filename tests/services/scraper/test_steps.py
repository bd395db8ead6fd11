"""States and stops, from looks at pages that no browser has to draw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scraper.hooks import HOOKS
from services.scraper.probe import Probe, Profile, State, state
from services.scraper.steps import PAGE_SECONDS, Progress, Wanted, next_step
from services.scraper.stops import Stop
from tests.services.scraper.played import ACTIVITY, LOGIN_BOTH, LOGIN_EMAIL, LOGIN_PASSWORD, look

ME, OTHER = Profile("GME", "Me"), Profile("GOTHER", "Other")
COOKIES = Progress(Wanted("Me"))
PASSWORD = Progress(Wanted("Me"), may_sign_in=True, has_password=True)


GATE = look("/browse", "gate", "profile", profiles=(OTHER, ME))


def stopped(probe, progress=PASSWORD, waited=0.0):
    with pytest.raises(Stop) as stop:
        next_step(probe, progress, waited)
    return stop.value.cause.code


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        (look(protocol="chrome-error:", status=0), State.NET_ERROR),
        (look(status=403), State.RATE_LIMITED),
        (look(status=429), State.RATE_LIMITED),
        (look(status=503), State.RATE_LIMITED),
        (look(status=500), State.SERVER_ERROR),
        (look("/login", "captcha", "email", "password"), State.CAPTCHA),
        (look("/browse", "household"), State.HOUSEHOLD),
        (look("/account", "identity"), State.IDENTITY),
        (look("/mfa"), State.IDENTITY),
        (look("/login", "code"), State.CODE),
        (look("/login", seen={"code_digit": 4}), State.CODE),
        (look("/login", seen={"code_digit": 3}), State.UNKNOWN),
        (look("/browse", seen={"code_digit": 4, "pin": 4}), State.PIN),
        (look("/login", "login_error", "email"), State.LOGIN_ERROR),
        (LOGIN_BOTH, State.LOGIN_BOTH),
        (LOGIN_PASSWORD, State.LOGIN_PASSWORD),
        (LOGIN_EMAIL, State.LOGIN_EMAIL),
        # An e-mail field in the footer of a page for members is no sign-in; neither is a message there an error of one.
        (look("/browse", "email", "login_error"), State.BROWSE),
        (look("/browse", "pin"), State.PIN),
        (ACTIVITY, State.ACTIVITY),
        (look("/viewingactivity", "activity", "row"), State.ACTIVITY_WITHOUT_DOWNLOAD),
        (look("/viewingactivity", "activity"), State.ACTIVITY_EMPTY),
        (GATE, State.PROFILES),
        (look("/profiles/manage", "profile", profiles=(ME,)), State.PROFILES),
        (look("/", membership="FORMER_MEMBER"), State.NO_MEMBERSHIP),
        (look("/", membership="NEVER_MEMBER"), State.NO_MEMBERSHIP),
        (look("/", "no_plan", membership=""), State.NO_MEMBERSHIP),
        (look("/", membership="ANONYMOUS"), State.SIGNED_OUT),
        (look("/browse"), State.BROWSE),
        (look("/something"), State.UNKNOWN),
    ],
)
def test_a_page_has_one_state(probe, expected):
    assert state(probe) is expected


@pytest.mark.parametrize(
    ("probe", "code"),
    [
        (look(protocol="chrome-error:"), "NET_ERROR"),
        (look(status=502), "NET_ERROR"),
        (look(status=429), "RATE_LIMITED"),
        (look("/", "captcha"), "CAPTCHA"),
        (look("/", "code"), "CODE_REQUIRED"),
        (look("/", "identity"), "VERIFY_IDENTITY"),
        (look("/", "household"), "HOUSEHOLD"),
        (look("/", "no_plan"), "NO_MEMBERSHIP"),
        (look("/", "pin"), "PROFILE_LOCKED"),
    ],
)
@pytest.mark.parametrize("progress", [COOKIES, PASSWORD])
def test_what_asks_for_a_human_stops_at_once(probe, code, progress):
    assert stopped(probe, progress) == code


def test_locale_prefixes_are_not_part_of_a_path():
    found = {name: getattr(look(), name) for name in Probe.__dataclass_fields__} | {"profiles": []}
    for path, expected in (("/de/login", "/login"), ("/pt-br/browse", "/browse"), ("/de", "/de"), ("/mfa", "/mfa")):
        assert Probe.from_page({**found, "path": path}).path == expected


def test_cookies_that_ended_never_lead_to_typing():
    for probe in (LOGIN_EMAIL, LOGIN_PASSWORD, LOGIN_BOTH, look("/", membership="ANONYMOUS")):
        assert stopped(probe, COOKIES) == "SESSION_EXPIRED"


def test_two_steps_then_one_password_and_no_second():
    assert next_step(LOGIN_EMAIL, PASSWORD, 0) == "type_email"
    typed = PASSWORD.after("type_email", LOGIN_EMAIL)
    assert next_step(LOGIN_EMAIL, typed, 1) == "wait"
    assert stopped(LOGIN_EMAIL, typed, PAGE_SECONDS) == "LAYOUT_CHANGED"
    assert next_step(LOGIN_PASSWORD, typed, 0) == "type_password"
    posted = typed.after("type_password", LOGIN_PASSWORD)
    assert next_step(LOGIN_PASSWORD, posted, 1) == "wait"
    assert stopped(LOGIN_PASSWORD, posted, PAGE_SECONDS) == "LOGIN_REJECTED"
    for again in (LOGIN_EMAIL, LOGIN_PASSWORD, LOGIN_BOTH):
        assert stopped(replace(again, document=2.0), posted) == "LOGIN_REJECTED"


def test_one_step_types_both_and_an_error_afterwards_is_final():
    assert next_step(LOGIN_BOTH, PASSWORD, 0) == "type_both"
    posted = PASSWORD.after("type_both", LOGIN_BOTH)
    error = replace(LOGIN_BOTH, seen={**LOGIN_BOTH.seen, "login_error": 1})
    assert stopped(error, posted) == "LOGIN_REJECTED"


def with_message(probe):
    return replace(probe, seen={**probe.seen, "login_error": 1})


def test_a_message_that_was_there_before_anything_was_typed_is_not_an_answer():
    both = with_message(LOGIN_BOTH)
    assert next_step(both, PASSWORD, 0) == "type_both"
    posted = PASSWORD.after("type_both", both)
    assert next_step(both, posted, 0) == "wait", "the page is still the one that was left"
    assert next_step(LOGIN_BOTH, posted, 0) == "wait", "it takes the message away when the form is sent"
    assert stopped(both, posted, PAGE_SECONDS) == "LOGIN_REJECTED"
    assert stopped(replace(both, document=2.0), posted) == "LOGIN_REJECTED", "the same message after an answer"


def test_a_message_stays_while_the_second_step_is_drawn_into_the_same_page():
    first, second = with_message(LOGIN_EMAIL), with_message(LOGIN_PASSWORD)
    assert next_step(first, PASSWORD, 0) == "type_email"
    typed = PASSWORD.after("type_email", first)
    assert next_step(first, typed, 1) == "wait"
    assert stopped(first, typed, PAGE_SECONDS) == "LOGIN_REJECTED"
    assert next_step(second, typed, 0) == "type_password"
    posted = typed.after("type_password", second)
    assert next_step(second, posted, 1) == "wait"
    for again in (replace(second, document=2.0), replace(first, document=2.0), first):
        assert stopped(again, posted) == "LOGIN_REJECTED"


def test_a_message_that_comes_into_the_same_page_is_an_answer():
    posted = PASSWORD.after("type_both", LOGIN_BOTH)
    assert stopped(with_message(LOGIN_BOTH), posted) == "LOGIN_REJECTED"
    typed = PASSWORD.after("type_email", LOGIN_EMAIL)
    assert stopped(with_message(LOGIN_EMAIL), typed) == "LOGIN_REJECTED"


def test_a_password_that_was_used_up_is_not_typed():
    used = replace(PASSWORD, may_sign_in=False)
    for probe in (LOGIN_EMAIL, LOGIN_PASSWORD, LOGIN_BOTH):
        assert stopped(probe, used) == "LOGIN_REJECTED"


def test_a_profile_is_chosen_by_its_exact_name_or_guid():
    assert next_step(GATE, COOKIES, 0) == "choose_profile"
    assert Wanted("Me").choose(GATE.profiles) == 1
    assert Wanted("whatever", "GOTHER").choose(GATE.profiles) == 0
    assert stopped(GATE, Progress(Wanted("me"))) == "PROFILE_NOT_FOUND"
    assert stopped(replace(GATE, profiles=(ME, ME)), COOKIES) == "PROFILE_AMBIGUOUS"
    assert stopped(replace(GATE, document=2.0), COOKIES.after("choose_profile", GATE)) == "LAYOUT_CHANGED"


def test_a_stop_about_profiles_names_none():
    with pytest.raises(Stop) as stop:
        Wanted("Secret").choose((ME, OTHER))
    assert stop.value.detail == "0 of 2 profiles match"
    assert not any(name in stop.value.sentence for name in ("Secret", "Other", "GME"))


def test_another_active_profile_is_left_once_and_never_downloaded():
    other = replace(ACTIVITY, user_name="Other", user_guid="GOTHER")
    assert next_step(other, COOKIES, 0) == "open_profiles"
    assert stopped(other, COOKIES.after("open_profiles", other)) == "WRONG_PROFILE"
    assert stopped(other, replace(COOKIES, chosen=1)) == "WRONG_PROFILE"
    assert next_step(ACTIVITY, COOKIES, 0) == "download"
    assert next_step(ACTIVITY, Progress(Wanted("", "GME")), 0) == "download"


def test_nothing_is_downloaded_from_a_page_that_does_not_say_whose_it_is():
    nobody = replace(ACTIVITY, user_name="", user_guid="")
    assert next_step(nobody, COOKIES, 0) == "wait"
    assert stopped(nobody, COOKIES, PAGE_SECONDS) == "LAYOUT_CHANGED"


def test_an_empty_page_is_empty_only_when_it_stays_so():
    empty = look("/viewingactivity", "activity")
    assert next_step(empty, COOKIES, PAGE_SECONDS - 1) == "wait", "rows may come long after the header"
    assert next_step(empty, COOKIES, PAGE_SECONDS) == "empty"
    assert next_step(replace(empty, user_name="Other"), COOKIES, PAGE_SECONDS) == "open_profiles"


def test_a_page_without_its_control_names_what_is_missing():
    without = look("/viewingactivity", "activity", "row")
    assert next_step(without, COOKIES, PAGE_SECONDS - 1) == "wait"
    with pytest.raises(Stop) as stop:
        next_step(without, COOKIES, PAGE_SECONDS)
    assert (stop.value.cause.code, stop.value.detail) == (
        "LAYOUT_CHANGED",
        "missing: download, after ACTIVITY_WITHOUT_DOWNLOAD",
    )


def test_a_page_that_is_being_replaced_is_waited_for():
    assert next_step(Probe(ready=False), COOKIES, 0) == "wait"
    assert next_step(look("/new"), COOKIES, 0) == "wait"
    assert stopped(look("/new"), COOKIES, PAGE_SECONDS) == "LAYOUT_CHANGED"


def test_members_go_to_their_activity_but_not_in_circles():
    home, progress = look("/browse"), COOKIES
    for document in range(3):
        home = replace(home, document=float(document))
        assert next_step(home, progress, 0) == "open_activity"
        progress = progress.after("open_activity", home)
    assert stopped(replace(home, document=9.0), progress) == "LAYOUT_CHANGED"


def test_a_secret_may_be_typed_on_netflix_alone():
    assert look().is_netflix
    for other in (look(protocol="http:"), look(host="www.netflix.com.example.org"), look(host="netflix.com:8443")):
        assert not other.is_netflix


def test_hooks_are_selectors_and_read_no_visible_text():
    for group in HOOKS.values():
        assert group
        assert not any(word in selector for selector in group for word in (":contains", "text()", "//"))
