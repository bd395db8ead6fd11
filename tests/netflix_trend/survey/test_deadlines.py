"""When rounds of sums close."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import pytest

from netflix_trend.periods.weeks import Week
from netflix_trend.survey.deadlines import Deadlines, plan_round
from netflix_trend.survey.sum_survey import default_sum_survey

QUESTIONS = frozenset({"top_shows", "volume"})


# A week in the middle of a year, one before a leap day, and one across a year's end.
@pytest.mark.parametrize(
    ("week", "early", "late", "ends"),
    [
        ("2026-W46", "2026-11-20", "2026-12-18", "2026-12-28"),
        ("2028-W08", "2028-03-03", "2028-03-31", "2028-04-10"),
        ("2026-W53", "2027-01-08", "2027-02-05", "2027-02-15"),
    ],
)
def test_the_early_batch_closes_on_the_friday_after_the_chart(week: str, early: str, late: str, ends: str) -> None:
    deadlines = Deadlines.of(Week.parse(week))
    found = [datetime.fromtimestamp(at, UTC) for at in (deadlines.early, deadlines.late, deadlines.ends)]
    assert [at.isoformat() for at in found] == [f"{day}T00:00:00+00:00" for day in (early, late, ends)]
    assert [at.weekday() for at in found[:2]] == [4, 4]
    assert (deadlines.early_day, deadlines.late_day) == (date.fromisoformat(early), date.fromisoformat(late))


def test_a_plan_asks_what_the_survey_asks_about_the_days_of_its_week() -> None:
    survey = default_sum_survey(Week.parse("2026-W46"), "0" * 32, range(10), 100, "x8", QUESTIONS)
    plan = plan_round(survey, b"titles", 30)
    assert (plan.first_day, plan.last_day) == ("2026-11-09", "2026-11-15")
    assert plan.survey == hashlib.sha256(survey.to_bytes()).hexdigest()
    assert plan.vocabulary == hashlib.sha256(b"titles").hexdigest()
    assert (plan.blocks, plan.smallest_batch, plan.slack) == (survey.blocks, 30, 3600)
    assert plan.rho <= survey.rho


def test_a_round_of_the_demo_network_closes_soon_and_its_plan_says_when() -> None:
    survey = default_sum_survey(Week.parse("2026-W46"), "0" * 32, range(10), 100, "x8", QUESTIONS)
    plan = plan_round(survey, b"titles", 3, Deadlines.of_demo(1_000, 75))
    assert (plan.early, plan.late, plan.slack) == (1_075, 1_100, 10)
    assert plan.ends > plan.late + plan.slack
    assert (plan.first_day, plan.last_day) == ("2026-11-09", "2026-11-15")
