"""What the aggregator asks in a round: questions, mechanisms with exact parameters, and who answers which.

A survey is public and has a version, the hash of its content. Every release names the survey it answers. A
participant answers only within its own limits (`Limits.refusal`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.set_response import PRIME, SetResponse, best_threshold
from netflix_trend.privacy.square_wave import SquareWave, best_width
from netflix_trend.privacy.ternary import TernaryResponse
from netflix_trend.storage.canonical import canonical_json, content_version
from netflix_trend.storage.model import Strict

DEFAULT_ODDS = Fraction(8)
QUESTIONS = frozenset({"top_shows", "volume", "event_effect"})
# A person answers one round in ROTATION, and a round stays open that long: so everybody has exactly one round to
# answer among the open ones, whenever they join.
ROTATION = 4
# A round is counted a week longer than it is open: files travel, and datasites may be away in the week it closes.
COUNTED = ROTATION + 1
# Smallest number of titles started in the week for each bucket (docs/method/statistics.md#volume).
VOLUME_BUCKETS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 35, 43, 51)
# Larger changes of views a week count as this one (docs/method/statistics.md#life-events).
EFFECT_CLIP = 12
LARGEST_SURVEYS_FILE = 1_000_000


class RefusedSurvey(Exception):
    """A survey cannot be read, or asks for more than the participant allows. The message says which and why."""


def _exact_odds(value: Any) -> Any:
    """Read `[8, 1]` as the exact ratio 8."""
    if isinstance(value, Fraction):
        return value
    if (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(type(part) is int and 0 < part <= 1_000_000 for part in value)
        and value[0] >= value[1]
    ):
        return Fraction(value[0], value[1])
    raise ValueError("odds must be two whole numbers [w1, w0] with w1 >= w0 > 0")


def _rising(value: tuple[int, ...]) -> tuple[int, ...]:
    if value[0] != 0 or any(low >= high for low, high in pairwise(value)):
        raise ValueError("buckets must start at 0 and rise")
    return value


# Smallest value of each bucket; the last bucket is open above.
Buckets = Annotated[
    tuple[Annotated[int, Field(ge=0, le=1_000_000)], ...],
    Field(strict=False, min_length=2, max_length=64),
    AfterValidator(_rising),
]


class _Question(Strict):
    # Share of the answering people who get this question, relative to the other questions' weights.
    weight: Annotated[int, Field(ge=1, le=1000)]
    odds: Fraction

    @field_validator("odds", mode="before")
    @classmethod
    def _read_odds(cls, value: Any) -> Any:
        return _exact_odds(value)

    def as_json(self) -> dict[str, Any]:
        """Return the question as plain JSON values; `odds` becomes `[w1, w0]`."""
        plain = self.model_dump(exclude={"odds"})
        return {**plain, "odds": [self.odds.numerator, self.odds.denominator]}


class TopShowsQuestion(_Question):
    """Which of the candidate shows did you watch this week? Answered with the set response."""

    name: Literal["top_shows"] = "top_shows"
    mechanism: Literal["set_response"] = "set_response"
    k: Annotated[int, Field(ge=1, le=16)]
    prime: Literal[65521] = 65521
    threshold: Annotated[int, Field(ge=1, lt=PRIME)]
    candidates: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=2, max_length=20_000)]

    @field_validator("candidates")
    @classmethod
    def _distinct(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a candidate is listed twice")
        return value

    @classmethod
    def ask(cls, candidates: Sequence[int], *, k: int, odds: Fraction, weight: int) -> TopShowsQuestion:
        """Ask about vocabulary indices `candidates` with the threshold that gives the least noise."""
        threshold = best_threshold(k, odds)
        return cls(weight=weight, odds=odds, k=k, threshold=threshold, candidates=tuple(candidates))

    @property
    def channel(self) -> SetResponse:
        """The mechanism over positions in `candidates`."""
        return SetResponse(len(self.candidates), self.k, self.odds, self.threshold, self.prime)

    def parameters(self) -> dict[str, Any]:
        """What a release states about how it was made."""
        odds = [self.odds.numerator, self.odds.denominator]
        return {"items": len(self.candidates), "k": self.k, "odds": odds, "threshold": self.threshold}

    @property
    def payload_size(self) -> int:
        """Bytes of an answer: k+2 coefficients of two bytes."""
        return 2 * (self.k + 2)


class VolumeQuestion(_Question):
    """How many titles did you start this week? Answered with the square wave over buckets."""

    name: Literal["volume"] = "volume"
    mechanism: Literal["square_wave"] = "square_wave"
    width: Annotated[int, Field(ge=0, le=32)]
    buckets: Buckets

    @classmethod
    def ask(cls, *, odds: Fraction, weight: int, buckets: Sequence[int] = VOLUME_BUCKETS) -> VolumeQuestion:
        """Ask with the half width that tells most."""
        return cls(weight=weight, odds=odds, width=best_width(len(buckets), odds), buckets=tuple(buckets))

    @property
    def channel(self) -> SquareWave:
        """The mechanism over bucket numbers."""
        return SquareWave(len(self.buckets), self.width, self.odds)

    def bucket(self, titles: int) -> int:
        """Return the bucket number of a weekly count."""
        return int(np.searchsorted(self.buckets, titles, side="right")) - 1

    def parameters(self) -> dict[str, Any]:
        """What a release states about how it was made."""
        odds = [self.odds.numerator, self.odds.denominator]
        return {"buckets": len(self.buckets), "odds": odds, "width": self.width}

    @property
    def payload_size(self) -> int:
        """Bytes of an answer."""
        return 1


class EffectQuestion(_Question):
    """How many views a week more or less did you have during a life event than before? Ternary response.

    About the longest event that began in `quarter`; people without one answer too, that nothing changed.
    """

    name: Literal["event_effect"] = "event_effect"
    mechanism: Literal["ternary_response"] = "ternary_response"
    odds: Annotated[Fraction, Field(gt=1)]
    clip: Annotated[int, Field(ge=1, le=100)]
    quarter: str

    @field_validator("quarter")
    @classmethod
    def _is_a_quarter(cls, value: str) -> str:
        Quarter.parse(value)
        return value

    @classmethod
    def ask(cls, quarter: Quarter, *, odds: Fraction, weight: int, clip: int = EFFECT_CLIP) -> EffectQuestion:
        """Ask about the events that began in a quarter."""
        return cls(weight=weight, odds=odds, clip=clip, quarter=str(quarter))

    @property
    def channel(self) -> TernaryResponse:
        """The mechanism over none, up and down."""
        return TernaryResponse(self.odds)

    def parameters(self) -> dict[str, Any]:
        """What a release states about how it was made."""
        return {"clip": self.clip, "odds": [self.odds.numerator, self.odds.denominator], "quarter": self.quarter}

    @property
    def payload_size(self) -> int:
        """Bytes of an answer."""
        return 1


Question = TopShowsQuestion | VolumeQuestion | EffectQuestion


class Survey(Strict):
    """The questions of one round. `vocabulary` is the version that candidate indices refer to."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, ignored_types=(cached_property,))

    schema_version: Literal[1] = 1
    round: Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]
    vocabulary: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    rotation: Annotated[int, Field(ge=1, le=52)]
    questions: Annotated[
        tuple[Annotated[Question, Field(discriminator="name")], ...], Field(strict=False, min_length=1, max_length=8)
    ]

    @model_validator(mode="after")
    def _consistent(self) -> Survey:
        Week.parse(self.round)
        names = [question.name for question in self.questions]
        if len(set(names)) != len(names):
            raise ValueError("a question is asked twice")
        # So the round says which quarter it is, and no survey can dig through a history a quarter at a time.
        wanted = str(Quarter.of(self.week.monday).previous)
        if any(isinstance(asked, EffectQuestion) and asked.quarter != wanted for asked in self.questions):
            raise ValueError(f"in {self.round} life events are asked about for {wanted} only")
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

    def question_for(self, email: str) -> Question | None:
        """Return what the participant is asked in this round, None when it is not their turn.

        Decided by a public hash, so that the aggregator can check it and nobody can choose.
        """
        if (_public_number("turn", email) - self.week.index) % self.rotation:
            return None
        ticket = _public_number(f"question {self.round}", email) % sum(q.weight for q in self.questions)
        for question in self.questions:
            ticket -= question.weight
            if ticket < 0:
                return question
        raise AssertionError("weights do not add up")


