"""Import exports and answer what is due, once, in one process: `./run.sh once [EXPORT ...]`.

SyftBox, cron or a person may run it any number of times, also at the same time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from netflix_trend.participant import participant
from netflix_trend.participant.status import PublisherStatus, described
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.syftbox.datasite import Datasite
from services.processor.cli import import_files
from services.runtime.logs import start_logging


def once(
    exports: Sequence[Path] = (), *, profile: str | None = None, date_order: str | None = None, only: Sequence[str] = ()
) -> int:
    """Import the named files, with the options of `./run.sh import`, then publish. Returns 0, or 1 after an error."""
    start_logging("once")
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"once: {error}", file=sys.stderr)  # noqa: T201
        return 1
    failed = import_files(exports, profile=profile, date_order=date_order, only=only) if exports else 0
    status = publish_once(settings, date.today())
    print("\n".join(described(status)))  # noqa: T201
    return int(bool(failed) or status.state == "problem")


def publish_once(settings: Settings, today: date) -> PublisherStatus:
    """Rebuild what is out of date, then answer what is due."""
    site = Datasite(settings.datasites_dir, settings.syftbox_email)
    if settings.is_trial:
        site.set_up()  # no SyftBox will ever do it
    participant.refresh(settings)
    return participant.publish(settings, today)
