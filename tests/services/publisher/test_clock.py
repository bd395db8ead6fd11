"""When the publisher's clock asks for a look before the minute is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.layout import SURVEYS, round_path, shared_path
from netflix_trend.operators.round_folders import ACCEPT, MANIFEST
from netflix_trend.participant.due import decided_elsewhere
from netflix_trend.settings import Settings, load_settings

AGGREGATOR, HELPER = "trend@example.net", "helper@example.net"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folders = {f"{name}_dir": tmp_path / name for name in ("private", "publisher", "datasites")}
    return load_settings(**folders, aggregator_datasite=AGGREGATOR, helper_datasite=HELPER)


@pytest.mark.parametrize(
    "path",
    [
        f"{AGGREGATOR}/{shared_path(SURVEYS)}",
        f"{AGGREGATOR}/{round_path('2026-W46', MANIFEST)}",
        f"{HELPER}/{round_path('2026-W46', ACCEPT)}",
    ],
)
def test_what_was_decided_elsewhere_is_noticed(settings: Settings, path: str) -> None:
    before = decided_elsewhere(settings)
    (settings.datasites_dir / path).parent.mkdir(parents=True)
    (settings.datasites_dir / path).write_text("{}")
    after = decided_elsewhere(settings)
    assert after != before
    assert decided_elsewhere(settings) == after


def test_other_files_of_a_round_are_none_of_its_business(settings: Settings) -> None:
    folder = settings.datasites_dir / AGGREGATOR / round_path("2026-W46", MANIFEST)
    folder.parent.mkdir(parents=True)
    before = decided_elsewhere(settings)
    (folder.parent / "result-early.json").write_text("{}")
    assert decided_elsewhere(settings) == before
