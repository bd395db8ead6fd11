"""Chromium and its ChromeDriver, started for one run; nothing of them is left afterwards.

It does not disguise itself: the user agent says HeadlessChrome and `navigator.webdriver` is true. ChromeDriver and
Selenium write no logs, which would contain what is typed.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    InvalidElementStateException,
    InvalidSessionIdException,
    NoSuchWindowException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webelement import WebElement
from urllib3.exceptions import HTTPError

from services.scraper.cookies import Cookie
from services.scraper.failures import Failure
from services.scraper.page_hooks import HOOKS_SCRIPT, reduced
from services.scraper.page_selectors import SELECTORS
from services.scraper.page_state import SCRIPT, Page, PageState, state_of
from services.scraper.poll import wait_until
from services.scraper.programs import Programs, find_programs, misfit
from services.scraper.run_folder import MARK, end_processes, run_folder

BASE = "https://www.netflix.com"
WIDTH, HEIGHT = 1280, 900
_FLAGS = (
    "--headless=new",
    f"--window-size={WIDTH},{HEIGHT}",
    "--lang=en-US",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-breakpad",
)
PAGE_LOAD_SECONDS, _SCRIPT_SECONDS = 30, 10

SandboxSetting = Literal["auto", "on", "off"]


class Browser:
    """A running browser. downloads: its folder. sandboxed: whether Chromium's own sandbox is on."""

    def __init__(self, driver: webdriver.Chrome, downloads: Path, sandboxed: bool) -> None:
        self.driver = driver
        self.downloads = downloads
        self.sandboxed = sandboxed
        self.last = Page(protocol="about:")

    def open(self, path: str) -> None:
        """Go to a page of Netflix. Raises Failure("NET_ERROR") if it cannot be reached."""
        with net_errors():
            self.driver.get(BASE + path)

    def read_page(self) -> Page:
        """Read the page; it is `not ready` while it is being replaced.

        Raises Failure("NET_ERROR") if the page does not answer.
        """
        try:
            with net_errors():
                self.last = Page.from_page(self.driver.execute_script(SCRIPT))
        except WebDriverException as error:
            if is_lost(error):
                raise
            self.last = Page(ready=False)
        return self.last

    def settle(self, seconds: float = 3.0) -> None:
        """Wait until the page has been ready for a while."""
        wait_until(
            lambda: self.read_page().ready and state_of(self.last) not in (PageState.UNKNOWN, PageState.ACTIVITY_EMPTY),
            seconds,
        )

    def hooks(self, name: str) -> tuple[str, ...]:
        """Return the path of the page and its hooks, reduced to words that tell nothing about the person.

        name: of the wanted profile. Empty while the page is being replaced.
        """
        try:
            return reduced(self.driver.execute_script(HOOKS_SCRIPT), name)
        except WebDriverException as error:
            if is_lost(error):
                raise
            return ()

    def find(self, group: str, index: int = 0) -> WebElement:
        """Return a visible element of a group of selectors. Raises Failure if there is none any more."""
        for selector in SELECTORS[group]:
            found = [one for one in self.driver.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]
            if index < len(found):
                return found[index]
        raise Failure("LAYOUT_CHANGED", f"missing: {group}")

    def need(self, group: str) -> None:
        """Raise Failure if there is no visible element of a group of selectors."""
        self._with(group, 0, lambda _: None)

    def click(self, group: str, index: int = 0) -> None:
        """Click an element, even under a banner: nothing is accepted or refused on the person's behalf.

        If the next page is slow or missing, the next reading of the page notices.
        """

        def click(element: WebElement) -> None:
            try:
                element.click()
            except ElementClickInterceptedException:
                self.driver.execute_script("arguments[0].click()", element)

        with suppress(TimeoutException):
            self._with(group, index, click)

    def type_secret(self, group: str, text: str) -> None:
        """Type into a field, on Netflix's own page and over TLS only."""
        here = self.read_page()
        if not here.is_netflix:
            raise Failure("LAYOUT_CHANGED", "the sign-in is not on www.netflix.com")

        def write(field: WebElement) -> None:
            field.clear()
            field.send_keys(text)

        self._with(group, 0, write)

    def _with(self, group: str, index: int, act: Callable[[WebElement], None]) -> None:
        """Do something with an element; try again once if the page has replaced it meanwhile."""
        try:
            try:
                act(self.find(group, index))
            except StaleElementReferenceException:
                act(self.find(group, index))
        except (StaleElementReferenceException, InvalidElementStateException) as error:
            raise Failure("LAYOUT_CHANGED", f"{group}: {type(error).__name__}") from None

    def set_cookies(self, cookies: list[Cookie]) -> None:
        """Put cookies into the browser, before the first page is opened."""
        if cookies:
            self.driver.execute_cdp_cmd("Network.setCookies", {"cookies": cookies})

    def cookies(self) -> list[Cookie]:
        """Return the cookies of Netflix."""
        found: dict[str, Any] = self.driver.execute_cdp_cmd("Network.getCookies", {"urls": [BASE]})
        return list(found["cookies"])


