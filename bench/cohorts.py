"""Plays a cohort's weeks in both modes, and compares what is shown with what only a simulation knows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.populations import Listing, Replayable
from bench.rounds import MODES, Mode, add_noise, add_up, answer, count
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.questions.top_shows.candidates import next_candidates
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.sums import TopShowsSums
from netflix_trend.simulation.population import SimulatedWeek, seeded_randomness
from netflix_trend.survey.sum_survey import default_sum_survey
from netflix_trend.survey.survey import default_survey
from netflix_trend.syftbox.shared_files import CANDIDATES
from services.aggregator.trends import find_trends
from services.demo.sealed import preset_for

TOP = 5
# Lists of shows that pages show, and what of them people look at.
LISTS = ("week", "four weeks", "filtered")
PARTS = ("first", "first five", "clear")
_WINDOW = 4
_SUMMED = frozenset({"top_shows", "volume"})


@dataclass(frozen=True)
class Listed:
    """A row of a list as a page shows it. truth: the number that its interval is about."""

    show: int
    lower: float
    upper: float
    is_clear: bool
    truth: float

    @property
    def held(self) -> bool:
        """Whether the interval holds the truth."""
        return self.lower - 1e-9 <= self.truth <= self.upper + 1e-9


@dataclass(frozen=True)
class Seen:
    """What one mode shows after a week. answers: about shows, in this week. recall: of the true first five, by list;
    clear: how many shows of four weeks are clear. held: by list and part, whether each interval holds. false: clear
    shows of the week that nobody who answered had named. contained: the part of the true first five that was asked
    about. volume: mean error of the distribution of viewing, in points; NaN where nobody answered.
    """

    answers: int
    recall: Mapping[str, float]
    clear: int
    held: Mapping[tuple[str, str], Sequence[bool]]
    false: int
    contained: float
    volume: float


@dataclass(frozen=True)
class Look:
    """One evaluation. chart: recall of the public chart that the operator has. exact: of what these people watched in
    the week, all of it and without noise, so that only sampling errs.
    """

    chart: float
    exact: float
    seen: Mapping[Mode, Seen]


@dataclass
class _Past:
    """The rounds of one mode so far. named: how many of those who answered named each show, by round."""

    rounds: list[RoundStatistics] = field(default_factory=list)
    named: list[Mapping[int, int]] = field(default_factory=list)


def recall(popularity: NDArray[np.float64], chosen: Iterable[int]) -> float:
    """Return how many of the first five chosen shows are as popular as the true fifth, as a share of five.

    popularity: float64[shows].
    """
    fifth = float(np.partition(popularity, -TOP)[-TOP])
    return sum(float(popularity[show]) >= fifth for show in list(chosen)[:TOP]) / TOP


def candidates(
    population: Replayable, week: Week, listing: Listing, rounds: Sequence[RoundStatistics]
) -> tuple[list[int], AskedChart | None]:
    """Return the list of a round: a weekly chart's titles first, then what past answers suggest."""
    shows = population.vocabulary.shows[: population.known(week, listing)]
    suggested = next_candidates(answers_to(rounds, "top_shows"), shows, week, CANDIDATES)
    if not population.has_chart or listing == "none":
        return suggested, None
    charted = list(dict.fromkeys(population.chart(week, listing)))[:CANDIDATES]
    asked = AskedChart(week=str(week), source="replayed", length=len(charted))
    return [*charted, *(show for show in suggested if show not in set(charted))][:CANDIDATES], asked


def play(
    population: Replayable, people: int, cohort: int, *, weeks: int, looks: Sequence[int], listing: Listing = "in time"
) -> list[Look]:
    """Play `weeks` weeks of a cohort in both modes. Returns an evaluation after each week numbered in `looks`."""
    past: dict[Mode, _Past] = {mode: _Past() for mode in MODES}
    first, found = population.first_week(cohort, weeks), []
    for number, played in enumerate(population.play(people, cohort, weeks)):
        week, evaluated = first + number, number in looks
        lists: dict[Mode, tuple[int, list[int]]] = {}
        for mode, one in past.items():
            randbelow = seeded_randomness(100_000 * cohort + 1000 * number + people + MODES.index(mode))
            asked, chart = candidates(population, week, listing, one.rounds)
            # Estimates of volume take time and are looked at in some weeks only; operators need them in every one.
            names = _SUMMED if evaluated or mode == "two" else frozenset({"top_shows"})
            votes = _hold(mode, one, population, week, asked, chart, played, names, randbelow)
            lists[mode] = votes, asked
        if evaluated:
            chart_now = population.chart(week, listing)
            reach = played.reach(len(population.vocabulary))
            found.append(
                Look(
                    chart=recall(played.popularity, chart_now),
                    exact=recall(played.popularity, np.argsort(-reach, kind="stable").tolist()),
                    seen={mode: _seen(past[mode], population, played, *lists[mode], chart_now) for mode in MODES},
                )
            )
    return found


