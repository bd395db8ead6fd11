"""What to expect from answers about shows, before anybody is asked: from the exact variances of the mechanism."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from netflix_trend.privacy.counts import gate_count, reports_needed
from netflix_trend.privacy.noisy_sums import people_needed
from netflix_trend.questions.question import Forecast, Needed, Table
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.words import MAX_ANSWERS, chance_in_words, needed_in_words

if TYPE_CHECKING:
    from netflix_trend.questions.top_shows.question import TopShowsQuestion

# Shares of people who name a show: a hit, a strong show, an ordinary one (docs/method/statistics.md#invented-people).
SHARES = (0.21, 0.10, 0.04)


@dataclass(frozen=True)
class ShowPrediction:
    """A show that `share` of the people name. standard_error: of its estimated share. chance: that it is clear.
    answers_needed: for a chance of .9, None if a million are not enough.
    """

    share: float
    standard_error: float
    chance: float
    answers_needed: int | None


def forecast_shows(question: TopShowsQuestion, answers: int) -> Forecast:
    """Return a table of what to expect from this many answers, for a show of each of SHARES."""
    rows = [
        (
            f"{100 * show.share:.0f} %",
            f"{100 * show.standard_error:.1f} points",
            f"± {min(196 * show.standard_error, 100):.1f}",
            chance_in_words(show.chance),
            needed_in_words(show.answers_needed, ""),
        )
        for show in predict_shows(question, answers)
    ]
    columns = (
        ("A show named by", False),
        ("Standard error", True),
        ("95 % interval", True),
        ("Is clear", False),
        ("Needs answers", True),
    )
    caption = 'The noise and the sampling of those who answer together. "Needs" is for nine in ten rounds.'
    return Forecast(table=Table("Predicted errors of top shows", caption, columns, rows))


def predict_shows(question: TopShowsQuestion, answers: int) -> list[ShowPrediction]:
    """Return what `answers` answers will say about a show of each of SHARES."""
    channel = question.channel
    p, q = float(channel.p), float(channel.q)
    items, gain = len(question.candidates), float(channel.p - channel.q)
    gate = gate_count(answers, items, q) if answers else 1
    found = []
    for share in SHARES:
        rate = share * p + (1 - share) * q
        # People drawn at random: the variance of the noise and of the sampling together.
        deviation = math.sqrt(answers * rate * (1 - rate))
        found.append(
            ShowPrediction(
                share=share,
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
    """Return how many answers make a show of each of SHARES clear, and how many there are."""
    items, rates = len(statistic.shows), statistic.rates
    if items < 2 or (rates is None and statistic.mechanism != "sum"):
        return ()

    def needed(share: float) -> int | None:
        return people_needed(share, items, statistic.noise) if rates is None else needed_for_show(share, items, *rates)

    return [
        Needed(
            "top_shows",
            f"a show that {100 * share:.0f} % of people name to be clear",
            needed(share),
            statistic.reports,
            share,
        )
        for share in SHARES
    ]
