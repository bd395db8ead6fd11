"""What is published about shows that the same people have seen: the noisy number of people behind each pair."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AllowInfNan, Field, model_validator

from netflix_trend.questions.question import Statistic

# Most shows whose pairs are counted. A block of a report has 10,000 counters at most, which would be 140 shows; noise
# grows with each of them.
MOST_SHOWS = 100
_Odds = Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]], Field(strict=False)]
_Sum = Annotated[float, AllowInfNan(False), Field(ge=-1e12, le=1e12)]


def pairs_of(shows: int) -> int:
    """Return how many pairs there are of so many shows, a show with itself included."""
    return shows * (shows + 1) // 2


class Together(Statistic):
    """How many participants have seen both shows of a pair within a year, each counting `k` of the shows at most.

    odds: of one operator's view of the round. answering, answering_error: how many answers come from people whose files
    cover the week, with the standard error. noise: standard deviation of each sum. titles: of the shows. sums: unbiased
    sums with noise: of the first show with itself, the first and the second, and so on, then of the second with itself.
    """

    mechanism: Literal["sum"] = "sum"
    k: Annotated[int, Field(ge=2, le=MOST_SHOWS)]
    odds: _Odds
    answering: Annotated[float, AllowInfNan(False), Field(ge=0, le=1e12)]
    answering_error: Annotated[float, AllowInfNan(False), Field(ge=0, le=1e12)]
    noise: Annotated[float, AllowInfNan(False), Field(ge=0, le=1e12)]
    titles: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=300)], ...],
        Field(strict=False, min_length=2, max_length=MOST_SHOWS),
    ]
    sums: Annotated[tuple[_Sum, ...], Field(strict=False, max_length=pairs_of(MOST_SHOWS))]

    @model_validator(mode="after")
    def _has_all_pairs(self) -> Together:
        if len(self.sums) != pairs_of(len(self.titles)):
            raise ValueError(f"{len(self.sums)} sums are not those of all pairs of {len(self.titles)} shows")
        if len(set(self.titles)) != len(self.titles):
            raise ValueError("a show is named twice")
        return self

    def matrix(self) -> NDArray[np.float64]:
        """Return the sums as a symmetric matrix, float64[shows, shows]."""
        size = len(self.titles)
        found = np.zeros((size, size))
        upper = np.triu_indices(size)
        found[upper] = self.sums
        found.T[upper] = self.sums
        return found
