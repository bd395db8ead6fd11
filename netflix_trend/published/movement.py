"""What changed from one round to the next: the file `movement.json`, computed from published statistics only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AllowInfNan, Field

from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.model import Strict

MOVEMENT = "movement.json"

_Number = Annotated[float, AllowInfNan(False)]
_Round = Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]


class ShowMovement(Strict):
    """Change of a show's share among the people asked, from `previous` to `round`.

    share, previous_share: unbiased, so they may lie below 0 or above 1. lower, upper: interval of the change.
    direction: where the interval leaves out 0, else "unsure": the change is within its error. is_robust: it would still
    leave it out if 1 % of the answers of both weeks, the ones that moved the show most, had been forged.
    """

    title: str
    share: _Number
    previous_share: _Number
    change: _Number
    standard_error: Annotated[_Number, Field(ge=0)]
    lower: _Number
    upper: _Number
    direction: Literal["up", "down", "unsure"]
    is_robust: bool = False


class Movement(Strict):
    """Changes of all shows that both rounds asked about, in the order of `round`.

    previous: the week before; None when it has no answers about shows, then there are no shows. confidence: with this
    probability the intervals of all shows hold together.
    """

    schema_version: Literal[1] = 1
    round: _Round
    previous: _Round | None
    confidence: Annotated[float, Field(ge=0, le=1)]
    shows: Annotated[tuple[ShowMovement, ...], Field(strict=False)]

    def to_bytes(self) -> bytes:
        """Return the file `movement.json`."""
        return canonical_json(self.model_dump(mode="json")) + b"\n"
