"""One more export beside many that are kept: somebody downloads a history of 5,000 titles every week for two years.

Each export has nearly all rows of the one before. What one more import costs should follow the new file alone.
"""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

from bench.histories import LAST_DAY, invented, read_catalogues
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.raw import RawStore
from netflix_trend.settings import Settings, load_settings

ROWS, _NEW_ROWS = 5_000, 12
_NEXT = "NetflixViewingHistory.csv"


def make_weekly(folder: Path, exports: int) -> None:
    """Import so many weekly exports, and leave the next one as a file that is not imported yet."""
    from netflix_trend.participant import participant

    views = invented(read_catalogues(None, None), "en", ROWS + _NEW_ROWS * exports, 1).views
    rows = sorted(((max(view.days), view.title) for view in views), reverse=True)
    last = len(rows) - ROWS
    for week in range(exports + 1):
        begin = min(last, _NEW_ROWS * (exports - week))
        path = folder / _NEXT
        with path.open("w", newline="", encoding="utf-8") as file:
            file.write("Title,Date\n")
            writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
            for day, title in rows[begin : begin + ROWS]:
                writer.writerow([title, f"{day.month}/{day.day}/{day.year % 100:02d}"])
        if week < exports:
            received = LAST_DAY + timedelta(days=2) - timedelta(weeks=exports - week)
            delivery = Delivery(profile="me", source="bench", name=path.name, received=received)
            RawStore(folder / "private").save(delivery, [path.read_bytes()])
    participant.refresh(_settings(folder))


def run_weekly(folder: Path, _exports: int) -> None:
    """Import the next export."""
    from netflix_trend.participant import participant

    participant.take_file(_settings(folder), folder / _NEXT, "bench", received=LAST_DAY + timedelta(days=2))
    (history,) = participant.refresh(_settings(folder))
    assert history.encodings is not None


def _settings(folder: Path) -> Settings:
    return load_settings(private_dir=folder / "private", datasites_dir=folder / "datasites", netflix_profile="me")
