"""Which of the candidate shows did you watch this week? Answered with subset selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from netflix_trend.formats import listed, number
from netflix_trend.language import _, marked, ngettext
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.privacy.subset_selection import MOST_NAMED, SubsetSelection, best_size
from netflix_trend.published.wording import first_place_in_words, listed_shows, shows_in_words, takes_in_words
from netflix_trend.questions.question import Counted, Forecast, Needed, Question, Statistic, Views, Wish
from netflix_trend.questions.top_shows.chart import AskedChart, Listed
from netflix_trend.questions.top_shows.estimation import estimate_top_shows
from netflix_trend.questions.top_shows.forecast import forecast_shows, lacking_for_shows, needed_for_shows
from netflix_trend.questions.top_shows.longest import LONGEST_LIST
from netflix_trend.questions.top_shows.statistics import AllTime, ShowTrends, TopShows, Window
from netflix_trend.questions.top_shows.trends import all_time, filtered_shows, observe_shows, windows
from netflix_trend.questions.words import shown

_TITLE_LENGTH = 40
_TITLES_NAMED = 6


class TopShowsQuestion(Listed, Question):
    """Which of the candidate shows did you watch this week? Answered with subset selection."""

    title: ClassVar[str] = marked("top shows")
    asks: ClassVar[str] = marked("Which shows of a list did you watch this week?")
    nothing: ClassVar[frozenset[int]] = frozenset()
    statistic: ClassVar[type[Statistic]] = TopShows
    trend_fields: ClassVar[Mapping[str, Any]] = {
        "shows": ShowTrends | None,
        "all_time": AllTime | None,
        "windows": tuple[Window, ...],
    }

    name: Literal["top_shows"] = "top_shows"
    mechanism: Literal["subset_selection"] = "subset_selection"
    k: Annotated[int, Field(ge=1, le=MOST_NAMED)]
    size: Annotated[int, Field(ge=1)]
    candidates: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=2, max_length=LONGEST_LIST)
    ]

    @model_validator(mode="after")
    def _has_a_channel(self) -> TopShowsQuestion:
        _ = self.channel  # raises ValueError for parameters that no mechanism has
        return self

    @classmethod
    def ask(
        cls, candidates: Sequence[int], *, k: int, odds: Fraction, weight: int, chart: AskedChart | None = None
    ) -> TopShowsQuestion:
        """Ask about vocabulary indices `candidates` with the size of least noise. chart: of the first of them."""
        size = best_size(len(candidates), k, odds)
        return cls(weight=weight, odds=odds, k=k, size=size, candidates=tuple(candidates), chart=chart)

    @classmethod
    def suggest(cls, wish: Wish) -> TopShowsQuestion:
        """Ask in every round, twice as many people as each other question."""
        return cls.ask(wish.candidates, k=wish.k, odds=wish.odds, weight=2, chart=wish.chart)

    @property
    def channel(self) -> SubsetSelection:
        """The mechanism over positions in `candidates`."""
        return SubsetSelection(len(self.candidates), self.k, self.odds, self.size)

    def parameters(self) -> dict[str, Any]:
        """Return what a release states about how it was made."""
        return {"items": len(self.candidates), "k": self.k, "odds": self.odds_pair, "size": self.size}

    @classmethod
    def measure(cls, views: Views, week: Week) -> frozenset[int]:
        """Return the vocabulary indices of the week's shows with at least one episode."""
        shows = views.show[views.in_week(week)]
        return frozenset(shows[shows >= 0].tolist())

    @property
    def payload_size(self) -> int:
        """Bytes of an answer: the number of a subset."""
        return self.channel.report_bytes

    def answer(self, truth: frozenset[int], randbelow: RandBelow) -> bytes:
        """Randomize a uniform choice of at most k of the candidate shows that were watched."""
        watched = [place for place, show in enumerate(self.candidates) if show in truth]
        report = self.channel.randomize(choose(watched, self.k, randbelow), randbelow)
        return report.to_bytes(self.payload_size, "big")

    def check(self, payload: bytes) -> None:
        """Raise ValueError when there is no subset of that number."""
        if (number := int.from_bytes(payload, "big")) >= self.channel.reports:
            raise ValueError(f"report {number} lies outside 0..{self.channel.reports - 1}")

    def count(self, payloads: bytes) -> Counted:
        """Count in how many reported subsets each candidate is, int64[candidates]."""
        return Counted(self.channel.count(payloads), len(payloads) // self.payload_size)

    def estimate(self, counted: Counted, titles: Sequence[str], seed: str) -> TopShows:
        """Return how many people named each show."""
        return estimate_top_shows(self, counted.counts, counted.reports, titles)

    @classmethod
    def over_rounds(cls, rounds: Sequence[tuple[str, TopShows]], chart: Sequence[str] | None) -> dict[str, Any]:
        """Return filtered shares of the newest round, and the sums of all rounds."""
        observed = observe_shows(rounds)
        if observed is None:
            return {"shows": None, "all_time": None, "windows": ()}
        return {
            "shows": filtered_shows(observed, chart),
            "all_time": all_time(observed),
            "windows": windows(observed),
        }

    def truth_in_words(self, truth: frozenset[int], titles: Sequence[str]) -> str:
        """Describe the true answer in a sentence."""
        names = _named([show for show in self.candidates if show in truth], titles)
        if not names:
            return _("You watched no show of the list. That stays a secret, too.")
        watched = listed(names)
        if self.k == 1:
            return _("You watched %(shows)s. One of them, chosen by chance, goes into the noise.", shows=watched)
        return _(
            "You watched %(shows)s. At most %(most)s of them, chosen by chance, go into the noise.",
            shows=watched,
            most=self.k,
        )

    def payload_in_words(self, payload: bytes, titles: Sequence[str]) -> str:
        """Describe what an answer says on its own."""
        inside = self.reported_subset(payload)
        found = _named(inside, titles)
        names, more = listed(found[:_TITLES_NAMED]), len(found) - _TITLES_NAMED
        if more > 0:
            names = ngettext("%(shows)s and %(num)s more", "%(shows)s and %(num)s more", more, shows=names)
        numbers = {"inside": number(len(inside)), "all": number(len(self.candidates))}
        points = (
            _("It points at %(inside)s of %(all)s shows: %(shows)s.", shows=names, **numbers)
            if names
            else _("It points at %(inside)s of %(all)s shows.", **numbers)
        )
        places = ngettext(
            "Every answer has %(num)s place for shows or blanks; chance fills most or all, whatever you watched.",
            "Every answer has %(num)s places for shows or blanks; chance fills most or all, whatever you watched.",
            self.size,
        )
        return f"{points} {places}"

    def reported_subset(self, payload: bytes) -> list[int]:
        """Return the candidate shows that an answer names."""
        (members,) = self.channel.members(payload).tolist()
        return [self.candidates[place] for place in members if place < len(self.candidates)]

    @classmethod
    def describe(cls, statistic: TopShows) -> Sequence[str]:
        """Return which shows are clear, how many forged answers that withstands, or how many people it takes."""
        sentences = (
            shows_in_words(listed_shows(statistic)),
            first_place_in_words(statistic),
            takes_in_words(lacking_for_shows(statistic)),
        )
        return tuple(filter(None, sentences))

    @classmethod
    def needs(cls, statistic: TopShows) -> Sequence[Needed]:
        """Return how many answers make a hit, a strong and an ordinary show clear."""
        return needed_for_shows(statistic)

    def forecast(self, answers: int, part: Fraction) -> Forecast:
        """Return errors and chances of shows that are named by some, many and very many people."""
        return forecast_shows(self, answers, part)


def _named(shows: Sequence[int], titles: Sequence[str]) -> list[str]:
    return [shown(titles[show], _TITLE_LENGTH) for show in shows if show < len(titles)]


def choose(items: list[int], max_items: int, randbelow: RandBelow) -> list[int]:
    """Return a uniform subset of at most `max_items` items (the first steps of a Fisher-Yates shuffle)."""
    items = list(items)
    for place in range(min(max_items, len(items) - 1)):
        other = place + randbelow(len(items) - place)
        items[place], items[other] = items[other], items[place]
    return items[:max_items]
