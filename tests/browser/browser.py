"""A real Chromium for tests of pages: light and dark, phone and desktop, with everything that went wrong written down.

Debian's chromium and chromedriver; Selenium Manager, which would download others, never runs. No name is resolved, so a
page that asks for anything elsewhere gets an error and is noticed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

HERE = Path(__file__).parent
ARTIFACTS = HERE.parents[1] / "test-artifacts"
PHONE, DESKTOP = 390, 1200
SCHEMES = ("light", "dark")


def require_chromium() -> None:
    """Skip with the reason where there is no browser; fail in CI."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} not installed: apt install chromium chromium-driver"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


class Browser:
    """One Chromium. `base` is the only origin that pages may load from; set it before the first `open`."""

    def __init__(self, base: str = "") -> None:
        self.base = base
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or "chromium"
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--force-prefers-reduced-motion",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(30)

    def quit(self) -> None:
        self.driver.quit()

    def reset(self) -> None:
        """Forget cookies, storage, logs and emulation; every test begins like a new visitor."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.get("about:blank")
        self.look_like("light", DESKTOP)
        self.problems()

    def look_like(self, scheme: str, width: int, height: int = 900) -> None:
        """Show pages in a color scheme (light or dark) and at a width in CSS pixels."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self) -> str:
        """Return what a person can read on the page, blanks folded."""
        return " ".join(self.find("body").text.split())

    def wait(self, condition: Any, what: str, seconds: float = 20) -> Any:
        wait = WebDriverWait(self.driver, seconds, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: condition(), f"waited for: {what}")

    def keys(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def problems(self) -> list[str]:
        """Return and forget what went wrong since the last call: console errors (violations of the content security
        policy are among them) and requests to any other origin than `base`."""
        found = [
            f"console: {entry['message']}"
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] != "Network.requestWillBeSent":
                continue
            url = message["params"]["request"]["url"]
            if not url.startswith((f"{self.base}/", "data:", "blob:", "about:")):
                found.append(f"request: {url}")
        return found

    def accessibility_problems(self) -> list[str]:
        """Return what axe-core objects to, contrast and labels among it."""
        self.driver.execute_script((HERE / "axe.min.js").read_text("utf-8"))
        run = "const done = arguments[0]; axe.run(document).then(r => done(r.violations), e => done([String(e)]))"
        self.driver.set_script_timeout(60)
        return [
            f"{violation['id']}: {violation['help']}: {[node['html'][:160] for node in violation['nodes'][:3]]}"
            if isinstance(violation, dict)
            else str(violation)
            for violation in self.driver.execute_async_script(run)
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        return int(self.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth"))

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the whole page as `test-artifacts/<name>.png`."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 12_000), "scale": 1}
        picture = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip}
        )
        path = ARTIFACTS / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(picture["data"]))
        return path


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application on a free port of 127.0.0.1; yields its origin, such as `http://127.0.0.1:41234`."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