def _public_number(purpose: str, email: str) -> int:
    text = f"netflix_trend 1\n{purpose}\n{email.strip().lower()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@lru_cache(maxsize=8)
def shuffled_positions(salt: str, items: int) -> tuple[int, ...]:
    """Return for each position its field position under a public permutation salted by the round.

    Without it the same two shows would have neighbouring field points in every round, and a forger could prepare
    one polynomial for all rounds.
    """
    order = sorted(range(items), key=lambda item: hashlib.sha256(f"{salt}:{item}".encode()).digest())
    position = [0] * items
    for place, item in enumerate(order):
        position[item] = place
    return tuple(position)


def effect_quarter(week: Week) -> Quarter | None:
    """Return the quarter whose life events are asked about in a round, None in most rounds.

    The first ROTATION weeks that begin in a quarter ask about the one before: everybody has one turn in them.
    """
    quarter = Quarter.of(week.monday)
    return quarter.previous if (week - ROTATION).monday < quarter.first_day else None


def default_survey(
    week: Week,
    vocabulary: str,
    candidates: Sequence[int],
    odds: Fraction = DEFAULT_ODDS,
    k: int = 1,
    names: frozenset[str] = QUESTIONS,
) -> Survey:
    """Return what an aggregator asks unless it is configured otherwise: of the questions those called `names`.

    Two in three people top shows, one volume; in the first rounds of a quarter two in four top shows, one volume, and
    one the effect of life events.
    """
    questions: list[Question] = [
        TopShowsQuestion.ask(candidates, k=k, odds=odds, weight=2),
        VolumeQuestion.ask(odds=odds, weight=1),
    ]
    quarter = effect_quarter(week)
    if quarter is not None:
        questions.append(EffectQuestion.ask(quarter, odds=odds, weight=1))
    asked = tuple(question for question in questions if question.name in names)
    return Survey(round=str(week), vocabulary=vocabulary, rotation=ROTATION, questions=asked)


