"""Statistics over several rounds: the file `trends.json`, computed from published statistics only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_origin

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, create_model

from netflix_trend.causes import expected
from netflix_trend.periods.weeks import is_week
from netflix_trend.published.invented import Invented
from netflix_trend.published.statistics import StatisticsError
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.registry import questions
from netflix_trend.storage.model import Strict
from netflix_trend.storage.small_json import Costly, JsonLimits

TRENDS = "trends.json"
MAX_TRENDS_FILE = 8_000_000
_LIMITS = JsonLimits(values=200_000, objects=20_000)

_Round = Annotated[str, AfterValidator(is_week)]


class _Trends(Strict):
    """Statistics over several rounds. rounds: those with answers, oldest first. invented: a round of them is of a demo.

    The other fields are those of each question, null or empty while there is nothing to publish.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    schema_version: Literal[1] = 1
    rounds: Annotated[tuple[_Round, ...], Field(strict=False, max_length=MAX_ROUNDS)]
    invented: Invented = False

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the file. Raises StatisticsError."""
        if len(data) > MAX_TRENDS_FILE:
            raise StatisticsError(f"{TRENDS} has {len(data)} bytes, at most {MAX_TRENDS_FILE} are read")
        try:
            _LIMITS.check(data)
            return cls.model_validate_json(data)
        except Costly as refusal:
            raise StatisticsError(f"{TRENDS}: {refusal}") from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "file"
            raise StatisticsError(f"{TRENDS}: {place}: {expected(first)}") from None


def _field(kind: Any) -> tuple[Any, Any]:
    """Return type and default of a field: a tuple is empty by default, everything else None."""
    return (
        (Annotated[kind, Field(strict=False, max_length=MAX_ROUNDS)], ()) if get_origin(kind) is tuple else (kind, None)
    )


if TYPE_CHECKING:

    class Trends(_Trends):
        """What the type checker knows: the fields of each question may be given, too."""

        def __init__(self, *, rounds: Sequence[str], invented: bool = False, **fields: Any) -> None: ...

        def __getattr__(self, name: str) -> Any: ...

else:
    Trends = create_model(
        "Trends",
        __base__=_Trends,
        __module__=__name__,
        __doc__=_Trends.__doc__,
        **{name: _field(type_) for kind in questions().values() for name, type_ in kind.trend_fields.items()},
    )
