"""Without noise: what one person adds to sums is bounded by what the noise is made for, whatever they watched."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

from netflix_trend.periods.weeks import Week
from netflix_trend.questions.registry import sum_questions
from netflix_trend.survey.sum_survey import SumSurvey, default_sum_survey

SHOWS = 60


def truths(generator: random.Random) -> dict[str, Any]:
    """True answers of somebody who may have watched anything, also more than anybody can."""
    titles = generator.choice((0, 1, 7, 29, 30, 31, 1000, 10**6))
    days = [generator.choice((0, 1, titles)) for _ in range(7)]
    return {
        "top_shows": frozenset(generator.sample(range(SHOWS), generator.choice((0, 1, 4, 5, SHOWS)))),
        "volume": titles,
        "weekday": tuple(days),
        "habits": tuple(generator.random() < 0.5 for _ in range(4)),
        "together": frozenset(generator.sample(range(SHOWS), generator.choice((0, 1, 9, 10, 11, SHOWS)))),
        "event_effect": generator.choice((None, Fraction(10**6), Fraction(-(10**6)), Fraction(1, 3), Fraction(0))),
    }


def added(block: Any, measurement: Any) -> list[int]:
    """What a measurement adds to the sums of a block; its proof would refuse any other one."""
    block.circuit().encode(measurement)
    if isinstance(measurement, int):
        return [int(place == measurement) for place in range(block.length)]
    return [int(value) for value in measurement]


def person(survey: SumSurvey, generator: random.Random) -> list[list[int]]:
    """What somebody adds to the sums of each block of a survey."""
    measurements = survey.measurements(truths(generator), generator.choice(((), ("volume",))), generator.randrange)
    return [added(block, one) for block, one in zip(survey.blocks, measurements, strict=True)]


def test_whatever_was_watched_a_person_changes_sums_by_their_sensitivity_at_most():
    generator, asked, reached = random.Random(1), set(), set()
    # Some questions take turns, and one is asked once a quarter.
    for week in (Week.parse("2026-W27") + age for age in range(14)):
        survey = default_sum_survey(week, "0" * 32, range(SHOWS), 500, "x8", frozenset(sum_questions()))
        asked |= {question.name for question in survey.questions}
        for one, other in pairwise(person(survey, generator) for _ in range(60)):
            for block, mine, theirs in zip(survey.blocks, one, other, strict=True):
                distance = sum((a - b) ** 2 for a, b in zip(mine, theirs, strict=True))
                assert distance <= block.sensitivity2, block.name
                reached |= {block.name} if distance == block.sensitivity2 else set()
    assert asked == set(sum_questions())
    # A bound that nobody ever reaches would be no test of it.
    assert reached