def dump_surveys(surveys: Sequence[Survey]) -> bytes:
    """Return the file `survey.json`: the surveys of all open rounds, newest first."""
    newest_first = sorted(surveys, key=lambda survey: survey.week, reverse=True)
    return canonical_json({"open": [survey.as_json() for survey in newest_first]}) + b"\n"


class _SurveysFile(Strict):
    open: Annotated[tuple[Survey, ...], Field(strict=False, max_length=52)]


def load_surveys(data: bytes) -> list[Survey]:
    """Read `survey.json`. Raises RefusedSurvey with the first thing that is wrong."""
    if len(data) > LARGEST_SURVEYS_FILE:
        raise RefusedSurvey(f"survey.json has {len(data)} bytes, at most {LARGEST_SURVEYS_FILE} are read")
    try:
        return list(_SurveysFile.model_validate_json(data).open)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RefusedSurvey(f"survey.json: {place or 'file'}: {first['msg']}") from None


class Limits(Strict):
    """What a participant allows, whatever a survey asks."""

    odds: Fraction = DEFAULT_ODDS
    reports_per_year: Annotated[int, Field(ge=0)] = 13
    questions: frozenset[str] = QUESTIONS

    def refusal(self, question: Question) -> str | None:
        """Return why the question may not be answered, None when it may."""
        if question.name not in self.questions:
            return f"the question {question.name} is not among the allowed ones"
        if question.odds > self.odds:
            return f"the question {question.name} asks for odds of {question.odds}, the limit is {self.odds}"
        return None
