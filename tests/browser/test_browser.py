"""The browser of the page tests notices what they rely on it to notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response

from tests.browser.browser import Browser, require_chromium
from tests.browser.serving import serving

PAGE = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>t</title>'
    "<main><h1>Heading</h1>{}</main></html>"
)


@pytest.fixture(scope="module")
def content() -> dict[str, str]:
    return {"body": ""}


@pytest.fixture(scope="module")
def browser(content: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A dark phone on a page that holds `content`."""
    require_chromium()
    app = Flask("test", static_folder=None)

    @app.get("/")
    def index() -> Response:
        response = Response(PAGE.format(content["body"]))
        response.headers["Content-Security-Policy"] = "default-src 'none'; img-src *"
        return response

    with serving(app) as address:
        window = Browser.open(address, "phone", "dark", tmp_path_factory.mktemp("profile"))
        yield window
        window.driver.quit()


@pytest.fixture(autouse=True)
def forgetful(browser: Browser, content: dict[str, str]) -> None:
    content["body"] = ""
    browser.complaints()
    browser.requests()


def test_a_clean_page_has_no_findings(browser: Browser) -> None:
    browser.get("/")
    assert browser.violations() == []
    assert browser.complaints() == []
    assert [url for url in browser.requests() if "favicon" not in url] == [f"{browser.address}/"]


def test_requests_elsewhere_are_noticed(browser: Browser, content: dict[str, str]) -> None:
    content["body"] = "<img alt='' src='http://127.0.0.1:9/x.png'>"
    browser.get("/")
    assert "http://127.0.0.1:9/x.png" in browser.requests()


def test_violations_of_the_policy_are_noticed(browser: Browser, content: dict[str, str]) -> None:
    content["body"] = "<script>document.title = 'x'</script>"
    browser.get("/")
    assert any("Content Security Policy" in message for message in browser.complaints())


def test_poor_contrast_and_missing_labels_are_noticed(browser: Browser, content: dict[str, str]) -> None:
    content["body"] = "<p><font color='#bbbbbb'>pale</font></p><input>"
    browser.get("/")
    found = " ".join(browser.violations())
    assert "color-contrast" in found
    assert "label" in found


def test_width_and_scheme_are_what_was_asked_for(browser: Browser) -> None:
    browser.get("/")
    assert browser.driver.execute_script("return innerWidth") == 390
    assert browser.driver.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches") is True


def test_the_whole_page_is_kept_as_a_picture(browser: Browser, content: dict[str, str], tmp_path: Path) -> None:
    content["body"] = "<p>line</p>" * 100
    browser.get("/")
    picture = browser.screenshot("long", tmp_path).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[20:24], "big") > 2000
