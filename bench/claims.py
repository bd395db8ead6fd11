"""What pages say beside the numbers, tested by simulation: how many participants a result needs, how many liars it
withstands, and how life events change viewing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count as count_from

import numpy as np
from numpy.typing import NDArray

from bench.populations import Replayable
from bench.rounds import MODES, Mode, Truths, add_noise, add_up, answer, count, forge
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.turns import ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.event_effect.question import EFFECT_CLIP
from netflix_trend.questions.question import Needed
from netflix_trend.questions.registry import kinds, sum_questions
from netflix_trend.questions.sums import Summed
from netflix_trend.questions.top_shows.examples import EXAMPLES
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.simulation.population import life_changes, seeded_randomness
from netflix_trend.survey.sum_survey import Preset, SumSurvey, default_sum_survey
from netflix_trend.survey.survey import Survey, default_survey
from netflix_trend.syftbox.shared_files import CANDIDATES
from services.aggregator.trends import find_trends
from services.demo.sealed import preset_for

# No round of a quarter's first four, which ask about life events as well, and the first of those four.
WEEK, FIRST_OF_QUARTER = Week.parse("2026-W46"), Week.parse("2026-W41")
# What is told must be true within this part.
NEEDED_WITHIN = Fraction(1, 4)

_SHOWS = frozenset({"top_shows"})
_SUMMED = frozenset({"top_shows", "volume"})
# The show that the needed numbers are about, and how many participants the round has that tells them.
_NAMED, _TELLING = 0, 1000


def local_survey(week: Week = WEEK) -> Survey:
    """Return what is asked by default in local mode, about the catalogue's first shows."""
    return default_survey(week, starter_vocabulary().version, range(CANDIDATES))


def sum_survey(participants: int, preset: Preset, week: Week = WEEK, names: frozenset[str] = _SUMMED) -> SumSurvey:
    """Return what operators ask by default, about the catalogue's first shows."""
    version = starter_vocabulary().version
    return default_sum_survey(week, version, range(CANDIDATES), participants, preset, names)


def part_asked(survey: Survey, name: str) -> Fraction:
    """Return which part of the participants is asked a question, in a quarter if its rounds are estimated together."""
    question = survey.question(name)
    assert question is not None
    return survey.part(question)


def in_participants(name: str, answers: int) -> str:
    """Return a number of answers of local mode in words, with the participants that it takes; life events are pooled
    over the rounds of a quarter.
    """
    is_pooled = name == "event_effect"
    part, when = part_asked(local_survey(FIRST_OF_QUARTER if is_pooled else WEEK), name), " a quarter" * is_pooled
    return f"{round(answers / part):,} participants ({answers:,} answers{when})"


# How many participants a show needs


@dataclass(frozen=True)
class Told:
    """A needed number, and how often a show of that share is clear with so many participants, with a quarter fewer and
    with a quarter more. answers: of the participants, who are asked about shows.
    """

    mode: Mode
    share: float
    participants: int
    answers: int
    chance: float
    fewer: float
    more: float

    @property
    def is_true(self) -> bool:
        """Whether nine in ten rounds is reached within a quarter of the number."""
        return self.fewer < 0.9 <= self.more


def clear_rounds(mode: Mode, share: float, participants: int, rounds: int) -> float:
    """Return in which part of some rounds a show is clear that this share of the participants names."""
    named = round(share * participants)
    truths: list[Truths] = [{"top_shows": frozenset({_NAMED})}] * named
    truths += [{"top_shows": frozenset()}] * (participants - named)
    clear = 0
    # In local mode the week decides who is asked, so that each round has a week of its own.
    calm = filter(_asks_no_events, map(Week, count_from(WEEK.index)))
    for seed, week in zip(range(rounds), calm, strict=False):
        people = [truths[place] for place in np.random.default_rng(seed).permutation(participants)]
        shows = _hold(mode, people, seed, week).top_shows.shows
        clear += any(show.is_signal for show in shows if show.show == _NAMED)
    return clear / rounds


def _asks_no_events(week: Week) -> bool:
    return local_survey(week).question("event_effect") is None


def _hold(mode: Mode, people: Sequence[Truths], seed: int, week: Week = WEEK) -> RoundStatistics:
    """Return the statistics of a round about shows. In sums everybody else's volume is zero, and the noise that of the
    round which tells the numbers.
    """
    randbelow, vocabulary = seeded_randomness(seed), starter_vocabulary()
    if mode == "local":
        survey = local_survey(week)
        return count(survey, answer(survey, people, randbelow).payloads, len(people), vocabulary, _SHOWS)
    summed = sum_survey(len(people), preset_for(_TELLING))
    noisy = add_noise(summed, add_up(summed, [{"volume": 0, **one} for one in people], randbelow), randbelow)
    titles = [show.title for show in vocabulary.shows]
    return summed.estimate(noisy, len(people), titles, participants=len(people))


