"""Here against the world: what participants named, compared with the public chart that the list begins with.

The chart costs nobody any privacy, so a list of shows is worth something only where it differs from it. Method, what is
assumed and measured coverage: docs/method/here-and-world.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from netflix_trend.catalogue.charts import MAX_CHARTED
from netflix_trend.periods.weeks import is_week
from netflix_trend.privacy.joint_errors import variance_bound
from netflix_trend.privacy.selection import skewed_quantile, upper_score
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.storage.model import Strict

Floats = NDArray[np.float64]
Verdict = Literal["more", "less", "unclear"]

# Chance that anything is called different although people watch exactly as the chart: half of it is for single shows,
# half for the list as a whole.
FALSE_ALARM = 0.05
CONFIDENCE = 1 - FALSE_ALARM / 2
# Shares at which an interval may end; it ends at the next one outwards, so it is wider by .8 % at most.
_SHARES = np.concatenate([[0.0], np.geomspace(1e-5, 1.0, 1500)])
# Rounding of shares that add up to one.
_ROUNDING = 1e-6
_NORMAL = NormalDist()

_Share = Annotated[float, Field(ge=0, le=1)]


class WorldShow(Strict):
    """A show of the chart, there and here.

    rank: in the chart, from 1. world: share of the views of the chart's shows; None where the chart states an order
    only. share: of the namings of the chart's shows by participants, with its interval; None where the namings of all
    of them together are within their error. verdict: whether the interval leaves out the world's share; where the chart
    states an order only, whether the show is clearly above what stands before it there, or below what stands after it.
    """

    show: Annotated[int, Field(ge=0)]
    title: Annotated[str, Field(max_length=300)]
    rank: Annotated[int, Field(ge=1, le=MAX_CHARTED)]
    world: _Share | None
    share: _Share | None
    lower: _Share
    upper: _Share
    verdict: Verdict

    @model_validator(mode="after")
    def _in_order(self) -> WorldShow:
        if self.lower > self.upper:
            raise ValueError("an interval ends before it begins")
        if self.share is not None and not self.lower <= self.share <= self.upper:
            raise ValueError("a share lies outside its interval")
        if self.world is not None and self.verdict != _verdict(self.lower, self.upper, self.world):
            raise ValueError(f"the verdict {self.verdict} does not follow from the interval")
        return self


class World(Strict):
    """What participants named, against the public chart; nothing of the chart comes from participants.

    week, source: of the chart. confidence: with this probability the intervals of all shows hold together. differs:
    whether a show or the list as a whole differs clearly; of people who watch as the chart says, FALSE_ALARM of lists
    do at most. chance: of a list that fits the chart no better, among such people; None for an order only. shows: in
    the chart's order.
    """

    week: Annotated[str, AfterValidator(is_week)]
    source: Annotated[str, Field(min_length=1, max_length=100)]
    confidence: _Share
    differs: bool
    chance: _Share | None
    shows: Annotated[tuple[WorldShow, ...], Field(strict=False, min_length=2, max_length=MAX_CHARTED)]

    @property
    def states_order_only(self) -> bool:
        """Whether the chart says which show is ahead, and not by how much."""
        return self.shows[0].world is None

    @model_validator(mode="after")
    def _is_a_chart(self) -> World:
        known = [show.world for show in self.shows if show.world is not None]
        if known and (len(known) != len(self.shows) or abs(math.fsum(known) - 1) > _ROUNDING):
            raise ValueError("the world's shares are not those of all shows of a chart")
        if [show.rank for show in self.shows] != list(range(1, len(self.shows) + 1)):
            raise ValueError("the shows are not in the chart's order")
        if len({show.show for show in self.shows}) != len(self.shows):
            raise ValueError("a show is compared twice")
        if (self.chance is None) != self.states_order_only:
            raise ValueError("a chart with views has a chance for the whole list, and an order has none")
        if not self.differs and any(show.verdict != "unclear" for show in self.shows):
            raise ValueError("a show differs, but the list does not")
        return self


@dataclass(frozen=True)
class Namings:
    """How many people named each show of a list, as estimated, float64[V], without bias.

    The errors of the estimates have at most the covariance of independent ones with variance `noise`, and `each` more
    for everybody who named the show. skewness: of an estimate of nobody. step: by how much one more report raises an
    estimate, people. most: namings that all people together can make at most.
    """

    estimate: Floats
    noise: float
    each: float
    skewness: float
    step: float
    most: float

    @classmethod
    def of_reports(cls, estimate: Floats, reports: int, k: int, p: float, q: float) -> Namings:
        """Return the namings of randomized reports about at most k shows each (`estimate_counts`)."""
        noise, each = variance_bound(len(estimate), k, p, q)
        skewness = (1 - 2 * q) / math.sqrt(max(1, reports) * q * (1 - q))
        return cls(estimate, reports * noise, each, skewness, 1 / (p - q), float(reports * k))

    @classmethod
    def of_sums(cls, estimate: Floats, error: float, reports: int, votes: int) -> Namings:
        """Return the namings of summed votes. error: standard deviation of the noise, which is independent.

        What people chose varies at most as if each of their votes by itself had variance `votes` (`variance_bound`).
        """
        return cls(estimate, error**2, float(votes), 0.0, 0.0, float(reports * votes))

    def first(self, shows: int) -> Namings:
        """Return the namings of the first shows of the list only."""
        return replace(self, estimate=self.estimate[:shows])

    def total(self) -> float:
        """Return the estimated namings of all shows of the chart, within what is possible."""
        return float(np.clip(self.estimate.sum(), 0, self.most))

    def half(self, tests: int, variance: Floats, false_alarm: float) -> Floats:
        """Return how far from its mean a sum of the estimates may be in any of so many two-sided tests."""
        quantile = skewed_quantile(upper_score(1 - false_alarm / tests), self.skewness)
        return np.asarray(quantile * np.sqrt(variance) + self.step / 2, dtype=np.float64)


def against_world(
    chart: AskedChart | None, candidates: Sequence[int], titles: Sequence[str], namings: Namings
) -> World | None:
    """Compare the namings of the chart's shows, the first of the `candidates`, with the chart.

    titles: of the vocabulary's shows. None where there is nothing to compare: no chart, one of a single show, or nobody
    asked.
    """
    if chart is None or chart.length < 2 or not namings.most:
        return None
    namings = namings.first(chart.length)
    world = None if chart.views is None else np.array(chart.views) / math.fsum(chart.views)
    share, lower, upper = shares_here(namings)
    if world is None:
        verdicts, chance = _against_order(namings), None
    else:
        verdicts = [_verdict(*row) for row in zip(lower.tolist(), upper.tolist(), world.tolist(), strict=True)]
        chance = chance_of_list(namings, world)
    return World(
        week=chart.week,
        source=chart.source,
        confidence=CONFIDENCE,
        differs=any(verdict != "unclear" for verdict in verdicts) or (chance is not None and chance < FALSE_ALARM / 2),
        chance=chance,
        shows=tuple(
            WorldShow(
                show=candidates[place],
                title=titles[candidates[place]],
                rank=place + 1,
                world=None if world is None else float(world[place]),
                share=None if share is None else float(share[place]),
                lower=float(lower[place]),
                upper=float(upper[place]),
                verdict=verdict,
            )
            for place, verdict in enumerate(verdicts)
        ),
    )


def _verdict(lower: float, upper: float, world: float) -> Verdict:
    return "more" if lower > world else "less" if upper < world else "unclear"


def shares_here(namings: Namings) -> tuple[Floats | None, Floats, Floats]:
    """Return each show's share of all namings of the chart's shows and the ends of its interval, float64[L] each.

    A share is the ratio of two noisy numbers. Its interval holds every share g at which a test accepts "the show has g
    of all" (E. C. Fieller, JRSS B 16, 1954): x - g X, with X the sum of all x, is within its error. Together they hold
    with CONFIDENCE (Bonferroni). Without a share where X itself is within its error: then every ratio is arbitrary, and
    intervals reach up to 1.
    """
    shows, total = len(namings.estimate), namings.total()
    here, others = _SHARES * total, (1 - _SHARES) * total
    variance = (1 - _SHARES) ** 2 * (namings.noise + namings.each * here) + _SHARES**2 * (
        (shows - 1) * namings.noise + namings.each * others
    )
    half = namings.half(shows, variance, 1 - CONFIDENCE)
    beyond = np.abs(namings.estimate[:, None] - _SHARES * namings.estimate.sum()) - half
    # Where no share fits, the one that fits best.
    fits = beyond <= np.maximum(0, beyond.min(axis=1, keepdims=True))
    first, last = fits.argmax(axis=1), len(_SHARES) - 1 - fits[:, ::-1].argmax(axis=1)
    lower = _SHARES[np.maximum(first - 1, 0)]
    upper = _SHARES[np.minimum(last + 1, len(_SHARES) - 1)]
    if total <= namings.half(1, np.array(shows * namings.noise + namings.each * total), 1 - CONFIDENCE):
        return None, lower, upper
    return np.clip(namings.estimate / total, lower, upper), lower, upper


def chance_of_list(namings: Namings, world: Floats) -> float:
    """Return the chance of a list that fits the chart no better, if people name its shows in these shares, float64[L].

    Q is the sum of squared differences between the estimates and T times the shares, each over its variance, with the T
    that fits best: at most chi-square with L - 1 degrees of freedom if the estimates are normal. Those of few answers
    are skewed, which adds at most the skewness squared to the variance of each term; the tail is that of the scaled
    chi-square with the same mean and variance (F. E. Satterthwaite, Biometrics Bulletin 2, 1946), by the cube root of
    E. B. Wilson and M. M. Hilferty (PNAS 17, 1931).
    """
    degrees, total = len(world) - 1, namings.total()
    # The variances depend on the total a little, so the best one is found in a few rounds.
    for _ in range(4):
        variance = namings.noise + namings.each * np.clip(total, 0, namings.most) * world
        total = float((world * namings.estimate / variance).sum() / (world**2 / variance).sum())
    distance = float(((namings.estimate - total * world) ** 2 / variance).sum())
    scale = 1 + len(world) * namings.skewness**2 / (2 * degrees)
    spread = 2 / (9 * degrees / scale)
    return 1 - _NORMAL.cdf(((distance / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def _against_order(namings: Namings) -> list[Verdict]:
    """Return which shows the order of a chart does not explain; any at all with FALSE_ALARM at most if it is right.

    If people name the chart's shows in its order, no show is named more often than those before it on average, and none
    less often than those after it on average. Each difference is tested one-sided, at the level of all together, with
    the variance at the edge: both numbers are the same.
    """
    shows = len(namings.estimate)
    is_more = _exceeds(namings, namings.estimate, 1)
    is_less = _exceeds(namings, namings.estimate[::-1], -1)[::-1]
    return [
        "unclear" if is_more[place] == is_less[place] else "more" if is_more[place] else "less"
        for place in range(shows)
    ]


def _exceeds(namings: Namings, estimate: Floats, sign: int) -> NDArray[np.bool_]:
    """Return bool[L]: which estimates differ from the mean of those before, upwards (sign 1) or downwards (-1)."""
    before = np.arange(1, len(estimate))
    mean = np.cumsum(estimate)[:-1] / before
    both = np.clip(np.cumsum(estimate)[1:] / (before + 1), 0, None)
    variance = (namings.noise + namings.each * both) * (1 + 1 / before)
    # Both directions are one-sided, so together they are as many as two-sided tests of all shows but one.
    half = namings.half(len(before), variance, FALSE_ALARM)
    return np.concatenate([[False], sign * (estimate[1:] - mean) > half])
