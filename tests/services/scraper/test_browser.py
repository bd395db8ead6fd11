"""What a driver's errors mean, with a driver that raises them; which of them a real one raises is in test_scrape.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    InvalidSessionIdException,
    JavascriptException,
    NoSuchWindowException,
    StaleElementReferenceException,
    TimeoutException,
    UnexpectedAlertPresentException,
    WebDriverException,
)

from services.scraper import browser as module
from services.scraper.browser import Browser
from services.scraper.failures import Failure
from services.scraper.page_state import Page
from services.scraper.programs import Programs

LOST = [
    InvalidSessionIdException("invalid session id"),
    NoSuchWindowException("no such window"),
    WebDriverException("tab crashed\n  (Session info: chrome=156)"),
    WebDriverException("disconnected: not connected to DevTools"),
]
PASSING = [
    JavascriptException("x"),
    StaleElementReferenceException("x"),
    UnexpectedAlertPresentException("x"),
    WebDriverException("aborted by navigation"),
]


class Driver:
    """Has one element of every group, and raises the given errors one after the other, at everything it is asked."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.acts = []

    def _do(self, act):
        if self.errors:
            raise self.errors.pop(0)
        self.acts.append(act)

    def get(self, address):
        self._do(f"get {address}")

    def execute_script(self, script, *_arguments):
        self._do("script")
        fields = {name: getattr(Page(), name) for name in Page.__dataclass_fields__}
        return {**fields, "profiles": []}

    def find_elements(self, _by, _selector):
        parts = {name: lambda *_, name=name: self._do(name) for name in ("click", "clear", "send_keys")}
        return [SimpleNamespace(is_displayed=lambda: True, **parts)]


def browser(*errors):
    return Browser(cast(Any, Driver(*errors)), None, True)


@pytest.mark.parametrize("uid", [0, 1000])
def test_a_sandbox_that_has_to_be_on_is_never_left_out(monkeypatch, temporary, uid):
    monkeypatch.setattr("services.scraper.browser.os.geteuid", lambda: uid)
    monkeypatch.setattr(module, "find_programs", lambda: Programs("chromium", "chromedriver"))
    monkeypatch.setattr(module, "sandbox_works", lambda: False)
    started = []

    def start(_programs, _folder, arguments):
        started.append(arguments)
        raise WebDriverException("session not created")

    monkeypatch.setattr(module, "_start", start)
    with pytest.raises(Failure, match="NO_SANDBOX") as failure, module.open_browser("on"):
        pass
    why = "it refuses to run as root" if uid == 0 else "this system forbids the user namespaces that it needs"
    assert (failure.value.detail, started) == (why, [] if uid == 0 else [[]])


@pytest.mark.parametrize("error", PASSING)
def test_a_temporary_script_error_means_the_page_is_not_ready(error):
    one = browser(error)
    assert not one.read_page().ready
    assert one.read_page().ready


@pytest.mark.parametrize("error", LOST)
def test_a_browser_that_has_ended_is_not_read_again(error):
    with pytest.raises(WebDriverException):
        browser(error).read_page()


@pytest.mark.parametrize("error", [TimeoutException("timeout"), WebDriverException("unknown error: net::ERR_FAILED")])
def test_a_page_that_does_not_answer_is_a_network_error(error):
    for act in (lambda one: one.read_page(), lambda one: one.open("/x")):
        with pytest.raises(Failure) as failure:
            act(browser(error))
        assert failure.value.cause.code == "NET_ERROR"


def test_the_next_reading_sees_the_page_after_a_click():
    one = browser(TimeoutException("the page does not come"))
    one.click("submit")
    assert one.read_page().ready


def test_a_stale_element_is_found_again_once():
    one = browser(StaleElementReferenceException("x"))
    one.click("submit")
    assert one.driver.acts == ["click"]
    stale = StaleElementReferenceException("x")
    with pytest.raises(Failure) as failure:
        browser(stale, stale).click("submit")
    assert (failure.value.cause.code, failure.value.detail) == (
        "LAYOUT_CHANGED",
        "submit: StaleElementReferenceException",
    )


def test_a_stale_field_is_filled_from_its_beginning():
    one = browser()
    clicked = one.driver.find_elements
    once = [StaleElementReferenceException("x")]

    def find_elements(by, selector):
        (element,) = clicked(by, selector)
        if once:
            element.send_keys = lambda _: (_ for _ in ()).throw(once.pop())
        return [element]

    one.driver.find_elements = find_elements
    one.type_secret("password", "x")
    assert one.driver.acts == ["script", "clear", "clear", "send_keys"]


def test_an_unusable_element_means_a_changed_layout():
    with pytest.raises(Failure) as failure:
        browser(ElementNotInteractableException("x")).click("submit")
    assert failure.value.cause.code == "LAYOUT_CHANGED"


def test_an_element_under_a_banner_is_clicked():
    one = browser(ElementClickInterceptedException("x"))
    one.click("submit")
    assert one.driver.acts == ["script"]


@pytest.mark.parametrize("error", PASSING)
def test_a_page_that_is_being_replaced_has_no_hooks(error):
    assert browser(error).hooks("") == ()


@pytest.mark.parametrize("error", LOST)
def test_a_browser_that_has_ended_is_not_asked_for_hooks(error):
    with pytest.raises(WebDriverException):
        browser(error).hooks("")
