"""What is predicted before anybody is asked comes true when the answers are drawn."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.counts import estimate_counts, gate_count
from netflix_trend.privacy.distribution import map_shares, posterior_draws
from netflix_trend.privacy.ternary import DOWN, UP
from netflix_trend.questions.event_effect.forecast import (
    EVENT_CHANGE,
    EVENT_SHARE,
    EVENT_SIZE,
    effect_error,
    needed_for_effect,
    people_needed,
)
from netflix_trend.questions.event_effect.question import EffectQuestion
from netflix_trend.questions.event_effect.statistics import LARGEST_CHANGE_ERROR, LARGEST_EFFECT_ERROR
from netflix_trend.questions.event_effect.summed import estimate_summed_effect
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.examples import EXAMPLES, examples_of
from netflix_trend.questions.top_shows.forecast import predict_shows
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.forecast import needed_for_volume, percentile_error
from netflix_trend.questions.volume.prior import PRIOR_PEOPLE, prior_shares
from netflix_trend.questions.volume.question import VOLUME_BUCKETS, VolumeQuestion
from netflix_trend.questions.volume.statistics import LARGEST_CUMULATIVE_ERROR
from netflix_trend.questions.words import participants_for, percent
from netflix_trend.simulation.population import life_changes, person
from netflix_trend.survey.survey import default_survey


@pytest.mark.parametrize(("odds", "k"), [(3, 1), (8, 1), (8, 3), (55, 1)])
def test_errors_and_chances_of_shows_are_those_of_drawn_rounds(odds: int, k: int) -> None:
    question = TopShowsQuestion.ask(range(50), k=k, odds=Fraction(odds), weight=1)
    channel, answers = question.channel, 700
    p, q = float(channel.p), float(channel.q)
    generator = np.random.default_rng(3)
    for show in predict_shows(question, answers):
        named = generator.binomial(answers, show.show.share, 4000)
        counts = generator.binomial(named, p) + generator.binomial(answers - named, q)
        found = estimate_counts(counts, answers, p, q)
        assert (found.estimate / answers).std() == pytest.approx(show.standard_error, rel=0.06)
        assert np.mean(counts >= gate_count(answers, 50, q)) == pytest.approx(show.chance, abs=0.04)


def test_as_many_answers_as_needed_make_a_show_clear_nine_times_in_ten() -> None:
    question = TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=1)
    for number, show in enumerate(predict_shows(question, 1000)):
        assert show.answers_needed is not None
        assert predict_shows(question, show.answers_needed)[number].chance == pytest.approx(0.9, abs=0.02)


def test_documents_say_how_many_participants_the_product_says() -> None:
    root = Path(__file__).parents[3]
    survey = default_survey(Week.parse("2026-W46"), "0" * 32, range(50))
    (question,) = (one for one in survey.questions if isinstance(one, TopShowsQuestion))
    readme, method = ((root / name).read_text() for name in ("README.md", "docs/method/estimation.md"))
    for show in predict_shows(question, 1000):
        answers, share = show.answers_needed, f"| {percent(show.show.share)} | "
        people = participants_for(answers, survey.part(question))
        assert f"{share}{people:,} ({answers:,})" in method
        assert f"{share}about {round(people or 0, -2):,} | {answers:,} |" in readme


def test_nobody_answering_tells_nothing() -> None:
    shows = predict_shows(TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=1), 0)
    assert {(show.standard_error, show.chance) for show in shows} == {(1.0, 0.0)}
    event = EffectQuestion.ask(Quarter.parse("2026-Q3"), odds=Fraction(8), weight=1)
    assert effect_error(event, 0) == event.clip


@pytest.mark.parametrize("odds", [3, 8, 55])
def test_the_percentile_error_is_the_distance_to_the_truth(odds: int) -> None:
    """The largest error over the buckets, of the estimate that the page shows, in rounds drawn as assumed."""
    question = VolumeQuestion.ask(odds=Fraction(odds), weight=1)
    channel, prior, answers = question.channel.channel(), prior_shares(VOLUME_BUCKETS), 1000
    generator = np.random.default_rng(4)
    found = []
    for _ in range(60):
        counts = generator.multinomial(answers, prior @ channel)
        shares = map_shares(counts, channel, prior, PRIOR_PEOPLE)
        found.append(np.cumsum(shares) - np.cumsum(prior))
    largest = float(np.sqrt(np.mean(np.square(found), axis=0)).max())
    # The posterior also allows for worlds unlike the one assumed, so it may be wider; not narrower.
    assert 0.8 * largest < percentile_error(question.channel, question.buckets, answers) < 2 * largest
    published = posterior_draws(
        np.rint(answers * prior @ channel).astype(int), channel, prior, PRIOR_PEOPLE, 2000, generator
    )
    below = np.cumsum(published, axis=1)[:, :-1].std(axis=0).max()
    # The normal approximation is too wide where a table leaves buckets alike: shares cannot fall below 0.
    assert 0.85 * below < percentile_error(question.channel, question.buckets, answers) < 1.3 * below


def test_with_as_many_answers_as_needed_the_volume_is_called_reliable_in_most_rounds() -> None:
    question = VolumeQuestion.ask(odds=Fraction(8), weight=1)
    needed = needed_for_volume(question.channel, question.buckets)
    assert needed is not None
    assert 100 < needed < 300
    assert (
        percentile_error(question.channel, question.buckets, needed)
        < percentile_error(question.channel, question.buckets, needed - 1)
        < LARGEST_CUMULATIVE_ERROR
    )
    channel, prior = question.channel.channel(), prior_shares(VOLUME_BUCKETS)
    generator = np.random.default_rng(6)
    reliable = {needed // 2: 0, needed: 0}
    for answers in reliable:
        for _ in range(12):
            counts = generator.multinomial(answers, prior @ channel)
            draws = posterior_draws(counts, channel, prior, PRIOR_PEOPLE, 1000, generator)
            errors = (np.cumsum(draws, axis=1) - draws).std(axis=0)
            reliable[answers] += int(errors.max() <= LARGEST_CUMULATIVE_ERROR)
    assert reliable[needed // 2] <= 2
    assert reliable[needed] >= 9
    hardly = VolumeQuestion.ask(odds=Fraction(101, 100), weight=1)
    assert needed_for_volume(hardly.channel, hardly.buckets) is None


@pytest.mark.parametrize("odds", [3, 8, 55])
def test_the_error_of_the_mean_change_is_that_of_drawn_answers(odds: int) -> None:
    question = EffectQuestion.ask(Quarter.parse("2026-Q3"), odds=Fraction(odds), weight=1)
    channel, answers = question.channel, 5000
    low, gain = float(channel.q), float(channel.p - channel.q)
    up, down = (EVENT_SHARE * (EVENT_SIZE + sign * EVENT_CHANGE) / 2 / question.clip for sign in (1, -1))
    rates = low + gain * np.array([1 - up - down, up, down])
    counts = np.random.default_rng(5).multinomial(answers, rates, 4000)
    means = question.clip * (counts[:, UP] - counts[:, DOWN]) / answers / gain
    assert means.std() == pytest.approx(effect_error(question, answers), rel=0.05)
    needed = needed_for_effect(question)
    assert needed is not None
    assert effect_error(question, needed) == pytest.approx(LARGEST_CHANGE_ERROR, rel=0.02)


def test_the_people_needed_are_those_with_whom_drawn_sums_are_reliable() -> None:
    """Of invented people, 15 % of whom have an event with a normal change: what forecasts assume."""
    clip, noise, quarter = 12, 20.0, Quarter.parse("2026-Q3")
    needed = people_needed(clip, noise)
    generator, errors = np.random.default_rng(8), []
    for seed in range(200):
        changes = [change for change in life_changes(needed, seed, quarter) if change is not None]
        sizes = np.clip(np.array(changes, dtype=float), -clip, clip) / clip
        moved = np.sign(sizes) * (generator.random(len(sizes)) < np.abs(sizes))
        exact = [needed - len(sizes), (moved < 0).sum(), (moved == 0).sum(), (moved > 0).sum(), 0]
        sums = np.array(exact) + np.rint(generator.normal(0, noise**0.5, 5))
        found = estimate_summed_effect("2026-Q3", clip, Fraction(8), sums, Fraction(noise), needed)
        assert found.per_event is not None
        errors.append(found.per_event.standard_error)
    assert np.median(errors) == pytest.approx(LARGEST_EFFECT_ERROR, rel=0.12)


def test_a_week_of_so_many_participants_makes_the_examples_clear_nine_times_in_ten() -> None:
    """Everybody's turn and question are those of the survey; a show of that share passes the gate."""
    survey = default_survey(Week.parse("2026-W46"), "a" * 32, range(50))
    question = survey.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    part = survey.part(question)
    p, q = float(question.channel.p), float(question.channel.q)
    generator = np.random.default_rng(9)
    for one in predict_shows(question, 1000):
        people = participants_for(one.answers_needed, part)
        assert people is not None
        heard = generator.binomial(people, float(part), 4000)
        named = generator.binomial(heard, one.show.share)
        counts = generator.binomial(named, p) + generator.binomial(heard - named, q)
        gates = {int(reports): gate_count(int(reports), 50, q) for reports in set(heard.tolist())}
        clear = np.mean(
            [count >= gates[reports] for count, reports in zip(counts.tolist(), heard.tolist(), strict=True)]
        )
        assert clear == pytest.approx(0.9, abs=0.02)


def test_as_many_participants_are_asked_as_a_survey_says() -> None:
    survey = default_survey(Week.parse("2026-W41"), "a" * 32, range(50))
    assert {one.name: survey.part(one) for one in survey.questions} == {
        "top_shows": Fraction(1, 8),
        "volume": Fraction(1, 16),
        "event_effect": Fraction(1, 4),
    }
    asked = [survey.question_for(person(number)) for number in range(20_000)]
    for one in survey.questions:
        part = survey.part(one) / (survey.rotation if one.is_pooled else 1)
        assert sum(found == one for found in asked) / 20_000 == pytest.approx(float(part), abs=0.01)


def test_a_chart_with_views_gives_its_own_examples() -> None:
    views = tuple(13_800_000 // rank for rank in range(1, 11))
    chart = AskedChart(week="2026-W45", source="Netflix Top 10, global", length=10, views=views)
    found = examples_of(chart)
    assert [(one.name, round(one.share, 4)) for one in found] == [
        ("number 1 of the chart", 0.046),
        ("number 5 of the chart", 0.0092),
        ("number 10 of the chart", 0.0046),
    ]
    assert examples_of(chart.model_copy(update={"views": None})) == EXAMPLES == examples_of(None)
