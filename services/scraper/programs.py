"""Chromium and ChromeDriver of this machine: where they are, whether they fit, and what installs them.

In our image they are Debian's. Without Docker they are what the person has installed, on PATH.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.scraper.failures import Failure

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# On macOS applications are not on PATH.
_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_DRIVER = "chromedriver"
_VERSION_SECONDS = 20
# Commands that install both, by the names that a system gives itself.
_COMMANDS = {
    "debian": "sudo apt install chromium chromium-driver",
    "fedora": "sudo dnf install chromium chromedriver",
    "rhel": "sudo dnf install epel-release, then sudo dnf install chromium chromedriver",
    "arch": "sudo pacman -S chromium",
    "darwin": "brew install --cask google-chrome chromedriver",
}
_OF_UBUNTU = (
    "Ubuntu's own Chromium is a snap, which cannot use a folder of its own for each run. Install Google Chrome from "
    "https://www.google.com/chrome and the ChromeDriver of the same version from "
    "https://googlechromelabs.github.io/chrome-for-testing, and put chromedriver into /usr/local/bin"
)
_OF_OTHERS = "install Chromium and the ChromeDriver of the same version, and put both on PATH"


@dataclass(frozen=True)
class Programs:
    """The paths of a browser and its driver."""

    browser: str
    driver: str


def find_programs() -> Programs:
    """Return the browser and driver on PATH; of several browsers the first that has the driver's version.

    Raises Failure("BROWSER_MISSING"), which says what installs them.
    """
    places = (*_BROWSERS, *(_APPLICATIONS if sys.platform == "darwin" else ()))
    browsers, driver = _usable(places), next(iter(_usable([_DRIVER])), "")
    if not browsers or not driver:
        names = [name for name, found in (("Chromium", browsers), ("ChromeDriver", driver)) if not found]
        raise Failure("BROWSER_MISSING", f"{' and '.join(names)} not found; {how_to_install()}")
    pairs = [Programs(browser, driver) for browser in browsers]
    return next((pair for pair in pairs if not misfit(pair)), pairs[0]) if len(pairs) > 1 else pairs[0]


def misfit(programs: Programs) -> str:
    """Return both versions as text if a driver refuses a browser because of them; empty if they fit or are unknown."""
    browser, driver = version_of(programs.browser), version_of(programs.driver)
    numbers = [re.search(r"(\d+)\.\d", text) for text in (browser, driver)]
    if not numbers[0] or not numbers[1] or numbers[0][1] == numbers[1][1]:
        return ""
    return f"{browser.partition(' built on')[0]}; {driver.partition(' (')[0]}"


def version_of(program: str) -> str:
    """Return what a program says of its version; empty if it cannot be started."""
    command = [program, "--version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_VERSION_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def how_to_install(system: str = sys.platform) -> str:
    """Return the command that installs both programs on this system."""
    if system == "darwin":
        return _COMMANDS[system]
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    if release.get("ID") == "ubuntu":
        return _OF_UBUNTU
    names = (release.get("ID", ""), *release.get("ID_LIKE", "").split())
    return next((_COMMANDS[name] for name in names if name in _COMMANDS), _OF_OTHERS)


def _usable(names: Sequence[str]) -> list[str]:
    """Return the paths of the programs that are there, each once."""
    found: dict[Path, str] = {}
    for name in names:
        path = shutil.which(name)
        if path and not _is_snap(Path(path)):
            found.setdefault(Path(path).resolve(), path)
    return list(found.values())


def _is_snap(path: Path) -> bool:
    """Return whether a program is a snap, or a script of Ubuntu that starts one."""
    target = path.resolve()
    if target.is_relative_to("/snap") or target == Path("/usr/bin/snap"):
        return True
    try:
        with target.open("rb") as file:
            beginning = file.read(4096)
    except OSError:
        return False
    return beginning.startswith(b"#!") and b"/snap/bin/" in beginning
