"""Rows about the participant, for `./run.sh status`: in a container of this service, or on folders. Reads only."""

from __future__ import annotations

import shutil
import time

from netflix_trend.participant import participant
from netflix_trend.participant.rows import found_datasite, found_rows
from netflix_trend.settings import SettingsError, load_settings
from netflix_trend.status_table import Row, as_json, as_text, works


def rows() -> list[Row]:
    """Return the rows; one about the settings if they cannot be used."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return [Row("settings", "; ".join(str(error).splitlines()), "wrong", "change .env, or ./run.sh setup")]
    state = participant.snapshot(settings)
    return [*found_rows(settings, state, time.time()), found_datasite(settings, state)]


def show(found: list[Row], *, is_json: bool) -> int:
    """Print rows as a table as wide as the terminal, or as JSON. Returns the exit code: 0 only when it works."""
    print(as_json(found) if is_json else as_text(found, shutil.get_terminal_size((100, 24)).columns))  # noqa: T201
    return 0 if works(found) else 1
