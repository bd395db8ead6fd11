"""The files that everybody may see: a page and data for the newest round, for every round, and for all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from netflix_trend import __version__
from netflix_trend.published.introduction import INTRODUCTION, Introduction
from netflix_trend.published.round_list import ROUNDS, RoundList, summarize
from netflix_trend.published.schema import LATEST, SCHEMA, schema_file
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.published.trends import TRENDS, Trends
from netflix_trend.questions.question import Needed
from netflix_trend.questions.registry import kinds
from netflix_trend.questions.top_shows.movement import MOVEMENT, find_movement
from services.aggregator.site.page import Place, render_page, render_rounds
from services.aggregator.sums.state import SumsState

START, ROUNDS_PAGE = "index.html", "rounds.html"
# What everybody may read: exact names, because a catch-all would share the permission file as well.
PUBLIC = (
    *(START, INTRODUCTION, LATEST, TRENDS, MOVEMENT, ROUNDS_PAGE, ROUNDS, SCHEMA),
    *("rounds/*.html", "statistics/*.json"),
)


@dataclass(frozen=True)
class Community:
    """All published rounds of an aggregator: the bytes of their statistics by round, and their trends.

    introduction: who asks, and what. smallest_change: fewest answers by which statistics change, in local mode.
    sums: what is told of operators and their rounds, None in local mode.
    """

    introduction: Introduction
    rounds: Mapping[str, bytes]
    trends: Trends
    smallest_change: int = 1
    sums: SumsState | None = None

    @property
    def aggregator(self) -> str:
        """The aggregator's address."""
        return self.introduction.aggregator

    def files(self) -> dict[str, bytes]:
        """Return the public files by name."""
        statistics = {name: RoundStatistics.from_bytes(data) for name, data in self.rounds.items()}
        answered = sorted(name for name in statistics if statistics[name].reports)
        listed = RoundList(
            aggregator=self.aggregator,
            software=f"netflix-trend {__version__}",
            rounds=tuple(summarize(statistics[name]) for name in reversed(answered)),
            invented=self.introduction.invented,
        )
        return {
            **{f"statistics/{name}.json": self.rounds[name] for name in answered},
            **{f"rounds/{name}.html": rendered(self._page(answered, number)) for number, name in enumerate(answered)},
            INTRODUCTION: self.introduction.to_bytes(),
            TRENDS: self.trends.to_bytes(),
            ROUNDS: listed.to_bytes(),
            SCHEMA: schema_file(),
            ROUNDS_PAGE: render_rounds(listed, self._place()).encode(),
            **self._start([statistics[name] for name in answered[-2:]]),
        }

    def _page(self, answered: Sequence[str], number: int) -> RoundPage:
        return RoundPage(
            aggregator=self.aggregator,
            statistics=self.rounds[answered[number]],
            before=self.rounds[answered[number - 1]] if number else None,
            newer=answered[number + 1] if number + 1 < len(answered) else None,
            smallest_change=self.smallest_change,
            sums=self._sums_of(answered[number]),
        )

    def _place(self) -> Place:
        return Place(
            self.aggregator, smallest_change=self.smallest_change, sums=self.sums, invented=self.introduction.invented
        )

    def _sums_of(self, name: str) -> SumsState | None:
        """Return what the page of one round tells of operators, so that another round changes nothing on it."""
        told = self.sums.of(name) if self.sums else None
        return self.sums.model_copy(update={"rounds": (told,)}) if self.sums and told else None

    def _start(self, newest: Sequence[RoundStatistics]) -> dict[str, bytes]:
        """Return the start page and its data from the newest rounds, oldest first: two, fewer when there are not."""
        if not newest:
            page = render_page(None, trends=self.trends, place=self._place())
            return {START: page.encode(), LATEST: b"{}\n"}
        latest = newest[-1]
        place = _completed(self._place(), latest, newest[0] if len(newest) > 1 else None)
        assert place.movement is not None
        return {
            START: render_page(latest, trends=self.trends, place=place).encode(),
            LATEST: latest.to_bytes(),
            MOVEMENT: place.movement.to_bytes(),
        }


@dataclass(frozen=True)
class RoundPage:
    """What the page of one round is made from: statistics of it and of the answered round before it, as files."""

    aggregator: str
    statistics: bytes
    before: bytes | None
    newer: str | None
    smallest_change: int
    sums: SumsState | None = None


# Rounds that are over hardly ever change, and there is a pass every few seconds.
@lru_cache(maxsize=600)
def rendered(page: RoundPage) -> bytes:
    """Return the page of one round."""
    statistics = RoundStatistics.from_bytes(page.statistics)
    before = RoundStatistics.from_bytes(page.before) if page.before else None
    place = Place(
        page.aggregator,
        newer=page.newer,
        is_start=False,
        smallest_change=page.smallest_change,
        sums=page.sums,
        invented=statistics.invented,
    )
    return render_page(statistics, place=_completed(place, statistics, before)).encode()


def _completed(place: Place, statistics: RoundStatistics, before: RoundStatistics | None) -> Place:
    found = find_movement(statistics.round, answers_to([statistics, *([before] if before else [])], "top_shows"))
    return replace(
        place,
        movement=found.model_copy(update={"invented": True}) if statistics.invented else found,
        needed=what_it_takes(statistics),
        older=before.round if before else None,
    )


def what_it_takes(statistics: RoundStatistics) -> list[Needed]:
    """Return how many answers a round's questions need, and how many they got."""
    return [needed for name, statistic in statistics.asked() for needed in kinds()[name].needs(statistic)]
