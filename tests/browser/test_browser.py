"""The shared browser itself notices what the page tests rely on it to notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import DESKTOP, PHONE, Browser, serving
from flask import Flask, Response

PAGE = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>t</title>'
    "<main><h1>Heading</h1>{}</main></html>"
)


@pytest.fixture
def page(browser: Browser) -> Iterator[dict[str, str]]:
    content = {"body": ""}
    app = Flask("test", static_folder=None)

    @app.get("/")
    def index() -> Response:
        response = Response(PAGE.format(content["body"]))
        response.headers["Content-Security-Policy"] = "default-src 'none'; img-src *"
        return response

    with serving(app) as base:
        browser.base = base
        yield content


def test_a_clean_page_has_no_problems(browser: Browser, page: dict[str, str]) -> None:
    browser.open("/")
    browser.find("h1")
    assert browser.accessibility_problems() == []
    assert [problem for problem in browser.problems() if "favicon" not in problem] == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<img alt='' src='http://elsewhere.example/x.png'>", "request: http://elsewhere.example/x.png"),
        ("<script>document.title = 'x'</script>", "Content Security Policy"),
    ],
)
def test_requests_elsewhere_and_violations_are_noticed(
    browser: Browser, page: dict[str, str], body: str, expected: str
) -> None:
    page["body"] = body
    browser.open("/")
    assert any(expected in problem for problem in browser.problems())


def test_poor_contrast_and_missing_labels_are_noticed(browser: Browser, page: dict[str, str]) -> None:
    page["body"] = "<p><font color='#bbbbbb'>pale</font></p><input>"
    browser.open("/")
    found = " ".join(browser.accessibility_problems())
    assert "color-contrast" in found
    assert "label" in found


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_width_and_scheme_are_what_was_asked_for(browser: Browser, page: dict[str, str], width: int) -> None:
    browser.look_like("dark", width)
    browser.open("/")
    assert browser.driver.execute_script("return innerWidth") == width
    assert browser.driver.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches") is True
