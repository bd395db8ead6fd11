"""The file `model.json`: what a group's answers say about what to watch next, as sufficient statistics.

These are all the parameters that a recommender on a participant's machine needs: how popular each show is, with
its error. There is nothing in it of any single person beyond what the noise of the rounds allows, and nothing that was
trained step by step (docs/method/what-to-watch-next.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, AllowInfNan, ConfigDict, Field, model_validator

from netflix_trend.catalogue.keys import title_key
from netflix_trend.periods.weeks import is_week
from netflix_trend.published.invented import Invented
from netflix_trend.published.statistics import PublishedNumbers, RoundStatistics, answers_to
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.together.estimation import Weights, weights_of
from netflix_trend.questions.together.statistics import MOST_SHOWS, Together
from netflix_trend.questions.top_shows.popularity import popularity
from netflix_trend.storage.model import Strict

MODEL = "model.json"
# Most shows of a model: no list of a round reaches further down the chart.
MAX_SHOWS = 2_000
LARGEST_WEIGHT = 10.0
# A share of which more is the chart's rests on the chart alone.
_CHART_ALONE = 0.99
# Digits of weights and shares of viewers: far below their errors.
_DIGITS = 5

_Round = Annotated[str, AfterValidator(is_week)]
_Share = Annotated[float, AllowInfNan(False), Field(ge=0, le=1)]


class ModelShow(Strict):
    """A show's popularity: the share of participants who name it in a week, and its standard error.

    prior_part: 1 when the share is wholly the public chart's, 0 when it rests on answers alone. rounds: how many rounds
    asked about it.
    """

    title: Annotated[str, Field(min_length=1, max_length=300)]
    share: Annotated[_Share, Field(gt=0)]
    standard_error: Annotated[_Share, Field(gt=0)]
    prior_part: _Share
    rounds: Annotated[int, Field(ge=0, le=MAX_ROUNDS)]

    @property
    def has_answers(self) -> bool:
        """Whether more than a trace of the share comes from answers."""
        return self.prior_part <= _CHART_ALONE


_Weight = Annotated[float, AllowInfNan(False), Field(ge=-LARGEST_WEIGHT, le=LARGEST_WEIGHT)]
_Viewers = Annotated[float, AllowInfNan(False), Field(gt=0, lt=1)]


class SeenTogether(Strict):
    """What the shows that a person has seen say about the others (`questions.together.estimation.Weights`).

    rounds: that asked for it, oldest first. answers: how many people these are. signal: how much of what was measured
    is more than noise, 0 to 1. seen: share of people who have seen each show. weights: row by row; 0 on the diagonal.
    """

    rounds: Annotated[tuple[_Round, ...], Field(strict=False, min_length=1, max_length=MAX_ROUNDS)]
    answers: Annotated[int, Field(ge=1)]
    signal: Annotated[_Share, Field(gt=0)]
    titles: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=300)], ...],
        Field(strict=False, min_length=2, max_length=MOST_SHOWS),
    ]
    seen: Annotated[tuple[_Viewers, ...], Field(strict=False, max_length=MOST_SHOWS)]
    weights: Annotated[
        tuple[Annotated[tuple[_Weight, ...], Field(strict=False, max_length=MOST_SHOWS)], ...],
        Field(strict=False, max_length=MOST_SHOWS, fail_fast=True),
    ]

    @model_validator(mode="after")
    def _is_square(self) -> SeenTogether:
        shows = len(self.titles)
        if len(self.seen) != shows or [len(row) for row in self.weights] != [shows] * shows:
            raise ValueError(f"the weights are not those of {shows} shows")
        if any(row[place] for place, row in enumerate(self.weights)):
            raise ValueError("a show has a weight on itself")
        if len({title_key(title) for title in self.titles}) != shows:
            raise ValueError("a show is named twice")
        return self

    def as_weights(self) -> Weights:
        """Return them as arrays."""
        return Weights(self.titles, np.array(self.seen), np.array(self.weights), self.signal)


class Chart(Strict):
    """The public chart whose order is the prior."""

    week: _Round
    source: Annotated[str, Field(min_length=1, max_length=100)]


class Model(PublishedNumbers):
    """Popularity of shows, the most popular first.

    vocabulary: version of the catalogue whose order stands behind the chart's. chart: None where the catalogue's order
    is the whole prior. rounds: those whose answers are in it, oldest first. reports: how many answers these are.
    together: None where nobody was asked for it, or where it is only noise. invented: a round of them is of a demo.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
    called = MODEL

    schema_version: Literal[1] = 1
    vocabulary: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    chart: Chart | None
    rounds: Annotated[tuple[_Round, ...], Field(strict=False, max_length=MAX_ROUNDS)]
    reports: Annotated[int, Field(ge=0)]
    shows: Annotated[tuple[ModelShow, ...], Field(strict=False, max_length=MAX_SHOWS)]
    together: SeenTogether | None = None
    invented: Invented = False

    @model_validator(mode="after")
    def _is_consistent(self) -> Model:
        if list(self.rounds) != sorted(set(self.rounds)):
            raise ValueError("the rounds are not in order, or one is named twice")
        if (self.reports > 0) != bool(self.rounds):
            raise ValueError("answers and rounds do not fit each other")
        keys = [title_key(show.title) for show in self.shows]
        if len(set(keys)) != len(keys) or "" in keys:
            raise ValueError("a show is named twice, or has no name")
        if any(one.share < other.share for one, other in zip(self.shows, self.shows[1:], strict=False)):
            raise ValueError("the shows are not in the order of their shares")
        if any(show.rounds > len(self.rounds) for show in self.shows):
            raise ValueError("a show was asked about in more rounds than there are")
        return self


