"""Did you watch anything on the weekend? Yes and no are randomized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Literal

import numpy as np

from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.interval_channel import IntervalChannel
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.questions.question import (
    Counted,
    Forecast,
    Needed,
    Question,
    Statistic,
    Views,
    Wish,
    check_byte,
    count_bytes,
)
from netflix_trend.storage.model import Strict


class Weekend(Statistic):
    """How many people watched something on the weekend."""

    share: float


class WeekendTrend(Strict):
    """The mean share of all rounds."""

    rounds: int
    share: float


class WeekendQuestion(Question):
    """Did you watch anything on the weekend?"""

    title: ClassVar[str] = "weekend viewing"
    asks: ClassVar[str] = "Did you watch anything on the weekend?"
    statistic: ClassVar[type[Statistic]] = Weekend
    trend_fields: ClassVar[Mapping[str, Any]] = {"weekend": WeekendTrend | None}

    name: Literal["weekend"] = "weekend"
    mechanism: Literal["yes_no"] = "yes_no"

    @classmethod
    def suggest(cls, wish: Wish) -> WeekendQuestion:
        return cls(weight=1, odds=wish.odds)

    @property
    def channel(self) -> IntervalChannel:
        return IntervalChannel(2, ((0, 0, 1), (1, 1, 1)), self.odds)

    def parameters(self) -> dict[str, Any]:
        return {"odds": self.odds_pair}

    @classmethod
    def measure(cls, views: Views, week: Week) -> int:
        return int((views.day[views.in_week(week)] >= np.datetime64(week.sunday) - 1).any())

    @property
    def payload_size(self) -> int:
        return 1

    def answer(self, truth: int, randbelow: RandBelow) -> bytes:
        return bytes([self.channel.randomize(truth, randbelow)])

    def check(self, payload: bytes) -> None:
        check_byte(payload, 2)

    def count(self, payloads: bytes) -> Counted:
        return count_bytes(payloads, 2)

    def estimate(self, counted: Counted, titles: Sequence[str], seed: str) -> Weekend:
        (_, q), (_, p) = self.channel.channel().tolist()
        share = (int(counted.counts[1]) / max(1, counted.reports) - q) / (p - q)
        return Weekend(reports=counted.reports, share=share)

    @classmethod
    def over_rounds(cls, rounds: Sequence[tuple[str, Weekend]], chart: Sequence[str] | None) -> dict[str, Any]:
        shares = [one.share for _, one in rounds]
        trend = WeekendTrend(rounds=len(shares), share=sum(shares) / len(shares)) if shares else None
        return {"weekend": trend}

    def truth_in_words(self, truth: int, titles: Sequence[str]) -> str:
        return "You watched something on the weekend." if truth else "You watched nothing on the weekend."

    def payload_in_words(self, payload: bytes, titles: Sequence[str]) -> str:
        return "It says yes." if payload[0] else "It says no."

    @classmethod
    def describe(cls, statistic: Weekend) -> Sequence[str]:
        return (f"About {100 * statistic.share:.0f} % watched something on the weekend.",)

    @classmethod
    def needs(cls, statistic: Weekend) -> Sequence[Needed]:
        what = "telling half of all people from nobody"
        return [Needed("weekend", what, 25, statistic.reports, statistic.participants, statistic.part)]

    def forecast(self, answers: int, part: Fraction) -> Forecast:
        return Forecast((f"{answers} answers about the weekend.",), error=1.0, needed=25)
