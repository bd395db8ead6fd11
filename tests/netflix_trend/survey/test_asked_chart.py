"""The public chart at the head of a list of shows, in surveys of both modes."""

from __future__ import annotations

from fractions import Fraction

import pytest
from pydantic import ValidationError

from netflix_trend.periods.weeks import Week
from netflix_trend.questions.registry import QUESTIONS
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.survey.sum_survey import SumSurvey, default_sum_survey
from netflix_trend.survey.survey import default_survey, dump_surveys, load_surveys

WEEK = Week.parse("2026-W43")
CHART = AskedChart(week="2026-W42", source="Netflix Top 10, global", length=2, views=(9_000_000, 4_000_000))


def local(chart):
    return default_survey(WEEK, "0" * 32, [5, 3, 8], Fraction(8), 1, QUESTIONS, chart)


def summed(chart):
    return default_sum_survey(WEEK, "0" * 32, [5, 3, 8], 100, "x8", QUESTIONS, chart)


@pytest.mark.parametrize("chart", [None, CHART])
def test_a_survey_keeps_its_chart_and_its_hash(chart):
    (read,) = load_surveys(dump_surveys([local(chart)]))
    assert read.questions[0].as_json().get("chart") == (chart and chart.model_dump())
    assert read.version == local(chart).version
    again = SumSurvey.from_bytes(summed(chart).to_bytes())
    assert again.questions == summed(chart).questions
    assert again.digest == summed(chart).digest


def test_a_survey_without_a_chart_does_not_name_one():
    assert b'"chart"' not in dump_surveys([local(None)])
    assert b'"chart"' not in summed(None).to_bytes()
    assert b'"chart"' in dump_surveys([local(CHART)])


@pytest.mark.parametrize("ask", [local, summed])
def test_a_chart_longer_than_the_list_is_refused(ask):
    with pytest.raises(ValidationError, match="a chart of 4 titles does not fit a list of 3"):
        ask(AskedChart(week="2026-W42", source="a list", length=4))


@pytest.mark.parametrize(
    "wrong",
    [{"week": "2026-W54"}, {"source": ""}, {"length": 0}, {"views": (1,)}, {"views": (1, 0)}, {"length": 1_001}],
)
def test_a_wrong_chart_is_refused(wrong):
    with pytest.raises(ValidationError):
        AskedChart.model_validate({**CHART.model_dump(), **wrong})
