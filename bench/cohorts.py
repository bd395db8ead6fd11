"""Plays a cohort's weeks in both modes, and compares what is shown with what only a simulation knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.populations import Listing, Replayable, candidates, public_order
from bench.rounds import MODES, Mode, add_noise, add_up, answer, count
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.simulation.population import SimulatedWeek, seeded_randomness
from netflix_trend.survey.sum_survey import default_sum_survey
from netflix_trend.survey.survey import default_survey
from services.aggregator.trends import find_trends
from services.demo.sealed import preset_for

TOP = 5
_SUMMED = frozenset({"top_shows", "volume"})


@dataclass(frozen=True)
class Seen:
    """What one mode shows after a week. answers: about shows, in this week. recall: of the true first five, by list;
    clear: how many shows of four weeks are clear. contained: the part of the true first five that was asked about.
    volume: mean error of the distribution of viewing, in points; NaN where nobody answered.
    """

    answers: int
    recall: Mapping[str, float]
    clear: int
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


def recall(popularity: NDArray[np.float64], chosen: Iterable[int]) -> float:
    """Return how many of the first five chosen shows are as popular as the true fifth, as a share of five.

    popularity: float64[shows].
    """
    fifth = float(np.partition(popularity, -TOP)[-TOP])
    return sum(float(popularity[show]) >= fifth for show in list(chosen)[:TOP]) / TOP


def contained(popularity: NDArray[np.float64], asked: Iterable[int]) -> float:
    """Return how many of the true first five are among the shows that are asked about, as a share of five."""
    return recall(popularity, sorted(asked, key=lambda show: -popularity[show]))


def play(
    population: Replayable, people: int, cohort: int, *, weeks: int, looks: Sequence[int], listing: Listing = "in time"
) -> list[Look]:
    """Play `weeks` weeks of a cohort in both modes. Returns an evaluation after each week numbered in `looks`."""
    past: dict[Mode, list[RoundStatistics]] = {mode: [] for mode in MODES}
    first, found = population.first_week(cohort, weeks), []
    for number, played in enumerate(population.play(people, cohort, weeks)):
        week, evaluated = first + number, number in looks
        lists: dict[Mode, list[int]] = {}
        for mode, rounds in past.items():
            randbelow = seeded_randomness(100_000 * cohort + 1000 * number + people + MODES.index(mode))
            lists[mode], chart = candidates(population, week, listing, answers_to(rounds, "top_shows"))
            # Estimates of volume take time and are looked at in some weeks only; operators need them in every one.
            names = _SUMMED if evaluated or mode == "two" else frozenset({"top_shows"})
            rounds.append(_hold(mode, population.vocabulary, week, lists[mode], chart, played, names, randbelow))
        if evaluated:
            order = public_order(population, week, listing)
            reach = played.reach(len(population.vocabulary))
            found.append(
                Look(
                    chart=recall(played.popularity, order),
                    exact=recall(played.popularity, np.argsort(-reach, kind="stable").tolist()),
                    seen={mode: _seen(past[mode], population, played, lists[mode], order) for mode in MODES},
                )
            )
    return found


def _hold(
    mode: Mode,
    vocabulary: Vocabulary,
    week: Week,
    asked: Sequence[int],
    chart: AskedChart | None,
    played: SimulatedWeek,
    names: frozenset[str],
    randbelow: RandBelow,
) -> RoundStatistics:
    """Hold a round and return what it tells of the questions `names`."""
    participants = len(played.shows)
    people = [
        {name: truth for name, truth in (("top_shows", shows), ("volume", int(titles))) if name in names}
        for shows, titles in zip(played.shows, played.titles, strict=True)
    ]
    if mode == "local":
        survey = default_survey(week, vocabulary.version, asked, chart=chart)
        return count(survey, answer(survey, people, randbelow).payloads, participants, vocabulary, names)
    preset = preset_for(participants)
    summed = default_sum_survey(week, vocabulary.version, asked, participants, preset, names, chart=chart)
    noisy = add_noise(summed, add_up(summed, people, randbelow), randbelow)
    titles = [show.title for show in vocabulary.shows]
    return summed.estimate(noisy, participants, titles, participants=participants)


def _seen(
    rounds: Sequence[RoundStatistics],
    population: Replayable,
    played: SimulatedWeek,
    asked: Sequence[int],
    order: Sequence[int],
) -> Seen:
    statistics, popularity = rounds[-1], played.popularity
    shows = population.vocabulary.shows
    place = {show.title: number for number, show in enumerate(shows)}
    alone, charted = find_trends(rounds), find_trends(rounds, [shows[show].title for show in order])
    lists: dict[str, Sequence[Any]] = {
        "week": statistics.top_shows.shows if statistics.top_shows.reports else (),
        "four weeks": alone.windows[0].shows.shows if alone.windows else (),
        "filtered": [one for one in alone.shows.shows if place[one.title] in set(asked)] if alone.shows else (),
        "with chart": charted.shows.shows if charted.shows else (),
    }
    return Seen(
        answers=statistics.top_shows.reports,
        recall={name: recall(popularity, [place[row.title] for row in rows]) for name, rows in lists.items()},
        clear=sum(row.is_signal for row in lists["four weeks"]),
        contained=contained(popularity, asked),
        volume=_volume_error(statistics, played),
    )


def _volume_error(statistics: RoundStatistics, played: SimulatedWeek) -> float:
    volume = statistics.volume
    if volume is None or not volume.reports:
        return float("nan")
    below = np.array([(played.titles < low).mean() for low in volume.buckets])
    return 100 * float(np.abs(np.array(volume.cumulative) - below).mean())
