"""What a plan for the next surveys will tell, from what is known about the people who take part now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netflix_trend.periods.weeks import Week
from netflix_trend.survey.survey import DEFAULT_ODDS, ROTATION, EffectQuestion, Survey, TopShowsQuestion, VolumeQuestion
from services.aggregator.overview import Overview
from services.aggregator.prediction import (
    ShowPrediction,
    effect_error,
    needed_for_effect,
    needed_for_volume,
    percentile_error,
    predict_shows,
)
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
    """Answers one question will get in a round, or in the rounds to come of a quarter that ask about life events, and
    errors.

    round: the first one that asks it. rounds: how many are taken together; an earlier plan may have asked the others.
    shows: only of top shows. error: of the volume a share of people (0 to 1), of the events titles a week. needed:
    answers from which the question is called reliable, None when a million do not do.
    """

    name: str
    round: str
    answers: int
    rounds: int = 1
    shows: tuple[ShowPrediction, ...] = ()
    error: float | None = None
    needed: int | None = None


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
    """Return what a plan will tell from round `week` on, with a vocabulary of so many shows."""
    surveys = [
        plan.survey(week + number, "0" * 32, shows, range(min(shows, plan.list_length)))
        for number in range(_WEEKS_OF_A_QUARTER)
    ]
    found = []
    for name in ("top_shows", "volume", "event_effect"):
        asking = [survey for survey in surveys if survey.question(name)]
        if asking:
            found.append(_question(asking, name, people))
    factor = float(plan.odds)
    return Forecast(people, tuple(found), factor / (factor + 9), plan.odds > DEFAULT_ODDS)


def _question(asking: Sequence[Survey], name: str, people: People) -> QuestionForecast:
    survey = asking[0]
    question = survey.question(name)
    assert question is not None
    share = question.weight / sum(one.weight for one in survey.questions)
    answers = round(people.asked * people.rate * share)
    if isinstance(question, TopShowsQuestion):
        return QuestionForecast(name, survey.round, answers, shows=tuple(predict_shows(question, answers)))
    if isinstance(question, VolumeQuestion):
        needed = needed_for_volume(question)
        return QuestionForecast(name, survey.round, answers, error=percentile_error(question, answers), needed=needed)
    assert isinstance(question, EffectQuestion)
    # The quarter's rounds are estimated together; in ROTATION of them everybody has one turn.
    rounds = sum(one.week < survey.week + ROTATION for one in asking)
    answers = round(people.participants * people.rate * share * rounds / ROTATION)
    error, enough = effect_error(question, answers), needed_for_effect(question)
    return QuestionForecast(name, survey.round, answers, rounds, error=error, needed=enough)
