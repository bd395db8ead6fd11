"""What is published about the top shows: of one round, and of many together."""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AllowInfNan, Field, model_validator

from netflix_trend.periods.weeks import is_week
from netflix_trend.privacy.subset_selection import SubsetSelection
from netflix_trend.questions.question import Statistic
from netflix_trend.questions.top_shows.longest import LONGEST_SUMMED_LIST
from netflix_trend.questions.top_shows.world import World
from netflix_trend.storage.model import Strict

# `trends.json` lists the strongest shows only, so that it stays small for every vocabulary.
MAX_LISTED = 1000

_Number = Annotated[float, AllowInfNan(False)]
_NotNegative = Annotated[float, AllowInfNan(False), Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]
_Odds = Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)]
_Round = Annotated[str, AfterValidator(is_week)]
_Title = Annotated[str, Field(max_length=300)]

# Rates that are nearer to each other say nothing, however many people answer.
_SMALLEST_GAIN = 1e-9


class ShowEstimate(Strict):
    """How many of the people asked named a show. `is_signal`: whether the number is clear; otherwise its interval
    begins at nobody.

    count: in how many reported subsets the show is. is_robust: still clear without any `TopShows.tolerated` of the
    reports, in case these were forged. fragile_reports: how few reports must be left out until it is not clear
    any more; None if it is not now.
    """

    show: int
    title: str
    estimate: _Number
    standard_error: _Number
    lower: _Number
    upper: _Number
    is_signal: bool
    # Old files without these fields are read as not robust.
    is_robust: bool = False
    fragile_reports: _Count | None = None
    count: _Count | None = None