def needed_numbers(rounds: int, most: int) -> Iterator[Told]:
    """Yield the numbers that a round tells in which nobody watched anything, each with its test.

    most: numbers of more participants are left out, because their test would take too long.
    """
    nobody: list[Truths] = [{"top_shows": frozenset()}] * _TELLING
    for mode in MODES:
        asked = part_asked(local_survey(), "top_shows") if mode == "local" else Fraction(1)
        top_shows = _hold(mode, nobody, 0).top_shows
        told: Sequence[Needed] = kinds()["top_shows"].needs(top_shows)
        for show, one in zip(top_shows.examples or EXAMPLES, told, strict=True):
            if one.needed is None or one.needed / asked > most:
                continue
            participants = int(one.needed / asked)
            chances = (
                clear_rounds(mode, show.share, int(participants * part), rounds)
                for part in (Fraction(1), 1 - NEEDED_WITHIN, 1 + NEEDED_WITHIN)
            )
            yield Told(mode, show.share, participants, one.needed, *chances)


# How many liars put a show first that nobody watches


def liars(mode: Mode, population: Replayable, people: int, cohort: int) -> int:
    """Return how few valid but false answers put a show first in a week's list that nobody watches.

    In local mode they count among those who are asked about shows in the week.
    """
    (played,) = population.play(people, cohort, 1)
    first = population.first_week(cohort, 1)
    popular = np.argsort(-played.popularity, kind="stable")[: CANDIDATES - 1].tolist()
    watched = set().union(*played.shows)
    unwatched = next(show for show in range(len(population.vocabulary)) if show not in watched and show not in popular)
    truths: list[Truths] = [
        {"top_shows": shows, "volume": int(titles)} for shows, titles in zip(played.shows, played.titles, strict=True)
    ]
    randbelow = seeded_randomness(cohort)
    tell = _told_locally if mode == "local" else _told_by_sums
    first_with = tell(population, first, [*popular, unwatched], truths, randbelow)
    enough = 1
    while first_with(enough) != unwatched:
        enough *= 2
    below = enough // 2
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if first_with(middle) == unwatched else (middle, enough)
    return enough


def _told_locally(
    population: Replayable, week: Week, asked: list[int], truths: Sequence[Truths], randbelow: Callable[[int], int]
) -> Callable[[int], int]:
    vocabulary = population.vocabulary
    survey = default_survey(week, vocabulary.version, asked)
    question = survey.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    honest = answer(survey, [{"top_shows": one["top_shows"]} for one in truths], randbelow).payloads
    false: list[bytes] = []

    def first_with(number: int) -> int:
        while len(false) < number:
            false.append(forge(question, asked[-1], randbelow))
        payloads = {"top_shows": honest.get("top_shows", b"") + b"".join(false[:number])}
        statistics = count(survey, payloads, len(truths), vocabulary, _SHOWS)
        return int(statistics.top_shows.shows[0].show)

    return first_with


def _told_by_sums(
    population: Replayable, week: Week, asked: list[int], truths: Sequence[Truths], randbelow: Callable[[int], int]
) -> Callable[[int], int]:
    vocabulary, people = population.vocabulary, len(truths)
    survey = default_sum_survey(week, vocabulary.version, asked, people, preset_for(people), _SUMMED)
    votes, *others = add_noise(survey, add_up(survey, truths, randbelow), randbelow)
    titles = [show.title for show in vocabulary.shows]

    def first_with(number: int) -> int:
        lifted: NDArray[np.int64] = votes.sums.copy()
        lifted[-1] += number
        summed = [Summed(lifted, votes.variance), *others]
        statistics = survey.estimate(summed, people + number, titles, participants=people + number)
        return int(statistics.top_shows.shows[0].show)

    return first_with


# The change of viewing with life events


def event_error(mode: Mode, people: int, seed: int) -> float:
    """Return the error of the mean change of everybody, in views a week, after the four rounds of a quarter."""
    changes = life_changes(people, seed, Quarter.of(FIRST_OF_QUARTER.monday).previous)
    truths: list[Truths] = [{"event_effect": change} for change in changes]
    exact = np.mean([max(-EFFECT_CLIP, min(EFFECT_CLIP, float(change or 0))) for change in changes])
    rounds, randbelow, vocabulary = [], seeded_randomness(seed), starter_vocabulary()
    for week in (FIRST_OF_QUARTER + number for number in range(ROTATION)):
        if mode == "local":
            survey = local_survey(week)
            answers = answer(survey, truths, randbelow)
            rounds.append(count(survey, answers.payloads, people, vocabulary, {"event_effect"}))
        else:
            summed = sum_survey(people, preset_for(people), week, frozenset(sum_questions()))
            everybody: list[Truths] = [{"top_shows": frozenset(), "volume": 0, **one} for one in truths]
            noisy = add_noise(summed, add_up(summed, everybody, randbelow), randbelow)
            titles = [show.title for show in vocabulary.shows]
            rounds.append(summed.estimate(noisy, people, titles, participants=people))
    effects = find_trends(rounds).effects
    return float(effects[0].effect.mean_change.estimate - exact) if effects else float("nan")


def median_liars(population: Replayable, people: int, cohorts: int) -> Mapping[Mode, float]:
    """Return the median number of liars of several cohorts."""
    return {
        mode: float(np.median([liars(mode, population, people, cohort) for cohort in range(cohorts)])) for mode in MODES
    }


def event_errors(people: int, quarters: int) -> Mapping[Mode, float]:
    """Return the root mean square error of the mean change over several quarters, in views a week."""
    return {
        mode: float(np.sqrt(np.nanmean([event_error(mode, people, seed) ** 2 for seed in range(quarters)])))
        for mode in MODES
    }
