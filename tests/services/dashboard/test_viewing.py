"""What the pages about a person's own viewing call months and devices."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netflix_trend.language import spoken, translations_of
from services.dashboard.history import History
from services.dashboard.table_files import show_address
from services.dashboard.viewing import viewing_page
from tests.services.dashboard.household import household
from tests.services.dashboard.participant import Person


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Person:
    return household(tmp_path_factory.mktemp("household"))


@pytest.mark.parametrize("path", ["/viewing?range=all", "/profiles", show_address("Ozark", {})])
def test_months_are_called_by_their_names(home: Person, path: str) -> None:
    page = home.page(path)
    assert "January 2024" in page
    assert "Jan\\n2024" in page, "an axis of a chart"
    # Nothing that is no part of a day.
    assert not re.search(r"\b20\d\d-[01]\d\b(?!-)", page)


def test_a_device_without_a_name_is_called_unknown_in_the_language_of_the_page(home: Person, tmp_path: Path) -> None:
    with spoken(translations_of("de")):
        page = viewing_page(History.of(home.settings.private_dir), {"range": "all"})
        only = viewing_page(History.of(home.settings.private_dir), {"range": "all", "device": "unknown"})
    (devices,) = (chart for chart in page.charts if chart.name == "devices")
    assert "unbekannt" in devices.option["yAxis"]["data"]
    assert "unbekannt" in [row[0] for row in devices.table.rows]
    assert ("unknown", "unbekannt") in [(one.value, one.label) for one in page.selected.devices]
    (alone,) = (chart for chart in only.charts if chart.name == "devices")
    assert [row[0] for row in alone.table.rows] == ["unbekannt"]
    assert "unbekannt" in alone.lead
