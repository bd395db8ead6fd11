"""Debian's Chromium on a real dashboard: what it logs, blocks and asks for is kept, and a screenshot of every page."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import WebDriverWait

from tests.waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[2]
AXE = (ROOT / "tests/browser/vendor/axe-core-4.14.1/axe.min.js").read_text()
SCREENSHOTS = ROOT / "screenshots"
# What a page may not do: the text of the log entry of a violated policy, and any error.
WIDTHS = {"phone": 390, "desktop": 1200}


def require_chromium() -> None:
    """Skip with the reason where there is no browser; fail in CI."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} not installed (apt install chromium chromium-driver)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@dataclass
class Browser:
    """A window of one width and one colour scheme, on one address. downloads: where its downloads go."""

    driver: webdriver.Chrome
    address: str
    name: str
    downloads: Path

    @classmethod
    def open(
        cls,
        address: str,
        width: str,
        scheme: str,
        folder: Path,
        *,
        script: bool = True,
        downloads: Path | None = None,
    ) -> Browser:
        """Start a browser. folder: for its profile. downloads: beside that if it is None."""
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--hide-scrollbars",
            f"--user-data-dir={folder}",
            f"--window-size={max(WIDTHS[width], 500)},1000",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        if not script:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        # A path to the driver: Selenium Manager, which would look for one elsewhere, never runs.
        service = webdriver.ChromeService(str(shutil.which("chromedriver")))
        driver = webdriver.Chrome(options=options, service=service)
        # Never into the folder of whoever runs the tests.
        downloads = downloads or folder.with_name(f"{folder.name}-downloads")
        downloads.mkdir(exist_ok=True)
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
        browser = cls(driver, address, f"{width}-{scheme}", downloads)
        browser.resize(WIDTHS[width], scheme)
        return browser

    def resize(self, width: int, scheme: str) -> None:
        """Give the window another width and colour scheme; a narrow one behaves as a phone's."""
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width <= WIDTHS["phone"]}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def get(self, path: str) -> None:
        """Go to a page and wait until something is on it: on a busy machine the driver may return before that."""
        left = self.find("html")
        self.driver.get(f"{self.address}{path}")
        self.wait(lambda: staleness_of(left)(self.driver) and self.all("body > *"))

    def follow_menu(self, path: str) -> None:
        """Click an entry of the menu, which a narrow window folds behind one line."""
        for folded in self.all(".menu summary"):
            if folded.is_displayed():
                folded.click()
        next(link for link in self.all(f".menu a[href='{path}']") if link.is_displayed()).click()

    def wait(self, condition: Any, seconds: float = PATIENCE) -> Any:
        """Return what a condition gives once it holds; a page may be replaced while it is looked at."""

        def holds(_: Any) -> Any:
            try:
                return condition()
            except WebDriverException as problem:
                # Chromium's words where an element's document goes while it is read.
                if "does not belong to the document" in str(problem):
                    return False
                raise

        passing = (NoSuchElementException, StaleElementReferenceException)
        return WebDriverWait(self.driver, seconds, 0.05, passing).until(holds)

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self) -> str:
        return self.find("body").text

    def screenshot(self, name: str, folder: Path = SCREENSHOTS) -> Path:
        """Keep the whole page as a picture."""
        folder.mkdir(exist_ok=True)
        metrics = wait_for(self._laid_out, "the page has a width")
        height = min(6000, int(metrics["cssContentSize"]["height"]))
        # An address is a name, too.
        plain = re.sub(r"\W+", "-", name).strip("-") or "start"
        path = folder / f"{plain}-{self.name}.png"
        clip = {"x": 0, "y": 0, "width": metrics["cssContentSize"]["width"], "height": height, "scale": 1}
        found = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(found["data"]))
        return path

    def _laid_out(self) -> Any:
        """Return the measures of the page, None while a busy machine has not laid it out."""
        metrics = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
        return metrics if metrics["cssContentSize"]["width"] else None

    def complaints(self) -> list[str]:
        """Return what the browser logged since the last call: errors, warnings, blocked by the policy."""
        found = [
            entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")
        ]
        return [message for message in found if "favicon" not in message]

    def requests(self) -> list[str]:
        """Return the addresses that the pages asked for since the last call."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        # Not what the browser's own pages ask for, such as the tab that it begins with, nor what is no request.
        return [address for address in found if not address.startswith(("chrome://", "data:"))]

    def forget(self) -> None:
        """Leave the page that the browser began with, and what it logged."""
        self.driver.get("about:blank")
        self.complaints()
        self.requests()

    def check(self, expected: tuple[str, ...] = ()) -> None:
        """Fail on any error, any violation of the policy, and any request to elsewhere since the last call."""
        complaints = [one for one in self.complaints() if not any(words in one for words in expected)]
        assert not complaints, "\n".join(complaints)
        own = (f"{self.address}/", "data:", "about:")
        assert [address for address in self.requests() if not address.startswith(own)] == []

    def violations(self) -> list[str]:
        """Return what axe-core finds wrong: contrast, labels, roles, headings."""
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
        script = "axe.run(document, {resultTypes: ['violations']}).then((found) => arguments[0](found.violations))"
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for one in self.driver.execute_async_script(script)
            for node in one["nodes"]
        ]
