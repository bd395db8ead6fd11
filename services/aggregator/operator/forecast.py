"""What a plan for the next surveys will tell, from what is known about the people who take part now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netflix_trend.periods.turns import ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.questions import question
from netflix_trend.questions.registry import questions
from netflix_trend.questions.top_shows.longest import LONGEST_LIST
from netflix_trend.survey.limits import DEFAULT_ODDS
from netflix_trend.survey.survey import Survey
from services.aggregator.overview import Overview
from services.aggregator.survey_plan import SurveyPlan

_WEEKS_OF_A_QUARTER = 14


@dataclass(frozen=True)
class People:
    """How many people one round asks, and which share of those who are asked answers."""

    asked: int
    rate: float
    participants: int


@dataclass(frozen=True)
class QuestionForecast:
    """Answers one question will get and what they will tell: in a round or, of a question whose rounds are estimated
    together, in the rounds to come of a quarter that ask it.

    round: the first one that asks it. rounds: how many are taken together; an earlier plan may have asked the others.
    """

    name: str
    round: str
    answers: int
    rounds: int
    is_pooled: bool
    says: question.Forecast


@dataclass(frozen=True)
class Forecast:
    """Everything that is predicted of a plan. suspicion: what 10 % can become at most.

    above_limit: participants who have not raised their own limit do not answer it at all.
    """

    people: People
    questions: tuple[QuestionForecast, ...]
    suspicion: float
    above_limit: bool


def people_of(overview: Overview | None, week: Week) -> People:
    """Return how many people a future round will ask: those whose turn it is, known from the round of the same turn.

    The share that answers is that of the open rounds but the newest, which may still be waiting, also when nobody did;
    everybody when nobody was asked.
    """
    if overview is None or not overview.rounds:
        return People(0, 1.0, 0)
    same_turn = [one for one in overview.rounds if (Week.parse(one.round).index - week.index) % ROTATION == 0]
    asked = sum(same_turn[-1].asked.values()) if same_turn else overview.participants // ROTATION
    older = overview.rounds[:-1]
    total = sum(sum(one.asked.values()) for one in older)
    answered = sum(sum(one.reports.values()) for one in older)
    return People(asked, min(1.0, answered / total) if total else 1.0, overview.participants)


def predict(plan: SurveyPlan, week: Week, shows: int, people: People) -> Forecast:
    """Return what a plan will tell in local mode from round `week` on, with a vocabulary of so many shows."""
    candidates = range(min(shows, plan.list_length, LONGEST_LIST))
    surveys = [plan.survey(week + number, "0" * 32, candidates) for number in range(_WEEKS_OF_A_QUARTER)]
    found = []
    for name in questions():
        asking = [survey for survey in surveys if survey.question(name)]
        if asking:
            found.append(_question(asking, name, people))
    factor = float(plan.odds)
    return Forecast(people, tuple(found), factor / (factor + 9), plan.odds > DEFAULT_ODDS)


def _question(asking: Sequence[Survey], name: str, people: People) -> QuestionForecast:
    survey = asking[0]
    asked = survey.question(name)
    assert asked is not None
    part = survey.part(asked)
    if asked.is_pooled:
        # The quarter's rounds are estimated together; in ROTATION of them everybody has one turn.
        rounds = sum(one.week < survey.week + ROTATION for one in asking)
        answers = round(people.participants * people.rate * part * rounds / ROTATION)
    else:
        rounds, answers = 1, round(people.asked * people.rate * part * survey.rotation)
    return QuestionForecast(name, survey.round, answers, rounds, asked.is_pooled, asked.forecast(answers, part))
