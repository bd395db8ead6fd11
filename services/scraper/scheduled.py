"""Scheduled runs of the browser, in processes of their own, so that the drop folder is always watched."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from netflix_trend.privacy.randomness import RandBelow, secure
from services.scraper.run_state import Plan, Result, RunState
from services.scraper.schedule import BUSY_EXIT_CODE, BUSY_WAIT, first_plan, plan_after, replanned

_log = logging.getLogger("schedule")

# A run ends itself after 300 seconds; one that hangs is killed after this time.
MAX_SECONDS = 420.0
_COMMAND = (sys.executable, "-m", "services.scraper", "scrape")


class ScheduledRuns:
    """Starts runs when they are due.

    clock: the current time, with a time zone. environment: of the runs, by default that of this process.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] = _COMMAND,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        draw: RandBelow = secure,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._state = RunState(folder)
        self._command = command
        self._environment = environment
        self._clock = clock
        self._draw = draw
        self._child: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._before: Plan | None = None
        self._provisional: Plan | None = None

    @property
    def running(self) -> bool:
        """Whether a run is active."""
        return self._child is not None

    def check(self) -> None:
        """Start a run if one is due, or supervise the active one."""
        try:
            if self._child is not None:
                self._look_after(self._child)
                return
            now, plan = self._clock(), self._state.read(Plan)
            good = first_plan(now, self._draw) if plan is None else replanned(plan, now, self._draw)
            if good != plan:
                self._plan(good)
            if now >= good.next_run:
                self._start(good, now)
        except OSError as error:
            _log.error("the scraper's own folder cannot be used: %s", error.strerror)

    def _start(self, plan: Plan, now: datetime) -> None:
        # Written first, so that a run that crashes the machine is repeated only after a day.
        self._before, self._began = plan, time.monotonic()
        self._provisional = plan.model_copy(update={"next_run": now + timedelta(days=1), "rested": False})
        self._state.write(self._provisional)
        self._child = subprocess.Popen(
            list(self._command), env=self._environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def _plan(self, plan: Plan) -> None:
        self._state.make()
        self._state.write(plan)
        _log.info("next run at %s", plan.next_run.strftime("%Y-%m-%d %H:%M UTC"))

    def _look_after(self, child: subprocess.Popen[bytes]) -> None:
        if child.poll() is None:
            if time.monotonic() - self._began > MAX_SECONDS:
                self.stop()
            return
        self._child = None
        before, plan, result = self._before, self._state.read(Plan), self._state.read(Result)
        if before is not None and child.returncode == BUSY_EXIT_CODE:
            _log.info("the browser is in use: somebody signs in or runs it by hand")
            plan = before.model_copy(update={"next_run": self._clock() + BUSY_WAIT})
        elif plan is None or plan == self._provisional:  # killed before it could report
            _log.warning("a run ended without a result")
            self._sweep()
            plan = plan_after(before, "INTERNAL_ERROR", self._clock(), self._draw)
        elif result is not None:
            _log.info("run ended code=%s rows=%s seconds=%s", plan.code, result.rows, result.duration_s)
            if result.sandbox is False:
                _log.warning("Chromium's own sandbox was off, see docs/scraper.md")
        self._plan(plan)

    def _sweep(self) -> None:
        from services.scraper.run_folder import sweep

        with self._state.only_one() as alone:
            if alone:
                sweep()

    def stop(self) -> None:
        """End the active run: let it clean up, then kill it with all its children."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
