"""What the next surveys ask: from the settings, or as the operator decided, kept on the aggregator's own volume."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, field_serializer, field_validator, model_validator
from pydantic_core import ErrorDetails

from netflix_trend.causes import expected
from netflix_trend.odds import parse_odds
from netflix_trend.periods.weeks import Week, weeks_in
from netflix_trend.questions.registry import QUESTIONS, questions
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.longest import LONGEST_LIST, LONGEST_SUMMED_LIST
from netflix_trend.storage.files import read_own
from netflix_trend.storage.kept import read_kept, write_kept
from netflix_trend.storage.model import Strict
from netflix_trend.survey.limits import DEFAULT_ODDS
from netflix_trend.survey.survey import Survey, default_survey

_log = logging.getLogger("aggregator")
PLAN = "survey_plan.json"
_LARGEST = 65_536
# Ratios people can choose by name; any other one can be typed.
PRESETS = (Fraction(3), Fraction(8), Fraction(55))


class PlanError(Exception):
    """A plan cannot be read or makes no survey; `problems` says by field what is wrong and what is expected."""

    def __init__(self, error: ValidationError) -> None:
        self.problems = {
            str(one["loc"][0]) if one["loc"] else "list_length": _in_words(one)
            for one in error.errors(include_url=False, include_input=False)
        }
        super().__init__("; ".join(f"{name}: {message}" for name, message in self.problems.items()))


def _in_words(problem: ErrorDetails) -> str:
    limits = problem.get("ctx", {})
    return {
        "int_type": "expected a whole number",
        "less_than_equal": f"expected at most {limits.get('le')}",
        "greater_than_equal": f"expected at least {limits.get('ge')}",
    }.get(problem["type"], expected(problem))


def _known(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(value)) != len(value) or not set(value) <= QUESTIONS:
        raise ValueError(f"expected some of {', '.join(sorted(QUESTIONS))}, each once")
    weekly = [name for name, kind in questions().items() if kind.is_weekly]
    if not set(weekly) & set(value):
        raise ValueError(f"ask about {' or '.join(weekly)}: the others alone are asked about in few rounds only")
    return tuple(sorted(value))


class SurveyPlan(Strict):
    """What every survey asks that has not been asked yet.

    list_length: shows on a week's list. k: how many of them one person names at most. questions: names of the
    questions; some are asked in a few rounds of a quarter only.
    """

    schema_version: Literal[1] = 1
    odds: Fraction = DEFAULT_ODDS
    list_length: Annotated[int, Field(le=LONGEST_SUMMED_LIST)] = 50
    k: Annotated[int, Field(ge=1, le=16)] = 1
    questions: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_known)] = tuple(sorted(QUESTIONS))

    @field_validator("odds", mode="before")
    @classmethod
    def _ratio(cls, value: Any) -> Any:
        try:
            odds = parse_odds(f"{value[0]}/{value[1]}" if isinstance(value, list | tuple) else value)
        except (ValueError, IndexError):
            odds = Fraction(1)
        # The largest numbers that a survey can state.
        if odds <= 1 or odds.numerator > 1_000_000:
            raise ValueError("expected a ratio above 1, such as 8 or 5/2")
        return odds

    @field_serializer("odds")
    def _pair(self, odds: Fraction) -> list[int]:
        return [odds.numerator, odds.denominator]

    @model_validator(mode="after")
    def _fits(self) -> SurveyPlan:
        if self.list_length < max(2, self.k):
            raise ValueError(f"a list needs at least {max(2, self.k)} shows when a person names up to {self.k}")
        return self

    @classmethod
    def of_settings(cls, odds: Fraction, list_length: int) -> SurveyPlan:
        """Return the plan that the settings make: one show named of a list."""
        return cls(odds=odds, list_length=list_length)

    def survey(self, week: Week, vocabulary: str, candidates: Sequence[int], chart: AskedChart | None = None) -> Survey:
        """Return the survey of a week. candidates: the week's list, indices in the vocabulary of that version; chart:
        the public chart that they begin with.
        """
        names = frozenset(self.questions)
        return default_survey(week, vocabulary, candidates, self.odds, self.k, names, chart)


class LocalPlan(SurveyPlan):
    """The plan of an aggregator in local mode, whose answers are randomized one by one."""

    list_length: Annotated[int, Field(le=LONGEST_LIST)] = 50


def plan_of(kind: type[SurveyPlan], values: dict[str, Any]) -> SurveyPlan:
    """Return the plan of form values. Raises PlanError with everything that is wrong."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise PlanError(error) from None


def read_plan(kind: type[SurveyPlan], own: Path) -> SurveyPlan | None:
    """Return the operator's plan in the aggregator's own folder, None when there is none. Raises PlanError."""
    data = read_own(own / PLAN, _LARGEST)
    if data is None and not os.path.lexists(own / PLAN):
        return None
    try:
        return kind.model_validate_json(data or b"")
    except ValidationError as error:
        raise PlanError(error) from None


def current_plan(own: Path, from_settings: SurveyPlan, *, is_told: bool = True) -> SurveyPlan:
    """Return the operator's plan, else that of the settings; a plan that cannot be read stops nothing.

    is_told: it is logged then; whoever only shows the plan at every pass leaves that out.
    """
    try:
        return read_plan(type(from_settings), own) or from_settings
    except PlanError as problem:
        if is_told:
            _log.warning("%s cannot be read, the settings are used: %s", PLAN, problem)
        return from_settings


def write_plan(own: Path, plan: SurveyPlan | None, *, durable: bool = True) -> None:
    """Keep a plan for the surveys that have not been asked yet; None: the settings count again."""
    if plan is None:
        (own / PLAN).unlink(missing_ok=True)
        return
    write_kept(own, PLAN, plan.to_bytes(), durable=durable)


def asked_surveys(folder: Path) -> list[Week]:
    """Return the rounds whose survey was asked and is never changed any more, oldest first. folder: of surveys."""
    return sorted(weeks_in(path.stem for path in folder.glob("[0-9]*.json")))


def set_aside_damaged(own: Path) -> None:
    """Move a plan aside that is no JSON; any other one may be of another mode, or of another version."""
    read_kept(own, PLAN, _LARGEST, json.loads)
