"""The download: Chromium reports its start and end, and only complete files are read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.bidi.browsing_context import DownloadParams
from urllib3.exceptions import HTTPError

from services.scraper.browser import BASE, PAGE_LOAD_SECONDS, Browser
from services.scraper.failures import Failure
from services.scraper.fresh_csv import MAX_DOWNLOAD
from services.scraper.poll import wait_until

# A crashed browser sends no event, so it has to be polled.
_CHECK_SECONDS = 1.0
# A cancelled download confirms within milliseconds.
_END_SECONDS = 5.0
_HOSTS = (f"{BASE}/", f"blob:{BASE}/")


@dataclass(frozen=True)
class DownloadTimes:
    """Seconds. answer: until Netflix begins to send. stall: without a new byte. total: of one download. confirm: until
    a question on the page is answered. pause: between tries.
    """

    answer: float = 30.0
    stall: float = 15.0
    total: float = 120.0
    confirm: float = 3.0
    pause: float = 60.0


class Downloads:
    """The downloads of a browser, each with a unique name, in the folder of the run."""

    def __init__(self, browser: Browser, times: DownloadTimes) -> None:
        self._browser = browser
        self._times = times
        # Events arrive in other threads, and Selenium does not say which download they are about.
        self._begun: list[object] = []
        self._ended: list[DownloadParams] = []
        browser.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior",
            {"behavior": "allowAndName", "downloadPath": str(browser.downloads), "eventsEnabled": True},
        )
        contexts = browser.driver.browsing_context
        contexts.add_event_handler("download_will_begin", self._begun.append)
        contexts.add_event_handler("download_end", self._end)

    def _end(self, event: Any) -> None:
        self._ended.append(event.download_params)

    def fetch(self, check: Callable[[], object]) -> bytes:
        """Click the download and return the bytes of the file, which is removed.

        check: examines the page while nothing arrives, and may raise a better failure. Raises Failure DOWNLOAD_*.
        """
        if not self._end_all():
            check()
            raise Failure("DOWNLOAD_STALLED", "the previous one does not end")
        self._begun.clear()
        self._ended.clear()
        left, since = self._browser.last.document, time.monotonic()
        try:
            self._click()
            self._wait(check, left, since)
            end = self._ended[0]
            if end.status != "complete" or end.filepath is None:
                raise Failure("DOWNLOAD_FAILED", "it was cut off")
            if not (end.url or "").startswith(_HOSTS):
                raise Failure("DOWNLOAD_FAILED", "it came from another host")
            file = self._browser.downloads / Path(end.filepath).name
            if file.stat().st_size > MAX_DOWNLOAD:
                raise Failure("DOWNLOAD_INVALID", "too large")
            return file.read_bytes()
        finally:
            self._end_all()
            for file in self._browser.downloads.iterdir():
                file.unlink(missing_ok=True)

    def _end_all(self) -> bool:
        """Cancel every download and wait for the confirmations, so that a late event is not taken for the next one's.

        Returns whether all confirmed.
        """
        try:
            for file in self._browser.downloads.glob("*.crdownload"):  # unfinished; its name is its id
                self._browser.driver.execute_cdp_cmd("Browser.cancelDownload", {"guid": file.stem})
        except (WebDriverException, HTTPError, ConnectionError):
            return False
        return wait_until(lambda: len(self._ended) >= len(self._begun), _END_SECONDS)

    def _click(self) -> None:
        """Click the control; one whose address never answers holds the click no longer than its answer may take."""
        self._browser.driver.set_page_load_timeout(self._times.answer)
        try:
            self._browser.click("download")
        finally:
            self._browser.driver.set_page_load_timeout(PAGE_LOAD_SECONDS)

    def _wait(self, check: Callable[[], object], left: float, since: float) -> None:
        """Wait for the end of the download that was clicked at `since` in the document `left`."""
        moved = checked = time.monotonic()
        size, confirmed = 0, False

        def over() -> bool:
            nonlocal size, moved, checked, confirmed
            if self._ended:
                return True
            now, found = time.monotonic(), self._size()
            if found != size or not self._begun:
                size, moved = found, now
            if not self._begun and now - since > self._times.answer:
                raise Failure("DOWNLOAD_TIMEOUT", f"no answer in {self._times.answer:.0f} s")
            if not self._begun and not confirmed and now - since > self._times.confirm:
                confirmed = self._confirm()
            if now - checked > _CHECK_SECONDS and (not self._begun or now - moved > _CHECK_SECONDS):
                checked = now
                check()
                self._refuse_page(left)
            if now - moved > self._times.stall:
                raise Failure("DOWNLOAD_STALLED", f"{size} bytes")
            return False

        if not wait_until(over, self._times.total):
            raise Failure("DOWNLOAD_TIMEOUT", f"{size} bytes")

    def _refuse_page(self, left: float) -> None:
        """Raise Failure if the click has led to another page, and not to a download."""
        page = self._browser.read_page()
        if page.ready and page.document != left and not self._begun:
            raise Failure("DOWNLOAD_FAILED", "a page came instead of the file")

    def _confirm(self) -> bool:
        try:
            if not self._browser.read_page().has("confirm_download"):
                return False
            self._browser.click("confirm_download")
        except (Failure, WebDriverException):
            return False
        return True

    def _size(self) -> int:
        total = 0
        for file in self._browser.downloads.iterdir():
            try:
                total += file.stat().st_size
            except FileNotFoundError:  # renamed at this moment
                continue
        return total
