"""The protocol of a question: everything that surveys, participants, aggregator and pages need to know about it.

To add a question, add a folder with a subclass of `Question` and a line in `registry`. Nothing else knows any question
by name.

In local mode every answer is randomized on the participant's machine: `measure`, `answer` and `check` make and verify
it, `count` adds the answers up, `estimate` turns the counts into a published statistic. A mode that adds answers up in
another way needs its own `answer`, `check` and `count` beside these; the rest of the protocol does not depend on it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from netflix_trend.language import marked
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.storage.model import Strict

# Trends use at most this many of the newest rounds.
MAX_ROUNDS = 52


class Statistic(Strict):
    """What is published about one question of one round.

    reports: how many answers it is estimated from. participants: how many people take part. asked: the part of them who
    are asked this question in a round, in a quarter if its rounds are estimated together, as numerator and denominator.
    Old files have neither.
    """

    reports: Annotated[int, Field(ge=0)]
    participants: Annotated[int, Field(ge=0)] | None = None
    asked: Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)] | None = None

    @field_validator("asked")
    @classmethod
    def _is_a_part(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and value[0] > value[1]:
            raise ValueError(f"{value[0]} of {value[1]} participants cannot be asked")
        return value

    @property
    def part(self) -> Fraction | None:
        """The part of the participants who are asked."""
        return None if self.asked is None else Fraction(*self.asked)

    def of_participants(self, participants: int | None, part: Fraction | None) -> Self:
        """Return the statistic with how many people take part, and which part of them is asked."""
        asked = None if part is None else (part.numerator, part.denominator)
        return self.model_copy(update={"participants": participants, "asked": asked})

    @classmethod
    def upgraded(cls, value: Any) -> Any:
        """Upgrade the JSON value of an older file to this model; None if that is impossible."""
        return value


class Event(Protocol):
    """A life event that a participant noted."""

    @property
    def first_day(self) -> date: ...  # noqa: D102
    @property
    def last_day(self) -> date: ...  # noqa: D102
    @property
    def days(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class Views:
    """Everything one participant watched, on all profiles, and their life events, oldest first.

    day: datetime64[D] of each view. show: int, vocabulary index of the show, -1 for anything else; same length.
    covered_through: last day that every profile's newest export covers. film: bool, whether it is a film; same length.
    """

    day: NDArray[np.datetime64]
    show: NDArray[np.integer[Any]]
    covered_through: date
    film: NDArray[np.bool_]
    events: Sequence[Event] = ()

    def in_week(self, week: Week) -> NDArray[np.bool_]:
        """Return which views lie in a week, bool[N]."""
        return (self.day >= np.datetime64(week.monday)) & (self.day <= np.datetime64(week.sunday))


@dataclass(frozen=True)
class Wish:
    """What an aggregator wants to ask in a round. candidates: vocabulary indices of the week's list. k: how many of
    them one person names at most. chart: the public chart that the list begins with.
    """

    week: Week
    candidates: Sequence[int]
    odds: Fraction
    k: int = 1
    chart: AskedChart | None = None


@dataclass(frozen=True)
class Counted:
    """The answers to a question added up. counts: int64, as `estimate` takes them. reports: how many there are."""

    counts: NDArray[np.int64]
    reports: int


@dataclass(frozen=True)
class Needed:
    """How many answers a result needs (None: more than a million). answers: how many there are. what: in words.

    participants: how many people take part. part: of them who are asked. Of old files both are None.
    """

    question: str
    what: str
    needed: int | None
    answers: int
    participants: int | None = None
    part: Fraction | None = None

    @property
    def is_enough(self) -> bool:
        """Whether there are enough answers."""
        return self.needed is not None and self.answers >= self.needed


@dataclass(frozen=True)
class Table:
    """A table for a page. columns: heading, and whether it holds numbers; the first column names the row."""

    label: str
    caption: str
    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Forecast:
    """What to expect from a number of answers, in sentences and perhaps a table. error: the expected standard error, in
    the question's own unit. needed: how many answers make the question reliable, None if a million are not enough.
    """

    sentences: Sequence[str] = ()
    table: Table | None = None
    error: float | None = None
    needed: int | None = None


class Question(Strict, ABC):
    """One question of a survey with its mechanism and exact parameters.

    title: what it is about, in two words. asks: the question as a participant reads it. about: the weeks that an answer
    is about. when: which rounds ask it, in words, unless all do. is_weekly: every round asks it. is_pooled: the rounds
    of a quarter are estimated together; in `ROTATION` of them everybody has one turn. needs_events: it is about life
    events, and cannot be answered while these cannot be read. nothing: the true answer of somebody who watched nothing.
    statistic: the model of what is published. trend_fields: what it adds to `trends.json`, name to type; a field is
    None, or an empty tuple, while there is nothing to publish.
    """

    title: ClassVar[str]
    asks: ClassVar[str]
    about: ClassVar[str] = marked("this week")
    when: ClassVar[str] = ""
    is_weekly: ClassVar[bool] = True
    is_pooled: ClassVar[bool] = False
    needs_events: ClassVar[bool] = False
    nothing: ClassVar[Any] = 0
    statistic: ClassVar[type[Statistic]]
    trend_fields: ClassVar[Mapping[str, Any]] = {}

    name: str
    mechanism: str
    # Share of the answering people who get this question, relative to the other questions' weights.
    weight: Annotated[int, Field(ge=1, le=1000)]
    odds: Fraction

    @field_validator("odds", mode="before")
    @classmethod
    def _read_odds(cls, value: Any) -> Any:
        return _exact_odds(value)

    def as_json(self) -> dict[str, Any]:
        """Return the question as plain JSON values; `odds` becomes `[w1, w0]`."""
        return {**self.model_dump(exclude={"odds"}), "odds": self.odds_pair}

    @property
    def odds_pair(self) -> list[int]:
        """The odds as two whole numbers."""
        return [self.odds.numerator, self.odds.denominator]

    # What is asked

    @classmethod
    @abstractmethod
    def suggest(cls, wish: Wish) -> Self | None:
        """Return the question that a round asks by default; None if it is not its turn."""

    def problem(self, week: Week) -> str | None:
        """Return why a survey about `week` may not ask this; None if it may."""
        return None

    @property
    def once(self) -> str:
        """Why only one of several rounds is answered, in words."""
        return ""

    def answered_once(self, week: Week) -> Sequence[Week]:
        """Return the other rounds that ask about the same data: only one of them and this one may be answered."""
        return ()

    @classmethod
    def independent_from(cls, week: Week) -> Week:
        """Return the week from which on viewing must not matter for the answer of a round, so that no week counts in
        too many answers: it is refused if the newest file may hold views of that week.
        """
        return week + MAX_ROUNDS

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """Return what a release states about how it was made."""

    # The answer, on the participant's machine

    @classmethod
    @abstractmethod
    def measure(cls, views: Views, week: Week) -> Any:
        """Return the true answer for a week, which stays on the participant's machine."""

    @property
    @abstractmethod
    def payload_size(self) -> int:
        """Bytes of an answer."""

    @abstractmethod
    def answer(self, truth: Any, randbelow: RandBelow) -> bytes:
        """Bound the true answer, randomize it and return the payload of a release."""

    # All answers, on the aggregator's machine

    @abstractmethod
    def check(self, payload: bytes) -> None:
        """Raise ValueError if a payload of the right size is not a possible answer of the mechanism."""

    @abstractmethod
    def count(self, payloads: bytes) -> Counted:
        """Count the valid answers of a round, one after another in `payloads`."""

    @abstractmethod
    def estimate(self, counted: Counted, titles: Sequence[str], seed: str) -> Statistic:
        """Return the statistic behind the counts; the same counts and seed give the same numbers.

        titles: of the vocabulary's shows. seed: any text, for draws that describe uncertainty.
        """

    @classmethod
    def over_rounds(cls, rounds: Sequence[tuple[str, Any]], chart: Sequence[str] | None) -> dict[str, Any]:
        """Return the fields that the statistics of several rounds add to the trends, by name of `trend_fields`.

        rounds: name and statistic of each round with answers to this question, oldest first. chart: titles in the order
        of a public chart that may be used as a labelled prior.
        """
        return {}

    # In words, for pages

    def truth_in_words(self, truth: Any, titles: Sequence[str]) -> str:
        """Describe the true answer in a sentence."""
        return f"The true answer is {truth}."

    @abstractmethod
    def payload_in_words(self, payload: bytes, titles: Sequence[str]) -> str:
        """Describe what an answer says on its own, to somebody who knows nothing else."""

    @classmethod
    @abstractmethod
    def describe(cls, statistic: Any) -> Sequence[str]:
        """Describe a round's published statistic in sentences."""

    @classmethod
    def needs(cls, statistic: Any) -> Sequence[Needed]:
        """Return how many answers a round's statistic needs to be reliable, and how many it got."""
        return ()

    @abstractmethod
    def forecast(self, answers: int, part: Fraction) -> Forecast:
        """Return what to expect from this many answers, before anybody is asked. part: of the participants who are
        asked, `Survey.part`.
        """


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


def count_bytes(payloads: bytes, outputs: int) -> Counted:
    """Count answers of one byte each, numbers below `outputs`."""
    answers = np.frombuffer(payloads, dtype=np.uint8)
    return Counted(np.bincount(answers, minlength=outputs).astype(np.int64), len(answers))


def check_byte(payload: bytes, outputs: int) -> None:
    """Raise ValueError unless a one-byte answer is a number below `outputs`."""
    if payload[0] >= outputs:
        raise ValueError(f"report {payload[0]} lies outside 0..{outputs - 1}")


def breakdown_point(reports: int) -> int:
    """Return how many forged reports a robust number withstands: 1 % of all, rounded up."""
    return -(-reports // 100)
