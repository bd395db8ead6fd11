"""How many titles did you start this week? Answered with the interval channel over buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from netflix_trend.formats import decimal
from netflix_trend.language import _, marked, ngettext
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.interval_channel import IntervalChannel
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.published.wording import volume_in_words
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
from netflix_trend.questions.volume.estimation import estimate_volume
from netflix_trend.questions.volume.forecast import forecast_volume, needed_for_distribution
from netflix_trend.questions.volume.mean import bucket_titles
from netflix_trend.questions.volume.statistics import Buckets, Intervals, Viewing, Volume
from netflix_trend.questions.volume.tables import best_intervals
from netflix_trend.questions.volume.viewing import viewing

# Smallest number of titles started in the week for each bucket (docs/method/volume.md#buckets).
VOLUME_BUCKETS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 35, 43, 51)


class VolumeQuestion(Question):
    """How many titles did you start this week? Answered with the interval channel over buckets.

    intervals: the channel's table, numbers of buckets; any balanced one from which the mean has an unbiased
    estimate.
    """

    title: ClassVar[str] = marked("viewing volume")
    asks: ClassVar[str] = marked("How many titles did you start this week?")
    statistic: ClassVar[type[Statistic]] = Volume
    trend_fields: ClassVar[Mapping[str, Any]] = {"viewing": Viewing | None}

    name: Literal["volume"] = "volume"
    mechanism: Literal["interval_channel"] = "interval_channel"
    buckets: Buckets
    intervals: Intervals

    @model_validator(mode="after")
    def _can_be_estimated(self) -> VolumeQuestion:
        if self.odds > 1 and not self.channel.can_estimate(bucket_titles(self.buckets).tolist()):
            raise ValueError("intervals leave the mean without an unbiased estimate")
        return self

    @classmethod
    def ask(cls, *, odds: Fraction, weight: int) -> VolumeQuestion:
        """Ask with the table made for odds near these."""
        return cls(weight=weight, odds=odds, buckets=VOLUME_BUCKETS, intervals=best_intervals(odds))

    @classmethod
    def suggest(cls, wish: Wish) -> VolumeQuestion:
        """Ask in every round."""
        return cls.ask(odds=wish.odds, weight=1)

    @property
    def channel(self) -> IntervalChannel:
        """The mechanism over bucket numbers."""
        return IntervalChannel(len(self.buckets), self.intervals, self.odds)

    def bucket(self, titles: int) -> int:
        """Return the bucket number of a weekly count."""
        return int(np.searchsorted(self.buckets, titles, side="right")) - 1

    def parameters(self) -> dict[str, Any]:
        """Return what a release states about how it was made."""
        return {"buckets": len(self.buckets), "odds": self.odds_pair, "outputs": len(self.intervals)}

    @classmethod
    def measure(cls, views: Views, week: Week) -> int:
        """Return how many titles were started in the week."""
        return int(views.in_week(week).sum())

    @property
    def payload_size(self) -> int:
        """Bytes of an answer."""
        return 1

    def answer(self, truth: int, randbelow: RandBelow) -> bytes:
        """Randomize the bucket of a weekly count."""
        return bytes([self.channel.randomize(self.bucket(truth), randbelow)])

    def check(self, payload: bytes) -> None:
        """Raise ValueError if a payload is not one of the mechanism's outputs."""
        check_byte(payload, len(self.intervals))

    def count(self, payloads: bytes) -> Counted:
        """Count how often each answer came, int64[outputs]."""
        return count_bytes(payloads, len(self.intervals))

    def estimate(self, counted: Counted, titles: Sequence[str], seed: str) -> Volume:
        """Return the distribution of weekly counts, and their mean."""
        return estimate_volume(self, counted.counts, seed)

    @classmethod
    def over_rounds(cls, rounds: Sequence[tuple[str, Volume]], chart: Sequence[str] | None) -> dict[str, Any]:
        """Return the mean of each round, and whether it rises or falls."""
        return {"viewing": viewing(rounds)}

    def truth_in_words(self, truth: int, titles: Sequence[str]) -> str:
        """Describe the true answer in a sentence."""
        return ngettext("You started %(num)s title.", "You started %(num)s titles.", truth)

    def payload_in_words(self, payload: bytes, titles: Sequence[str]) -> str:
        """Describe what an answer says on its own."""
        first, last, _chance = self.intervals[payload[0]]
        low = self.buckets[first]
        high = self.buckets[last + 1] - 1 if last + 1 < len(self.buckets) else None
        if low == high:
            said = ngettext("It says: %(num)s title.", "It says: %(num)s titles.", low)
        elif high is None:
            said = ngettext("It says: %(num)s or more titles.", "It says: %(num)s or more titles.", low)
        else:
            said = ngettext("It says: %(low)s to %(num)s titles.", "It says: %(low)s to %(num)s titles.", high, low=low)
        return " ".join([said, _("By chance it may say any other range.")])

    @classmethod
    def describe(cls, statistic: Volume) -> Sequence[str]:
        """Describe the mean of the week and its limits."""
        mean = statistic.mean
        told = ""
        if mean:
            told = _(
                "A participant started %(mean)s titles on average, more than %(most)s counted as %(most)s.",
                mean=decimal(max(0.0, mean.estimate), 1),
                most=mean.max_titles,
            )
        return tuple(filter(None, [told, volume_in_words(statistic)]))

    @classmethod
    def needs(cls, statistic: Volume) -> Sequence[Needed]:
        """Return how many answers the distribution needs to be reliable."""
        return needed_for_distribution(statistic)

    def forecast(self, answers: int, part: Fraction) -> Forecast:
        """Return the error of a person's place among the others."""
        return forecast_volume(self, answers, part)
