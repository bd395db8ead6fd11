"""When a week's round of sums closes; a function of the week alone, but for the demo network.

Netflix publishes the week's chart on the Tuesday after it; three days later the early batch closes. Many people bring a
file once a month, so the late batch closes four weeks after the early one.
"""

from __future__ import annotations

import hashlib
from calendar import timegm
from dataclasses import dataclass
from datetime import date, timedelta

from netflix_trend.operators.manifest import Plan
from netflix_trend.periods.weeks import Week
from netflix_trend.survey.sum_survey import SumSurvey

DAY = 86_400
EARLY_DAYS, LATE_DAYS, ENDING_DAYS = 5, 28, 10
SLACK = 3600
# The demo network's: how long its rounds can still be summed, and how long a file is on its way.
DEMO_ENDING_SECONDS, DEMO_SLACK = 900, 10


@dataclass(frozen=True)
class Deadlines:
    """When the early and the late batch close, and when the round is given up, in seconds since 1970 (UTC).

    slack: seconds that a file may be on its way after a deadline.
    """

    early: int
    late: int
    ends: int
    slack: int = SLACK

    @classmethod
    def of(cls, week: Week) -> Deadlines:
        """Return those of the round about a week: Friday 00:00 UTC after it, four weeks later, ten days later."""
        early = timegm((week.sunday + timedelta(days=EARLY_DAYS)).timetuple())
        late = early + LATE_DAYS * DAY
        return cls(early, late, late + ENDING_DAYS * DAY)

    @classmethod
    def of_demo(cls, now: int, seconds: int) -> Deadlines:
        """Return those of a round that is opened now and closes while somebody watches (docs/decisions/0085).

        seconds: until the early batch closes; the late one closes after a third of it more.
        """
        early = now + seconds
        late = early + max(1, seconds // 3)
        return cls(early, late, late + DEMO_ENDING_SECONDS, DEMO_SLACK)

    @property
    def early_day(self) -> date:
        """The day at whose beginning (UTC) the early batch closes."""
        return _day(self.early)

    @property
    def late_day(self) -> date:
        """The day at whose beginning (UTC) the late batch closes."""
        return _day(self.late)


def _day(seconds: int) -> date:
    return date(1970, 1, 1) + timedelta(days=seconds // DAY)


def plan_round(survey: SumSurvey, vocabulary: bytes, smallest_batch: int, deadlines: Deadlines | None = None) -> Plan:
    """Return what the leader's manifest says of a round. vocabulary: its file. smallest_batch: fewest people in a sum.

    deadlines: those of the week, unless it is a round of the demo network.
    """
    week, deadlines = survey.week, deadlines or Deadlines.of(survey.week)
    return Plan(
        round=survey.round,
        first_day=week.monday.isoformat(),
        last_day=week.sunday.isoformat(),
        survey=survey.digest,
        vocabulary=hashlib.sha256(vocabulary).hexdigest(),
        early=deadlines.early,
        late=deadlines.late,
        ends=deadlines.ends,
        slack=deadlines.slack,
        smallest_batch=smallest_batch,
        blocks=survey.blocks,
    )
