"""Take the pictures of the README anew: `.venv/bin/python -m tests.browser.pictures http://127.0.0.1:8651`.

At that address is the demo: `./run.sh demo`, then `./run.sh dashboard --demo`. Needs Chromium, and pngquant to make the
files small.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.browser.browser import ROOT, Browser

WIDTH = 1000
# Name: page, the part that it begins with, whose details are opened, and how many pixels are shown. A page that this
# version does not have is left out, and said.
PICTURES = {
    "year-in-review": ("/year/2026", "body", 1200),
    "titles": ("/titles", "body", 900),
    "the-groups-year": ("/others/year/2026", "body", 1100),
    "me-and-the-others": ("/others", "body", 1010),
    "my-viewing": ("/viewing", "body", 930),
    "life-events": ("/events", "body", 1250),
    "what-leaves": ("/sharing", "#sealed", 1060),
}


def note_event(browser: Browser) -> None:
    """Note the event that the pictures show, unless it is there."""
    browser.get("/events")
    if browser.all(".event"):
        return
    for name, value in (("label", "sick"), ("first_day", "2026-10-05"), ("last_day", "2026-10-18")):
        browser.driver.execute_script("arguments[0].value = arguments[1]", browser.find(f"#{name}"), value)
    browser.find("#event-form button").click()
    browser.wait(lambda: browser.all(".event"))


def main(address: str) -> None:
    """Take every picture anew."""
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser.open(address, "desktop", "light", Path(profile))
        try:
            size = {"width": WIDTH, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
            browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            note_event(browser)
            for name, (page, part, height) in PICTURES.items():
                browser.get(page)
                if browser.all("h1 + .message.refused"):
                    print(f"{name}: there is no page {page}")
                    continue
                if browser.all(".chart-card"):
                    browser.wait(lambda: browser.find("html").get_attribute("data-charts"))
                if part != "body":
                    browser.find(f"{part} summary").click()
                top = max(0, int(browser.find(part).location["y"]) - 16)
                clip = {"x": 0, "y": top, "width": WIDTH, "height": height, "scale": 1}
                wanted = {"clip": clip, "captureBeyondViewport": True}
                taken = browser.driver.execute_cdp_cmd("Page.captureScreenshot", wanted)
                path = ROOT / "docs" / "screenshots" / f"{name}.png"
                path.write_bytes(base64.b64decode(taken["data"]))
                subprocess.run(["pngquant", "--force", "--ext", ".png", "32", path], check=True)
        finally:
            browser.driver.quit()


if __name__ == "__main__":
    main(sys.argv[1])
