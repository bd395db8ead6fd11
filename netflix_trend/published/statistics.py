"""What the aggregator publishes about a round: the file `statistics/<round>.json`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, create_model

from netflix_trend.causes import expected
from netflix_trend.published.invented import Invented
from netflix_trend.questions.question import Statistic
from netflix_trend.questions.registry import kinds
from netflix_trend.storage.model import Strict
from netflix_trend.storage.small_json import Costly, JsonLimits

MAX_FILE = 8_000_000
# More than twice of what statistics of the longest list have, which is that of sums.
_LIMITS = JsonLimits(values=150_000, objects=10_000)

_Count = Annotated[int, Field(ge=0)]


class StatisticsError(Exception):
    """A statistics file cannot be read."""


class _RoundStatistics(Strict):
    """Everything that is published about one round. refused: number of files by reason; waiting: files that may still
    arrive. invented: the participants are those of a demo.

    Each question adds a field of its own name: its statistic, null if it was not asked.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    schema_version: Literal[1] = 1
    round: str
    survey: str
    vocabulary: str
    participants: _Count
    reports: _Count
    waiting: _Count
    refused: dict[str, _Count]
    invented: Invented = False

    def asked(self) -> Iterator[tuple[str, Statistic]]:
        """Yield name and statistic of every question that was asked."""
        for name in kinds():
            statistic: Statistic | None = getattr(self, name)
            if statistic is not None:
                yield name, statistic

    def answers(self) -> dict[str, int]:
        """Return how many answers each question got that was asked."""
        return {name: statistic.reports for name, statistic in self.asked()}

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the file. Raises StatisticsError."""
        try:
            _LIMITS.check(data)
            return cls.model_validate_json(data)
        except Costly as refusal:
            raise StatisticsError(f"statistics: {refusal}") from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise StatisticsError(f"statistics: {'.'.join(map(str, first['loc']))}: {expected(first)}") from None


def _field(kind: type[Statistic]) -> Any:
    return Annotated[kind | None, BeforeValidator(kind.upgraded)]


if TYPE_CHECKING:

    class RoundStatistics(_RoundStatistics):
        """What the type checker knows: a field for each question may be given, too."""

        def __init__(
            self,
            *,
            round: str,  # noqa: A002
            survey: str,
            vocabulary: str,
            participants: int,
            reports: int,
            waiting: int,
            refused: dict[str, int],
            invented: bool = False,
            **statistics: Statistic | None,
        ) -> None: ...

        def __getattr__(self, name: str) -> Any: ...

else:
    RoundStatistics = create_model(
        "RoundStatistics",
        __base__=_RoundStatistics,
        __module__=__name__,
        __doc__=_RoundStatistics.__doc__,
        **{name: (_field(kind.statistic), None) for name, kind in kinds().items()},
    )


def answers_to(rounds: Sequence[RoundStatistics], name: str) -> list[tuple[str, Any]]:
    """Return round and statistic of those `rounds` in which the question `name` got answers."""
    found = ((one.round, getattr(one, name)) for one in rounds)
    return [(round_name, statistic) for round_name, statistic in found if statistic is not None and statistic.reports]
