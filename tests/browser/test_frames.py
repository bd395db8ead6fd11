"""The participant's page inside a page of another origin, as SyftUI shows it; in a real browser, which decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask

from netflix_trend.participant.choices import read_choices
from services.dashboard.web import PAGES
from tests.browser.browser import Browser
from tests.browser.conftest import served, window
from tests.browser.serving import serving

pytestmark = pytest.mark.browser
NAMES = ("localhost", "127.0.0.1")
FRAMED = (
    "<!doctype html><html lang='en'><meta name='viewport' content='width=device-width'><title>around</title>"
    "<body style='margin: 0'><iframe id='app' title='app' width='390' height='700' src='{}'></iframe></body></html>"
)


@dataclass
class Around:
    """A page of another origin; inside: the address that it frames."""

    address: str
    inside: str = field(default="about:blank")

    def by(self, name: str) -> str:
        return self.address.replace("127.0.0.1", name)


@contextmanager
def around() -> Iterator[Around]:
    app, page = Flask("around", static_folder=None), Around("")

    @app.get("/")
    def index() -> str:
        return FRAMED.format(page.inside)

    with serving(app) as page.address:
        yield page


@pytest.fixture
def frame() -> Iterator[Around]:
    with around() as page:
        yield page


@pytest.fixture(scope="module", params=["phone-light", "phone-dark", "desktop-light", "desktop-dark"])
def looks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    width, scheme = request.param.split("-")
    with window(width, scheme, tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with window("desktop", "light", tmp_path_factory.mktemp("profile")) as one:
        yield one


@contextmanager
def page_of(folder: Path, origin: str = "") -> Iterator[str]:
    """Serve a newcomer's page, which `origin` may show in a frame."""
    (folder / "datasites").mkdir(exist_ok=True)
    with contextmanager(served)(folder, frame_origin=origin) as address:
        yield address


def enter(browser: Browser, address: str) -> None:
    """Open a page and go into its frame."""
    browser.driver.get(address)
    browser.driver.switch_to.frame(browser.find("#app"))


def stays_empty(browser: Browser) -> bool:
    """Whether the browser shows its own words in the place of an answer of ours; waits until it has decided."""
    browser.wait(lambda: browser.driver.execute_script("return location.href") != "about:blank")
    return str(browser.driver.execute_script("return location.href")).startswith("chrome-error:")


@pytest.mark.parametrize("inner", NAMES)
@pytest.mark.parametrize("outer", NAMES)
def test_the_allowed_origin_shows_pages_whose_forms_work(
    browser: Browser, frame: Around, tmp_path: Path, outer: str, inner: str
) -> None:
    with page_of(tmp_path, frame.by(outer)) as address:
        frame.inside = address.replace("127.0.0.1", inner)
        enter(browser, frame.by(outer))
        browser.wait(lambda: "Begin with your viewing history" in browser.text())
        browser.follow_menu("/sharing")
        browser.wait(lambda: browser.find("button[value=joined]")).click()
        browser.wait(lambda: "You joined" in browser.text())
        assert read_choices(tmp_path / "private").participation == "joined"
        browser.driver.switch_to.default_content()


@pytest.mark.parametrize("name", NAMES)
def test_the_frame_of_another_origin_stays_empty(browser: Browser, frame: Around, tmp_path: Path, name: str) -> None:
    with page_of(tmp_path, "http://localhost:9") as address:
        for path, _ in PAGES:
            frame.inside = f"{address}{path}"
            enter(browser, frame.by(name))
            assert stays_empty(browser), path
            browser.driver.switch_to.default_content()


def test_a_page_around_the_allowed_one_sees_nothing(browser: Browser, frame: Around, tmp_path: Path) -> None:
    with around() as allowed, page_of(tmp_path, allowed.by("localhost")) as address:
        allowed.inside = address
        enter(browser, allowed.by("localhost"))
        browser.wait(lambda: "Netflix Trend" in browser.text())
        frame.inside = allowed.by("localhost")
        enter(browser, frame.by("localhost"))
        browser.driver.switch_to.frame(browser.find("#app"))
        assert stays_empty(browser)
        browser.driver.switch_to.default_content()


@pytest.mark.parametrize("path", ["/status.json", "/healthz", "/static/icon.svg", "/nothing", "/upload"])
def test_what_is_no_page_is_shown_in_no_frame(browser: Browser, frame: Around, tmp_path: Path, path: str) -> None:
    with page_of(tmp_path) as address:
        frame.inside = f"{address}{path}"
        enter(browser, frame.address)
        assert stays_empty(browser)
        browser.driver.switch_to.default_content()


@pytest.mark.parametrize("name", NAMES)
def test_without_an_allowed_origin_a_frame_says_how_to_open_the_page(
    looks: Browser, frame: Around, tmp_path: Path, name: str
) -> None:
    driver = looks.driver
    with page_of(tmp_path) as address:
        frame.inside = f"{address.replace('127.0.0.1', name)}/sharing"
        enter(looks, frame.address)
        link = looks.wait(lambda: looks.find("a.button"))
        assert link.text == "Open Netflix Trend in a new tab"
        assert "FRAME_ORIGIN=" in looks.text()
        assert not looks.all("form, input, script")
        assert not driver.get_cookies(), "nothing is given to a frame"
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        looks.screenshot("in-a-frame")
        link.click()
        looks.wait(lambda: len(driver.window_handles) == 2)
        first, second = driver.window_handles
        driver.switch_to.window(second)
        looks.wait(lambda: looks.find("button[value=joined]")).click()
        looks.wait(lambda: "You joined" in looks.text())
        assert driver.execute_script("return opener") is None
        driver.close()
        driver.switch_to.window(first)
