"""What the aggregator asks in a round: questions, exact parameters of their mechanisms, and who answers which.

A survey is public and has a version, the hash of its content. Every release names the survey it answers. A
participant answers only within its own limits (`Limits.refusal`).
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from netflix_trend.causes import misfit
from netflix_trend.periods.turns import ROTATION, is_turn, public_number
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.question import Question, Wish
from netflix_trend.questions.registry import QUESTIONS, questions
from netflix_trend.questions.sums import SumQuestion
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.storage.canonical import canonical_json, content_version
from netflix_trend.storage.model import Strict
from netflix_trend.storage.small_json import Costly, JsonLimits
from netflix_trend.survey.limits import DEFAULT_ODDS

MAX_SURVEYS_FILE = 1_000_000
_LIMITS = JsonLimits(values=100_000, objects=2_000)

# Any question of the registry; a file names which one by `name`.
if TYPE_CHECKING:
    AnyQuestion = Question
else:
    AnyQuestion = reduce(operator.or_, questions().values())


class RefusedSurvey(Exception):
    """A survey cannot be read, or asks for more than the participant allows. The message says which and why."""


def check_questions(asked: Sequence[Question | SumQuestion], week: Week) -> None:
    """Raise ValueError when a question is asked twice, or may not be asked about this week."""
    if len({question.name for question in asked}) != len(asked):
        raise ValueError("a question is asked twice")
    for question in asked:
        if (problem := question.problem(week)) is not None:
            raise ValueError(problem)


class Survey(Strict):
    """The questions of one round. `vocabulary` is the version that candidate indices refer to."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, ignored_types=(cached_property,))

    schema_version: Literal[1] = 1
    round: Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]
    vocabulary: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    rotation: Annotated[int, Field(ge=1, le=52)]
    questions: Annotated[
        tuple[Annotated[AnyQuestion, Field(discriminator="name")], ...], Field(strict=False, min_length=1, max_length=8)
    ]

    @model_validator(mode="after")
    def _consistent(self) -> Survey:
        check_questions(self.questions, self.week)
        return self

    @cached_property
    def week(self) -> Week:
        """The round as a week."""
        return Week.parse(self.round)

    @cached_property
    def version(self) -> str:
        """Content hash, 32 hexadecimal digits."""
        return content_version(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, the form that is hashed and published."""
        plain = self.model_dump(exclude={"questions"})
        return {**plain, "questions": [question.as_json() for question in self.questions]}

    def question(self, name: str) -> Question | None:
        """Return the question of that name, None when it is not asked."""
        return next((question for question in self.questions if question.name == name), None)

    def part(self, question: Question) -> Fraction:
        """Return the part of the participants who are asked a question: in this round, or in a quarter if its rounds
        are estimated together, because in `rotation` rounds everybody has one turn.
        """
        share = Fraction(question.weight, sum(one.weight for one in self.questions))
        return share if question.is_pooled else share / self.rotation

    def question_for(self, email: str) -> Question | None:
        """Return what the participant is asked in this round, None when it is not their turn.

        Decided by a public hash, so that the aggregator can check it and nobody can choose.
        """
        if not is_turn(self.week, email, self.rotation):
            return None
        ticket = public_number(f"question {self.round}", email) % sum(q.weight for q in self.questions)
        for question in self.questions:
            ticket -= question.weight
            if ticket < 0:
                return question
        raise AssertionError("weights do not add up")


def default_survey(
    week: Week,
    vocabulary: str,
    candidates: Sequence[int],
    odds: Fraction = DEFAULT_ODDS,
    k: int = 1,
    names: frozenset[str] = QUESTIONS,
    chart: AskedChart | None = None,
) -> Survey:
    """Return what an aggregator asks by default, of the questions called `names`.

    Two in three people top shows, one volume; in the first rounds of a quarter two in four top shows, one volume, and
    one the effect of life events. chart: the public chart that `candidates` begin with.
    """
    wish = Wish(week=week, candidates=candidates, odds=odds, k=k, chart=chart)
    suggested = [kind.suggest(wish) for name, kind in questions().items() if name in names]
    asked = tuple(question for question in suggested if question is not None)
    return Survey(round=str(week), vocabulary=vocabulary, rotation=ROTATION, questions=asked)


def dump_surveys(surveys: Sequence[Survey]) -> bytes:
    """Return the file `survey.json`: the surveys of all open rounds, newest first."""
    newest_first = sorted(surveys, key=lambda survey: survey.week, reverse=True)
    return canonical_json({"open": [survey.as_json() for survey in newest_first]}) + b"\n"


class _SurveysFile(Strict):
    """The list, to which newer versions may add fields; a survey itself is hashed, and read exactly or not at all."""

    model_config = ConfigDict(extra="ignore")

    open: Annotated[tuple[Survey, ...], Field(strict=False, max_length=52)]


def load_surveys(data: bytes) -> list[Survey]:
    """Read `survey.json`. Raises RefusedSurvey with the first thing that is wrong."""
    if len(data) > MAX_SURVEYS_FILE:
        raise RefusedSurvey(f"survey.json has {len(data)} bytes, at most {MAX_SURVEYS_FILE} are read")
    try:
        _LIMITS.check(data)
        return list(_SurveysFile.model_validate_json(data).open)
    except Costly as refusal:
        raise RefusedSurvey(f"survey.json: {refusal}") from None
    except ValidationError as error:
        raise RefusedSurvey(f"survey.json: {misfit(error)}") from None
