"""A private volume with the histories of several profiles, as an import makes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from netflix_trend.delivery.inbox import Delivery
from netflix_trend.participant import participant
from netflix_trend.settings import load_settings


def imported(folder: Path, exports: Mapping[str, bytes]) -> Path:
    """Import one export for each profile. Returns the private volume."""
    settings = load_settings(private_dir=folder / "private", datasites_dir=folder / "datasites")
    settings.private_dir.mkdir()
    for profile, data in exports.items():
        about = Delivery(profile=profile, source="import", name="a.csv", received=date(2026, 11, 1))
        participant.take(settings, [data], about)
    participant.refresh(settings)
    return settings.private_dir
