"""A dashboard on a free port of this machine, with a small network behind it, and a browser in front."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from services.dashboard.web import create_app
from services.local.dashboard import OneProcess
from tests.browser.browser import WIDTHS, Browser, require_chromium
from tests.made_once import made_once
from tests.ports import free_port
from tests.services.dashboard.participant import TODAY, add_chart, make_network, settings_in


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_chromium()

    def make(root: Path) -> None:
        # Enough people for the page to tell something from noise.
        make_network(root, people=1500, weeks=4)
        add_chart(root)

    return made_once(tmp_path_factory, "network-of-1500", make)


def served(root: Path, **more: Any) -> Iterator[str]:
    port = free_port()
    settings = settings_in(root, dashboard_port=port, join="ask", **more)
    app = create_app(settings, OneProcess(settings, lambda: TODAY), lambda: TODAY)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def full(network: Path) -> Iterator[str]:
    """A dashboard that nobody changes."""
    yield from served(network)


@pytest.fixture
def own(network: Path, tmp_path: Path) -> Iterator[str]:
    """A dashboard of one test."""
    shutil.copytree(network, tmp_path / "network")
    yield from served(tmp_path / "network")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[str]:
    """A dashboard of somebody who has done nothing yet."""
    require_chromium()
    (tmp_path / "datasites").mkdir()
    yield from served(tmp_path)


@contextmanager
def window(width: str, scheme: str, folder: Path, address: str = "", **options: Any) -> Iterator[Browser]:
    """A browser of its own. folder: of its profile. options: of `Browser.open`."""
    require_chromium()
    browser = Browser.open(address, width, scheme, folder, **options)
    try:
        yield browser
    finally:
        browser.driver.quit()


def opened(
    address: str, width: str, scheme: str, folder: Path, *, script: bool = True, downloads: Path | None = None
) -> Iterator[Browser]:
    with window(width, scheme, folder, address, script=script, downloads=downloads) as browser:
        browser.forget()
        yield browser
        browser.check()


@pytest.fixture(scope="session", params=["phone-dark", "desktop-light"])
def looking(request: pytest.FixtureRequest, full: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Every width, every colour scheme."""
    width, scheme = request.param.split("-")
    yield from opened(full, width, scheme, tmp_path_factory.mktemp("profile"))


def look_of(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Return the width and scheme that a test wants, such as `phone-dark`: its mark `look`."""
    mark = request.node.get_closest_marker("look")
    assert mark is not None, "say in which look this is done: @pytest.mark.look"
    width, scheme = str(mark.args[0]).split("-")
    return width, scheme


@pytest.fixture(scope="session")
def one_window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests that act: starting it takes longer than most of them."""
    with window("desktop", "light", tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def anew(window: Browser, address: str, width: str, scheme: str) -> Iterator[Browser]:
    """Let a window look at an address for the first time, without anything that another test left."""
    window.address, window.name = address, f"{width}-{scheme}"
    window.resize(WIDTHS[width], scheme)
    window.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    window.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
    window.forget()
    yield window
    window.check()


@pytest.fixture
def acting(own: str, one_window: Browser, request: pytest.FixtureRequest) -> Iterator[Browser]:
    yield from anew(one_window, own, *look_of(request))


@pytest.fixture
def beginning(empty: str, one_window: Browser, request: pytest.FixtureRequest) -> Iterator[Browser]:
    yield from anew(one_window, empty, *look_of(request))


@pytest.fixture
def scriptless(own: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Browser]:
    yield from opened(own, *look_of(request), tmp_path / "profile", script=False)
