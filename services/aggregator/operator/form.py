"""The survey editor's form: from its fields to a plan, and back."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from services.aggregator.survey_plan import PRESETS, SurveyPlan, plan_of

OTHER = "other"


def fields_of(plan: SurveyPlan) -> MultiDict[str, str]:
    """Return the fields of a plan's form."""
    fields = MultiDict(
        {
            "odds": str(plan.odds) if plan.odds in PRESETS else OTHER,
            "other_odds": "" if plan.odds in PRESETS else str(plan.odds),
            "list_length": str(plan.list_length),
            "k": str(plan.k),
        }
    )
    fields.setlist("questions", list(plan.questions))
    return fields


def plan_of_fields(kind: type[SurveyPlan], fields: MultiDict[str, str]) -> SurveyPlan:
    """Return the plan of a form's fields. Raises PlanError with everything that is wrong."""
    odds = fields.get("odds", "")
    values: dict[str, Any] = {
        "odds": fields.get("other_odds", "") if odds == OTHER else odds,
        "list_length": _number(fields.get("list_length", "")),
        "k": _number(fields.get("k", "")),
        "questions": fields.getlist("questions"),
    }
    return plan_of(kind, values)


def participants_of_fields(fields: MultiDict[str, str]) -> int | None:
    """Return how many participants the operator wants to assume, None for those that there are."""
    number = _number(fields.get("participants", ""))
    return number if isinstance(number, int) and 0 < number <= 10_000_000 else None


def _number(text: str) -> int | str:
    """Return a whole number, or the text itself for the plan to refuse."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else text