@contextmanager
def net_errors() -> Iterator[None]:
    """Turn a network error of Chromium into a Failure."""
    try:
        yield
    except WebDriverException as error:
        if isinstance(error, TimeoutException) or "net::ERR_" in (error.msg or ""):
            raise Failure("NET_ERROR") from None
        raise


def is_lost(error: WebDriverException) -> bool:
    """Return whether an error means that the browser or its page has crashed, not just that one action failed."""
    words = ("tab crashed", "disconnected", "not reachable", "session deleted", "web view not found")
    gone = isinstance(error, InvalidSessionIdException | NoSuchWindowException)
    return gone or any(word in (error.msg or "") for word in words)


def sandbox_works() -> bool:
    """Return whether this process may create the user namespaces that Chromium's sandbox needs on Linux."""
    if os.geteuid() == 0:
        return False  # Chromium refuses
    if sys.platform == "darwin":
        return True  # its sandbox there needs none
    command = ["/usr/bin/unshare", "--user", "--pid", "--net", "--fork", "/bin/true"]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def open_browser(sandbox: SandboxSetting = "auto", extra_arguments: Sequence[str] = ()) -> Iterator[Browser]:
    """Start a browser with a new profile in the temporary folder; afterwards its processes and profile are gone.

    extra_arguments: further flags of Chromium, for tests only; no setting reaches them. Raises Failure with the code
    BROWSER_MISSING, BROWSER_MISMATCH, NO_SANDBOX or BROWSER_CRASH.
    """
    for name in ("selenium", "urllib3", "websocket"):
        logging.getLogger(name).setLevel(logging.WARNING)
    programs = find_programs()
    if sandbox == "on" and os.geteuid() == 0:
        raise Failure("NO_SANDBOX", "it refuses to run as root")
    with run_folder() as folder:
        sandboxed = sandbox == "on" or (sandbox == "auto" and sandbox_works())
        try:
            driver = _start(programs, folder, [*extra_arguments, *([] if sandboxed else ["--no-sandbox"])])
        except (WebDriverException, HTTPError, OSError) as error:
            raise _failure_of_start(programs, sandboxed, error) from None
        try:
            yield Browser(driver, folder / "downloads", sandboxed)
        finally:
            # Ended from here first: asked to end while a page or download hangs, a driver can take minutes. Once they
            # are gone, Selenium's thread for events has noticed; closed while it listens, it takes seconds to end.
            end_processes(folder)
            with suppress(WebDriverException, HTTPError, OSError):
                driver.quit()


def _start(programs: Programs, folder: Path, arguments: Sequence[str]) -> webdriver.Chrome:
    options = Options()
    options.binary_location = programs.browser
    options.page_load_strategy = "eager"
    options.set_capability("webSocketUrl", True)
    for argument in (f"--user-data-dir={folder / 'user'}", *_FLAGS, *arguments):
        options.add_argument(argument)
    home, downloads = folder / "home", folder / "downloads"
    home.mkdir()
    downloads.mkdir()
    ours = ("SE_", "REDIS_", "NETFLIX", "SYFTBOX_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "XDG_CACHE_HOME": str(home / ".cache")}
    environment |= {MARK: str(folder), "SE_OFFLINE": "true", "SE_AVOID_STATS": "true", "TMPDIR": str(home)}
    driver = webdriver.Chrome(options, Service(programs.driver, env=environment))
    # Else ending the connection that events come through can take ten seconds.
    connection = driver.command_executor
    assert isinstance(connection, RemoteConnection)
    connection.client_config.websocket_timeout = 3
    driver.set_page_load_timeout(PAGE_LOAD_SECONDS)
    driver.set_script_timeout(_SCRIPT_SECONDS)
    return driver


def _failure_of_start(programs: Programs, sandboxed: bool, error: Exception) -> Failure:
    """Return why a browser did not start, as far as that can be found out."""
    if versions := misfit(programs):
        return Failure("BROWSER_MISMATCH", versions)
    if sandboxed and not sandbox_works():
        return Failure("NO_SANDBOX", "this system forbids the user namespaces that it needs")
    return Failure("BROWSER_CRASH", f"start: {type(error).__name__}")
