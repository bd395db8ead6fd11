"""A process on folders follows .env: as a verb that starts now would read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netflix_trend.cli.current import CurrentSettings
from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.settings import SettingsError
from tests.netflix_trend.cli.front_door import as_it_was, place_in

CLUB = "club@example.com"


def test_what_changes_in_env_is_followed_and_the_environment_stays_first(clone: Path, path: Path) -> None:
    with as_it_was():
        machine = place_in(clone, path, LIMIT_REPORTS_PER_YEAR="3").machine
        current = CurrentSettings(machine)
        machine.env_file.write_text("JOIN=at_once\nLIMIT_ODDS=5\n")
        machine.use_folders()
        first = current()
        assert (first.aggregator_datasite, first.join, first.limit_odds) == (EXAMPLE_AGGREGATOR, "at_once", 5)
        machine.env_file.write_text(f"AGGREGATOR_DATASITE={CLUB}\nLIMIT_REPORTS_PER_YEAR=9\n")
        now = current()
        assert (now.aggregator_datasite, now.limit_odds, now.limit_reports_per_year) == (CLUB, 8, 3)
        assert now.private_dir == first.private_dir
        assert os.environ["AGGREGATOR_DATASITE"] == CLUB, "processes that it starts follow, too"


def test_folders_that_would_be_uploaded_are_refused(clone: Path, path: Path) -> None:
    with as_it_was():
        machine = place_in(clone, path).machine
        current = CurrentSettings(machine)
        machine.env_file.write_text("PRIVATE_DIR=./datasites/private\n")
        with pytest.raises(SettingsError, match="would be uploaded"):
            current()