def _hold(
    mode: Mode,
    past: _Past,
    population: Replayable,
    week: Week,
    asked: Sequence[int],
    chart: AskedChart | None,
    played: SimulatedWeek,
    names: frozenset[str],
    randbelow: RandBelow,
) -> int:
    """Hold a round and keep what it tells of the questions `names`. Returns how many shows a person may name."""
    vocabulary, participants = population.vocabulary, len(played.shows)
    people = [
        {name: truth for name, truth in (("top_shows", shows), ("volume", int(titles))) if name in names}
        for shows, titles in zip(played.shows, played.titles, strict=True)
    ]
    if mode == "local":
        survey = default_survey(week, vocabulary.version, asked, chart=chart)
        answers = answer(survey, people, randbelow)
        past.rounds.append(count(survey, answers.payloads, participants, vocabulary, names))
        past.named.append(answers.named)
        question = survey.question("top_shows")
        assert isinstance(question, TopShowsQuestion)
        return question.k
    preset = preset_for(participants)
    summed = default_sum_survey(week, vocabulary.version, asked, participants, preset, names, chart=chart)
    exact = add_up(summed, people, randbelow)
    titles = [show.title for show in vocabulary.shows]
    noisy = add_noise(summed, exact, randbelow)
    past.rounds.append(summed.estimate(noisy, participants, titles, participants=participants))
    past.named.append(dict(zip(asked, exact[0].tolist(), strict=True)))
    votes = summed.questions[0]
    assert isinstance(votes, TopShowsSums)
    return votes.votes


def would_name(people: Sequence[frozenset[int]], asked: Sequence[int], votes: int) -> Mapping[int, float]:
    """Return which share of the people would name each show, who choose `votes` of what they watched by chance."""
    on_list, shares = set(asked), defaultdict[int, float](float)
    for shows in people:
        watched = shows & on_list
        for show in watched:
            shares[show] += min(votes, len(watched)) / len(watched) / len(people)
    return shares


def _seen(
    past: _Past, population: Replayable, played: SimulatedWeek, votes: int, asked: Sequence[int], chart: Sequence[int]
) -> Seen:
    statistics, popularity = past.rounds[-1], played.popularity
    place = {show.title: number for number, show in enumerate(population.vocabulary.shows)}
    titles = [population.vocabulary.shows[show].title for show in chart]
    alone, charted = find_trends(past.rounds), find_trends(past.rounds, titles)
    named, share = past.named[-1], would_name(played.shows, asked, votes)
    window = Counter[int]()
    for one in past.named[-_WINDOW:]:
        window.update(one)
    lists: dict[str, list[Listed]] = {name: [] for name in LISTS}
    lists["week"] = [
        Listed(show.show, show.lower, show.upper, show.is_signal, named.get(show.show, 0))
        for show in statistics.top_shows.shows
        if statistics.top_shows.reports
    ]
    if alone.windows:
        lists["four weeks"] = [
            Listed(place[show.title], show.lower, show.upper, show.is_signal, window[place[show.title]])
            for show in alone.windows[0].shows.shows
        ]
    if alone.shows is not None:
        lists["filtered"] = [
            Listed(place[show.title], show.lower, show.upper, show.is_signal, share.get(place[show.title], 0.0))
            for show in alone.shows.shows
            if place[show.title] in set(asked)
        ]
    with_chart = [place[show.title] for show in charted.shows.shows] if charted.shows else []
    held = {
        (name, part): [row.held for row in rows]
        for name, several in lists.items()
        for part, rows in {
            "first": several[:1],
            "first five": several[:TOP],
            "clear": [row for row in several if row.is_clear],
        }.items()
    }
    return Seen(
        answers=statistics.top_shows.reports,
        recall={
            **{name: recall(popularity, [row.show for row in rows]) for name, rows in lists.items()},
            "with chart": recall(popularity, with_chart),
        },
        clear=sum(row.is_clear for row in lists["four weeks"]),
        held=held,
        false=sum(row.is_clear and row.truth == 0 for row in lists["week"]),
        contained=recall(popularity, sorted(asked, key=lambda show: -popularity[show])),
        volume=_volume_error(statistics, played),
    )


def _volume_error(statistics: RoundStatistics, played: SimulatedWeek) -> float:
    volume = statistics.volume
    if volume is None or not volume.reports:
        return float("nan")
    below = np.array([(played.titles < low).mean() for low in volume.buckets])
    return 100 * float(np.abs(np.array(volume.cumulative) - below).mean())
