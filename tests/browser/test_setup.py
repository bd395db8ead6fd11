"""The first-run page on a phone, by keyboard and without any script: an aggregator is chosen, and .env follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from dotenv import dotenv_values
from selenium.webdriver.common.keys import Keys
from werkzeug.serving import make_server

from netflix_trend.settings import Settings
from services.local.current_app import CurrentApp, SettingsFile
from services.local.dashboard import OneProcess
from tests.browser.browser import Browser, require_chromium
from tests.browser.conftest import look_of, opened
from tests.netflix_trend.cli.test_setup import CLUB, DUO, FIRST, HISTORY, ME, SECOND, two_people
from tests.netflix_trend.syftbox.test_aggregators import introduce
from tests.ports import free_port
from tests.services.dashboard.participant import TODAY, settings_in

pytestmark = pytest.mark.browser


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The page of somebody in SyftBox who has chosen nothing."""
    require_chromium()
    port, datasites = free_port(), tmp_path / "datasites"
    (datasites / ME).mkdir(parents=True)
    (datasites / ME / "syftperm.yaml").touch()
    introduce(datasites, CLUB, name="Our cinema club")
    introduce(datasites, DUO, mode="two", odds=None, rho=(1079, 10_000), operators=(FIRST, SECOND))

    def load() -> Settings:
        kept = {name.lower(): value for name, value in dotenv_values(tmp_path / ".env").items() if value}
        return settings_in(tmp_path, **{"join": "ask", "syftbox_email": ME, "dashboard_port": port, **kept})

    file = SettingsFile(tmp_path / ".env", load)
    app = CurrentApp(file, load(), lambda now: OneProcess(now, lambda: TODAY, file=file), lambda: TODAY)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def starting(address: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser without scripts."""
    yield from opened(address, *look_of(request), tmp_path / "profile", script=False)


@pytest.fixture
def choosing(address: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser with scripts, which the accessibility checker needs."""
    yield from opened(address, *look_of(request), tmp_path / "profile")


@pytest.mark.look("phone-light")
def test_on_a_phone_an_aggregator_is_chosen_by_keyboard_and_taking_part_comes_last(
    starting: Browser, tmp_path: Path
) -> None:
    starting.get("/")
    assert "next" in starting.find(".steps .next").text
    assert starting.find(".steps .next h2").text.startswith("Choose an aggregator")
    wide = starting.find("html").size["width"]
    assert all(one.location["x"] + one.size["width"] <= wide for one in starting.all(".keys code, #choose p"))
    starting.screenshot("first-run")
    starting.find(f"input[value='{DUO}']").send_keys(Keys.SPACE)
    starting.find("#choose button").send_keys(Keys.ENTER)
    starting.wait(lambda: "tick the box" in starting.text())
    assert not (tmp_path / ".env").exists()
    starting.find(f"input[value='{DUO}']").send_keys(Keys.SPACE)
    starting.find("input[name=compared]").send_keys(Keys.SPACE)
    starting.find("#choose button").send_keys(Keys.ENTER)
    starting.wait(lambda: f"{DUO} is your aggregator." in starting.text())
    kept = dotenv_values(tmp_path / ".env")
    assert (kept["AGGREGATOR_DATASITE"], kept["HELPER_KEY"]) == (DUO, SECOND.key)
    starting.find("#file").send_keys(str(two_people(tmp_path)))
    starting.find("#upload button").click()
    starting.wait(lambda: "Which of these is you?" in starting.text())
    starting.screenshot("whose-viewing")
    ann = next(label for label in starting.all("#whose label") if "Ann" in label.text)
    ann.find_element("css selector", "input").send_keys(Keys.SPACE)
    starting.find("#whose button").send_keys(Keys.ENTER)
    starting.wait(lambda: "Ann counts, also in later files." in starting.text())
    assert "Which of these is you?" not in starting.text()
    assert "Whose viewing counts: Ann" in starting.text()
    assert starting.find(".steps .next h2").text.startswith("Decide whether to take part")
    assert not (tmp_path / "datasites" / ME / "app_data").exists()


@pytest.mark.look("phone-dark")
def test_the_page_is_accessible(choosing: Browser) -> None:
    choosing.get("/")
    assert choosing.find("#choose").is_displayed()
    assert choosing.violations() == []


@pytest.mark.look("desktop-dark")
def test_a_typed_address_is_taken(starting: Browser, tmp_path: Path) -> None:
    export = tmp_path / "NetflixViewingHistory.csv"
    export.write_text(HISTORY)
    starting.get("/")
    field = starting.find("#address")
    field.send_keys("quiet@example.com")
    field.send_keys(Keys.ENTER)
    starting.wait(lambda: "quiet@example.com is your aggregator." in starting.text())
    starting.find("#file").send_keys(str(export))
    starting.find("#upload button").click()
    starting.wait(lambda: "24 views" in starting.text())
