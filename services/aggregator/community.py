"""The files that everybody may see: a page and data for the newest round, for every round, and for all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from netflix_trend import __version__
from netflix_trend.language import WRITTEN, spoken, translations_of
from netflix_trend.periods.turns import COUNTED
from netflix_trend.pictures import to_svg
from netflix_trend.published.introduction import INTRODUCTION, Introduction
from netflix_trend.published.model import MODEL, Model
from netflix_trend.published.round_list import ROUNDS, RoundList, summarize
from netflix_trend.published.schema import LATEST, SCHEMA, schema_file
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.published.trends import TRENDS, Trends
from netflix_trend.published.withheld import withheld_in_words
from netflix_trend.published.year import YEARS, read_year, year_of_round, years_of
from netflix_trend.published.year_picture import png_of, year_picture
from netflix_trend.questions.question import Needed
from netflix_trend.questions.registry import kinds
from netflix_trend.questions.top_shows.movement import MOVEMENT, find_movement
from netflix_trend.questions.top_shows.trends import WINDOWS
from services.aggregator.kept_statistics import ReadRound
from services.aggregator.site.page import Place, render_page, render_rounds, render_year, window_file
from services.aggregator.sums.state import SumsState

START, ROUNDS_PAGE = "index.html", "rounds.html"
WINDOW_PAGES = tuple(window_file(weeks) for weeks in WINDOWS)
# What everybody may read: exact names, because a catch-all would share the permission file as well.
PUBLIC = (
    *(START, *WINDOW_PAGES, INTRODUCTION, LATEST, TRENDS, MODEL, MOVEMENT, ROUNDS_PAGE, ROUNDS, SCHEMA),
    *("rounds/*.html", "statistics/*.json"),
    *(f"{YEARS}/*.{kind}" for kind in ("html", "json", "png", "svg")),
)


@dataclass(frozen=True)
class Community:
    """All published rounds of an aggregator: by name their statistics as they were read, their trends and model.

    introduction: who asks, and what. smallest_change: fewest answers by which statistics change, in local mode.
    sums: what is told of operators and their rounds, None in local mode. language: of the pages and pictures.
    """

    introduction: Introduction
    rounds: Mapping[str, ReadRound]
    trends: Trends
    model: Model
    smallest_change: int = 1
    sums: SumsState | None = None
    language: str = WRITTEN

    @property
    def aggregator(self) -> str:
        """The aggregator's address."""
        return self.introduction.aggregator

    def files(self) -> dict[str, bytes]:
        """Return the public files by name."""
        with spoken(translations_of(self.language)):
            return self._files()

    def _files(self) -> dict[str, bytes]:
        statistics = {name: one.statistics for name, one in self.rounds.items()}
        answered = sorted(name for name in statistics if statistics[name].reports)
        listed = RoundList(
            aggregator=self.aggregator,
            software=f"netflix-trend {__version__}",
            rounds=tuple(summarize(statistics[name]) for name in reversed(answered)),
            invented=self.introduction.invented,
        )
        return {
            **{f"statistics/{name}.json": self.rounds[name].data for name in answered},
            **{f"rounds/{name}.html": rendered(self._page(answered, number)) for number, name in enumerate(answered)},
            INTRODUCTION: self.introduction.to_bytes(),
            TRENDS: self.trends.to_bytes(),
            MODEL: self.model.to_bytes(),
            ROUNDS: listed.to_bytes(),
            SCHEMA: schema_file(),
            ROUNDS_PAGE: render_rounds(listed, self._place(answered)).encode(),
            **self._years(answered),
            **self._start([statistics[name] for name in answered[-2:]], answered),
        }

    def _years(self, answered: Sequence[str]) -> dict[str, bytes]:
        """Return page, data and pictures of every year with answers."""
        found, years = {}, tuple(years_of(answered))
        for year in years:
            rounds = tuple(self.rounds[name].data for name in answered if year_of_round(name) == year)
            page = YearPage(self.aggregator, self.introduction.name, self.language, year, years, rounds)
            found.update(rendered_year(page))
        return found

    def _page(self, answered: Sequence[str], number: int) -> RoundPage:
        return RoundPage(
            aggregator=self.aggregator,
            statistics=self.rounds[answered[number]].data,
            before=self.rounds[answered[number - 1]].data if number else None,
            newer=answered[number + 1] if number + 1 < len(answered) else None,
            smallest_change=self.smallest_change,
            smallest_answers=self.introduction.smallest_answers or 1,
            sums=self._sums_of(answered[number]),
            name=self.introduction.name,
            years=tuple(years_of(answered)),
            language=self.language,
        )

    def _place(self, answered: Sequence[str]) -> Place:
        waiting = sorted(set(self.rounds) - set(answered), reverse=True)[:COUNTED]
        read = ((name, self.rounds[name].statistics.withheld) for name in waiting)
        return Place(
            self.aggregator,
            self.introduction.name,
            years=years_of(answered),
            windows=[window.weeks for window in self.trends.windows],
            smallest_change=self.smallest_change,
            smallest_answers=self.introduction.smallest_answers or 1,
            withheld={name: withheld_in_words(withheld) for name, withheld in read if withheld},
            sums=self.sums,
            invented=self.introduction.invented,
        )

    def _sums_of(self, name: str) -> SumsState | None:
        """Return what the page of one round tells of operators, so that another round changes nothing on it."""
        told = self.sums.of(name) if self.sums else None
        return self.sums.model_copy(update={"rounds": (told,)}) if self.sums and told else None

    def _start(self, newest: Sequence[RoundStatistics], answered: Sequence[str]) -> dict[str, bytes]:
        """Return the start page, the pages beside it and their data from the newest rounds, oldest first: two, fewer
        when there are not.
        """
        if not newest:
            page = render_page(None, trends=self.trends, place=self._place(answered))
            return {START: page.encode(), LATEST: b"{}\n"}
        latest = newest[-1]
        place = _completed(self._place(answered), latest, newest[0] if len(newest) > 1 else None)
        assert place.movement is not None
        return {
            START: render_page(latest, trends=self.trends, place=place).encode(),
            **{
                window_file(window.weeks): render_page(latest, self.trends, place, window).encode()
                for window in self.trends.windows
            },
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
    smallest_answers: int
    sums: SumsState | None = None
    name: str = ""
    years: tuple[int, ...] = ()
    language: str = WRITTEN


# Rounds that are over hardly ever change, and there is a pass every few seconds.
@lru_cache(maxsize=600)
def rendered(page: RoundPage) -> bytes:
    """Return the page of one round."""
    statistics = RoundStatistics.from_bytes(page.statistics)
    before = RoundStatistics.from_bytes(page.before) if page.before else None
    place = Place(
        page.aggregator,
        page.name,
        newer=page.newer,
        years=page.years,
        is_start=False,
        smallest_change=page.smallest_change,
        smallest_answers=page.smallest_answers,
        sums=page.sums,
        invented=statistics.invented,
    )
    return render_page(statistics, place=_completed(place, statistics, before)).encode()


@dataclass(frozen=True)
class YearPage:
    """What the files of a year are made from. rounds: statistics of the year's rounds as files, oldest first."""

    aggregator: str
    name: str
    language: str
    year: int
    years: tuple[int, ...]
    rounds: tuple[bytes, ...]


@lru_cache(maxsize=16)
def rendered_year(page: YearPage) -> dict[str, bytes]:
    """Return page, data and pictures of a year, by their names."""
    year = read_year(page.rounds, page.year)
    place = Place(page.aggregator, page.name, years=page.years, is_start=False)
    picture = year_picture(year, place.group)
    files = {
        "html": render_year(year, place, picture).encode(),
        "json": year.to_bytes(),
        "png": png_of(picture),
        "svg": to_svg(picture).encode(),
    }
    return {f"{YEARS}/{page.year}.{kind}": data for kind, data in files.items()}


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
