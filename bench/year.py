"""`python -m bench year`: how long a year in review takes the first time, and other pages at the median.

Each cold figure has a dashboard of its own, which has read nothing yet; files are in the cache of the system. Beside
the time on the wall is the processor time, which does not depend on what else runs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

from flask.testing import FlaskClient

from bench.tasks import make_export
from netflix_trend.participant import participant
from netflix_trend.settings import Settings, load_settings
from services.dashboard.web import PAGES, create_app
from services.local.dashboard import OneProcess

# Milliseconds with 100,000 views on two cores.
COLD_TARGET, WARM_TARGET = 300, 100
TODAY = date(2026, 11, 16)
_YEAR = "/year/2025"
_COLD = (_YEAR, "/year/2025-02-01/2025-06-30", "/", f"{_YEAR}/picture.svg", f"{_YEAR}/picture.png")


def main(arguments: list[str]) -> int:
    """Measure the pages. Returns 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench year", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the export (%(default)s)")
    parser.add_argument("--runs", type=int, default=9, help="requests of each page (%(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="netflix-trend-year-") as folder:
        settings = imported(Path(folder), options.rows)
        print(f"Pages of a history of {options.rows:,} rows, medians of {options.runs}:")
        cold = {path: median(settings, path, options.runs, is_cold=True) for path in _COLD}
        warm = {path: median(settings, path, options.runs, is_cold=False) for path in (_YEAR, *dict(PAGES))}
    for figures, when in ((cold, "the first time"), (warm, "again")):
        for path, (wall, processor) in figures.items():
            print(f"  {path:<32}{wall:8.0f} ms {when} ({processor:.0f} ms of processor time)")
    print(f"Targets: {COLD_TARGET} ms for a year the first time, {WARM_TARGET} ms for every page again.")
    return int(cold[_YEAR][0] > COLD_TARGET or max(wall for wall, _processor in warm.values()) > WARM_TARGET)


def imported(folder: Path, rows: int) -> Settings:
    """Import an export of so many rows. Returns the settings of its participant."""
    make_export(folder, rows)
    (folder / "datasites").mkdir()
    paths = {name: folder / name.removesuffix("_dir") for name in ("private_dir", "publisher_dir", "output_dir")}
    settings = load_settings(datasites_dir=folder / "datasites", syftbox_email="me@example.org", tz="UTC", **paths)
    participant.take_file(settings, folder / "NetflixViewingHistory.csv", "bench", received=TODAY)
    participant.refresh(settings)
    return settings


def median(settings: Settings, path: str, runs: int, *, is_cold: bool) -> tuple[float, float]:
    """Return milliseconds on the wall, and of processor time. is_cold: by a new dashboard each time."""
    client = _client(settings)
    if not is_cold:
        _milliseconds(client, settings, path)
    found = [_milliseconds(_client(settings) if is_cold else client, settings, path) for _ in range(runs)]
    return statistics.median(wall for wall, _ in found), statistics.median(processor for _, processor in found)


def _client(settings: Settings) -> FlaskClient:
    client = create_app(settings, OneProcess(settings, lambda: TODAY), lambda: TODAY).test_client()
    _milliseconds(client, settings, "/glossary")  # templates are compiled before the first visit of a year
    return client


def _milliseconds(client: FlaskClient, settings: Settings, path: str) -> tuple[float, float]:
    before = time.perf_counter(), time.process_time()
    answer = client.get(path, base_url=f"http://127.0.0.1:{settings.dashboard_port}")
    after = time.perf_counter(), time.process_time()
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return 1000 * (after[0] - before[0]), 1000 * (after[1] - before[1])
