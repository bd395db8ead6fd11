"""Which of the candidate shows did you watch this week? Answered with the set response."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.privacy.set_response import PRIME, SetResponse, best_threshold
from netflix_trend.published.wording import listed_shows, shows_in_words, shows_need
from netflix_trend.questions.question import Counted, Forecast, Needed, Question, Statistic, Views, Wish
from netflix_trend.questions.top_shows.chart import AskedChart, Listed
from netflix_trend.questions.top_shows.estimation import estimate_top_shows
from netflix_trend.questions.top_shows.forecast import forecast_shows, needed_for_shows
from netflix_trend.questions.top_shows.forged import count_checked
from netflix_trend.questions.top_shows.statistics import AllTime, ShowTrends, TopShows, Window
from netflix_trend.questions.top_shows.trends import all_time, filtered_shows, observe_shows, windows
from netflix_trend.questions.words import listed, shown

_TITLE_LENGTH = 40
_TITLES_NAMED = 6


class TopShowsQuestion(Listed, Question):
    """Which of the candidate shows did you watch this week? Answered with the set response."""

    title: ClassVar[str] = "top shows"
    asks: ClassVar[str] = "Which shows of a list did you watch this week?"
    nothing: ClassVar[frozenset[int]] = frozenset()
    statistic: ClassVar[type[Statistic]] = TopShows
    trend_fields: ClassVar[Mapping[str, Any]] = {
        "shows": ShowTrends | None,
        "all_time": AllTime | None,
        "windows": tuple[Window, ...],
    }

    name: Literal["top_shows"] = "top_shows"
    mechanism: Literal["set_response"] = "set_response"
    k: Annotated[int, Field(ge=1, le=16)]
    prime: Literal[65521] = 65521
    threshold: Annotated[int, Field(ge=1, lt=PRIME)]
    candidates: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=2, max_length=20_000)]

    @classmethod
    def ask(
        cls, candidates: Sequence[int], *, k: int, odds: Fraction, weight: int, chart: AskedChart | None = None
    ) -> TopShowsQuestion:
        """Ask about vocabulary indices `candidates` with the threshold of least noise. chart: of the first of them."""
        threshold = best_threshold(k, odds)
        return cls(weight=weight, odds=odds, k=k, threshold=threshold, candidates=tuple(candidates), chart=chart)

    @classmethod
    def suggest(cls, wish: Wish) -> TopShowsQuestion:
        """Ask in every round, twice as many people as each other question."""
        return cls.ask(wish.candidates, k=wish.k, odds=wish.odds, weight=2, chart=wish.chart)

    @property
    def channel(self) -> SetResponse:
        """The mechanism over positions in `candidates`."""
        return SetResponse(len(self.candidates), self.k, self.odds, self.threshold, self.prime)

    def parameters(self) -> dict[str, Any]:
        """Return what a release states about how it was made."""
        return {"items": len(self.candidates), "k": self.k, "odds": self.odds_pair, "threshold": self.threshold}

    @classmethod
    def measure(cls, views: Views, week: Week) -> frozenset[int]:
        """Return the vocabulary indices of the week's shows with at least one episode."""
        shows = views.show[views.in_week(week)]
        return frozenset(shows[shows >= 0].tolist())

    @property
    def payload_size(self) -> int:
        """Bytes of an answer: k+2 coefficients of two bytes."""
        return 2 * (self.k + 2)

    def answer(self, truth: frozenset[int], round_name: str, randbelow: RandBelow) -> bytes:
        """Randomize a uniform choice of at most k of the candidate shows that were watched."""
        positions = shuffled_positions(round_name, len(self.candidates))
        watched = [positions[place] for place, show in enumerate(self.candidates) if show in truth]
        return encode_coefficients(self.channel.randomize(choose(watched, self.k, randbelow), randbelow))

    def check(self, payload: bytes) -> None:
        """Raise ValueError when a coefficient lies outside the field."""
        if any(high << 8 | low >= self.prime for high, low in zip(payload[::2], payload[1::2], strict=True)):
            raise ValueError(f"a coefficient is {self.prime} or more")

    def count(self, payloads: bytes, round_name: str) -> Counted:
        """Check the reports against each other and count the ones that pass, int64[candidates]."""
        checked = count_checked(self.channel, decode_coefficients(self, payloads))
        places = list(shuffled_positions(round_name, len(self.candidates)))
        refused = {"duplicate": checked.duplicates, "implausible": checked.implausible}
        return Counted(
            checked.counts[places], checked.kept, {reason: number for reason, number in refused.items() if number}
        )

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
            return "You watched no show of the list. That stays a secret, too."
        some = "one of them" if self.k == 1 else f"at most {self.k} of them"
        return f"You watched {listed(names)}. {some.capitalize()}, chosen by chance, goes into the noise."

    def payload_in_words(self, payload: bytes, round_name: str, titles: Sequence[str]) -> str:
        """Describe what an answer says on its own."""
        inside = self.reported_subset(payload, round_name)
        found = _named(inside, titles)
        more = f" and {len(found) - _TITLES_NAMED} more" if len(found) > _TITLES_NAMED else ""
        names = listed(found[:_TITLES_NAMED]) + more
        by_chance = float(self.channel.q) * len(self.candidates)
        return (
            f"It points at {len(inside)} of {len(self.candidates)} shows{': ' if names else ''}{names}. Chance "
            f"alone points at about {by_chance:.0f}, whatever you watched."
        )

    def reported_subset(self, payload: bytes, round_name: str) -> list[int]:
        """Return the candidate shows that an answer names."""
        positions = shuffled_positions(round_name, len(self.candidates))
        (members,) = self.channel.members(decode_coefficients(self, payload), positions)
        return [show for show, is_member in zip(self.candidates, members, strict=True) if is_member]

    @classmethod
    def describe(cls, statistic: TopShows) -> Sequence[str]:
        """Return which shows are clear, or how many answers that would take."""
        return tuple(filter(None, [shows_in_words(listed_shows(statistic)), shows_need(statistic)]))

    @classmethod
    def needs(cls, statistic: TopShows) -> Sequence[Needed]:
        """Return how many answers make a hit, a strong and an ordinary show clear."""
        return needed_for_shows(statistic)

    def forecast(self, answers: int) -> Forecast:
        """Return errors and chances of shows that are named by some, many and very many people."""
        return forecast_shows(self, answers)


