"""Which shows are asked about: the strongest stay, launches are found, and every show gets its turn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.questions.top_shows.candidates import next_candidates
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.survey.survey import Survey, default_survey
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round

FIRST = Week.parse("2026-W10")


def catalogue(size: int, new: Mapping[int, int] = {}) -> Vocabulary:
    """Shows in the order of a chart; `new`: the year of some of them."""
    rows = [CatalogueTitle(title=f"Show {n:04d}", kind="series", year=new.get(n, 2015)) for n in range(size)]
    return Vocabulary.build(rows)


def answered(
    vocabulary: Vocabulary, week: Week, candidates: list[int], shares: Mapping[int, float], people: int, seed: int
) -> RoundStatistics:
    """A round in which `shares` of the people name the candidates."""
    generator = np.random.default_rng(seed)
    survey: Survey = default_survey(week, vocabulary.version, candidates)
    question = survey.questions[0]
    assert isinstance(question, TopShowsQuestion)
    named = generator.binomial(people, [shares.get(show, 0.0) for show in candidates])
    channel = question.channel
    counts = generator.binomial(named, float(channel.p))
    counts += generator.binomial(people - named, float(channel.q))
    found = RoundReports(survey.model_copy(update={"questions": (question,)}), counts={"top_shows": counts})
    found.reports["top_shows"] = people
    return estimate_round(found, vocabulary)


def lists(
    vocabulary: Vocabulary, weeks: int, shares: Mapping[int, float], people: int = 1000, seed: int = 1
) -> list[list[int]]:
    """What is asked week after week."""
    rounds: list[RoundStatistics] = []
    asked = []
    for number in range(weeks):
        candidates = next_candidates(answers_to(rounds, "top_shows"), vocabulary.shows, FIRST + number, 50)
        asked.append(candidates)
        rounds.append(answered(vocabulary, FIRST + number, candidates, shares, people, 100 * seed + number))
    return asked


@pytest.mark.parametrize("size", [2, 39, 45, 50, 51, 300])
def test_candidates_are_distinct_and_as_many_as_fit(size: int) -> None:
    for candidates in lists(catalogue(size), 3, {0: 0.1}, people=50):
        assert len(set(candidates)) == len(candidates) == min(50, size)
        assert set(candidates) <= set(range(size))


def test_the_catalogues_first_shows_begin() -> None:
    assert next_candidates([], catalogue(300).shows, FIRST, 50) == list(range(50))


def test_every_show_gets_its_turn() -> None:
    asked = lists(catalogue(120), 16, {0: 0.2})
    assert set().union(*asked) == set(range(120))


def test_shows_that_are_strong_stay_whatever_one_noisy_round_says() -> None:
    shares = {0: 0.12, 3: 0.08, 7: 0.06, 12: 0.05, 20: 0.05}
    for seed in range(4):
        asked = lists(catalogue(2000), 20, shares, people=300, seed=seed)
        assert np.mean([set(shares) <= set(candidates) for candidates in asked]) >= 0.95


def test_a_strong_show_that_the_chart_does_not_know_is_found_and_kept() -> None:
    """This year's show is asked about first; 12 % name it, and from then on it is hardly ever off the list."""
    vocabulary = catalogue(2000, {1500: 2026})
    kept = []
    for seed in range(4):
        asked = lists(vocabulary, 14, {0: 0.1, 1500: 0.12}, seed=seed)
        assert 1500 in asked[1]
        kept += [1500 in candidates for candidates in asked[2:]]
    assert np.mean(kept) >= 0.75


def test_a_launch_that_nobody_watches_makes_room() -> None:
    asked = lists(catalogue(2000, {1500: 2026}), 8, {0: 0.1})
    assert 1500 in asked[1]
    assert sum(1500 in candidates for candidates in asked[2:]) <= 4


def test_titles_that_left_the_catalogue_are_not_asked_about() -> None:
    old = catalogue(60)
    rounds = [answered(old, FIRST, list(range(50)), {0: 0.3, 1: 0.2}, 500, 1)]
    shows = [show for show in old.shows if show.title != "Show 0000"]
    found = next_candidates(answers_to(rounds, "top_shows"), shows, FIRST + 1, 50)
    assert found[0] == 0
    assert len(found) == 50
    assert max(found) < 59
