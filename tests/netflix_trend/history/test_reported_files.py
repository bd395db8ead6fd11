"""Shapes of files that were reported to be read wrong, one small file a kind, and their right values."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.history.exports import ExportError
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.report import ImportReport
from netflix_trend.history.tables import History
from netflix_trend.layout import DATABASE, PrivateVolume
from netflix_trend.participant import participant
from netflix_trend.settings import Settings, load_settings
from services.processor.importing import read_file
from tests.netflix_trend.history.database import rows_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
REPORTED = FIXTURES / "exports_reported"
ALL = sorted([*(FIXTURES / "exports").glob("*.csv"), *REPORTED.glob("*.csv")])


def read(name: str) -> dict[str, Any]:
    return report(REPORTED / name).to_json(name)


def report(path: Path) -> ImportReport:
    return read_file(path, starter_vocabulary(), ReadOptions(zone=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(private_dir=tmp_path / "private", syftbox_email="me@example.org", tz="UTC")


def imported(settings: Settings, *paths: Path, only: tuple[str, ...] = ()) -> History:
    for path in paths:
        participant.take_file(settings, path, "test", profile="me", only=only)
    (history,) = participant.refresh(settings)
    return history


def titles(private: Path) -> list[str]:
    rows = rows_of(PrivateVolume(private).profile("me") / DATABASE, "select title from titles order by title")
    return [title for (title,) in rows]


def test_a_light_viewer_is_read_by_the_sort_of_the_rows() -> None:
    found = read("light_viewer_us.csv")

    assert (found["date_order"], found["first_day"], found["last_day"]) == ("mdy", "2024-01-05", "2024-03-05")
    assert found["date_evidence"] == "only then are the rows sorted newest first"


def test_a_file_whose_every_date_lies_after_its_download_is_refused() -> None:
    with pytest.raises(ExportError, match=r"every date in it lies after .* 9 June 2087") as caught:
        read("all_in_future.csv")

    assert caught.value.reason == "future"


def test_a_polish_code_page_is_read_by_its_letters() -> None:
    found = read("cp1250_polish.csv")

    assert (found["encoding"], found["episodes"], found["shows"]) == ("cp1250", 3, ["Wymyślony serial"])
    assert found["warnings"] == []


def test_letters_that_were_saved_wrongly_are_repaired_and_said() -> None:
    found = read("double_utf8.csv")

    assert (found["episodes"], found["shows"]) == (4, ["Pokémon inventé"])
    assert found["warnings"] == ["letters of 4 rows were saved wrongly by another program and are repaired"]


def test_repaired_letters_are_the_views_of_the_clean_file(settings: Settings) -> None:
    history = imported(settings, REPORTED / "double_utf8.csv", REPORTED / "double_utf8_clean_twin.csv")

    assert history.views == 4
    assert titles(settings.private_dir) == [f"Pokémon inventé: Saison 1: Été {number}" for number in (1, 2, 3, 4)]


def test_durations_that_cannot_be_read_are_counted() -> None:
    found = read("fraction_durations.csv")

    assert (found["views"], found["hours"]) == (8, None)
    (warning,) = found["warnings"]
    assert warning.startswith("8 durations could not be read: hours are unknown")
    assert "plays shorter than 60 s could not be left out" in warning


def test_a_date_column_that_holds_no_date_is_left_for_the_one_that_does(settings: Settings) -> None:
    found = read("date_column_is_no_date.csv")
    imported(settings, REPORTED / "date_column_is_no_date.csv")

    assert (found["rows"], found["views"], found["undated"]) == (3, 3, 0)
    assert (found["first_day"], found["last_day"]) == ("2018-05-13", "2018-05-14")
    assert titles(settings.private_dir) == ["Invented", "Invented B", "Invented C"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_read_and_import_count_the_same(path: Path, settings: Settings) -> None:
    everybody: tuple[str, ...] = ()
    with suppress(ExportError):
        everybody = tuple(report(path).file.netflix_rows)
    (file,) = imported(settings, path, only=everybody).files

    try:
        told = report(path).to_json(path.name)
    except ExportError as refusal:
        assert str(file.refusal) == str(refusal)
    else:
        assert file.report is not None
        assert file.report.to_json(path.name) == told


@pytest.mark.parametrize("downloaded", [date(2024, 4, 1), date(2026, 1, 1)])
def test_read_and_import_know_the_same_day_of_the_download(
    downloaded: date, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "history.csv"
    path.write_text('Title,Date\n"Roma","3/9/24"\n')
    moment = datetime.combine(downloaded, datetime.min.time()).timestamp() + 43_200
    os.utime(path, (moment, moment))

    (file,) = imported(settings, path).files
    if downloaded.year == 2024:
        assert file.report is not None
        told = report(path).to_json("x")
        assert json.dumps(file.report.to_json("x")) == json.dumps(told)
        assert told["first_day"] == "2024-03-09"
    else:
        with pytest.raises(ExportError) as caught:
            report(path)
        assert str(caught.value) == str(file.refusal)
