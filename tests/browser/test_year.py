"""The year in review as people use it: on paper, without script, and the picture before it is saved."""

from __future__ import annotations

import base64
import re

import pytest

from tests.browser.browser import Browser

pytestmark = pytest.mark.browser


def test_every_statement_is_wholly_seen(looking: Browser) -> None:
    for path in ("/", "/year/2026"):
        looking.get(path)
        cut = looking.driver.execute_script(
            "return [...document.querySelectorAll('.statement, .statement *, .hero *')]"
            ".filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML)"
        )
        assert cut == []
        assert len(looking.all(".statement")) >= 5


def test_the_picture_is_shown_with_what_it_tells(looking: Browser) -> None:
    looking.get("/year/2026/picture")
    picture = looking.find("figure img")
    looking.wait(lambda: picture.get_property("naturalWidth"))
    assert (picture.get_property("naturalWidth"), picture.get_property("naturalHeight")) == (1080, 1920)
    assert "2026" in (picture.get_attribute("alt") or "")
    assert looking.find("#tells ~ ul").text.count("\n") >= 5
    looking.find("input[name=titles][value=no]").click()
    looking.find("input[name=shape][value=wide]").click()
    looking.find("input[name=format][value=svg]").click()
    looking.find("form[action$=picture] button").click()
    looking.wait(lambda: looking.find("figure img").get_property("naturalWidth") == 1200)
    assert "The names of" not in looking.text()
    looking.check()


def test_paper_gets_no_menu_and_every_chart(looking: Browser) -> None:
    looking.get("/year/2026")
    looking.wait(lambda: looking.find("html").get_attribute("data-charts"))
    assert looking.find("#print").is_displayed()
    features = [{"name": "prefers-color-scheme", "value": looking.name.split("-")[1]}]
    try:
        looking.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
        for css in ("header", "footer", ".do", ".ways", ".data summary"):
            assert not looking.find(css).is_displayed(), css
        assert all(one.is_displayed() for one in looking.all(".canvas svg"))
        assert looking.find(".hero h1").value_of_css_property("color") == "rgba(0, 0, 0, 1)"
        pdf = base64.b64decode(looking.driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        assert 2 <= pages <= 8
    finally:
        features.append({"name": "prefers-reduced-motion", "value": "reduce"})
        looking.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
    looking.check()


@pytest.mark.look("phone-dark")
def test_all_of_it_works_without_a_script(scriptless: Browser) -> None:
    scriptless.get("/")
    scriptless.find("#summary a.button").click()
    assert scriptless.find("h1").text == "2026"
    assert not scriptless.find("#print").is_displayed()
    assert scriptless.find("#months table").is_displayed()
    assert scriptless.find(".hero .months").is_displayed()
    scriptless.find(".ways form button").click()
    assert scriptless.driver.current_url.endswith("/year/2026"), "the form has the days of the page"
    scriptless.find(".do a").click()
    assert scriptless.find("a.button[download]").is_displayed()
