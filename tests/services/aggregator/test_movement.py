"""Movement between two rounds: told only where it can be told."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.questions.top_shows.movement import Movement, find_movement
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.survey.survey import default_survey
from services.aggregator.estimation import estimate_round
from tests.services.aggregator.simulated_rounds import reports_of

WEEK = Week.parse("2026-W46")


def round_of(week: Week, people: int, generator: np.random.Generator, first: float) -> RoundStatistics:
    vocabulary = starter_vocabulary()
    survey = default_survey(week, vocabulary.version, range(50), Fraction(8))
    return estimate_round(reports_of(survey, people, generator, first), vocabulary)


def moved_since(newest: RoundStatistics, before: RoundStatistics | None) -> Movement:
    return find_movement(newest.round, answers_to([newest, before] if before else [newest], "top_shows"))


def fast_round(week: Week, answers: int, generator: np.random.Generator, shares: np.ndarray) -> RoundStatistics:
    """A round of which only the top shows are estimated: many can be made."""
    from netflix_trend.questions.top_shows.estimation import estimate_top_shows

    vocabulary = starter_vocabulary()
    question = TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=1)
    channel = question.channel
    named = generator.binomial(answers, shares)
    counts = generator.binomial(named, float(channel.p))
    counts += generator.binomial(answers - named, float(channel.q))
    return RoundStatistics(
        round=str(week),
        survey="a" * 32,
        vocabulary=vocabulary.version,
        participants=answers,
        reports=answers,
        waiting=0,
        refused={},
        top_shows=estimate_top_shows(question, counts, answers, [show.title for show in vocabulary.shows]),
        volume=None,
    )


def test_a_large_rise_is_found_and_a_fall_is_its_mirror_image() -> None:
    generator = np.random.default_rng(1)
    low, high = (round_of(WEEK - age, 40_000, generator, first) for age, first in ((1, 0.1), (0, 0.3)))
    moved = moved_since(high, low)
    assert (moved.round, moved.previous) == ("2026-W46", "2026-W45")
    top = moved.shows[0]
    assert (top.title, top.direction) == (starter_vocabulary().shows[0].title, "up")
    assert top.lower < 0.2 < top.upper
    assert top.lower > 0
    back = moved_since(low.model_copy(update={"round": "2026-W47"}), high)
    falling = {show.title: show for show in back.shows}[top.title]
    assert falling.direction == "down"
    assert falling.change == pytest.approx(-top.change)


def test_a_movement_that_forged_answers_could_have_made_says_so() -> None:
    """Of 10,000 answers 100 of each week may be forged; with each a show moves by 2.6 people, so .052 in all."""
    generator = np.random.default_rng(3)
    shares = np.full(50, 0.01)
    verdicts = {}
    for rise in (0.05, 0.2):
        risen = np.concatenate([[0.01 + rise], shares[1:]])
        newest, before = fast_round(WEEK, 10_000, generator, risen), fast_round(WEEK - 1, 10_000, generator, shares)
        moved = {show.title: show for show in moved_since(newest, before).shows}
        first = moved[starter_vocabulary().shows[0].title]
        verdicts[rise] = (first.direction, first.is_robust)
    assert verdicts == {0.05: ("up", False), 0.2: ("up", True)}


@pytest.mark.parametrize("answers", [(30, 30), (300, 300), (300, 20), (20, 3000)])
def test_where_nothing_moved_a_movement_is_seen_in_one_of_twenty_weeks_at_most(answers: tuple[int, int]) -> None:
    """400 pairs of rounds with the same shares: 5 % would be 20; 35 or more have a chance below 1 in 1000."""
    generator = np.random.default_rng(7)
    shares = 0.2 / np.arange(1, 51)
    wrong = 0
    for _ in range(400):
        before, newest = (fast_round(WEEK - age, answers[1 - age], generator, shares) for age in (1, 0))
        wrong += any(show.direction != "unsure" for show in moved_since(newest, before).shows)
    assert wrong < 35


@pytest.mark.parametrize("before", [None, 2, 0])
def test_only_the_week_before_is_compared_with(before: int | None) -> None:
    generator = np.random.default_rng(1)
    newest = round_of(WEEK, 4000, generator, 0.2)
    other = None if before is None else round_of(WEEK - before, 4000, generator, 0.2)
    assert moved_since(newest, other) == Movement(round="2026-W46", previous=None, confidence=0.95, shows=())


def test_a_round_without_answers_is_not_compared_with() -> None:
    generator = np.random.default_rng(1)
    assert moved_since(round_of(WEEK, 4000, generator, 0.2), round_of(WEEK - 1, 0, generator, 0.2)).previous is None


def test_the_file_is_read_back(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    moved = moved_since(round_of(WEEK, 4000, generator, 0.2), round_of(WEEK - 1, 4000, generator, 0.2))
    assert len(moved.shows) == 50
    assert Movement.model_validate_json(moved.to_bytes()) == moved


def test_the_interval_of_a_change_is_two_sided_for_all_shows_together() -> None:
    """With many answers the noise is normal: the half width is the two-sided Bonferroni quantile, no less."""
    generator = np.random.default_rng(9)
    newest, before = (fast_round(WEEK - age, 4_000_000, generator, np.full(50, 0.02)) for age in (0, 1))
    quantile = NormalDist().inv_cdf(1 - 0.05 / (2 * 50))
    for show in moved_since(newest, before).shows:
        assert (show.upper - show.lower) / 2 / show.standard_error == pytest.approx(quantile, rel=0.01)
