"""What a participant allows, whatever a survey asks. Imports no mechanism, because every process reads its settings."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from netflix_trend.questions.registry import QUESTIONS
from netflix_trend.storage.model import Strict

if TYPE_CHECKING:
    from netflix_trend.questions.question import Question

DEFAULT_ODDS = Fraction(8)


class Limits(Strict):
    """What a participant allows: odds of a report, reports in any 52 weeks, names of questions."""

    odds: Fraction = DEFAULT_ODDS
    reports_per_year: Annotated[int, Field(ge=0)] = 13
    questions: frozenset[str] = QUESTIONS

    def refusal(self, question: Question) -> str | None:
        """Return why the question may not be answered, None when it may."""
        if question.name not in self.questions:
            return f"the question {question.name} is not among the allowed ones"
        if question.odds > self.odds:
            from netflix_trend.privacy.accounting import odds_in_words  # numpy, which the settings do without

            asked, most = odds_in_words(question.odds), odds_in_words(self.odds)
            return f"the question {question.name} asks for odds of {asked}, the limit is {most}"
        return None
