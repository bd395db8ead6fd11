"""The schedule of automatic runs: about once a week, at random times that differ between machines."""

from __future__ import annotations

from datetime import datetime, timedelta

from netflix_trend.privacy.randomness import RandBelow, secure
from services.scraper.failures import CAUSES
from services.scraper.run_state import Plan

WEEK = timedelta(days=7)
_JITTER = timedelta(hours=12)
_MINUTE = timedelta(minutes=1)
# Between two successful scheduled runs.
MIN_GAP = timedelta(hours=24)
# Plans further ahead result from a wrong clock.
MAX_WAIT = timedelta(days=8)
# Exit code of a run that found another one active, and when it is retried.
BUSY_EXIT_CODE = 75
BUSY_WAIT = timedelta(minutes=5)


def first_plan(now: datetime, draw: RandBelow = secure) -> Plan:
    """Plan the first run: any minute of the next seven days, so that machines started together do not run together."""
    return Plan(next_run=now + draw(WEEK // _MINUTE) * _MINUTE)


def plan_after(before: Plan | None, code: str, now: datetime, draw: RandBelow = secure) -> Plan:
    """Plan the next run after one that ended with `code`: in a week after a success or a latch, otherwise by cause.

    The plan counts from now, so a machine that was off for long makes one run, not one for each missed week.
    """
    if code in CAUSES:
        failures = before.failures + 1 if before is not None and before.code == code else 1
        wait = CAUSES[code].wait(failures)
        if wait is not None:
            return Plan(next_run=now + wait, code=code, failures=failures, rested=code == "RATE_LIMITED")
        return Plan(next_run=_in_a_week(now, draw), code=code, failures=failures)
    return Plan(next_run=_in_a_week(now, draw))


def replanned(plan: Plan, now: datetime, draw: RandBelow = secure) -> Plan:
    """Return a plan; a week from now if it is further ahead than any valid plan."""
    return plan if plan.next_run - now <= MAX_WAIT else plan.model_copy(update={"next_run": _in_a_week(now, draw)})


def _in_a_week(now: datetime, draw: RandBelow) -> datetime:
    jitter = draw(2 * _JITTER // _MINUTE + 1) * _MINUTE - _JITTER
    return now + max(WEEK + jitter, MIN_GAP)
