"""The publisher's job: what it does with what lies in its folders."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.catalogues import starter_vocabulary
from netflix_trend.datasite import Datasite
from netflix_trend.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.settings import Settings, load_settings
from netflix_trend.survey import default_survey, dump_surveys
from netflix_trend.weeks import Week
from services.publisher.jobs import publish_with

TODAY = Week.parse("2026-W46").sunday + timedelta(days=2)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    return {name: tmp_path / name.removesuffix("_dir") for name in ("private_dir", "publisher_dir", "datasites_dir")}


def save_profile(folders: dict[str, Path], version: str) -> None:
    folder = folders["private_dir"] / "profiles" / "me"
    folder.mkdir(parents=True)
    save_encodings(folder, Encodings(np.zeros(0, FULL_DTYPE), np.zeros(9, "<i4"), version, TODAY))


def share(settings: Settings, data: bytes) -> None:
    shared = Datasite(settings.datasites_dir, settings.aggregator_datasite).app_data / "shared"
    shared.mkdir(parents=True)
    (shared / "survey.json").write_bytes(data)


def releases(settings: Settings) -> set[str]:
    names = Datasite(settings.datasites_dir, settings.syftbox_email).published()
    return {name for name in names if name.startswith("releases/")}


def test_without_an_export_nothing_is_published(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    assert publish_with(settings, TODAY) == []
    assert not settings.publisher_dir.exists()


def test_with_the_example_aggregator_the_whole_path_can_be_tried_alone(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    assert [outcome.status for outcome in publish_with(settings, TODAY)].count("drawn") == 1
    assert len(releases(settings)) == 1


def test_a_real_aggregators_survey_is_waited_for(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, starter_vocabulary().version)
    assert publish_with(settings, TODAY) == []
    assert not releases(settings)


def test_the_aggregators_surveys_are_answered(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, "e" * 32)
    newest = Week.last_complete(TODAY)
    share(settings, dump_surveys([default_survey(newest - age, "e" * 32, range(9)) for age in range(4)]))
    assert [outcome.status for outcome in publish_with(settings, TODAY)].count("drawn") == 1
    assert len(releases(settings)) == 1


@pytest.mark.parametrize("data", [b"", b"{}", b'{"open": [{}]}', b" " * 2_000_000])
def test_a_survey_that_is_none_is_refused_and_nothing_is_published(folders: dict[str, Path], data: bytes) -> None:
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, starter_vocabulary().version)
    share(settings, data)
    assert publish_with(settings, TODAY) == []
    assert not releases(settings)


def test_the_participants_limits_come_from_the_settings(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, limit_odds="2")
    save_profile(folders, starter_vocabulary().version)
    assert "refused" in {outcome.status for outcome in publish_with(settings, date(2026, 11, 17))}
    assert not releases(settings)