def find_model(statistics: Sequence[RoundStatistics], catalogue: Sequence[str], version: str) -> Model:
    """Return what the newest rounds say about each show.

    statistics: of rounds, oldest first. catalogue: titles of the vocabulary's shows, in its order, which stands behind
    that of the newest round's chart. version: of the vocabulary.
    """
    asked = answers_to(statistics, "top_shows")[-MAX_ROUNDS:]
    worlds = [shows.world for _, shows in asked if shows.world is not None]
    found = popularity(asked, catalogue, MAX_SHOWS)
    best = np.argsort(-found.share, kind="stable")[:MAX_SHOWS].tolist()
    names = {name for name, _ in asked}
    return Model(
        vocabulary=version,
        chart=Chart(week=worlds[-1].week, source=worlds[-1].source) if worlds else None,
        rounds=tuple(name for name, _ in asked),
        reports=sum(shows.reports for _, shows in asked),
        shows=tuple(
            ModelShow(
                title=found.titles[place],
                share=float(found.share[place]),
                standard_error=float(found.standard_error[place]),
                prior_part=float(found.prior_part[place]),
                rounds=int(found.rounds[place]),
            )
            for place in best
        ),
        together=_together(statistics),
        invented=any(one.invented for one in statistics if one.round in names),
    )


def _together(statistics: Sequence[RoundStatistics]) -> SeenTogether | None:
    """Return what the rounds say that asked which shows the same people have seen."""
    asked: list[tuple[str, Together]] = answers_to(statistics, "together")[-MAX_ROUNDS:]
    found = weights_of([one for _, one in asked])
    if found is None or not found.signal:
        return None
    weights = np.clip(found.weights, -LARGEST_WEIGHT, LARGEST_WEIGHT)
    return SeenTogether(
        rounds=tuple(name for name, _ in asked),
        answers=sum(one.reports for _, one in asked),
        signal=found.signal,
        titles=found.titles,
        seen=tuple(round(share, _DIGITS) for share in found.seen.tolist()),
        weights=tuple(tuple(round(weight, _DIGITS) for weight in row) for row in weights.tolist()),
    )
