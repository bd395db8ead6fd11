"""What the aggregator publishes about a round: the file `statistics/<round>.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, create_model

from netflix_trend.causes import misfit
from netflix_trend.published.invented import Invented
from netflix_trend.published.withheld import Withheld, WithheldQuestions
from netflix_trend.questions.question import Statistic
from netflix_trend.questions.registry import kinds
from netflix_trend.storage.model import Strict
from netflix_trend.storage.small_json import Costly, JsonLimits

# Of each file with numbers of an aggregator.
MAX_FILE = 8_000_000
# More than twice of what the largest of them has: a year of weeks, or statistics of the longest list of sums.
_LIMITS = JsonLimits(values=200_000, objects=20_000)

_Count = Annotated[int, Field(ge=0)]


class StatisticsError(Exception):
    """A statistics file cannot be read."""


class PublishedNumbers(Strict):
    """A file with numbers that the aggregator publishes. called: the file in messages."""

    called: ClassVar[str]

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the file. Raises StatisticsError."""
        if len(data) > MAX_FILE:
            raise StatisticsError(f"{cls.called}: the file has {len(data)} bytes, at most {MAX_FILE} are read")
        try:
            _LIMITS.check(data)
            return cls.of_peer(data)
        except Costly as refusal:
            raise StatisticsError(f"{cls.called}: {refusal}") from None
        except ValidationError as error:
            raise StatisticsError(f"{cls.called}: {misfit(error)}") from None


class _RoundStatistics(PublishedNumbers):
    """Everything that is published about one round. refused: number of files by reason; waiting: files that may still
    arrive. withheld: questions with too few answers, whose statistics are those without any; `reports` is without them.
    invented: the participants are those of a demo.

    Each question adds a field of its own name: its statistic, null if it was not asked.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
    called = "statistics"

    schema_version: Literal[1] = 1
    round: str
    survey: str
    vocabulary: str
    participants: _Count
    reports: _Count
    waiting: _Count
    refused: dict[str, _Count]
    withheld: WithheldQuestions = Field(default_factory=dict)
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
            withheld: Mapping[str, Withheld] = ...,
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
