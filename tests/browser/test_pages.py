"""Pages as people use them: the keyboard, tables of charts, and the calendar of a phone."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from services.dashboard.web import PAGES
from tests.browser.browser import WIDTHS, Browser
from tests.browser.sweep import drawn

pytestmark = pytest.mark.browser
PATHS = [path for path, _ in PAGES]
CHARTS = {"/viewing": 6, "/others": 4, "/events": 1}


def test_the_numbers_of_every_chart_are_one_click_away(looking: Browser) -> None:
    for path, charts in CHARTS.items():
        looking.get(path)
        drawn(looking)
        cards = looking.all(".chart-card")
        assert len(cards) >= charts
        for card in cards:
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
    for path in PATHS[[*WIDTHS].index(looking.name.split("-")[0]) :: len(WIDTHS)]:
        looking.get(path)
        drawn(looking)
        # A phone's menu is folded until it is opened.
        looking.driver.execute_script("document.querySelector('.menu details').open = true")
        wanted = looking.driver.execute_script(_REACHABLE)
        assert len(wanted) > len(PATHS), path
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
        drawn(looking)
        said = looking.find(".range").text
        assert bool(re.match(r"The last six months, since \d+ May 2026\.", said)) is is_phone, said
        assert "twelve months" not in looking.text()
