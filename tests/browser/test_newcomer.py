"""A newcomer's way from an empty page to a receipt, in as few clicks as docs/looks.md says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import Browser
from tests.browser.conftest import opened, served
from tests.browser.newcomer import Newcomer, without_own
from tests.services.dashboard.participant import SAMPLE

pytestmark = pytest.mark.browser


@pytest.fixture(params=["phone", "desktop"])
def arriving(request: pytest.FixtureRequest, network: Path, tmp_path: Path) -> Iterator[tuple[str, Browser]]:
    """A browser at the page of somebody who has done nothing yet, in a network that has published statistics."""
    without_own(network, tmp_path / "network")
    for address in served(tmp_path / "network"):
        for browser in opened(address, request.param, "light", tmp_path / "profile"):
            yield request.param, browser


def test_a_newcomer_gets_everything_in_few_clicks(arriving: tuple[str, Browser]) -> None:
    width, browser = arriving
    steps = Newcomer(browser, SAMPLE).walk()
    folded = 1 if width == "phone" else 0  # the menu is opened first
    assert [(step.name, step.clicks) for step in steps] == [
        ("see a first result", 2),
        ("see the year", 1),
        ("save a picture to share", 2),
        ("take part", 2 + folded),
        ("withdraw", 3),
    ]
