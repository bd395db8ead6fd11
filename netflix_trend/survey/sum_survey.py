"""What a leader asks in a round whose answers operators sum: the questions, and how much privacy they may cost.

The survey is public. The manifest of the round names its hash, so it is in every seal and every proof.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from netflix_trend.causes import misfit
from netflix_trend.operators.blocks import Block
from netflix_trend.operators.transport import LARGEST_SURVEY
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow, secure
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.registry import sum_questions
from netflix_trend.questions.sums import Answering, Summed, SumQuestion, SumWish
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.model import Strict
from netflix_trend.survey.survey import RefusedSurvey, check_questions

# The privacy loss of a round in one operator's view: rho, and the odds e**epsilon that it keeps to except with a chance
# of one in a million (`privacy.zcdp.epsilon_of_gaussian`; a test compares them).
PRESETS: Mapping[str, tuple[Fraction, Fraction]] = {
    "x8": (Fraction(1079, 10_000), Fraction(8)),
    "x3": (Fraction(334, 10_000), Fraction(3)),
}
Preset = Literal["x8", "x3"]

if TYPE_CHECKING:
    AnySumQuestion = SumQuestion
else:
    AnySumQuestion = reduce(operator.or_, sum_questions().values())


class SumSurvey(Strict):
    """The questions of one round. `vocabulary` is the version that candidate indices refer to."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, ignored_types=(cached_property,))

    schema_version: Literal[1] = 1
    round: Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]
    vocabulary: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    preset: Preset
    questions: Annotated[
        tuple[Annotated[AnySumQuestion, Field(discriminator="name")], ...],
        Field(strict=False, min_length=1, max_length=8),
    ]

    @model_validator(mode="after")
    def _consistent(self) -> SumSurvey:
        check_questions(self.questions, self.week)
        if sum(question.share.value for question in self.questions) > 1:
            raise ValueError("the questions' shares add up to more than the whole privacy loss")
        if sum(question.tells_answering for question in self.questions) != 1:
            raise ValueError("exactly one question must tell how many people could answer")
        return self

    @cached_property
    def week(self) -> Week:
        """The round as a week."""
        return Week.parse(self.round)

    @property
    def rho(self) -> Fraction:
        """The privacy loss of the round in one operator's view, at most."""
        return PRESETS[self.preset][0]

    @property
    def odds(self) -> Fraction:
        """The same as odds, e**epsilon."""
        return PRESETS[self.preset][1]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """What is summed, in the order of the questions."""
        return tuple(block for question in self.questions for block in question.blocks(self.rho))

    def to_bytes(self) -> bytes:
        """Return the survey as it is published and hashed."""
        return canonical_json(self.model_dump(mode="json"))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the published bytes, 64 hexadecimal digits."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> SumSurvey:
        """Read a survey. Raises RefusedSurvey with the first thing that is wrong."""
        if len(data) > LARGEST_SURVEY:
            raise RefusedSurvey(f"the survey has {len(data)} bytes, at most {LARGEST_SURVEY} are read")
        try:
            survey = cls.model_validate_json(data)
        except ValidationError as error:
            raise RefusedSurvey(f"survey: {misfit(error)}") from None
        if survey.to_bytes() != data:
            raise RefusedSurvey("the survey is not canonical JSON")
        return survey

    def measurements(
        self, truths: Mapping[str, Any] | None, unanswerable: Sequence[str] = (), randbelow: RandBelow = secure
    ) -> list[Any]:
        """Return a measurement for each block.

        truths: the true answers about the week by name of the question; None when no file covers the week.
        unanswerable: questions that are left blank all the same.
        """
        found: list[Any] = []
        for question in self.questions:
            if truths is None or question.name in unanswerable or question.name not in truths:
                found += question.blanks(self.rho)
            else:
                found += question.measurements(truths[question.name], randbelow)
        return found

    def estimate(
        self,
        summed: Sequence[Summed],
        reports: int,
        titles: Sequence[str],
        *,
        participants: int,
        waiting: int = 0,
        refused: Mapping[str, int] | None = None,
    ) -> RoundStatistics:
        """Return the statistics behind the sums of a round's blocks. The same sums always give the same numbers."""
        parts: dict[str, Sequence[Summed]] = {}
        place = 0
        for question in self.questions:
            length = len(question.blocks(self.rho))
            parts[question.name] = summed[place : place + length]
            place += length
        if place != len(summed):
            raise ValueError(f"{len(summed)} sums do not fit {place} blocks")
        telling = next(question for question in self.questions if question.tells_answering)
        answering: Answering = telling.answering(parts[telling.name], reports)
        statistics: dict[str, Any] = {
            one.name: one.estimate(parts[one.name], reports, answering, self.odds, titles).of_participants(
                participants, Fraction(1)
            )
            for one in self.questions
        }
        return RoundStatistics(
            round=self.round,
            survey=self.digest[:32],
            vocabulary=self.vocabulary,
            participants=participants,
            reports=reports,
            waiting=waiting,
            refused=dict(sorted((refused or {}).items())),
            **statistics,
        )


def default_sum_survey(
    week: Week,
    vocabulary: str,
    candidates: Sequence[int],
    participants: int,
    preset: Preset,
    names: frozenset[str],
    chart: AskedChart | None = None,
    popular: Sequence[int] = (),
) -> SumSurvey:
    """Return what a leader asks by default, of the questions called `names`. chart: that `candidates` begin with.
    popular: all shows, those that are probably the most popular first.
    """
    wish = SumWish(week=week, candidates=candidates, participants=participants, chart=chart, popular=popular)
    suggested = [kind.suggest(wish) for name, kind in sum_questions().items() if name in names]
    asked = tuple(question for question in suggested if question is not None)
    return SumSurvey(round=str(week), vocabulary=vocabulary, preset=preset, questions=asked)
