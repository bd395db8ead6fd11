"""Runs of the browser by the schedule, each in a process of its own: whatever it does, the drop folder is watched."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from netflix_trend.privacy.randomness import RandBelow, secure
from services.scraper.memory import Memory, Plan, Result
from services.scraper.schedule import first_plan, plan_after

_log = logging.getLogger("schedule")

# A run ends itself after 300 seconds; this is for one that cannot.
LONGEST_SECONDS = 420.0
_COMMAND = (sys.executable, "-m", "services.scraper", "scrape")


class ScheduledRuns:
    """Starts a run when the plan says so. clock: the time now, with a time zone."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] = _COMMAND,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        draw: RandBelow = secure,
    ) -> None:
        self._memory = Memory(folder)
        self._command = command
        self._clock = clock
        self._draw = draw
        self._child: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._before: Plan | None = None
        self._usable = shutil.which("chromedriver") is not None
        if not self._usable:
            _log.warning("SCRAPE_EVERY is set, but this image has no browser: SCRAPER_TARGET=browser")

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self._child is not None

    def look(self) -> None:
        """Start a run that is due, or look after the one that is going on."""
        if not self._usable:
            return
        try:
            if self._child is not None:
                self._look_after(self._child)
                return
            plan = self._memory.read(Plan)
            if plan is None:
                plan = first_plan(self._clock(), self._draw)
                self._memory.write(plan)
                _log.info("next run at %s", plan.next_run.strftime("%Y-%m-%d %H:%M UTC"))
            if self._clock() >= plan.next_run:
                self._before, self._began = plan, time.monotonic()
                self._child = subprocess.Popen(
                    list(self._command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
                )
        except OSError as error:
            _log.error("the scraper's own folder cannot be used: %s", error.strerror)

    def _look_after(self, child: subprocess.Popen[bytes]) -> None:
        if child.poll() is None:
            if time.monotonic() - self._began > LONGEST_SECONDS:
                self.stop()
            return
        self._child = None
        plan, result = self._memory.read(Plan), self._memory.read(Result)
        if plan is None or plan == self._before:  # killed before it could say anything
            plan = plan_after(self._before, "INTERNAL_ERROR", self._clock(), self._draw)
            self._memory.write(plan)
            _log.warning("a run ended without a result")
        elif result is not None:
            _log.info("run ended code=%s rows=%s seconds=%s", plan.code, result.rows, result.duration_s)
        _log.info("next run at %s", plan.next_run.strftime("%Y-%m-%d %H:%M UTC"))

    def stop(self) -> None:
        """End a run that is going on: it may clean up, then it is killed with all its children."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
