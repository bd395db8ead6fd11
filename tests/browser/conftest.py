"""The browser that all page tests share: started once, forgetful between tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Browser, require_chromium


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    require_chromium()
    browser = Browser()
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """A Chromium that nobody has used yet; set `base` to the origin of the application under test."""
    chromium.base = ""
    chromium.reset()
    return chromium
