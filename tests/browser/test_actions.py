"""Every action, by hand: mouse, keyboard, dropped files, and without any script; each in one of the four looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.browser.browser import Browser
from tests.services.dashboard.participant import SAMPLE

pytestmark = pytest.mark.browser
_DROP = """
const data = new DataTransfer();
data.items.add(new File([arguments[0]], arguments[1], {type: 'text/csv'}));
document.dispatchEvent(new DragEvent('dragenter', {dataTransfer: data, bubbles: true}));
document.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
"""


def choose_day(browser: Browser, name: str, day: str) -> None:
    browser.driver.execute_script("arguments[0].value = arguments[1]", browser.find(f"#{name}"), day)


@pytest.mark.look("phone-light")
def test_a_chosen_file_is_sent_and_its_import_report_appears(beginning: Browser, tmp_path: Path) -> None:
    export = tmp_path / "NetflixViewingHistory.csv"
    export.write_bytes(SAMPLE.read_bytes())
    os.utime(export, (1_763_200_000, 1_763_200_000))
    beginning.get("/")
    beginning.find("#file").send_keys(str(export))
    assert beginning.find("#downloaded").get_attribute("value") == "2025-11-15", "the day of the file"
    beginning.find("#upload button").click()
    beginning.wait(lambda: "150 rows, 144 views" in beginning.text())
    beginning.screenshot("after-upload")
    beginning.follow_menu("/viewing")
    beginning.wait(lambda: beginning.all(".canvas svg"))


@pytest.mark.look("desktop-dark")
def test_a_dropped_file_is_sent_and_a_question_is_answered_by_keyboard(beginning: Browser) -> None:
    beginning.get("/")
    text = 'Title,Date\n"One Film","3/4/26"\n"Another Film","3/4/26"\n'
    beginning.driver.execute_script(_DROP, text, "NetflixViewingHistory.csv")
    beginning.wait(lambda: "One question about" in beginning.text())
    beginning.screenshot("question")
    assert beginning.violations() == []
    radio = beginning.find("input[value=dmy]")
    radio.send_keys(Keys.SPACE)
    radio.send_keys(Keys.ENTER)
    beginning.wait(lambda: "3 April 2026" in beginning.text())
    assert "One question" not in beginning.text()


@pytest.mark.look("desktop-light")
def test_a_file_of_another_kind_says_why_at_once(beginning: Browser) -> None:
    beginning.get("/")
    beginning.driver.execute_script(_DROP, "x", "photo.jpg")
    beginning.wait(lambda: "neither a .csv nor a .zip" in beginning.find("#upload-says").text)
    beginning.check(expected=("400 (BAD REQUEST)",))


@pytest.mark.look("phone-dark")
def test_a_range_is_picked(acting: Browser) -> None:
    acting.get("/viewing")
    acting.find(".ranges a[href='/viewing?range=2025']").click()
    acting.wait(lambda: "1 January 2025 to 31 December 2025" in acting.text())
    choose_day(acting, "from", "2026-10-01")
    choose_day(acting, "to", "2026-10-31")
    acting.find("main form button").click()
    acting.wait(lambda: "1 October 2026 to 31 October 2026" in acting.text())
    acting.wait(lambda: acting.all(".canvas svg"))


@pytest.mark.look("phone-light")
def test_another_week_is_compared(acting: Browser) -> None:
    acting.get("/others")
    acting.find(".ranges a[href='/others?round=2026-W45']").click()
    acting.wait(lambda: "2 to 8 November 2026" in acting.text())
    assert "You started" in acting.text()


@pytest.mark.look("desktop-dark")
def test_an_event_is_added_by_keyboard_seen_and_removed(acting: Browser) -> None:
    acting.get("/events")
    label = acting.find("#label")
    label.send_keys("sick")
    choose_day(acting, "first_day", "2026-10-05")
    choose_day(acting, "last_day", "2026-10-18")
    label.send_keys(Keys.ENTER)
    acting.wait(lambda: "Noted: sick" in acting.text())
    acting.wait(lambda: len(acting.all(".canvas svg")) == 2)
    acting.screenshot("event")
    assert acting.violations() == []
    acting.find(".event button").send_keys(Keys.ENTER)
    acting.wait(lambda: "Removed: sick" in acting.text())


@pytest.mark.look("desktop-light")
def test_days_are_chosen_on_the_calendar(acting: Browser) -> None:
    acting.get("/events")
    canvas = acting.wait(lambda: acting.find("#event_calendar .canvas svg"))
    click = """
    const box = arguments[0].getBoundingClientRect();
    for (const kind of ['mousedown', 'mouseup', 'click']) {
      arguments[0].parentElement.dispatchEvent(new MouseEvent(kind, {bubbles: true, clientX: box.left + arguments[1],
        clientY: box.top + arguments[2], view: window}));
    }"""
    width, height = canvas.size["width"], canvas.size["height"]
    for across, down in ((0.5, 8), (0.5, height - 8), (0.01, 60), (0.999, 60)):
        acting.driver.execute_script(click, canvas, across * width, down)
        assert acting.find("#first_day").get_attribute("value") == "", "beside the squares there is no day"
    for across in (0.5, 0.6):
        acting.driver.execute_script(click, canvas, across * width, 60)
    first = acting.find("#first_day").get_attribute("value")
    last = acting.find("#last_day").get_attribute("value")
    assert "2026-01-01" < first < last < "2026-11-20"


@pytest.mark.look("phone-dark")
def test_joining_shows_the_bytes_that_left_and_withdrawing_gives_a_receipt(acting: Browser) -> None:
    acting.get("/sharing")
    assert "drawn for show" in acting.text()
    acting.find("button[value=joined]").click()
    acting.wait(lambda: "You take part in the trial." in acting.text())
    acting.find("details.report summary").click()
    assert '"payload"' in acting.find("details.report pre").text
    acting.screenshot("joined")
    assert acting.violations() == []
    acting.find("button[value=paused]").click()
    acting.wait(lambda: "You paused" in acting.text())
    acting.find("details.withdraw summary").click()
    acting.find("input[name=sure]").click()
    acting.find("button[value=withdrawn]").click()
    acting.wait(lambda: "Receipt" in acting.text())
    assert "Your last answer in statistics is about" in acting.find("#receipt1").text
    acting.screenshot("receipt")
    assert acting.violations() == []


@pytest.mark.look("phone-light")
def test_limits_are_lowered(acting: Browser) -> None:
    acting.get("/sharing")
    Select(acting.find("#odds")).select_by_value("2")
    Select(acting.find("#reports")).select_by_visible_text("4")
    acting.find("#limits button").click()
    acting.wait(lambda: "Your limits were changed" in acting.text())
    assert Select(acting.find("#reports")).first_selected_option.text == "4"


@pytest.mark.look("desktop-dark")
def test_the_report_is_copied(acting: Browser) -> None:
    acting.get("/health")
    acting.find("#copy").click()
    acting.wait(lambda: acting.find("#copied").text == "Copied.")
    report = acting.find("#report").get_attribute("value")
    for private in ("example.org", "Wednesday", "sample_viewing"):
        assert private not in report


@pytest.mark.look("desktop-light")
def test_everything_works_without_a_script(scriptless: Browser, tmp_path: Path) -> None:
    scriptless.get("/viewing")
    assert not scriptless.find(".canvas").is_displayed()
    assert "Crash Landing on You" in scriptless.find("#shows table").text
    scriptless.screenshot("without-script")
    scriptless.get("/")
    scriptless.find("#file").send_keys(str(SAMPLE))
    scriptless.find("#upload button").click()
    scriptless.wait(lambda: "The file was read." in scriptless.text())
    scriptless.get("/sharing")
    scriptless.find("button[value=joined]").click()
    scriptless.wait(lambda: "You take part in the trial." in scriptless.text())


@pytest.mark.look("phone-dark")
def test_a_file_is_forgotten_and_brought_back_without_a_script(scriptless: Browser) -> None:
    scriptless.get("/")
    scriptless.find(".files details summary").click()
    assert scriptless.find(".files details button").accessible_name.startswith("Forget this file ")
    scriptless.find(".files details button").click()
    scriptless.wait(lambda: "Answers that have left stay as they are" in scriptless.text())
    assert "Begin with your viewing history" in scriptless.text()
    scriptless.screenshot("forgotten")
    scriptless.find(".forgotten button").click()
    scriptless.wait(lambda: "Back: " in scriptless.text())
    assert "Begin with your viewing history" not in scriptless.text()


@pytest.mark.look("phone-light")
def test_a_title_is_searched_by_keyboard_excluded_and_included_again(acting: Browser) -> None:
    acting.get("/viewing")
    words = acting.find("#words")
    words.send_keys("crash landing")
    words.send_keys(Keys.ENTER)
    acting.wait(lambda: "Exclude it and later episodes" in acting.text())
    acting.screenshot("search")
    assert acting.violations() == []
    button = acting.find("#search .files button")
    assert button.accessible_name == "Exclude it and later episodes Crash Landing on You"
    button.send_keys(Keys.ENTER)
    acting.wait(lambda: "Excluded: the show Crash Landing on You" in acting.text())
    acting.screenshot("excluded")
    assert acting.violations() == []
    acting.find("#excluded + .files button").click()
    acting.wait(lambda: "Included again" in acting.text())
