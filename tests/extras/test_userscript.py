"""The userscript, in a real Chromium on the stand-in, injected as a userscript manager does it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.scraper.browser import Browser, open_browser
from services.scraper.page_selectors import SELECTORS
from tests.services.scraper.conftest import stand_in, temporary
from tests.services.scraper.stand_in import NETFLIX_ID, SECURE_ID, Knobs, StandIn
from tests.waiting import wait_for

__all__ = ["stand_in", "temporary"]
ROOT = Path(__file__).parents[2]
FILE = ROOT / "extras" / "netflix-viewing-history.user.js"
SCRIPT = FILE.read_text()
# Nothing inline and nothing from elsewhere may run, and no text becomes markup.
POLICY = (
    "default-src 'none'; script-src 'nonce-x'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "require-trusted-types-for 'script'"
)
BOX = "document.getElementById('netflix-trend-box')"


# The file itself


@pytest.mark.parametrize("document", ["docs/scraper.md", "extras/README.md"])
def test_the_documents_have_its_hash(document: str) -> None:
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert f"| `{FILE.name}` | `{digest}` |" in (ROOT / document).read_text(), "write the new hash there"


def test_it_asks_for_no_right_and_for_no_other_page() -> None:
    header = dict.fromkeys(re.findall(r"^// @(\S+)", SCRIPT, re.MULTILINE))
    assert "require" not in header
    assert "updateURL" not in header
    assert "connect" not in header
    assert re.findall(r"^// @grant +(.+)$", SCRIPT, re.MULTILINE) == ["none"]
    assert re.findall(r"^// @match +(.+)$", SCRIPT, re.MULTILINE) == [
        "https://www.netflix.com/settings/viewed*",
        "https://www.netflix.com/viewingactivity*",
        "https://www.netflix.com/*/settings/viewed*",
        "https://www.netflix.com/*/viewingactivity*",
    ]


def test_it_uses_no_network_no_storage_and_makes_no_code() -> None:
    for word in (
        *("fetch(", "XMLHttpRequest", "sendBeacon", "WebSocket", "EventSource", "import", "Image(", "postMessage"),
        *("eval", "Function(", "innerHTML", "insertAdjacent", "document.write", "<script", "cookie", "Storage"),
    ):
        assert word not in SCRIPT.replace("import the file", ""), word


def test_it_knows_the_link_as_the_browser_in_the_container_does() -> None:
    (listed,) = re.findall(r"const LINKS = \[(.*?)\];", SCRIPT, re.DOTALL)
    assert tuple(re.findall(r"'([^']+)'", listed)) == SELECTORS["download"]


# In a browser


def serve_pages(pages: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the stand-in a strict policy, and its page of viewing activity the addresses of 2026 and of languages."""
    handler: Any = pages.handler
    answer, send = handler.do_GET, handler._send

    def do_get(self: Any) -> None:
        self.path = re.sub(r"^(/[a-z-]+)?/(settings/viewed|viewingactivity)(/[A-Z]+)?$", "/viewingactivity", self.path)
        answer(self)

    def send_strictly(self: Any, body: bytes, status: int, headers: dict[str, str] | None = None) -> None:
        send(self, body, status, {**(headers or {}), "Content-Security-Policy": POLICY})

    monkeypatch.setattr(handler, "do_GET", do_get)
    monkeypatch.setattr(handler, "_send", send_strictly)


