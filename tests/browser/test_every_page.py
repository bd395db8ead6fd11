"""Every page that the dashboard answers GET with, in every look: a new page is found by itself, and checked."""

from __future__ import annotations

import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.dashboard.web import create_app
from services.local.dashboard import OneProcess
from tests.browser.browser import Browser
from tests.browser.conftest import opened
from tests.services.dashboard.participant import TODAY, settings_in

pytestmark = pytest.mark.browser

CHECKS = (Path(__file__).parent / "everywhere.js").read_text()
# An example of every page whose address has a part that varies: the address, or a page and its first link like this.
EXAMPLES: dict[str, str | tuple[str, str]] = {
    "/year/<int:year>": "/year/2026",
    "/year/<first>/<last>": "/year/2026-01-01/2026-06-30",
    "/year/<int:year>/picture": "/year/2026/picture",
    "/year/<first>/<last>/picture": "/year/2026-01-01/2026-06-30/picture",
    "/others/year/<int(fixed_digits=4):year>": "/others/year/2026",
    "/show/<mark>": ("/titles", "a[href^='/show/']"),
}
# Addresses with parts that are files and no pages.
FILES = ("/static/<path:filename>", "/export/", "picture.<any(")
# Width, colour scheme, and whether letters are large and wide as on machines with other fonts.
LOOKS = [
    (390, "light", "own"),
    (390, "dark", "wide"),
    (1200, "light", "wide"),
    (1200, "dark", "own"),
    # WCAG 1.4.10: 320 px are a window of 1280 px at 400 %.
    (320, "light", "own"),
    # WCAG 1.4.4: text of twice the size.
    (1200, "light", "twice"),
]
FONTS = {
    "own": "",
    "wide": "html { font-size: 112%; } * { letter-spacing: .06em !important; }",
    "twice": "html { font-size: 200%; }",
}
# Colours depend on the scheme, all else that axe-core looks at on the width, so two looks show it everything.
AXE_IN = [(390, "dark", "wide"), (1200, "light", "wide")]


def addresses(network: Path, address: str, browser: Browser) -> list[str]:
    """Return an address of every page, in the order of the app's rules."""
    settings = settings_in(network)
    rules = create_app(settings, OneProcess(settings, lambda: TODAY), lambda: TODAY).url_map.iter_rules()
    found = []
    for rule in rules:
        if "GET" not in (rule.methods or ()) or any(part in rule.rule for part in FILES):
            continue
        example: str | tuple[str, str] = rule.rule
        if rule.arguments:
            assert rule.rule in EXAMPLES, f"add an example of {rule.rule} to EXAMPLES"
            example = EXAMPLES[rule.rule]
        if isinstance(example, tuple):
            browser.get(example[0])
            example = str(browser.find(example[1]).get_attribute("href")).removeprefix(browser.address)
        with urllib.request.urlopen(f"{address}{example}") as response:
            if response.headers.get_content_type() == "text/html":
                found.append(example)
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def window(full: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages: it is resized instead of started anew."""
    yield from opened(full, "phone", "light", tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def pages(network: Path, full: str, window: Browser) -> list[str]:
    found = addresses(network, full, window)
    assert {"/", "/viewing", "/others", "/sharing", "/glossary"} <= set(found)
    return found


def look(window: Browser, width: int, scheme: str, font: str) -> None:
    """Show the page as another window does; charts are drawn anew."""
    window.resize(width, scheme)
    window.driver.execute_script(
        """const sheet = new CSSStyleSheet();
        sheet.replaceSync(arguments[0]);
        document.adoptedStyleSheets = [sheet];
        dispatchEvent(new Event("resize"));""",
        FONTS[font],
    )


def drawn(window: Browser) -> None:
    """Wait for the charts of a page, if it has any."""
    if window.all(".chart-card"):
        window.wait(lambda: window.find("html").get_attribute("data-charts"))


def test_every_page_is_readable_in_every_look(window: Browser, pages: list[str]) -> None:
    """Nothing is cut or hangs over, headings are in order, one sees where one is, charts have words and tables, nothing
    moves, axe-core and the console have no findings.
    """
    problems: defaultdict[str, list[str]] = defaultdict(list)
    for page in pages:
        window.get(page)
        drawn(window)
        for one in LOOKS:
            look(window, *one)
            found = window.driver.execute_script(CHECKS, {"script": True, "still": True})
            found += window.violations() if one in AXE_IN else []
            problems[page] += [f"{one}: {problem}" for problem in found]
        problems[page] += window.complaints()
    assert {page: found for page, found in problems.items() if found} == {}


def test_every_page_has_its_content_without_script(window: Browser, pages: list[str]) -> None:
    problems = {}
    window.resize(390, "light")
    window.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        for page in pages:
            window.get(page)
            assert window.find("html").get_attribute("data-charts") is None, "a script ran"
            problems[page] = window.driver.execute_script(CHECKS, {"script": False, "still": False})
    finally:
        window.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert {page: found for page, found in problems.items() if found} == {}


# What breaks a page, and what has to be said about it.
BREAKS = {
    "document.querySelector('h1').style.width = '3000px'": "hangs over the side",
    "document.querySelector('h1').style.cssText = 'overflow: hidden; white-space: nowrap; width: 3ch'": "cut off",
    "document.querySelector('h2').outerHTML = '<h4>x</h4>'": "leave a level out",
    "document.querySelector('.menu').remove()": "no entry of the menu",
    "document.querySelector('.menu summary').textContent = 'Menu'": "does not name the current page",
    "document.querySelector('.canvas').removeAttribute('aria-label')": "is not described",
    "document.querySelector('details.data').remove()": "has no table",
    "document.querySelector('.canvas svg').remove()": "is not drawn",
    "document.querySelector('.canvas text').setAttribute('transform', 'translate(-500 0)')": "leaves the picture",
    "document.querySelectorAll('#calendar path').forEach((one) => one.setAttribute('fill', 'none'))": "paints no day",
    "document.body.animate([{opacity: 0.5}, {opacity: 1}], 1e6)": "moves",
    "document.querySelector('a').tabIndex = 3": "jumps the order",
}


def test_broken_pages_are_noticed(window: Browser) -> None:
    for break_it, said in BREAKS.items():
        window.get("/viewing")
        drawn(window)
        look(window, 390, "light", "own")
        assert window.driver.execute_script(CHECKS, {"script": True, "still": True}) == []
        window.driver.execute_script(break_it)
        found = window.driver.execute_script(CHECKS, {"script": True, "still": True})
        assert any(said in problem for problem in found), (break_it, found)
