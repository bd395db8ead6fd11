"""A newcomer's way through the pages, counted: `.venv/bin/python -m tests.browser.newcomer` prints clicks and seconds.

From an empty page to the first result, the year, a picture to share, taking part and withdrawing. Choosing the file in
the system's own window counts as one click.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.browser import Browser
from tests.services.dashboard.participant import SAMPLE

# Folders of the participant; the network stays as it is.
_OWN = ("private", "publisher", "drop")


@dataclass(frozen=True)
class Step:
    """What somebody wanted, how many clicks it took, and seconds until it was there."""

    name: str
    clicks: int
    seconds: float


class Newcomer:
    """Plays somebody who opens the page for the first time."""

    def __init__(self, browser: Browser, export: Path) -> None:
        self._browser, self._export = browser, export
        self._clicks = 0
        self.steps: list[Step] = []

    def walk(self) -> list[Step]:
        """Go the whole way; returns its steps."""
        browser = self._browser
        browser.get("/")
        with self._step("see a first result", lambda: bool(browser.all("#summary"))):
            browser.find("#file").send_keys(str(self._export))
            self._clicks += 1
            self._click("#upload button")
        with self._step("see the year", lambda: bool(browser.all(".hero"))):
            self._click("#summary .button")
        with self._step("save a picture to share", self._is_saved):
            self._click(".hero .button")
            browser.wait(lambda: browser.all("a[download]"))
            self._click("a[download]")
        with self._step("take part", lambda: bool(browser.all("button[value=paused]"))):
            self._menu("/sharing")
            self._click("button[value=joined]")
        with self._step("withdraw", lambda: bool(browser.all("#receipt1"))):
            self._click("details.withdraw summary")
            self._click("input[name=sure]")
            self._click("button[value=withdrawn]")
        return self.steps

    def _is_saved(self) -> bool:
        """Return whether a whole picture was downloaded; what is not whole has another name."""
        return [path.suffix for path in self._browser.downloads.iterdir()] == [".png"]

    @contextmanager
    def _step(self, name: str, is_there: Callable[[], bool]) -> Iterator[None]:
        begun, before = time.perf_counter(), self._clicks
        yield
        self._browser.wait(is_there)
        self.steps.append(Step(name, self._clicks - before, time.perf_counter() - begun))

    def _click(self, css: str) -> None:
        self._browser.wait(lambda: self._browser.all(css))
        self._browser.find(css).click()
        self._clicks += 1

    def _menu(self, path: str) -> None:
        is_folded = bool([one for one in self._browser.all("nav.menu summary") if one.is_displayed()])
        self._browser.follow_menu(path)
        self._clicks += 1 + is_folded


def without_own(network: Path, root: Path) -> None:
    """Copy a network without anything of its participant."""
    shutil.copytree(network, root)
    for name in _OWN:
        shutil.rmtree(root / name, ignore_errors=True)


def main() -> None:
    """Print the steps at both widths."""
    from tests.browser.conftest import served
    from tests.services.dashboard.participant import make_network

    with tempfile.TemporaryDirectory() as folder:
        make_network(Path(folder) / "network", people=300, weeks=2)
        for width in ("phone", "desktop"):
            root = Path(folder) / width
            without_own(Path(folder) / "network", root)
            for address in served(root):
                browser = Browser.open(address, width, "light", Path(folder) / f"{width}-profile")
                try:
                    steps = Newcomer(browser, SAMPLE).walk()
                finally:
                    browser.driver.quit()
                for step in steps:
                    sys.stdout.write(f"{width:8} {step.name:25} {step.clicks} clicks {step.seconds:5.1f} s\n")


if __name__ == "__main__":
    main()
