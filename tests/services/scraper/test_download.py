"""Whose event is it? Downloads in a browser that is played; real ones are in test_scrape.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.scraper import download
from services.scraper.browser import PAGE_LOAD_SECONDS
from services.scraper.download import Downloads, DownloadTimes
from services.scraper.failures import Failure
from services.scraper.page_state import Page

QUICK = DownloadTimes(stall=0.2, total=5.0, confirm=9.0, pause=0.0)


class Browser:
    """Downloads files called 1, 2 and so on. clicks: what each click does with its file."""

    def __init__(self, folder, *clicks, begins=True, ends=True):
        self.downloads = folder
        self.clicks = list(clicks)
        self.begins, self.ends = begins, ends
        self.handlers: dict[str, Any] = {}
        self.number = 0
        add = SimpleNamespace(add_event_handler=self.handlers.__setitem__)
        self.timeouts: list[float] = []
        self.driver = SimpleNamespace(
            execute_cdp_cmd=self.command, browsing_context=add, set_page_load_timeout=self.timeouts.append
        )
        self.last = Page(document=1.0)

    @property
    def part(self):
        return self.downloads / f"{self.number}.crdownload"

    def click(self, _group):
        self.number += 1
        if self.begins:
            self.handlers["download_will_begin"](object())
            self.part.write_bytes(b"half")
        self.clicks.pop(0)(self)

    def read_page(self):
        return self.last

    def end(self, status="complete"):
        whole = self.downloads / str(self.number)
        self.part.replace(whole)
        self.say(status, whole)

    def say(self, status, path=None):
        params = SimpleNamespace(status=status, url="https://www.netflix.com/x", filepath=path and str(path))
        self.handlers["download_end"](SimpleNamespace(download_params=params))

    def command(self, name, arguments):
        if name == "Browser.cancelDownload" and self.ends:
            assert arguments == {"guid": str(self.number)}
            self.say("canceled")


def stalls(_browser):
    pass


def downloads_of(browser: Browser, times: DownloadTimes) -> Downloads:
    return Downloads(cast(Any, browser), times)


def stopped(downloads, check=lambda: None):
    with pytest.raises(Failure) as failure:
        downloads.fetch(check)
    return failure.value.cause.code, failure.value.detail


def test_a_cancelled_download_does_not_confuse_the_next_one(tmp_path):
    downloads = downloads_of(Browser(tmp_path, stalls, Browser.end), QUICK)
    assert stopped(downloads) == ("DOWNLOAD_STALLED", "4 bytes")
    assert list(tmp_path.iterdir()) == []
    assert downloads.fetch(lambda: None) == b"half"


def test_the_event_of_a_download_that_does_not_end_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_END_SECONDS", 0.2)
    browser = Browser(tmp_path, stalls, Browser.end, ends=False)
    downloads = downloads_of(browser, QUICK)
    assert stopped(downloads) == ("DOWNLOAD_STALLED", "4 bytes")
    assert stopped(downloads) == ("DOWNLOAD_STALLED", "the previous one does not end")
    assert browser.number == 1, "no other one is begun"
    browser.say("canceled")
    assert downloads.fetch(lambda: None) == b"half"


def test_a_download_that_takes_too_long_in_all_is_given_up(tmp_path):
    browser = Browser(tmp_path, stalls)
    downloads = downloads_of(browser, DownloadTimes(stall=9.0, total=0.3, confirm=9.0))
    assert stopped(downloads) == ("DOWNLOAD_TIMEOUT", "4 bytes")


def test_a_file_of_another_host_is_no_history(tmp_path):
    def elsewhere(browser):
        params = SimpleNamespace(status="complete", url="https://example.org/x", filepath="1")
        browser.handlers["download_end"](SimpleNamespace(download_params=params))

    assert stopped(downloads_of(Browser(tmp_path, elsewhere), QUICK)) == (
        "DOWNLOAD_FAILED",
        "it came from another host",
    )


def test_a_click_waits_for_its_page_no_longer_than_for_the_answer(tmp_path):
    browser = Browser(tmp_path, Browser.end)
    downloads_of(browser, QUICK).fetch(lambda: None)
    assert browser.timeouts == [QUICK.answer, PAGE_LOAD_SECONDS]


def test_what_is_never_answered_is_no_stall(tmp_path):
    times = DownloadTimes(answer=0.3, stall=0.1, confirm=9.0)
    assert stopped(downloads_of(Browser(tmp_path, stalls, begins=False), times)) == (
        "DOWNLOAD_TIMEOUT",
        "no answer in 0 s",
    )


def test_another_page_in_place_of_the_file_is_a_failure_and_one_that_loads_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_CHECK_SECONDS", 0.0)
    times = DownloadTimes(answer=0.5, confirm=9.0)
    for page, expected in (
        (Page(document=2.0), ("DOWNLOAD_FAILED", "a page came instead of the file")),
        (Page(ready=False), ("DOWNLOAD_TIMEOUT", "no answer in 0 s")),
    ):
        browser = Browser(tmp_path, stalls, begins=False)

        def turn(browser=browser, page=page):
            browser.last = page

        assert stopped(downloads_of(browser, times), turn) == expected
