"""Titles, shows and profiles as people see them: width, colours, keyboard, and without script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from services.dashboard.table_files import show_address
from tests.browser.browser import Browser, require_chromium
from tests.browser.conftest import opened, served
from tests.browser.sweep import problems_of
from tests.services.dashboard.household import household

pytestmark = pytest.mark.browser
OZARK = show_address("Ozark", {})
PAGES = ("/titles?q=ozark&device=TV", OZARK, "/profiles", "/viewing?range=all&profile=me")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a household, which nobody changes."""
    require_chromium()
    root = tmp_path_factory.mktemp("household")
    household(root)
    yield from served(root)


@pytest.fixture(scope="module")
def looking_home(home: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from opened(home, "desktop", "light", tmp_path_factory.mktemp("profile"))


@pytest.fixture
def without_script(home: str, tmp_path: Path) -> Iterator[Browser]:
    yield from opened(home, "phone", "light", tmp_path / "profile", script=False)


def test_pages_of_a_household_are_readable_in_every_look(looking_home: Browser) -> None:
    problems = {page: problems_of(looking_home, page) for page in PAGES}
    assert {page: found for page, found in problems.items() if found} == {}


def test_a_title_is_found_by_keyboard_alone(looking_home: Browser) -> None:
    looking_home.get("/titles")
    looking_home.find("#q").send_keys("blue cat", Keys.ENTER)
    looking_home.wait(lambda: "q=blue+cat" in looking_home.driver.current_url)
    looking_home.wait(lambda: "Blue Cat (Episode 2)" in looking_home.text())
    reached = []
    for _ in range(60):
        ActionChains(looking_home.driver).send_keys(Keys.TAB).perform()
        active = looking_home.driver.switch_to.active_element
        assert active.value_of_css_property("outline-style") != "none", active.get_attribute("outerHTML")
        reached.append(active.text)
        if active.text == "Ozark":
            active.send_keys(Keys.ENTER)
            break
    looking_home.wait(lambda: looking_home.find("h1").text == "Ozark")
    assert {"Apply", "All", "Title", "Show"} <= set(reached)
    looking_home.check()


def test_without_script_lists_are_filtered_sorted_and_paged(without_script: Browser) -> None:
    without_script.get("/titles?tab=views")
    without_script.find("a[rel=next]").click()
    without_script.wait(lambda: "Page 2 of 3" in without_script.text())
    options = {one.text: one for one in without_script.all("#profile option")}
    options["Ann"].click()
    without_script.find(".filters button").click()
    without_script.wait(lambda: "Profile: Ann" in without_script.text())
    assert len(without_script.all("tbody tr")) == 4
    without_script.find("th a[href*='sort=title']").click()
    without_script.wait(lambda: without_script.find("th[aria-sort=ascending]").text == "Title")
    without_script.find("a.chip").click()
    without_script.wait(lambda: not without_script.all("a.chip"))
    assert without_script.all("tbody tr")
