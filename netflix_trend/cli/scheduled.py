"""The weekly runs of this machine's browser, in the app that stays without Docker, where SCRAPE_EVERY is weekly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netflix_trend.cli.machine import Machine
from netflix_trend.cli.output import keep_output

if TYPE_CHECKING:
    from services.scraper.scheduled import ScheduledRuns


class WeeklyRuns:
    """Runs of the browser that start when they are due, one at a time; none where none are wanted.

    command: runs the verb scrape. environment: of that process.
    """

    def __init__(self, machine: Machine, command: list[str], environment: dict[str, str]) -> None:
        self._runs: ScheduledRuns | None = None
        if machine.setting("SCRAPE_EVERY") != "weekly":
            return
        # Nobody else needs these modules in a process that stays.
        from services.runtime.logs import start_logging
        from services.scraper.scheduled import ScheduledRuns

        start_logging("browser")
        folder = machine.folder("SCRAPER_DIR")
        self._runs = ScheduledRuns(folder, command, environment=environment)

    @property
    def is_running(self) -> bool:
        """Whether a run is active."""
        return self._runs is not None and self._runs.running

    def go_on(self) -> None:
        """Start a run if one is due, and notice its end. Cheap; call it every few seconds."""
        if self._runs is not None:
            keep_output()
            self._runs.check()

    def end(self) -> None:
        """End a run that is active; what it started ends with it."""
        if self._runs is not None:
            self._runs.stop()