class Reader:
    """A person with a userscript manager, signed in, who sees what the browser saves."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder

    def run(self, code: str) -> Any:
        return self.browser.driver.execute_script(f"return {code}")

    def press(self) -> None:
        """Press with the mouse, as a person does."""
        place = self.run(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({BOX}.firstChild.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            where = {"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            self.browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", where)

    def said(self) -> str:
        return str(self.run(f"{BOX}.innerText"))

    def saved(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.suffix != ".crdownload")


@pytest.fixture
def reader(
    stand_in: StandIn, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Reader]:
    serve_pages(stand_in, monkeypatch)
    # Violentmonkey's world for this script is its own; Greasemonkey's and Tampermonkey's is the page's.
    with reading(stand_in, tmp_path, getattr(request, "param", "own world")) as one:
        yield one


@contextmanager
def reading(pages: StandIn, folder: Path, world: str) -> Iterator[Reader]:
    downloads = folder / "downloads"
    downloads.mkdir()
    with open_browser("off", pages.arguments) as browser:
        tell = browser.driver.execute_cdp_cmd
        names = {"NetflixId": NETFLIX_ID, "SecureNetflixId": SECURE_ID}
        browser.set_cookies([{"name": n, "value": v, "domain": ".netflix.com", "path": "/"} for n, v in names.items()])
        tell("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
        idle = f"addEventListener('DOMContentLoaded', () => {{ {SCRIPT} }});"
        injected = {"source": idle, **({"worldName": "manager"} if world == "own world" else {})}
        tell("Page.enable", {})
        tell("Page.addScriptToEvaluateOnNewDocument", injected)
        yield Reader(browser, downloads)


@pytest.mark.browser
@pytest.mark.parametrize("reader", ["own world", "page's world"], indirect=True)
def test_one_press_saves_the_file(stand_in: StandIn, reader: Reader) -> None:
    stage = stand_in.play(Knobs(gate=False))
    reader.browser.open("/settings/viewed/GUIDME")
    assert stage.downloads == 0, "nothing happens before the press"
    reader.press()
    wait_for(lambda: reader.saved() == ["NetflixViewingHistory.csv"], "the file is saved")
    assert (reader.folder / "NetflixViewingHistory.csv").read_bytes() == stage.csv()
    assert "Your browser saves NetflixViewingHistory.csv" in reader.said()
    reader.press()
    wait_for(lambda: stage.downloads == 2, "it can be pressed again")


@pytest.mark.browser
def test_the_link_is_found_by_its_address_in_any_language(
    stand_in: StandIn, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stand_in.play(Knobs(gate=False, locale="de"))
    page: Any = stand_in.handler._page  # type: ignore[attr-defined]

    def renamed(self: Any, body: str, user: bool = True) -> None:
        page(self, body.replace("viewing-activity-footer-download", "x7f3"), user)

    monkeypatch.setattr(stand_in.handler, "_page", renamed)
    reader.browser.open("/de/viewingactivity")
    reader.press()
    wait_for(lambda: reader.saved() == ["NetflixViewingHistory.csv"], "the file is saved")
    assert stage.downloads == 1


@pytest.mark.browser
def test_a_link_that_comes_late_is_waited_for(stand_in: StandIn, reader: Reader) -> None:
    stage = stand_in.play(Knobs(gate=False, control="none"))
    reader.browser.open("/viewingactivity")
    reader.press()
    wait_for(lambda: "Looking for the link" in reader.said(), "it looks")
    reader.run(
        "(a => { a.href = '/api/shakti/mre/viewingactivitycsv'; a.textContent = 'x'; document.body.prepend(a); })"
        "(document.createElement('a'))"
    )
    wait_for(lambda: reader.saved() == ["NetflixViewingHistory.csv"], "the file is saved")
    assert stage.downloads == 1


@pytest.mark.browser
def test_on_a_changed_page_it_says_which_link_to_click(stand_in: StandIn, reader: Reader) -> None:
    stand_in.play(Knobs(gate=False, layout_changed=True))
    reader.browser.open("/viewingactivity")
    reader.press()
    wait_for(lambda: "The link was not found" in reader.said(), "it gives up")
    assert 'click "Download all" (in your language) yourself' in reader.said()
    assert reader.saved() == []


@pytest.mark.browser
def test_a_press_that_a_page_makes_up_does_nothing(stand_in: StandIn, reader: Reader) -> None:
    stage = stand_in.play(Knobs(gate=False))
    reader.browser.open("/viewingactivity")
    reader.run(f"{BOX}.firstChild.click()")
    assert reader.said() == "Save for Netflix Trend"
    reader.press()
    wait_for(reader.saved, "a person's press counts")
    assert stage.downloads == 1


@pytest.mark.browser
def test_the_button_does_nothing_once_the_page_is_another(stand_in: StandIn, reader: Reader) -> None:
    stage = stand_in.play(Knobs(gate=False))
    reader.browser.open("/viewingactivity")
    reader.run("history.pushState(null, '', '/browse')")
    reader.press()
    wait_for(lambda: "no longer the page" in reader.said(), "it says so")
    assert stage.downloads == 0


@pytest.mark.browser
def test_on_other_pages_there_is_nothing(stand_in: StandIn, reader: Reader) -> None:
    stand_in.play(Knobs(gate=False))
    for path in ("/browse", "/login", "/browse?next=/viewingactivity", "/a/b/viewingactivity", "/viewingactivityx"):
        reader.browser.open(path)
        assert reader.run("document.readyState") != "loading"
        assert reader.run(BOX) is None, path
    reader.browser.open("/viewingactivity")
    assert reader.run(BOX) is not None, "else the script is not there at all"


@pytest.mark.browser
def test_pasted_into_the_console_it_works_too_and_once(stand_in: StandIn, reader: Reader) -> None:
    stand_in.play(Knobs(gate=False))
    reader.browser.open("/viewingactivity")
    reader.browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": SCRIPT, "userGesture": True})
    assert reader.run("document.querySelectorAll('#netflix-trend-box').length") == 1
    reader.run(f"{BOX}.remove()")
    reader.browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": SCRIPT, "userGesture": True})
    reader.press()
    wait_for(lambda: reader.saved() == ["NetflixViewingHistory.csv"], "the file is saved")


@pytest.mark.browser
def test_the_bookmark_of_the_readme_clicks_the_link(stand_in: StandIn, reader: Reader) -> None:
    stage = stand_in.play(Knobs(gate=False))
    (address,) = re.findall(r"^javascript:.+$", (ROOT / "extras" / "README.md").read_text(), re.MULTILINE)
    reader.browser.open("/viewingactivity")
    reader.browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": address.removeprefix("javascript:")})
    wait_for(lambda: reader.saved() == ["NetflixViewingHistory.csv"], "the file is saved")
    assert stage.downloads == 1
    reader.browser.open("/browse")
    told = "window.alert = text => { window.told = text }"
    code = f"{told}; {address.removeprefix('javascript:')}; told"
    found = reader.browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": code})
    assert "Open www.netflix.com/viewingactivity" in json.dumps(found)
