"""States, actions and failures for given pages, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from services.scraper.failures import Failure
from services.scraper.page_selectors import HOOKS, SELECTORS
from services.scraper.page_state import Page, PageState, Profile, state_of
from services.scraper.transitions import PAGE_SECONDS, SETTLE_SECONDS, Progress, Wanted, next_action
from tests.services.scraper.played import ACTIVITY, LOGIN_BOTH, LOGIN_EMAIL, LOGIN_PASSWORD, seen_page, signed_out

ME, OTHER = Profile("GME", "Me"), Profile("GOTHER", "Other")
COOKIES = Progress(Wanted("Me"))
PASSWORD = Progress(Wanted("Me"), may_sign_in=True, has_password=True)


GATE = seen_page("/browse", "gate", "profile", profiles=(OTHER, ME))


def stopped(page, progress=PASSWORD, waited=0.0):
    with pytest.raises(Failure) as failure:
        next_action(page, progress, waited)
    return failure.value.cause.code


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (seen_page(protocol="chrome-error:", status=0), PageState.NET_ERROR),
        (seen_page(status=403), PageState.RATE_LIMITED),
        (seen_page(status=429), PageState.RATE_LIMITED),
        (seen_page(status=503), PageState.RATE_LIMITED),
        (seen_page(status=500), PageState.SERVER_ERROR),
        (seen_page("/login", "captcha", "email", "password"), PageState.CAPTCHA),
        (seen_page("/browse", "household"), PageState.HOUSEHOLD),
        (seen_page("/account", "identity"), PageState.IDENTITY),
        (seen_page("/mfa"), PageState.IDENTITY),
        (seen_page("/login", "code"), PageState.CODE),
        (seen_page("/login", seen={"code_digit": 4}), PageState.CODE),
        (seen_page("/login", seen={"code_digit": 3}), PageState.UNKNOWN),
        # The PIN of 2026 is also marked as a one-time code; before the sign-in there are no PINs.
        (seen_page("/browse", "gate_pin", "pin", "code"), PageState.PIN),
        (seen_page("/login", seen={"code_digit": 4, "pin": 4}), PageState.CODE),
        (seen_page("/login", "pin"), PageState.CODE),
        (signed_out("/", "gate_pin", "pin", "code"), PageState.CODE),
        (seen_page("/browse", seen={"code_digit": 4, "pin": 4}), PageState.PIN),
        (seen_page("/login", "login_error", "email"), PageState.LOGIN_ERROR),
        (LOGIN_BOTH, PageState.LOGIN_BOTH),
        (LOGIN_PASSWORD, PageState.LOGIN_PASSWORD),
        (LOGIN_EMAIL, PageState.LOGIN_EMAIL),
        # An e-mail field in the footer of a page for members is no sign-in; neither is a message there an error of one.
        (seen_page("/browse", "email", "login_error"), PageState.BROWSE),
        (seen_page("/browse", "pin"), PageState.PIN),
        (ACTIVITY, PageState.ACTIVITY),
        (seen_page("/viewingactivity", "activity", "row"), PageState.ACTIVITY_WITHOUT_DOWNLOAD),
        (seen_page("/viewingactivity", "activity"), PageState.ACTIVITY_EMPTY),
        (GATE, PageState.PROFILES),
        (seen_page("/profiles/manage", "profile", profiles=(ME,)), PageState.PROFILES),
        (seen_page("/profiles/manage"), PageState.PROFILES),
        (seen_page("/latest"), PageState.BROWSE),
        (seen_page("/", membership="FORMER_MEMBER"), PageState.NO_MEMBERSHIP),
        (seen_page("/", membership="NEVER_MEMBER"), PageState.NO_MEMBERSHIP),
        (seen_page("/", "no_plan", membership=""), PageState.NO_MEMBERSHIP),
        (seen_page("/", membership="ANONYMOUS"), PageState.SIGNED_OUT),
        (seen_page("/browse"), PageState.BROWSE),
        (seen_page("/something"), PageState.UNKNOWN),
    ],
)
def test_a_page_has_one_state(page, expected):
    assert state_of(page) is expected


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (seen_page(protocol="chrome-error:"), "NET_ERROR"),
        (seen_page(status=502), "NET_ERROR"),
        (seen_page(status=429), "RATE_LIMITED"),
        (seen_page("/", "captcha"), "CAPTCHA"),
        (seen_page("/", "code"), "CODE_REQUIRED"),
        (seen_page("/", "identity"), "VERIFY_IDENTITY"),
        (seen_page("/", "household"), "HOUSEHOLD"),
        (seen_page("/", "no_plan"), "NO_MEMBERSHIP"),
        (seen_page("/", "pin"), "PROFILE_LOCKED"),
    ],
)
@pytest.mark.parametrize("progress", [COOKIES, PASSWORD])
def test_challenges_fail_at_once(page, code, progress):
    assert stopped(page, progress) == code


def test_locale_prefixes_are_not_part_of_a_path():
    found = {name: getattr(seen_page(), name) for name in Page.__dataclass_fields__} | {"profiles": []}
    for path, expected in (("/de/login", "/login"), ("/pt-br/browse", "/browse"), ("/de", "/de"), ("/mfa", "/mfa")):
        assert Page.from_page({**found, "path": path}).path == expected


def test_cookies_that_ended_never_lead_to_typing():
    for page in (LOGIN_EMAIL, LOGIN_PASSWORD, LOGIN_BOTH, seen_page("/", membership="ANONYMOUS")):
        assert stopped(page, COOKIES) == "SESSION_EXPIRED"


def test_a_password_is_typed_only_once():
    assert next_action(LOGIN_EMAIL, PASSWORD, 0) == "type_email"
    typed = PASSWORD.after("type_email", LOGIN_EMAIL)
    assert next_action(LOGIN_EMAIL, typed, 1) == "wait"
    assert stopped(LOGIN_EMAIL, typed, PAGE_SECONDS) == "LAYOUT_CHANGED"
    assert next_action(LOGIN_PASSWORD, typed, 0) == "type_password"
    posted = typed.after("type_password", LOGIN_PASSWORD)
    assert next_action(LOGIN_PASSWORD, posted, 1) == "wait"
    assert stopped(LOGIN_PASSWORD, posted, PAGE_SECONDS) == "LOGIN_REJECTED"
    for again in (LOGIN_EMAIL, LOGIN_PASSWORD, LOGIN_BOTH):
        assert stopped(replace(again, document=2.0), posted) == "LOGIN_REJECTED"


def test_a_login_error_after_typing_both_is_final():
    assert next_action(LOGIN_BOTH, PASSWORD, 0) == "type_both"
    posted = PASSWORD.after("type_both", LOGIN_BOTH)
    error = replace(LOGIN_BOTH, seen={**LOGIN_BOTH.seen, "login_error": 1})
    assert stopped(error, posted) == "LOGIN_REJECTED"


def with_message(page):
    return replace(page, seen={**page.seen, "login_error": 1})


def test_a_message_that_was_there_before_anything_was_typed_is_not_an_answer():
    both = with_message(LOGIN_BOTH)
    assert next_action(both, PASSWORD, 0) == "type_both"
    posted = PASSWORD.after("type_both", both)
    assert next_action(both, posted, 0) == "wait", "the page is still the one that was left"
    assert next_action(LOGIN_BOTH, posted, 0) == "wait", "it takes the message away when the form is sent"
    assert stopped(both, posted, PAGE_SECONDS) == "LOGIN_REJECTED"
    assert stopped(replace(both, document=2.0), posted) == "LOGIN_REJECTED", "the same message after an answer"


def test_a_message_stays_while_the_second_step_is_drawn_into_the_same_page():
    first, second = with_message(LOGIN_EMAIL), with_message(LOGIN_PASSWORD)
    assert next_action(first, PASSWORD, 0) == "type_email"
    typed = PASSWORD.after("type_email", first)
    assert next_action(first, typed, 1) == "wait"
    assert stopped(first, typed, PAGE_SECONDS) == "LOGIN_REJECTED"
    assert next_action(second, typed, 0) == "type_password"
    posted = typed.after("type_password", second)
    assert next_action(second, posted, 1) == "wait"
    for again in (replace(second, document=2.0), replace(first, document=2.0), first):
        assert stopped(again, posted) == "LOGIN_REJECTED"


def test_a_message_that_comes_into_the_same_page_is_an_answer():
    posted = PASSWORD.after("type_both", LOGIN_BOTH)
    assert stopped(with_message(LOGIN_BOTH), posted) == "LOGIN_REJECTED"
    typed = PASSWORD.after("type_email", LOGIN_EMAIL)
    assert stopped(with_message(LOGIN_EMAIL), typed) == "LOGIN_REJECTED"


def test_a_password_that_was_used_up_is_not_typed():
    used = replace(PASSWORD, may_sign_in=False)
    for page in (LOGIN_EMAIL, LOGIN_PASSWORD, LOGIN_BOTH):
        assert stopped(page, used) == "LOGIN_REJECTED"


CODE = signed_out("/login", seen={"code_digit": 4, "pin": 4, "help_menu": 1})
OFFERED = signed_out("/login", seen={"code_digit": 4, "pin": 4, "use_password": 1})


def test_a_password_is_asked_for_where_a_code_is_and_typed_once():
    typed = PASSWORD.after("type_email", LOGIN_EMAIL)
    assert next_action(CODE, typed, 0) == "open_help"
    opened = typed.after("open_help", CODE)
    assert next_action(CODE, opened, 1) == "wait"
    assert next_action(OFFERED, opened, 0) == "use_password"
    asked = opened.after("use_password", OFFERED)
    assert next_action(OFFERED, asked, 1) == "wait"
    assert stopped(OFFERED, asked, PAGE_SECONDS) == "CODE_REQUIRED"
    assert next_action(LOGIN_PASSWORD, asked, 0) == "type_password"
    posted = asked.after("type_password", LOGIN_PASSWORD)
    for page in (CODE, OFFERED):
        assert stopped(page, posted) == "CODE_REQUIRED", "after the password there is no other way"


@pytest.mark.parametrize("progress", [COOKIES, replace(PASSWORD, may_sign_in=False)])
def test_a_password_that_may_not_be_typed_is_not_asked_for(progress):
    for page in (CODE, OFFERED):
        assert stopped(page, progress) == "CODE_REQUIRED"
    assert stopped(replace(CODE, path="/account", membership="CURRENT_MEMBER"), PASSWORD) == "PROFILE_LOCKED"


def test_a_session_that_is_lost_is_not_a_rejected_password():
    posted = PASSWORD.after("type_both", LOGIN_BOTH)
    again = replace(LOGIN_BOTH, document=2.0)
    assert stopped(again, posted) == "LOGIN_REJECTED"
    assert stopped(again, replace(posted, signed_in=True)) == "SESSION_EXPIRED"
    used = replace(PASSWORD, may_sign_in=False)
    assert stopped(again, used) == "LOGIN_REJECTED"
    assert stopped(again, replace(used, had_session=True)) == "SESSION_EXPIRED"
    assert next_action(again, replace(PASSWORD, had_session=True), 0) == "type_both", "it may be typed once"


def test_a_message_beside_the_first_form_for_a_password_is_not_about_it():
    typed = PASSWORD.after("type_email", LOGIN_EMAIL)
    second = replace(with_message(LOGIN_PASSWORD), document=2.0)
    assert next_action(second, typed, 0) == "type_password"
    posted = typed.after("type_password", second)
    assert stopped(replace(second, document=3.0), posted) == "LOGIN_REJECTED"


def test_a_profile_is_chosen_by_its_exact_name_or_guid():
    assert next_action(GATE, COOKIES, 0) == "choose_profile"
    assert Wanted("Me").choose(GATE.profiles) == 1
    assert Wanted("whatever", "GOTHER").choose(GATE.profiles) == 0
    assert stopped(GATE, Progress(Wanted("me"))) == "PROFILE_NOT_FOUND"
    assert stopped(replace(GATE, profiles=(ME, ME)), COOKIES) == "PROFILE_AMBIGUOUS"


def test_a_profile_that_its_address_does_not_open_is_clicked_once():
    opened = COOKIES.after("choose_profile", GATE)
    assert opened.wanted.guid == "GME", "the list says which GUID the name has"
    again = replace(GATE, document=2.0)
    assert next_action(again, opened, 0) == "choose_profile"
    clicked = opened.after("choose_profile", again)
    assert next_action(again, clicked, 0) == "wait"
    assert stopped(replace(GATE, document=3.0), clicked) == "LAYOUT_CHANGED"
    without = replace(GATE, profiles=(Profile("", "Other"), Profile("", "Me")))
    assert stopped(replace(without, document=2.0), COOKIES.after("choose_profile", without)) == "LAYOUT_CHANGED"


def test_a_list_that_cannot_be_read_is_a_changed_page():
    unnamed = replace(GATE, profiles=(Profile("GME", ""), Profile("GOTHER", "")))
    assert stopped(unnamed, COOKIES) == "LAYOUT_CHANGED"
    without = replace(GATE, profiles=(Profile("", "Me"), Profile("", "Other")), document=2.0)
    opened = Progress(Wanted("", "GME")).after("choose_profile", GATE)
    assert stopped(without, opened) == "LAYOUT_CHANGED"
    for empty in (seen_page("/browse", "gate"), seen_page("/profiles/manage")):
        assert next_action(empty, COOKIES, 0) == "wait"
        assert stopped(empty, COOKIES, PAGE_SECONDS) == "LAYOUT_CHANGED"


def test_a_wanted_guid_is_opened_at_once_and_once():
    wanted = Progress(Wanted("", "GME"))
    other = replace(ACTIVITY, user_name="Other", user_guid="GOTHER")
    for page in (GATE, seen_page("/browse"), seen_page("/browse", "gate"), other):
        assert next_action(page, wanted, 0) == "choose_profile"
    opened = wanted.after("choose_profile", other)
    assert next_action(seen_page("/browse"), opened, 0) == "open_activity"
    assert next_action(seen_page("/browse", "gate"), opened, 0) == "wait"
    assert stopped(other, opened) == "WRONG_PROFILE"
    assert next_action(ACTIVITY, wanted, 0) == "download"
    unknown = seen_page("/new")
    assert next_action(unknown, wanted, SETTLE_SECONDS - 1) == "wait"
    assert next_action(unknown, wanted, SETTLE_SECONDS) == "choose_profile"
    visitors = signed_out("/new")
    assert next_action(seen_page("/new", membership=""), wanted, SETTLE_SECONDS) == "wait"
    assert stopped(visitors, wanted, SETTLE_SECONDS) == "SESSION_EXPIRED"


def test_the_address_with_the_guid_is_left_when_it_does_not_exist():
    wanted = Wanted("", "GME")
    assert [wanted.activity_path(times) for times in (1, 2)] == ["/settings/viewed/GME", "/viewingactivity"]
    assert Wanted("Me").activity_path() == "/viewingactivity"
    gone = seen_page("/settings/viewed/GME", status=404)
    progress = Progress(wanted)
    assert next_action(gone, progress, PAGE_SECONDS - 1) == "open_activity"
    assert progress.after("open_activity", gone).activity_opened == 2


def test_a_page_that_names_nobody_is_compared_by_the_guid_of_the_name():
    nameless = replace(ACTIVITY, user_name="")
    assert next_action(nameless, COOKIES, 0) == "open_profiles"
    chosen = COOKIES.after("open_profiles", nameless).after("choose_profile", GATE)
    assert next_action(replace(nameless, document=2.0), chosen, 0) == "download"
    assert stopped(replace(nameless, document=2.0, user_guid="GOTHER"), chosen) == "WRONG_PROFILE"


def test_a_failure_about_profiles_names_none():
    with pytest.raises(Failure) as failure:
        Wanted("Secret").choose((ME, OTHER))
    assert failure.value.detail == "0 of 2 profiles match"
    assert not any(name in failure.value.sentence for name in ("Secret", "Other", "GME"))


def test_another_active_profile_is_left_once_and_never_downloaded():
    other = replace(ACTIVITY, user_name="Other", user_guid="GOTHER")
    assert next_action(other, COOKIES, 0) == "open_profiles"
    assert stopped(other, COOKIES.after("open_profiles", other)) == "WRONG_PROFILE"
    assert stopped(other, replace(COOKIES, chosen=1)) == "WRONG_PROFILE"
    assert next_action(ACTIVITY, COOKIES, 0) == "download"
    assert next_action(ACTIVITY, Progress(Wanted("", "GME")), 0) == "download"


def test_nothing_is_downloaded_from_a_page_that_does_not_say_whose_it_is():
    nobody = replace(ACTIVITY, user_name="", user_guid="")
    assert next_action(nobody, COOKIES, 0) == "wait"
    assert stopped(nobody, COOKIES, PAGE_SECONDS) == "LAYOUT_CHANGED"


def test_a_page_without_rows_and_control_is_not_taken_for_an_empty_history():
    empty = seen_page("/viewingactivity", "activity")
    assert next_action(empty, COOKIES, PAGE_SECONDS - 1) == "wait", "rows may come long after the header"
    assert stopped(empty, COOKIES, PAGE_SECONDS) == "LAYOUT_CHANGED"
    assert next_action(seen_page("/viewingactivity", "activity", "download"), COOKIES, 0) == "download"


def test_a_page_without_its_control_names_what_is_missing():
    without = seen_page("/viewingactivity", "activity", "row")
    assert next_action(without, COOKIES, PAGE_SECONDS - 1) == "wait"
    with pytest.raises(Failure) as failure:
        next_action(without, COOKIES, PAGE_SECONDS)
    assert (failure.value.cause.code, failure.value.detail) == (
        "LAYOUT_CHANGED",
        "missing: download, after ACTIVITY_WITHOUT_DOWNLOAD",
    )


def test_a_page_that_is_loading_is_waited_for():
    assert next_action(Page(ready=False), COOKIES, 0) == "wait"
    assert next_action(seen_page("/new"), COOKIES, 0) == "wait"
    assert stopped(seen_page("/new"), COOKIES, PAGE_SECONDS) == "LAYOUT_CHANGED"


def test_members_go_to_their_activity_without_looping():
    home, progress = seen_page("/browse"), COOKIES
    for document in range(3):
        home = replace(home, document=float(document))
        assert next_action(home, progress, 0) == "open_activity"
        progress = progress.after("open_activity", home)
    assert stopped(replace(home, document=9.0), progress) == "LAYOUT_CHANGED"


def test_a_secret_may_be_typed_on_netflix_alone():
    assert seen_page().is_netflix
    for other in (
        seen_page(protocol="http:"),
        seen_page(host="www.netflix.com.example.org"),
        seen_page(host="netflix.com:8443"),
    ):
        assert not other.is_netflix


def test_every_selector_says_what_it_rests_on():
    for hooks in HOOKS.values():
        for hook in hooks:
            assert re.search(r"20(19|2\d)|no dated evidence", hook.evidence), hook


def test_selectors_do_not_read_visible_text():
    for group in SELECTORS.values():
        assert group
        assert not any(word in selector for selector in group for word in (":contains", "text()", "//"))
