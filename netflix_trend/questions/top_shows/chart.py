"""The public chart that a list of shows begins with. Nothing in it comes from participants."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from netflix_trend.catalogue.charts import LARGEST_NUMBER, MAX_CHARTED
from netflix_trend.language import _, marked
from netflix_trend.periods.weeks import is_week
from netflix_trend.storage.model import Strict

# Of a show; several titles of a chart may be one show.
_Views = Annotated[int, Field(ge=1, le=LARGEST_NUMBER * MAX_CHARTED)]


class AskedChart(Strict):
    """A public chart whose titles stand first on a list of candidates, in the chart's order.

    week: that the chart is about. source: in words, such as `Netflix Top 10, global`. length: how many of the first
    candidates are the chart's. views: of each of them, as the chart states them; None where it states an order only.
    """

    week: Annotated[str, AfterValidator(is_week)]
    source: Annotated[str, Field(min_length=1, max_length=100)]
    length: Annotated[int, Field(ge=1, le=MAX_CHARTED)]
    views: Annotated[tuple[_Views, ...], Field(strict=False)] | None = None

    def in_words(self, listed: int) -> str:
        """Return where the first of `listed` shows come from, as a sentence for participants and operators."""
        if self.length == 1:
            which = marked(
                "The first one comes from a public chart (%(source)s, week %(week)s) and not from participants."
            )
        elif self.length >= listed:
            which = marked(
                "All of them come from a public chart (%(source)s, week %(week)s) and not from participants."
            )
        else:
            which = marked(
                "The first %(length)s come from a public chart (%(source)s, week %(week)s) and not from participants."
            )
        return _(which, length=self.length, source=self.source, week=self.week)

    @model_validator(mode="after")
    def _same_length(self) -> AskedChart:
        if self.views is not None and len(self.views) != self.length:
            raise ValueError(f"{len(self.views)} numbers of views for {self.length} titles of a chart")
        return self


class Listed(Strict):
    """The list of a question about shows. candidates: vocabulary indices; chart: the public chart it begins with.

    Without a chart the field is left out, so that surveys of before keep their hash.
    """

    candidates: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=2)]
    chart: AskedChart | None = None

    @field_validator("candidates")
    @classmethod
    def _distinct(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a candidate is listed twice")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.chart is not None and self.chart.length > len(self.candidates):
            raise ValueError(f"a chart of {self.chart.length} titles does not fit a list of {len(self.candidates)}")
        return self

    @model_serializer(mode="wrap")
    def _without_empty_chart(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = plain(self)
        if self.chart is None:
            found.pop("chart", None)
        return found
