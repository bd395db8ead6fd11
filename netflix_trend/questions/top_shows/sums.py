"""Which of the candidate shows did you watch this week? At most `votes` of them are summed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from netflix_trend.operators.blocks import Block, Ratio
from netflix_trend.periods.turns import together_quarter
from netflix_trend.privacy.noisy_sums import SumEstimates, estimate_sums, gate_of
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.sums import Answering, Summed, SumQuestion, SumWish, block
from netflix_trend.questions.top_shows.chart import Listed
from netflix_trend.questions.top_shows.estimation import CONFIDENCE
from netflix_trend.questions.top_shows.examples import examples_of
from netflix_trend.questions.top_shows.longest import LONGEST_SUMMED_LIST
from netflix_trend.questions.top_shows.question import choose
from netflix_trend.questions.top_shows.statistics import ShowEstimate, TopShows
from netflix_trend.questions.top_shows.world import Namings, against_world

SHARE = Fraction(60, 100)
# In the one round of a quarter that also asks which shows the same people have seen.
SHARE_BESIDE_PAIRS = Fraction(35, 100)
# Two votes find the first five as often as one or four do and more shows clear of noise, at 100 and at 1,000 people
# (decision 0087).
VOTES = 2


class TopShowsSums(Listed, SumQuestion):
    """Which of the candidate shows did you watch this week? votes: how many of them one person names at most."""

    name: Literal["top_shows"] = "top_shows"
    votes: Annotated[int, Field(ge=1, le=16)]
    candidates: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=2, max_length=LONGEST_SUMMED_LIST)
    ]

    @classmethod
    def suggest(cls, wish: SumWish) -> TopShowsSums:
        """Ask in every round."""
        return cls(
            share=Ratio.of(SHARE_BESIDE_PAIRS if together_quarter(wish.week) else SHARE),
            votes=min(VOTES, len(wish.candidates)),
            candidates=tuple(wish.candidates),
            chart=wish.chart,
        )

    def blocks(self, rho: Fraction) -> tuple[Block]:
        """Return one counter for each candidate."""
        return (block("shows", "multihot", len(self.candidates), self.votes, rho * self.share.value),)

    def measurements(self, truth: frozenset[int], randbelow: RandBelow) -> tuple[list[int]]:
        """Return votes for a uniform choice of at most `votes` of the candidates that were watched."""
        watched = [place for place, show in enumerate(self.candidates) if show in truth]
        voted = set(choose(watched, self.votes, randbelow))
        return ([int(place in voted) for place in range(len(self.candidates))],)

    def estimate(
        self, summed: Sequence[Summed], reports: int, answering: Answering, odds: Fraction, titles: Sequence[str]
    ) -> TopShows:
        """Return how many people named each show, largest first."""
        (votes,) = summed
        found = estimate_sums(votes.sums.astype(np.float64), votes.error, float(reports), CONFIDENCE)
        order = np.argsort(-found.estimate, kind="stable").tolist()
        breakdown = breakdown_point(reports)
        shows = tuple(self._show(found, place, breakdown, titles) for place in order)
        # A forged report is worth one vote for each of several shows, and noise lifts one of them further.
        lifted = gate_of(self.votes, votes.error)
        forged = max(1, math.ceil(max(found.gate, shows[0].estimate) - lifted))
        return TopShows(
            reports=reports,
            mechanism="sum",
            k=self.votes,
            odds=(odds.numerator, odds.denominator),
            size=None,
            answering=answering.estimate,
            answering_error=answering.standard_error,
            confidence=CONFIDENCE,
            noise=votes.error,
            gate=found.gate,
            examples=examples_of(self.chart),
            forged_first=forged if forged <= reports else None,
            tolerated=breakdown,
            influence=1.0,
            named_per_person=float(found.estimate.sum()) / max(1.0, answering.estimate),
            named_per_person_error=votes.error * len(self.candidates) ** 0.5 / max(1.0, answering.estimate),
            shows=shows,
            world=against_world(
                self.chart, self.candidates, titles, Namings.of_sums(found.estimate, votes.error, reports, self.votes)
            ),
        )

    def _show(self, found: SumEstimates, place: int, breakdown: int, titles: Sequence[str]) -> ShowEstimate:
        # A forged report is a valid one, so it is worth one vote: as many must be removed as lie above the gate.
        above = float(found.estimate[place]) - found.gate
        return ShowEstimate(
            show=self.candidates[place],
            title=titles[self.candidates[place]],
            estimate=float(found.estimate[place]),
            standard_error=found.standard_error,
            lower=float(found.lower[place]),
            upper=float(found.upper[place]),
            is_signal=bool(found.is_clear[place]),
            is_robust=above >= breakdown,
            fragile_reports=int(above) + 1 if above >= 0 else None,
            count=None,
        )
