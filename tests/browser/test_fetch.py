"""The file of a real download: Netflix's page in a new tab, the page Start beside it, one click to take the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
from flask import Flask, Response
from selenium.webdriver.common.by import By

from netflix_trend.delivery.settled import SETTLED_SECONDS
from tests.browser.browser import Browser, require_chromium
from tests.browser.conftest import look_of, opened, served
from tests.browser.serving import serving
from tests.waiting import PATIENCE, stays, wait_for

pytestmark = pytest.mark.browser
NAME = "NetflixViewingHistory.csv"


@dataclass
class Netflix:
    """A page with a link, whose file stops in the middle until a test lets it go on."""

    address: str = ""
    goes_on: Event = field(default_factory=Event)

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.get("/")
        def page() -> str:
            return '<!doctype html><title>Activity</title><a href="/file">Download all</a>'

        @app.get("/file")
        def file() -> Response:
            named = {"Content-Disposition": f'attachment; filename="{NAME}"'}
            return Response(self._rows(), content_type="text/csv", headers=named)

        return app

    def _rows(self) -> Iterator[str]:
        yield 'Title,Date\n"Dark: Season 1: Episode 1","10/13/26"\n'
        self.goes_on.wait(PATIENCE)
        yield '"Dark: Season 1: Episode 2","10/14/26"\n'


@pytest.fixture
def netflix() -> Iterator[Netflix]:
    made = Netflix()
    with serving(made.app()) as made.address:
        yield made
        made.goes_on.set()


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    (tmp_path / "Downloads").mkdir()
    return tmp_path / "Downloads"


@pytest.fixture
def fetching(tmp_path: Path, downloads: Path, request: pytest.FixtureRequest) -> Iterator[Browser]:
    require_chromium()
    (tmp_path / "datasites").mkdir()
    for address in served(tmp_path, downloads_dir=downloads):
        yield from opened(address, *look_of(request), tmp_path / "profile", downloads=downloads)


@pytest.mark.look("desktop-light")
def test_a_download_is_found_when_it_is_complete_and_taken_with_one_click(
    fetching: Browser, netflix: Netflix, downloads: Path
) -> None:
    fetching.get("/")
    driver, start = fetching.driver, fetching.driver.current_window_handle
    driver.execute_script("arguments[0].href = arguments[1]", fetching.find("#get"), netflix.address)
    fetching.find("#get").click()
    fetching.wait(lambda: "Looking for NetflixViewingHistory.csv" in fetching.text())
    fetching.screenshot("looking")
    assert fetching.violations() == []
    (tab,) = set(driver.window_handles) - {start}
    driver.switch_to.window(tab)
    fetching.wait(lambda: driver.find_element(By.LINK_TEXT, "Download all")).click()
    wait_for(lambda: list(downloads.iterdir()), "the download has begun")
    driver.switch_to.window(start)
    stays(lambda: "Found" not in fetching.find("#fetch").text, "a part is not found", SETTLED_SECONDS + 2)
    netflix.goes_on.set()
    fetching.wait(lambda: f"Found {NAME} of " in fetching.find("#fetch").text)
    fetching.screenshot("found")
    assert fetching.violations() == []
    fetching.find("#fetch input[name=delete]").click()
    fetching.find("form[action='/fetch/take'] button").click()
    fetching.wait(lambda: "The download was deleted." in fetching.text())
    assert "2 rows, 2 views (13 to 14 October 2026)" in fetching.text()
    assert list(downloads.iterdir()) == []
    # Only the person's click asked somebody else.
    own = (fetching.address, netflix.address)
    assert [address for address in fetching.requests() if not address.startswith(own)] == []
