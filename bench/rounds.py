"""Rounds of invented people in both modes, through the product's own functions from the answer to the statistics.

Everything counts participants. In local mode the survey's own rule says who is asked what; operators hear everybody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.privacy.discrete_gaussian import DiscreteGaussian
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.sums import Summed
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.simulation.population import person
from netflix_trend.survey.sum_survey import SumSurvey
from netflix_trend.survey.survey import Survey
from services.aggregator.collect import RoundReleases, RoundReports
from services.aggregator.estimation import estimate_round

Mode = Literal["local", "two"]
MODES: tuple[Mode, ...] = ("local", "two")
# True answers of a person by name of the question; a question that is missing is not answered.
Truths = Mapping[str, Any]

_OPERATORS = 2


@dataclass(frozen=True)
class Answers:
    """What arrives at the aggregator in local mode. payloads: by question, one answer after another. asked: how many
    got each question.
    """

    payloads: Mapping[str, bytes]
    asked: Mapping[str, int]


def answer(survey: Survey, people: Sequence[Truths], randbelow: RandBelow) -> Answers:
    """Let everybody whose turn it is answer what the survey's rule asks them."""
    payloads: defaultdict[str, bytearray] = defaultdict(bytearray)
    asked = Counter[str]()
    for number, truths in enumerate(people):
        question = survey.question_for(person(number))
        if question is None or question.name not in truths:
            continue
        asked[question.name] += 1
        payloads[question.name] += question.answer(truths[question.name], randbelow)
    return Answers({name: bytes(some) for name, some in payloads.items()}, asked)


def count(
    survey: Survey, payloads: Mapping[str, bytes], participants: int, vocabulary: Vocabulary, names: Iterable[str]
) -> RoundStatistics:
    """Return the statistics of a round in local mode, of the questions called `names`."""
    asked = tuple(question for question in survey.questions if question.name in set(names))
    found = RoundReports(survey.model_copy(update={"questions": asked}), participants=participants)
    return estimate_round(RoundReleases(found, payloads).count(), vocabulary)


def forge(question: TopShowsQuestion, show: int, randbelow: RandBelow) -> bytes:
    """Return a valid answer that surely names the show."""
    while True:
        payload = question.answer(frozenset({show}), randbelow)
        if show in question.reported_subset(payload):
            return payload


def add_up(survey: SumSurvey, people: Sequence[Truths], randbelow: RandBelow) -> list[NDArray[np.int64]]:
    """Return the exact sums of everybody's measurements, int64[length] for each block."""
    totals = [np.zeros(block.length, np.int64) for block in survey.blocks]
    for begin in range(0, len(people), 1000):
        measured = [survey.measurements(truths, (), randbelow) for truths in people[begin : begin + 1000]]
        for place, several in enumerate(zip(*measured, strict=True)):
            if isinstance(several[0], int):
                totals[place] += np.bincount(several, minlength=len(totals[place]))
            else:
                totals[place] += np.array(several, np.int64).sum(axis=0)
    return totals


def add_noise(survey: SumSurvey, exact: Sequence[NDArray[np.int64]], randbelow: RandBelow) -> list[Summed]:
    """Return the sums with the noise of both operators."""
    summed = []
    for block, sums in zip(survey.blocks, exact, strict=True):
        noise = [DiscreteGaussian(block.sigma2.value).samples(block.length, randbelow) for _ in range(_OPERATORS)]
        summed.append(Summed(sums + np.array(noise, np.int64).sum(axis=0), _OPERATORS * block.sigma2.value))
    return summed
