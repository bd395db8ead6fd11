"""One run of the publisher, to carry out a choice while the services are stopped."""

from __future__ import annotations

import sys
from datetime import date

from netflix_trend.participant import participant
from netflix_trend.participant.status import described
from netflix_trend.settings import SettingsError, load_settings
from services.runtime.logs import start_logging


def main() -> int:
    """Run the publisher once and print its status. Returns the exit code."""
    start_logging("publisher.run")
    try:
        settings = load_settings()
        status = participant.publish(settings, date.today())
    except SettingsError as error:
        print(f"look: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print("\n".join(described(status)))  # noqa: T201
    return int(status.state == "problem")
