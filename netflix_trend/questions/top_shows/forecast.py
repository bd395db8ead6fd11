"""What to expect from answers about shows, before anybody is asked: from the exact variances of the mechanism."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING

from netflix_trend.language import _
from netflix_trend.privacy.counts import gate_count, reports_needed
from netflix_trend.privacy.noisy_sums import people_needed
from netflix_trend.questions.question import Forecast, Needed, Table
from netflix_trend.questions.top_shows.examples import EXAMPLES, examples_of
from netflix_trend.questions.top_shows.statistics import ShowExample, TopShows
from netflix_trend.questions.words import (
    MAX_ANSWERS,
    chance_in_words,
    needed_in_words,
    participants_for,
    percent,
    shown,
)

if TYPE_CHECKING:
    from netflix_trend.questions.top_shows.question import TopShowsQuestion


@dataclass(frozen=True)
class ShowPrediction:
    """A show as an example. standard_error: of its estimated share. chance: that it is clear. answers_needed: for a
    chance of .9, None if a million are not enough.
    """

    show: ShowExample
    standard_error: float
    chance: float
    answers_needed: int | None


def forecast_shows(question: TopShowsQuestion, answers: int, part: Fraction) -> Forecast:
    """Return a table of what to expect from this many answers, for each example. part: of participants, asked."""
    rows = [
        (
            f"{one.show.name}, {percent(one.show.share)} of people",
            f"{100 * one.standard_error:.1f} points",
            f"± {min(196 * one.standard_error, 100):.1f}",
            chance_in_words(one.chance),
            needed_in_words(participants_for(one.answers_needed, part), ""),
            needed_in_words(one.answers_needed, ""),
        )
        for one in predict_shows(question, answers)
    ]
    columns = (
        ("Named like", False),
        ("Standard error", True),
        ("95 % interval", True),
        ("Is clear", False),
        ("Needs participants", True),
        ("Their answers", True),
    )
    caption = (
        'The noise and the sampling of those who answer together. "Needs" is for nine in ten rounds, if everybody '
        "answers who is asked."
    )
    return Forecast(table=Table("Predicted errors of top shows", caption, columns, rows))


def predict_shows(question: TopShowsQuestion, answers: int) -> list[ShowPrediction]:
    """Return what `answers` answers will say about each example."""
    channel = question.channel
    p, q = float(channel.p), float(channel.q)
    items, gain = len(question.candidates), float(channel.p - channel.q)
    gate = gate_count(answers, items, q) if answers else 1
    found = []
    for show in examples_of(question.chart):
        share = show.share
        rate = share * p + (1 - share) * q
        # People drawn at random: the variance of the noise and of the sampling together.
        deviation = math.sqrt(answers * rate * (1 - rate))
        found.append(
            ShowPrediction(
                show=show,
                standard_error=min(1.0, deviation / (answers * gain)) if answers else 1.0,
                chance=1 - NormalDist().cdf((gate - 0.5 - answers * rate) / deviation) if answers else 0.0,
                answers_needed=needed_for_show(share, items, p, q),
            )
        )
    return found


def needed_for_show(share: float, items: int, p: float, q: float) -> int | None:
    """Return how many answers make a show that `share` of people name clear in nine rounds of ten, None if a million do
    not.
    """
    needed = reports_needed(share, items, p, q)
    return needed if needed <= MAX_ANSWERS else None


def needed_for_shows(statistic: TopShows) -> Sequence[Needed]:
    """Return how many answers make each example clear, and how many there are."""
    items, rates = len(statistic.shows), statistic.rates
    if items < 2 or (rates is None and statistic.mechanism != "sum"):
        return ()

    def needed(share: float) -> int | None:
        return people_needed(share, items, statistic.noise) if rates is None else needed_for_show(share, items, *rates)

    return [
        Needed(
            "top_shows",
            _(
                "%(show)s, named by %(share)s of people, to be clear",
                show=_(shown(show.name)),
                share=percent(show.share),
            ),
            needed(show.share),
            statistic.reports,
            statistic.participants,
            statistic.part,
        )
        for show in statistic.examples or EXAMPLES
    ]


def lacking_for_shows(statistic: TopShows) -> Needed | None:
    """Return the most popular example that there are too few answers for, where no show is clear."""
    if any(show.is_signal for show in statistic.shows):
        return None
    return next((needed for needed in needed_for_shows(statistic) if not needed.is_enough), None)
