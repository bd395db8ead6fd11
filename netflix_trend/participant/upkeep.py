"""What is done again and again beside importing and publishing: finish a restore, delete for good, remove leftovers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from netflix_trend.participant import forgetting
from netflix_trend.participant.restoring import finish
from netflix_trend.settings import Settings
from netflix_trend.storage.janitor import tidy_daily


def tidy_private(settings: Settings, now: datetime, drop: Path | None = None) -> None:
    """Finish a restore on the private volume, delete for good what was forgotten, and remove leftovers once a day.

    drop: the drop folder, where this process has it. Cheap when there is nothing to do.
    """
    finish(settings)
    forgetting.clear(settings, now)
    if settings.private_dir.is_dir():
        tidy_daily(settings.private_dir, now.timestamp(), drop=drop)
