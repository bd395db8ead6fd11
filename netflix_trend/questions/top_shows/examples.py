"""Shows as examples: for which shares of people pages say how many participants make a show clear."""

from __future__ import annotations

from netflix_trend.language import marked
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.statistics import ShowExample

# Public shares of people who name a show, fixed so that no estimate, which was picked out for being large, decides how
# many participants are said to be needed (docs/method/assumptions.md#example-shows).
EXAMPLES = (
    ShowExample(name=marked("a hit"), share=0.12),
    ShowExample(name=marked("a strong show"), share=0.06),
    ShowExample(name=marked("an ordinary show"), share=0.03),
)
# Places of a chart that serve as examples, and the memberships among which its views are counted.
_PLACES = (1, 5, 10)
MEMBERSHIPS = 300_000_000


def examples_of(chart: AskedChart | None) -> tuple[ShowExample, ...]:
    """Return shows of a chart that states views, as if people here name them as often as the world watches them;
    without one EXAMPLES.
    """
    if chart is None or chart.views is None:
        return EXAMPLES
    return tuple(
        ShowExample(name=f"number {place} of the chart", share=min(1.0, chart.views[place - 1] / MEMBERSHIPS))
        for place in _PLACES
        if place <= chart.length
    )
