"""Every page as people see it: width, colours, keyboard, and what the browser complains about."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from services.dashboard.web import PAGES
from tests.browser.browser import WIDTHS, Browser

pytestmark = pytest.mark.browser
NAMES = {path: path.strip("/") or "start" for path, _ in PAGES}
CHARTS = {"/viewing": 6, "/others": 4, "/events": 1}


@pytest.mark.parametrize("path", NAMES)
def test_every_page_is_complete_accessible_and_without_console_errors(looking: Browser, path: str) -> None:
    looking.get(path)
    if path in CHARTS:
        looking.wait(lambda: looking.find("html").get_attribute("data-charts"))
        drawn = looking.all(".canvas svg")
        assert len(drawn) >= CHARTS[path]
        assert all(one.size["height"] > 100 for one in drawn)
    picture = looking.screenshot(NAMES[path])
    assert picture.stat().st_size > 10_000
    width = looking.driver.execute_script("return document.documentElement.scrollWidth")
    assert width <= WIDTHS[looking.name.split("-")[0]], "nothing hangs over the side"
    assert looking.violations() == []
    looking.check()


def test_axe_would_find_a_page_that_cannot_be_read(looking: Browser) -> None:
    looking.get("/")
    looking.driver.execute_script(
        "document.querySelector('h1').style.color = '#eee'; document.querySelector('#file').id = 'x'"
    )
    found = {line.split(":")[0] for line in looking.violations()}
    assert "label" in found
    if looking.name.endswith("light"):
        assert "color-contrast" in found


def test_the_policy_is_enforced(looking: Browser) -> None:
    looking.get("/")
    looking.driver.execute_script(
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image);"
    )
    looking.wait(lambda: any("Content Security Policy" in one for one in looking.complaints()))
    looking.requests()


def test_every_chart_has_a_description_and_a_table_of_its_numbers(looking: Browser) -> None:
    for path in CHARTS:
        looking.get(path)
        for card in looking.all(".chart-card"):
            canvas = card.find_element("css selector", ".canvas")
            assert len(canvas.get_attribute("aria-label") or "") > 20
            table = card.find_element("css selector", "details.data")
            assert not table.get_attribute("open")
            table.find_element("css selector", "summary").click()
            assert table.find_element("css selector", "table").is_displayed()


# What a Tab key has to reach; of a group of choices it reaches one.
_REACHABLE = """
const groups = new Set();
return [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=region]'
)].filter((one) => {
  if (one.disabled || !one.checkVisibility({visibilityProperty: true})) return false;
  if (one.type !== 'radio') return true;
  const is_first = !groups.has(one.name);
  groups.add(one.name);
  return is_first;
});
"""


def test_every_link_and_field_is_reached_by_keyboard_and_shows_it(looking: Browser) -> None:
    # Each look takes its part of the pages.
    for path in list(NAMES)[[*WIDTHS].index(looking.name.split("-")[0]) * 2 + looking.name.endswith("dark") :: 4]:
        looking.get(path)
        if path in CHARTS:
            looking.wait(lambda: looking.find("html").get_attribute("data-charts"))
        # A phone's menu is folded until it is opened.
        looking.driver.execute_script("document.querySelector('.menu details').open = true")
        wanted = looking.driver.execute_script(_REACHABLE)
        assert len(wanted) > len(NAMES), path
        seen = []
        for _ in range(6 * len(wanted)):
            ActionChains(looking.driver).send_keys(Keys.TAB).perform()
            active = looking.driver.switch_to.active_element
            if active.tag_name == "body":
                break
            if active not in seen:
                seen.append(active)
                assert len(seen) > 1 or active.text == "Skip to the page"
                assert active.value_of_css_property("outline-style") != "none", active.get_attribute("outerHTML")
        missed = [one.get_attribute("outerHTML") for one in wanted if one not in seen]
        assert missed == [], path


def test_a_phone_says_that_its_calendar_is_half_a_year(looking: Browser) -> None:
    is_phone = looking.name.startswith("phone")
    for path in ("/viewing", "/events"):
        looking.get(path)
        looking.wait(lambda: looking.find("html").get_attribute("data-charts"))
        said = looking.find(".range").text
        assert bool(re.match(r"The last six months, since \d+ May 2026\.", said)) is is_phone, said
        assert "twelve months" not in looking.text()