class ShowExample(Strict):
    """A show as an example. name: what it is, in words. share: of the people who name it."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    share: Annotated[float, Field(ge=1e-9, le=1)]


class TopShows(Statistic):
    """Estimates for all candidates, largest first.

    Intervals hold with `confidence` also for shows that are picked out: the first, the first few, those that are clear.

    mechanism: whether the answers were randomized one by one, or summed by operators who added noise to the sum; files
    of before subset selection say set_response, which reported subsets of random size.
    k, odds: how many shows a person names at most, and the odds of one report. size: of each reported subset, None
    where the mechanism has none.
    answering, answering_error: of summed answers, how many come from people whose files cover the week, and its
    standard error; all answers of local mode do.
    noise: standard error of a show that nobody watched. gate: smallest estimate that is clear.
    examples: shares of people who name a show, for which pages say how many participants make it clear: from the chart
    that the survey states; without one a hit, a strong show and an ordinary one are the examples.
    forged_first: how many of the answers would have to be forged to put a show first and clear that nobody watched:
    fewer do it in at most one round of twenty; None: not even all of them would.
    tolerated: how many forged reports a robust show withstands, 1 % of all, rounded up; None: not examined.
    influence: how much one report changes an estimate at most, people.
    named_per_person: estimated mean number of shows that a person named, at most k, with its standard error. People
    may have watched more; how many is not asked, so estimates count people who named a show and are not scaled up.
    world: the comparison with the public chart that the list begins with, None where it begins with none.
    """

    mechanism: Literal["subset_selection", "set_response", "sum"] = "subset_selection"
    k: _Count
    odds: _Odds
    size: Annotated[int, Field(ge=1)] | None
    answering: _NotNegative | None = None
    answering_error: _NotNegative | None = None
    confidence: _Share
    noise: Annotated[float, Field(ge=0, le=1e12)]
    gate: _Number
    examples: Annotated[tuple[ShowExample, ...], Field(strict=False, max_length=8)] = ()
    forged_first: _Count | None = None
    tolerated: _Count | None = None
    influence: _Number | None = None
    named_per_person: _Number | None = None
    named_per_person_error: _Number | None = None
    shows: Annotated[tuple[ShowEstimate, ...], Field(strict=False, max_length=LONGEST_SUMMED_LIST, fail_fast=True)]
    world: World | None = None

    @model_validator(mode="after")
    def _compares_its_own_shows(self) -> TopShows:
        titles = {show.show: show.title for show in self.shows}
        for show in self.world.shows if self.world else ():
            if titles.get(show.show) != show.title:
                raise ValueError(f"the chart's show {show.rank} is not on the list")
        return self

    @classmethod
    def upgraded(cls, value: Any) -> Any:
        """Upgrade a file of before subset selection: the oldest ones name no mechanism and no influence."""
        if not isinstance(value, dict):
            return value
        # It rested on the largest of all estimates, so it was far too low.
        value = {key: one for key, one in value.items() if key not in ("reports_needed", "needed_share")}
        if "size" in value:
            return value
        old = {"mechanism": "set_response", **value, "size": None}
        old.pop("threshold", None)
        if old["mechanism"] == "set_response" and old.get("influence") is None:
            # Where k or odds are missing or nonsense, they are refused afterwards.
            with suppress(KeyError, TypeError, ValueError, ArithmeticError):
                old["influence"] = 1 / _gain_of_set_response(value["k"], float(Fraction(*value["odds"])))
        return old

    @model_validator(mode="after")
    def _has_rates(self) -> TopShows:
        try:
            _ = self.rates  # raises ValueError for parameters that no mechanism has
        except OverflowError:
            raise ValueError("a number is too large") from None
        return self

    @property
    def rates(self) -> tuple[float, float] | None:
        """With which chances a report holds a show that its sender named (p) and one that they did not (q).

        None where that is not known: of sums, and of a file of before subset selection without answers. With those
        the chances follow from noise**2 = reports * q(1-q) / (p-q)**2 and influence = 1/(p-q); q was below 1/2.
        """
        if self.mechanism == "subset_selection":
            channel = SubsetSelection(len(self.shows), self.k, Fraction(*self.odds), self.size or 0)
            p, q = float(channel.p), float(channel.q)
        elif self.mechanism == "sum" or not self.reports:
            return None
        elif not self.influence:
            raise ValueError("a file of before subset selection has answers, but no influence")
        else:
            gain = 1 / self.influence
            q = (1 - math.sqrt(max(0.0, 1 - 4 * (self.noise * gain) ** 2 / self.reports))) / 2
            p = q + gain
        if not (q > 0 and q + _SMALLEST_GAIN < p < 1):
            raise ValueError("a report says nothing about who named a show, or everything")
        return p, q


def _gain_of_set_response(k: int, odds: float) -> float:
    """Return p - q of the set response with the least noise: q solves odds - (odds - 1) * (1 - q)**k = 2*k*odds*q.

    A report was a subset of random size, with p = q*odds / (odds - (odds - 1) * (1 - q)**k). The right side divided by
    2*k*odds*q changes by less than half of what q does, so it is solved by putting in q again and again.
    """
    q = 0.0
    for _ in range(60):
        weight = odds - (odds - 1) * (1 - q) ** k
        q = weight / (2 * k * odds)
    return q * (odds - weight) / weight


class ShowTrend(Strict):
    """Share of participants who would name a show in the newest round, all rounds weighed.

    share: may lie below 0 where all is noise. lower, upper: interval, within 0 to 1. rounds: how many rounds asked.
    is_signal: whether it is clear from the answers alone. is_robust: still, if 1 % of every round's answers, all
    naming the show, had been forged and are left out. prior_part: 1 when the share is wholly what was assumed
    beforehand, 0 when it rests on answers alone.
    """

    title: _Title
    share: _Number
    standard_error: _NotNegative
    lower: _Share
    upper: _Share
    is_signal: bool
    is_robust: bool
    rounds: _Count
    prior_part: _Share


class ShowTrends(Strict):
    """Filtered shares, by their lower confidence bound; with a public prior by the share itself. Largest first.

    drift: weekly change of a share that the filter allows for, relative to the share. prior: in words, what was
    assumed beforehand. uses_public_prior: whether that is a public chart.
    """

    round: _Round
    confidence: _Share
    drift: _NotNegative
    uses_public_prior: bool
    prior: Annotated[str, Field(max_length=1000)]
    shows: Annotated[tuple[ShowTrend, ...], Field(strict=False, max_length=MAX_LISTED)]


class AllTimeShow(Strict):
    """How many of the people asked named a show, summed over the rounds that asked about it.

    people, standard_error, lower, upper: the sum, of `reports` answers in `rounds` rounds. gate: smallest sum that is
    clear. share, share_error, share_lower, share_upper: the same divided by the answers, which is the mean
    of the asked rounds weighted by their answers. is_robust: still clear without 1 % of the answers, all
    naming the show, in case these were forged. fragile_reports: with how many forged answers it would not be clear;
    None if it is not now.
    """

    title: _Title
    rounds: _Count
    reports: _Count
    people: _Number
    standard_error: _NotNegative
    lower: _NotNegative
    upper: _NotNegative
    gate: _Number
    share: _Number
    share_error: _NotNegative
    share_lower: _Share
    share_upper: _Share
    is_signal: bool
    is_robust: bool
    fragile_reports: _Count | None = None


class AllTime(Strict):
    """Top shows of the last 52 rounds, largest sum first; `items` shows were asked about in all."""

    confidence: _Share
    items: _Count
    shows: Annotated[tuple[AllTimeShow, ...], Field(strict=False, max_length=MAX_LISTED)]


class Window(Strict):
    """Top shows of the newest `weeks` weeks together: fewer weeks are more recent, more weeks have less noise."""

    weeks: Annotated[int, Field(ge=2)]
    shows: AllTime
