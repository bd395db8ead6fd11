"""Rows about the participant, for `./run.sh status`: in a container of this service, or on folders. Reads only."""

from __future__ import annotations

import time

from netflix_trend.participant import participant
from netflix_trend.participant.rows import found_datasite, found_rows
from netflix_trend.settings import SettingsError, load_settings
from netflix_trend.status_table import Row


def rows() -> list[Row]:
    """Return the rows; one about the settings if they cannot be used."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return [Row("settings", "; ".join(str(error).splitlines()), "wrong", "change .env, or ./run.sh setup")]
    state = participant.snapshot(settings)
    return [*found_rows(settings, state, time.time()), found_datasite(settings, state)]
