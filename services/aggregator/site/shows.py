"""The one list of shows of a page: of a week, of several weeks together, or of a year, each row with what is folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from netflix_trend.formats import number, percent
from netflix_trend.language import _, ngettext
from netflix_trend.published.wording import (
    LISTED_SHOWS,
    Certainty,
    listed_shows,
    moved,
    reading,
    share_of_answers,
    show_certainty,
    show_interval,
    shown,
)
from netflix_trend.published.world_words import chart_places, world_reading
from netflix_trend.questions.top_shows.movement import ShowMovement
from netflix_trend.questions.top_shows.statistics import AllTimeShow, TopShows
from netflix_trend.questions.top_shows.trends import people_asked
from netflix_trend.questions.top_shows.world import WorldShow
from services.aggregator.site.charts import Row, share_bar, tick_text, ticks_to

# Rows that are not folded: so many at most, fewer where shows are not clear, which tell nothing.
OPEN_ROWS, OPEN_UNCLEAR = 8, 5


@dataclass(frozen=True)
class ShowRow:
    """A show in a list: its share of answers with the interval, and what is said when it is unfolded.

    rank: in the public chart, None where it is not from one.
    """

    title: str
    certainty: Certainty
    reading: str
    value: float
    lower: float
    upper: float
    details: tuple[str, ...]
    rank: int | None = None

    @property
    def share(self) -> str:
        """The share of answers."""
        return percent(self.value, 1)

    @property
    def interval(self) -> str:
        """The interval of the share."""
        return share_of_answers(self.lower, self.upper)


@dataclass(frozen=True)
class ShowList:
    """Rows with bars on one scale, in shares; ticks: its numbers, from 0 to the end."""

    rows: Sequence[ShowRow]

    @property
    def longest(self) -> float:
        """The end of the scale."""
        return max([row.upper for row in self.rows] + [0.01])

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Where the scale has numbers, in percent of its length, and the numbers."""
        longest = 100 * self.longest
        return [(tick / longest, f"{tick_text(tick)} %") for tick in ticks_to(longest)]

    @property
    def open(self) -> Sequence[ShowRow]:
        """The rows that are not folded."""
        return self.rows[: self._open]

    @property
    def folded(self) -> Sequence[ShowRow]:
        """The rows behind them."""
        return self.rows[self._open :]

    @property
    def _open(self) -> int:
        clear = sum(row.certainty is Certainty.CLEAR for row in self.rows)
        return min(OPEN_ROWS, max(clear, OPEN_UNCLEAR))

    def bar(self, row: ShowRow) -> Markup:
        """Return the bar of a row."""
        return Markup(share_bar(Row(row.value, row.lower, row.upper, f"bar {row.certainty}"), self.longest))  # noqa: S704


def week_rows(top_shows: TopShows, movements: Mapping[str, ShowMovement] | None) -> ShowList:
    """Return the shows of a round. movements: by title, None where the week before has no answers about shows."""
    people, ranks = people_asked(top_shows), chart_places(top_shows)
    world = {show.show: show for show in top_shows.world.shows} if top_shows.world else {}
    rows = []
    for show in listed_shows(top_shows):
        details = [
            _(
                "People who named it: %(people)s, %(interval)s (95 %%), of %(asked)s.",
                people=number(round(shown(show))),
                interval=show_interval(show),
                asked=number(round(people)),
            )
        ]
        if movements is not None:
            details.append(_("Since the week before: %(change)s.", change=moved(movements.get(show.title))))
        if show.show in world:
            details.append(_chart_place(top_shows, world[show.show]))
        row = ShowRow(
            title=show.title,
            certainty=show_certainty(show),
            reading=reading(show),
            value=shown(show) / people,
            lower=show.lower / people,
            upper=min(1.0, show.upper / people),
            details=tuple(details),
            rank=ranks.get(show.show),
        )
        rows.append(row)
    return ShowList(rows)


def _chart_place(top_shows: TopShows, show: WorldShow) -> str:
    assert top_shows.world is not None
    return _(
        "Number %(rank)s of the public chart; against the world: %(reading)s.",
        rank=number(show.rank),
        reading=world_reading(top_shows.world, show),
    )


def summed_rows(shows: Sequence[AllTimeShow]) -> ShowList:
    """Return the shows of several rounds together: every clear one, then the next strongest up to LISTED_SHOWS."""
    clear = sum(show.is_signal for show in shows)
    return ShowList([_summed(show) for show in shows[: max(clear, LISTED_SHOWS)]])


def _summed(show: AllTimeShow) -> ShowRow:
    rounds = ngettext(
        "Asked about in %(num)s week, %(answers)s answers.",
        "Asked about in %(num)s weeks, %(answers)s answers.",
        show.rounds,
        answers=number(show.reports),
    )
    people = _(
        "Named %(low)s to %(high)s times (95 %%).", low=number(round(show.lower)), high=number(round(show.upper))
    )
    return ShowRow(
        title=show.title,
        certainty=show_certainty(show),
        reading=reading(show),
        value=min(max(show.share, show.share_lower), show.share_upper),
        lower=show.share_lower,
        upper=show.share_upper,
        details=(people, rounds),
    )