def _named(shows: Sequence[int], titles: Sequence[str]) -> list[str]:
    return [shown(titles[show], _TITLE_LENGTH) for show in shows if show < len(titles)]


@lru_cache(maxsize=8)
def shuffled_positions(salt: str, items: int) -> tuple[int, ...]:
    """Return for each position its field position under a public permutation salted by the round.

    Without it the same two shows would have neighbouring field points in every round, and a forger could prepare
    one polynomial for all rounds.
    """
    order = sorted(range(items), key=lambda item: hashlib.sha256(f"{salt}:{item}".encode()).digest())
    position = [0] * items
    for place, item in enumerate(order):
        position[item] = place
    return tuple(position)


def choose(items: list[int], max_items: int, randbelow: RandBelow) -> list[int]:
    """Return a uniform subset of at most `max_items` items (the first steps of a Fisher-Yates shuffle)."""
    items = list(items)
    for place in range(min(max_items, len(items) - 1)):
        other = place + randbelow(len(items) - place)
        items[place], items[other] = items[other], items[place]
    return items[:max_items]


def encode_coefficients(coefficients: tuple[int, ...]) -> bytes:
    """Return polynomial coefficients as two big-endian bytes each, lowest degree first."""
    return np.array(coefficients, dtype=">u2").tobytes()


def decode_coefficients(question: TopShowsQuestion, payloads: bytes) -> NDArray[np.uint32]:
    """Return uint32[N, k+2] from payloads of the right size, one after another."""
    flat = np.frombuffer(payloads, dtype=">u2")
    return flat.reshape(-1, question.k + 2).astype(np.uint32)
