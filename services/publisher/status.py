"""The publisher's last status, the files in the datasite, and who may read them: `./run.sh status`. Reads only."""

from __future__ import annotations

import sys

from netflix_trend.participant import participant
from netflix_trend.participant.status import described
from netflix_trend.settings import SettingsError, load_settings
from netflix_trend.syftbox.datasite import Datasite, SiteStatus


def lines_about(status: SiteStatus, aggregator: str) -> list[str]:
    """Return lines about the state of the datasite."""
    if not status.is_initialized and not status.files:
        return ["Datasite: SyftBox has not set it up yet."]
    lines = [
        f"Datasite: {len(status.files)} files, readable by {aggregator}: {len(status.readable)}. The rules name nobody "
        "else; who runs the server can read everything."
    ]
    for name in status.files:
        notes = []
        if name not in status.readable:
            notes.append("not readable by the aggregator")
        if name in status.damaged:
            notes.append("altered")
        if name in status.unknown:
            notes.append("not ours")
        lines.append(f"  {name}{'  (' + ', '.join(notes) + ')' if notes else ''}")
    lines += [f"  {name}  (missing)" for name in status.damaged if name not in status.files]
    if status.damaged or status.unknown:
        lines.append("The publisher repairs this at its next run, within a minute.")
    return lines


def main() -> int:
    """Print the status. Returns the exit code."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"status: {error}", file=sys.stderr)  # noqa: T201
        return 1
    status = participant.snapshot(settings).status
    lines = described(status) if status else ["The publisher has not run yet."]
    site = Datasite(settings.datasites_dir, settings.syftbox_email)
    print(  # noqa: T201
        "\n".join([*lines, "", *lines_about(site.status(settings.aggregator_datasite), settings.aggregator_datasite)])
    )
    return 0
