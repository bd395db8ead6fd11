"""The protocol of a question whose answers are summed by operators, each of whom adds noise to the sum.

Everybody answers every question of a round at once; an answer is one measurement for each block, and a block is a
vector that is summed under a proof that it is valid (`netflix_trend.operators`). Participants whose files do not cover
the week send blanks, so that the existence of an answer reveals nothing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from netflix_trend.operators.blocks import Block, Kind, Ratio
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.privacy.zcdp import sigma2_for
from netflix_trend.questions.question import Needed, Statistic, Views
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.storage.model import Strict
from netflix_trend.vdaf.circuits import chunk_length


@dataclass(frozen=True)
class SumWish:
    """What an aggregator wants to ask in a round. candidates: vocabulary indices of the week's list. participants: how
    many are expected to answer. chart: the public chart that the list begins with. popular: all shows that can be asked
    about, those that are probably the most popular first.
    """

    week: Week
    candidates: Sequence[int]
    participants: int
    chart: AskedChart | None = None
    popular: Sequence[int] = ()


@dataclass(frozen=True)
class Summed:
    """One block added up. sums: int64[length], with noise. variance: of that noise, of all operators together."""

    sums: NDArray[np.int64]
    variance: Fraction

    @property
    def error(self) -> float:
        """Standard deviation of the noise of each sum."""
        return math.sqrt(self.variance)


@dataclass(frozen=True)
class Answering:
    """How many of the summed reports come from people whose files cover the week: estimate and standard error."""

    estimate: float
    standard_error: float


class SumQuestion(Strict, ABC):
    """One question of a survey of sums.

    share: its part of the round's privacy loss (rho). tells_answering: its sums show how many people could answer,
    which the other questions need.

    The other attributes, `measure`, `describe` and `needs` are those of `Question`, for a question that local mode does
    not know; where it does, they stand there.
    """

    title: ClassVar[str] = ""
    asks: ClassVar[str] = ""
    when: ClassVar[str] = ""
    is_weekly: ClassVar[bool] = False
    needs_events: ClassVar[bool] = False
    statistic: ClassVar[type[Statistic]] = Statistic
    trend_fields: ClassVar[Mapping[str, Any]] = {}
    tells_answering: ClassVar[bool] = False

    name: str
    share: Ratio

    @classmethod
    @abstractmethod
    def suggest(cls, wish: SumWish) -> Self | None:
        """Return the question that a round asks by default; None if it is not its turn."""

    def problem(self, week: Week) -> str | None:
        """Return why a survey about `week` may not ask this; None if it may."""
        return None

    @classmethod
    def measure(cls, views: Views, week: Week) -> Any:
        """Return the true answer for a week, which stays on the participant's machine."""
        raise NotImplementedError(f"{cls.__name__} takes the truth of the question of local mode")

    @classmethod
    def describe(cls, statistic: Any) -> Sequence[str]:
        """Return in sentences what a published statistic of one round says."""
        return ()

    @classmethod
    def needs(cls, statistic: Any) -> Sequence[Needed]:
        """Return how many answers a round's statistic would need to say something, and how many it got."""
        return ()

    @abstractmethod
    def blocks(self, rho: Fraction) -> Sequence[Block]:
        """Return what is summed. rho: the privacy loss of the whole round."""

    @abstractmethod
    def measurements(self, truth: Any, randbelow: RandBelow) -> Sequence[Any]:
        """Return a measurement for each block from a true answer, bounded. The true answer is that of the question of
        the same name in local mode.
        """

    def blanks(self, rho: Fraction) -> Sequence[Any]:
        """Return the measurements of somebody who cannot answer: zeros, and "no answer" in histograms."""
        return [block.blank() for block in self.blocks(rho)]

    @abstractmethod
    def estimate(
        self, summed: Sequence[Summed], reports: int, answering: Answering, odds: Fraction, titles: Sequence[str]
    ) -> Any:
        """Return the statistic behind the sums, of the model of the question of the same name.

        summed: one for each block. reports: how many reports were summed. odds: what one operator's view allows for
        the round, e**epsilon. titles: of the vocabulary's shows.
        """

    def answering(self, summed: Sequence[Summed], reports: int) -> Answering:
        """Return how many of the reports come from people who could answer; only where `tells_answering`."""
        raise NotImplementedError(f"{self.name} does not tell how many people could answer")


def block(name: str, kind: Kind, length: int, bound: int, rho: Fraction) -> Block:
    """Return a block that costs `rho` of privacy loss in one operator's view, with the shortest messages."""
    unchunked = Block.ask(name, kind, length, bound, length, Fraction(1))
    chunk = chunk_length(unchunked.circuit().encoded_length)
    return Block.ask(name, kind, length, bound, chunk, sigma2_for(unchunked.sensitivity2, rho))
